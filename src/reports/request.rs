//! A request for a report, as a value that a cursor can hold.

use serde::{Deserialize, Serialize};

use super::bins::Bin;
use super::filters::Filters;
use crate::domain::name::LogGroupName;
use crate::domain::time::Millis;

/// Rows of a report at most.
pub const MAX_LIMIT: usize = 1000;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRequest {
    /// The name of the report.
    pub report: String,
    /// The log groups, each once.
    pub groups: Vec<LogGroupName>,
    /// The start of the range.
    pub start: Millis,
    /// The end of the range (exclusive).
    pub end: Millis,
    /// The period of time series; `None`: by the range.
    pub bin: Option<Bin>,
    /// Rows at most; `None`: the report's own default.
    pub limit: Option<usize>,
    /// The order; `None`: the report's own.
    pub sort: Option<Sort>,
    /// The name of the time zone; `None`: UTC.
    pub zone: Option<String>,
    /// What splits the rows of a time series.
    pub dimension: Option<Dimension>,
    /// The errors of `errors-by-route`.
    pub class: Option<ErrorClass>,
    /// The report that `compare` compares.
    pub compared: Option<String>,
    /// The start of the period before; `None`: the period ends where this one starts.
    pub previous_start: Option<Millis>,
    /// The filters.
    pub filters: Filters,
}

/// An order of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The name of a measure or a key.
    pub by: String,
    /// The largest first.
    pub descending: bool,
}

/// What splits the rows of a time series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the parameter")]
pub enum Dimension {
    Domain,
    Route,
    Customer,
    Plan,
    UserAgent,
    Status,
    Method,
    Stage,
    Weekday,
}

impl Dimension {
    /// The words of requests.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("domain", Self::Domain),
        ("route", Self::Route),
        ("customer", Self::Customer),
        ("plan", Self::Plan),
        ("userAgent", Self::UserAgent),
        ("status", Self::Status),
        ("method", Self::Method),
        ("stage", Self::Stage),
        ("weekday", Self::Weekday),
    ];
}

/// A class of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorClass {
    /// 400–499.
    Client,
    /// 500–599.
    Server,
}

impl ErrorClass {
    /// The words of requests.
    pub const WORDS: [(&'static str, Self); 2] = [("4xx", Self::Client), ("5xx", Self::Server)];
}
