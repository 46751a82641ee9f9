//! CloudWatch Logs Insights QL.

pub mod ast;
pub mod functions;
pub mod values;

mod token;
mod lexer;
mod dialect;
mod parse;
mod check;
mod print;

pub mod reach;
pub mod rewrite;

pub use parse::{MAX_DEPTH, MAX_LENGTH, ParseOptions};
pub use print::TooLong;
