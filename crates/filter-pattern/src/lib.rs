//! CloudWatch Logs filter patterns.

pub mod ast;
mod matcher;
mod extract;

pub use extract::Extracted;
pub use matcher::{Matcher, error::CompileError};
