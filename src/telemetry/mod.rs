//! What the service says of itself: log lines, figures, audit lines, traces.
//!
//! Owns their form. INVARIANT: no secret, token, message or query text is ever in any of them, and no label of a figure
//! holds a tenant's or a group's name.

pub mod log;
pub mod trace;
pub mod metrics;
pub mod audit;
