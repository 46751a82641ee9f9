//! One test binary: the service as its users meet it, by behaviour.
//!
//! `world` starts services and counterparts, `ops` asks for each operation, `openapi` holds the document against the service,
//! `contract` runs one suite against every source, `aws_protocol` asks as AWS's own clients do, `faults` lets the upstream fail in
//! every way, `sharing` has many ask for the same, `security` attacks, `auth` judges tokens, `architecture` reads the sources,
//! `cli` runs the binary, `lambda` runs it as a function, `sdk` has the clients of `sdk/` call it, `infra` compares it with what
//! `infra/` says of it, `field` has cases from public bug reports.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by stopping"
)]

mod world;
mod ops;
mod aws_protocol;
mod conformance;
mod real_logs;
mod openapi;
mod contract;
mod faults;
mod sharing;
mod auth;
mod cli;
mod lambda;
mod sdk;
mod security;
mod architecture;
mod infra;
mod field;
