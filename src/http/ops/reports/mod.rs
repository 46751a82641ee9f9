//! Reports of access logs: `GET /reports` and `GET /reports/{name}`.
//!
//! Owns the requests, the run of a report's queries, and the formats of the answer. [`crate::reports`] has the reports.

mod formats;
pub mod list;
mod parameters;
pub mod read;
pub mod response;
mod run;
