//! The failures of sources, classified by their cause.

use std::time::Duration;

use logmark_diagnostics::Diagnostic;

/// A source's failure. The texts are for the service's log; `http::problem` has the texts for clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The group or the stream does not exist; the source does not say which.
    #[error("no such log group or stream")]
    NotFound,
    /// The group exists, but the stream or one of the streams does not.
    #[error("no such log stream in the log group")]
    StreamNotFound,
    /// The tenant may see the resource, but the token may not.
    #[error("the token has no scope that covers it")]
    OutOfScope {
        /// A scope that covers the resource.
        scope: String,
    },
    /// The position in a cursor is expired, or was made for another source or request.
    #[error("the position is not valid here")]
    InvalidPosition,
    /// The source does not support this combination of parameters; the text is Logmark's and names the parameter.
    #[error("`{parameter}` {detail}")]
    Unsupported {
        /// The request's parameter.
        parameter: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The source does not support the named feature.
    #[error("{0} are not supported")]
    NotSupported(&'static str),
    /// The permit's rules do not allow the query; the text is Logmark's.
    #[error("forbidden query: {0}")]
    QueryForbidden(String),
    /// The permit's masks do not allow parts of the query: the parts with their spans.
    #[error("the query uses masked fields")]
    QueryMasked(Vec<Diagnostic>),
    /// The source does not support a part of the query: the feature, and its span.
    #[error("the source does not support the query")]
    QueryUnsupported(Vec<Diagnostic>),
    /// With the guard in front, the query is longer than the source accepts.
    #[error("the guarded query has {length} characters, {most} are allowed")]
    QueryTooLong {
        /// The length in characters.
        length: usize,
        /// The source's limit.
        most: usize,
    },
    /// The source refused a query that Logmark accepted.
    #[error("the source refused the query")]
    QueryRefused,
    /// The source throttles calls, and retries within the deadline did not help.
    #[error("throttled")]
    Throttled {
        /// An estimate of the wait.
        retry_after: Duration,
    },
    /// Not called: earlier requests use the source's quota for longer than the request can wait.
    #[error("busy")]
    Busy {
        /// When to retry.
        retry_after: Duration,
    },
    /// Not called: no memory is free for its response.
    #[error("no memory for the answer ({})", if *is_own { "the tenant holds its share" } else { "other tenants hold it" })]
    NoMemory {
        /// Whether the tenant's own responses hold the memory.
        is_own: bool,
        /// When to retry.
        retry_after: Duration,
    },
    /// Not called: the source fails, and the circuit breaker is open.
    #[error("down")]
    Down {
        /// When the next call is tried.
        retry_after: Duration,
    },
    /// No response before the deadline.
    #[error("no answer within the deadline")]
    Timeout,
    /// Reading stopped after too many pages without events.
    #[error("{pages} pages without an event in a row")]
    TooManyEmptyPages {
        /// The number of pages.
        pages: usize,
    },
    /// The source failed, or its response is invalid.
    #[error("failed: {0}")]
    Upstream(String),
    /// The source cannot be reached: its name does not resolve, or the connection fails. The source logs this once.
    #[error("{0}")]
    Unreachable(String),
    /// The source refused the service's credentials or role. The operator must fix this.
    #[error("the source refused the service's credentials: {0}")]
    Refused(String),
    /// The local store failed.
    #[error("the store failed: {0}")]
    Store(String),
}
