//! Access-log reports.

pub mod enrich;
