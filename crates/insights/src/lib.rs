//! CloudWatch Logs Insights QL.

pub mod ast;
pub mod functions;
pub mod values;
pub mod reach;
pub mod rewrite;
