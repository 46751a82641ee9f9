//! The CloudWatch Logs protocol of a local source: AWS's suite of signatures, AWS's own clients, and requests that no client makes.

mod suite;
mod support;
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
