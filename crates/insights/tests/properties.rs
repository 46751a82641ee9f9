//! Properties of all queries, over made-up ones: printing, what a query reaches, rewriting.

mod strategy;
#[path = "properties/print.rs"]
mod print;
#[path = "properties/coverage.rs"]
mod coverage;
#[path = "properties/reach.rs"]
mod reach;
