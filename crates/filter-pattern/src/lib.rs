//! CloudWatch Logs filter patterns.

pub mod ast;
