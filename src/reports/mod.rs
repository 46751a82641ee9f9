//! Access-log reports: definitions as data, the text of their queries, and the folding of rows into one shape.
//!
//! Owns what a report is. A report is one or more Logs Insights queries, which [`crate::http::ops::reports`] runs like those of
//! `POST /queries`: grants, row rules, masks, limits and audit hold because of that. Never reads a source, knows no HTTP.

mod agents;
pub mod bins;
pub mod catalogue;
pub mod compare;
pub mod configured;
mod condition;
pub mod definition;
pub mod enrich;
pub mod fields;
pub mod filters;
pub mod fold;
pub mod format;
pub mod html;
pub mod kinds;
pub mod measures;
pub mod plan;
pub mod query_text;
pub mod recognised;
pub mod report;
pub mod request;
mod rows;
pub mod single;
