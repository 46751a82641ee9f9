//! The binary as an AWS Lambda function, driven by an emulation of the Runtime API.
//!
//! The events are written by hand after AWS's documents of each front end: `events` describes how each front end changes a path
//! and a query.

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
