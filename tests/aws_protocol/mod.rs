//! The CloudWatch Logs protocol of a local source.

mod suite;
