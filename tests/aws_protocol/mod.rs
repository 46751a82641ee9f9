//! The CloudWatch Logs protocol of a local source: AWS's signature test suite, AWS's own clients, and malformed requests.

mod suite;
pub(crate) mod support;
mod boto;
mod pages;
mod queries;
mod live_tail;
mod put;
mod clients;
mod signatures;
mod wire;
mod import;
mod operator;
mod moto;
mod recorded;
mod lookup_tables;
