//! Properties of random queries: printing, reach, rewriting.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod strategy;
#[path = "properties/print.rs"]
mod print;
#[path = "properties/coverage.rs"]
mod coverage;
#[path = "properties/reach.rs"]
mod reach;

/// This many cases. A failed case becomes a separate test and is not kept in files.
fn cases(cases: u32) -> proptest::prelude::ProptestConfig {
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
#[path = "properties/rewrite.rs"]
mod rewrite;
#[path = "properties/provenance.rs"]
mod provenance;
