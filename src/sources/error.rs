//! How a source can fail, told apart by whose fault it is.

use std::time::Duration;

use logmark_diagnostics::Diagnostic;

/// A source's failure. The texts are for our own log; what a client sees is written in `http::problem`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no such group, or no such stream, and the source does not say which.
    #[error("no such log group or stream")]
    NotFound,
    /// The group is there, and the stream or one of the streams is not.
    #[error("no such log stream in the log group")]
    StreamNotFound,
    /// The tenant may see it, the token may not.
    #[error("the token has no scope that covers it")]
    OutOfScope {
        /// A scope that covers it.
        scope: String,
    },
    /// The position in a cursor is not one of this source's any more (expired, or made for something else).
    #[error("the position is not valid here")]
    InvalidPosition,
    /// The source can't do what was asked in this combination; the text is ours and names the parameter.
    #[error("`{parameter}` {detail}")]
    Unsupported {
        /// The request's parameter.
        parameter: &'static str,
        /// What is wrong with it here.
        detail: &'static str,
    },
    /// The source has nothing of the kind; the text names it.
    #[error("{0} are not supported")]
    NotSupported(&'static str),
    /// The query can't be run under the permit's rules; the text is ours.
    #[error("forbidden query: {0}")]
    QueryForbidden(String),
    /// The source does not run the query: what in it, and where in its text.
    #[error("the source does not support the query")]
    QueryUnsupported(Vec<Diagnostic>),
    /// With the guard in front the query is longer than the source takes.
    #[error("the guarded query has {length} characters, {most} are allowed")]
    QueryTooLong {
        /// How many characters it has.
        length: usize,
        /// How many the source takes.
        most: usize,
    },
    /// The source does not take the query, though we did.
    #[error("the source does not take the query")]
    QueryRefused,
    /// The source wants fewer calls, and retrying within the deadline did not help.
    #[error("throttled")]
    Throttled {
        /// How long to wait, at a guess.
        retry_after: Duration,
    },
    /// Not operation: the calls that it allows are used up by those who came before, for longer than the request can wait.
    #[error("busy")]
    Busy {
        /// When asking again is worth it.
        retry_after: Duration,
    },
    /// Not operation: there is no memory for what it would answer.
    #[error("no memory for the answer ({})", if *is_own { "the tenant holds its share" } else { "others hold it" })]
    NoMemory {
        /// Do the tenant's own answers hold it?
        is_own: bool,
        /// When asking again is worth it.
        retry_after: Duration,
    },
    /// Not operation: it fails, and is left alone until it works again.
    #[error("down")]
    Down {
        /// When it will be tried next.
        retry_after: Duration,
    },
    /// No answer in time.
    #[error("no answer within the deadline")]
    Timeout,
    /// Too many pages in a row without an event: reading stopped.
    #[error("{pages} pages without an event in a row")]
    TooManyEmptyPages {
        /// How many.
        pages: usize,
    },
    /// The source failed or answered something that is not an answer.
    #[error("failed: {0}")]
    Upstream(String),
    /// The source cannot be reached: its name does not resolve, or there is no connection. The source itself logs that once.
    #[error("{0}")]
    Unreachable(String),
    /// We may not ask the source (our credentials, our role): the operator's to mend.
    #[error("refused our credentials: {0}")]
    Refused(String),
    /// The local store failed.
    #[error("the store failed: {0}")]
    Store(String),
}
