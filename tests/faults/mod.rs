//! An upstream that fails in every way, under every operation: what comes out is right, or is seen to be wrong.
//!
//! Reading order: `operations` and `query_operations` (what is asked for), `oracle` (what an answer may be), `environment` (a
//! service on an upstream that fails), `matrix` (every fault under every operation), `queries` (what may go wrong with queries
//! alone), `account` (clocks and credentials), `sizes` (huge messages), `empty_pages` (pages without events), `compressed`,
//! `exactly_once` (long walks through many faults), `slow_readers`, `unread_streams` and `hostile_tenant` (memory).

mod operations;
mod query_operations;
mod oracle;
mod environment;
mod matrix;
mod queries;
mod account;
mod sizes;
mod empty_pages;
mod compressed;
mod exactly_once;
mod slow_readers;
mod unread_streams;
mod hostile_tenant;
