//! The binary as an AWS Lambda function, driven by an emulation of the Runtime API.
//!
//! The events are written by hand, true to AWS's documents for each front door: `events` says what each of them does to a
//! path and a query on the way.

mod events;
mod runtime;
mod translation;
mod reads;
mod identity;
mod strange;
mod streams;
mod tails;
mod limits;
mod frozen;
mod configuration;
