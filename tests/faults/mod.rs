//! An upstream that fails in every way, under every operation: what comes out is right, or is seen to be wrong.
//!
//! Reading order: `operations` (what is asked for), `oracle` (what an answer may be), `stage` (a service on an upstream that
//! fails), `matrix` (every fault under every operation), `account` (clocks and credentials), `sizes` (huge messages),
//! `exactly_once` (long walks through many faults).

mod operations;
mod oracle;
mod stage;
mod matrix;
mod account;
mod sizes;
mod exactly_once;
