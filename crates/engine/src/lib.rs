//! Runs Logs Insights queries over blocks of log events.
//!
//! # Layout
//!
//! - [`values`]: what values are and what functions make of them
//! - [`evaluate`]: the value of an expression for one event; the definition that compiled plans are tested against

pub mod values;
pub mod evaluate;
