//! An upstream with every kind of fault, under every operation: each answer is right or visibly incomplete.
//!
//! Reading order: `operations` and `query_operations` (the requests), `oracle` (the rules for answers), `environment` (a service
//! on a faulty upstream), `matrix` (every fault with every operation), `queries` (faults of queries only), `account` (clocks and
//! credentials), `sizes` (huge messages), `empty_pages` (pages without events), `compressed`, `exactly_once` (long reads through
//! many faults), `slow_readers`, `unread_streams` and `hostile_tenant` (memory).

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
