//! Compares the OpenAPI document with the service: its examples are real answers, its samples run, and Schemathesis finds no
//! difference.

mod browser;
mod examples;
mod problems;
mod samples;
mod schemathesis;
pub mod environment;
