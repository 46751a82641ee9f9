//! The words of the product as types: names, patterns, times, events, operations.
//!
//! Owns what is true whatever the transport and whatever the source. Never does I/O and knows neither HTTP nor AWS.
//! Look next at `auth` (who may) and `sources` (where it comes from).

pub mod name;
pub mod pattern;
pub mod cover;
pub mod time;
pub mod network;
pub mod event;
pub mod filter;
pub mod operation;
pub mod write_operations;
pub mod query;
