//! Tests of the client against a running service, given by environment variables; `sdk/CONTRIBUTING.md` describes it.

mod stage;
mod client;
mod events;
mod streams;
mod tails;
mod queries;
mod errors;
