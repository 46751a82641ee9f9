//! CloudWatch Logs Insights QL.

pub mod ast;
pub mod values;
