//! The domain types: names, patterns, times, events, operations.
//!
//! Owns the rules that hold for every transport and every source. Never does I/O, and does not depend on HTTP or AWS.
//! See also `auth` (permissions) and `sources` (data).

pub mod name;
pub mod pattern;
pub mod cover;
pub mod time;
pub mod network;
pub mod event;
pub mod field_path;
pub mod filter;
pub mod tenant_filter;
pub mod rules;
pub mod operation;
pub mod tail;
pub mod write_operations;
pub mod query;
