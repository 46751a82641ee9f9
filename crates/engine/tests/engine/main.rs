//! Whole queries: data files with expected rows, generated queries against a naive interpreter, limits, the thread pool.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;
mod cases;
mod corpus;
mod limits;
mod hostile;
mod runner;
mod naive;
mod differential;

#[path = "../../../insights/tests/strategy/mod.rs"]
#[expect(dead_code, reason = "the generator is shared with the tests of the language, which use more of it")]
mod strategy;
