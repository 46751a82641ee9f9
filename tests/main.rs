//! One test binary: the behaviour of the service as its users see it.
//!
//! `world` starts services and fakes, `ops` tests each operation, `openapi` compares the document with the service, `contract`
//! runs one suite against every source, `aws_protocol` uses AWS's own clients, `faults` makes the upstream fail in every way,
//! `sharing` tests equal concurrent requests, `security` attacks, `rules` tests row rules and masks, `reports` tests reports of access logs, `auth` tests tokens, `architecture` checks the source files,
//! `cli` runs the binary, `lambda` runs it as a function, `sdk` runs the clients of `sdk/`, `infra` compares the service with the
//! files of `infra/`, `field` has cases from public bug reports.

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
mod limits;
mod auth;
mod cli;
mod lambda;
mod sdk;
mod security;
mod rules;
mod reports;
mod audit;
mod architecture;
mod infra;
mod field;
mod reload;
