//! Tests each operation from the caller's side.

mod read_stream;
mod read_group;
mod filters;
mod checks;
mod formats;
mod columns;
mod hints;
mod groups;
mod streams;
mod me;
mod service;
mod several_sources;
mod bad_input;
pub mod queries;
mod local_queries;
mod query_checks;
mod query_language;
mod tail;
mod tail_versions;
mod problems;
