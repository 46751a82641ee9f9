//! The errors of a running query. A query that cannot run at all is refused before, with a
//! [`Diagnostic`](logmark_diagnostics::Diagnostic).

use std::time::Duration;

use logmark_diagnostics::Span;
use thiserror::Error;

use crate::values::regex::SearchLimit;

/// The reason why a running query ended without its whole result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The query needs more memory than it may use.
    #[error(
        "the query needs more than {limit} bytes of memory: choose a shorter time range, filter earlier, or group by fewer values"
    )]
    Memory {
        /// The limit of the query, or of all queries together.
        limit: usize,
    },
    /// The query ran for too long.
    #[error("the query ran for longer than {} s: choose a shorter time range or filter earlier", .0.as_secs())]
    TimeLimit(Duration),
    /// The caller cancelled the query, or dropped its handle.
    #[error("the query was cancelled")]
    Cancelled,
    /// The query exceeds a limit of the language or of the engine.
    #[error("{message}")]
    Limit {
        /// The limit, and how to stay within it.
        message: String,
        /// The part of the query that causes it, in bytes of its text.
        span: Option<Span>,
    },
    /// The events could not be read.
    #[error("the events of the query could not be read")]
    Input(#[source] InputError),
    /// A defect of the engine.
    #[error("bug: {0}")]
    Bug(&'static str),
}

/// The reason why events or a table could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputError {
    /// The log group or table does not exist, or the caller may not see it: both have the same text.
    #[error("not found: `{0}`")]
    NotFound(String),
    /// Reading failed.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<SearchLimit> for QueryError {
    fn from(limit: SearchLimit) -> Self {
        Self::Limit { message: limit.to_string(), span: None }
    }
}

impl From<InputError> for QueryError {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}
