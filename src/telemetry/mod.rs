//! Telemetry: log lines, metrics, audit lines, traces.
//!
//! Owns their form. INVARIANT: none of them contains a secret, a token, a log message or the text of a query, and no label of a
//! metric contains the name of a tenant or a group.

pub mod log;
pub mod line_queue;
mod json_line;
pub mod trace;
pub mod metrics;
mod handles;
pub mod audit;
