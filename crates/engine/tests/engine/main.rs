//! Whole queries: data files with expected rows, generated queries against a naive interpreter, limits, the pool of threads.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;
mod cases;
mod corpus;
mod limits;
mod runner;
