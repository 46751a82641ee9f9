//! Conformance of queries: the cases of `crates/engine/tests/cases` (events, query, expected rows) through the service, by
//! `POST /queries` and by boto3 at the endpoint of the local source. The engine's own tests run the same files without a service.

mod cases;
mod http;
mod boto;
mod columns;
