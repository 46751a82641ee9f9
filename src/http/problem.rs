//! Every error a client can see, as RFC 9457 problem details: one exhaustive match, and nothing else writes a status code.
//!
//! Owns the codes, statuses and texts of errors. Never shows what a source or the verifier said: causes go to our own log,
//! once, under the same request id.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::concurrency;
use super::field_error::{FieldError, FieldErrors, Language, names_for_log, query_too_long};
use super::hint;
use super::problem_code::ProblemCode as C;
pub use super::problem_document::Problem;
use crate::auth::policy::Denied;
use crate::domain::query::operations::QueryStatus;
use crate::sources::SourceError;
use crate::sources::budget::QueryBudget;

/// Everything that can go wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Wrong, unknown or doubled parameters: all of them.
    #[error("invalid parameters: {}", names_for_log(.0))]
    InvalidParameter(FieldErrors),
    /// A filter pattern or a query that is none: its faults, and nothing else.
    #[error("invalid {language:?}: {} faults", .errors.count())]
    InvalidText {
        /// Which of the two.
        language: Language,
        /// What is wrong with it.
        errors: FieldErrors,
    },
    /// A query that is one, and asks for what nobody is given: where, and for what.
    #[error("forbidden query: {} places", .0.count())]
    QueryForbidden(FieldErrors),
    /// A query whose rows are wanted whole, as a file, and which has not ended well.
    #[error("the query is {0:?}")]
    QueryIncomplete(QueryStatus),
    /// A handle in the path that is not this caller's: it answers as what does not exist.
    #[error("a handle that does not open")]
    NoSuchHandle,
    /// The tenant has used up what its queries may cost.
    #[error("budget exceeded: {budget}")]
    BudgetExceeded {
        /// Of what.
        budget: QueryBudget,
        /// When to come back.
        retry_after: Duration,
    },
    /// A body that is not said to be JSON.
    #[error("not JSON")]
    NotJson,
    /// A cursor that is not this caller's for this request.
    #[error("invalid cursor: {0}")]
    InvalidCursor(Cow<'static, str>),
    /// No credentials.
    #[error("no token")]
    MissingToken,
    /// Credentials that are not good; the reason is for our log alone.
    #[error("invalid token: {0}")]
    InvalidToken(String),
    /// A token that is right in all respects and has expired: the one refusal that the caller is told the reason of.
    #[error("expired token")]
    ExpiredToken,
    /// A request for a host that is not ours.
    #[error("unknown host")]
    UnknownHost,
    /// The issuer's keys were never to be had, so nobody's token can be judged.
    #[error("no keys of the issuer: {0}")]
    KeysUnavailable(String),
    /// The policy said no.
    #[error("denied: {0}")]
    Denied(#[from] Denied),
    /// No such route.
    #[error("no such path")]
    NoSuchPath,
    /// The path exists, the method does not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// None of the formats that the client accepts.
    #[error("not acceptable")]
    NotAcceptable {
        /// What can be had here.
        available: &'static str,
    },
    /// A path of the API that this version does not have yet.
    #[error("not supported: {0}")]
    NotSupported(&'static str),
    /// A body over the limit, in bytes.
    #[error("body over {0} bytes")]
    BodyTooLarge(usize),
    /// A request target over the limit, in bytes.
    #[error("target over {0} bytes")]
    TargetTooLong(usize),
    /// Headers over the limit, in bytes.
    #[error("headers over {0} bytes")]
    HeadersTooLarge(usize),
    /// More headers than can be held.
    #[error("too many headers")]
    TooManyHeaders,
    /// The tenant asks too often.
    #[error("rate limited")]
    RateLimited {
        /// When to come back.
        retry_after: Duration,
    },
    /// The tenant has as many requests under way as it may have.
    #[error("{limit} requests under way")]
    TooManyAtOnce {
        /// How many that is.
        limit: u32,
    },
    /// We have too much to do.
    #[error("overloaded")]
    Overloaded,
    /// The answer took too long.
    #[error("no answer in time")]
    TimedOut,
    /// What was asked for is more than there was time for, and the answer has no place to say how far it came.
    #[error("the time was over before the answer was complete")]
    IncompleteBody,
    /// A source failed.
    #[error("source: {0}")]
    Source(#[from] SourceError),
    /// A bug of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl ApiError {
    /// One faulty parameter.
    pub fn parameter(parameter: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::InvalidParameter(FieldError::new(parameter, detail).into())
    }

    /// One faulty member of the body.
    pub fn pointer(pointer: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::InvalidParameter(FieldError::at(pointer, detail).into())
    }

    /// Is it logged where it is noticed, once for all requests that it fails?
    #[must_use]
    pub fn is_logged_at_its_source(&self) -> bool {
        matches!(
            self,
            Self::KeysUnavailable(_)
                | Self::Source(SourceError::Refused(_) | SourceError::Unreachable(_) | SourceError::Down { .. })
        )
    }

    /// The problem document for it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        use SourceError as S;
        let plain = |code, detail: &str| Problem::new(code, detail.to_owned());
        match self {
            Self::InvalidParameter(errors) => {
                let detail = match &**errors {
                    [one] if one.location.name().is_empty() => one.detail.clone(),
                    [one] => format!("`{}`: {}", one.location.name(), one.detail),
                    _ => format!("{} parameters are wrong", errors.count()),
                };
                Problem::new(C::InvalidParameter, detail).of(errors)
            }
            Self::InvalidText { language, errors } => {
                let code = match language {
                    Language::Filter => C::InvalidFilter,
                    Language::Query => C::InvalidQuery,
                };
                Problem::new(code, text_detail(errors)).of(errors)
            }
            Self::QueryForbidden(errors) => Problem::new(C::QueryForbidden, text_detail(errors)).of(errors),
            Self::Source(S::QueryForbidden(reason)) => Problem::new(C::QueryForbidden, reason.clone()),
            Self::Source(S::QueryTooLong { length, most }) => query_too_long(*length, *most).problem(),
            Self::Source(S::QueryRefused) => plain(C::InvalidQuery, "the source of the logs does not take this query"),
            Self::QueryIncomplete(status) => incomplete_problem(*status),
            Self::BudgetExceeded { budget, retry_after } => Problem {
                retry_after: Some(*retry_after),
                ..Problem::new(C::BudgetExceeded, format!("the tenant's limit: {budget}"))
            },
            Self::NotJson => plain(C::UnsupportedMediaType, "the body must be JSON, with `Content-Type: application/json`"),
            Self::InvalidCursor(reason) => cursor_problem(reason),
            Self::Source(S::InvalidPosition) => cursor_problem(INVALID_CURSOR),
            Self::Source(S::Unsupported { parameter, detail }) => {
                Self::parameter(*parameter, format!("{detail} (a limit of the source that holds the log group)")).problem()
            }
            Self::MissingToken => Problem {
                challenge: Some("realm=\"logmark\"".into()),
                ..plain(C::MissingToken, "send `Authorization: Bearer <token>`")
            },
            Self::InvalidToken(_) => refused_token(C::InvalidToken, "the token is not valid here"),
            Self::ExpiredToken => refused_token(C::ExpiredToken, "the token has expired; get a new one"),
            Self::UnknownHost => plain(C::UnknownHost, "this service does not answer for the host in `Host`"),
            Self::KeysUnavailable(_) => {
                let detail = "the issuer's keys can't be had at the moment, so the token can't be judged";
                Problem { retry_after: Some(Duration::from_secs(30)), ..plain(C::KeysUnavailable, detail) }
            }
            Self::Denied(Denied::InsufficientScope { scope }) | Self::Source(S::OutOfScope { scope }) => Problem {
                challenge: Some(format!("realm=\"logmark\", error=\"insufficient_scope\", scope=\"{scope}\"")),
                ..Problem::new(C::InsufficientScope, format!("the scope `{scope}` would do"))
            },
            Self::Denied(Denied::NotGranted) | Self::Source(S::NotFound) | Self::NoSuchHandle => {
                plain(C::NotFound, hint::NOT_FOUND)
            }
            Self::Denied(Denied::StreamNotGranted) | Self::Source(S::StreamNotFound) => {
                plain(C::NotFound, hint::STREAM_NOT_FOUND)
            }
            Self::Denied(denied @ Denied::SeveralSources { .. }) => {
                Self::pointer("/logGroups", format!("{denied}: a query runs over groups of one source")).problem()
            }
            Self::Denied(denied @ Denied::RangeTooLong { .. }) => {
                Problem::new(C::QueryForbidden, format!("{denied}: give a later `start`"))
            }
            Self::NoSuchPath => plain(C::NotFound, "There is no such path. `/openapi.json` lists the paths."),
            Self::MethodNotAllowed => plain(C::MethodNotAllowed, "see the `Allow` header"),
            Self::NotAcceptable { available } => Problem::new(C::NotAcceptable, format!("this path answers with {available}")),
            Self::Source(S::NotSupported(what)) => {
                let detail = format!("{what} are not supported by the source that holds the log group");
                Problem::new(C::NotSupported, detail)
            }
            Self::NotSupported(what) => {
                let detail = format!("{what} are not supported by this version of the service");
                Problem::new(C::NotSupported, detail)
            }
            Self::BodyTooLarge(limit) => Problem::new(C::BodyTooLarge, format!("the limit is {limit} bytes")),
            Self::TargetTooLong(limit) => Problem::new(C::TargetTooLong, format!("the limit is {limit} bytes")),
            Self::HeadersTooLarge(limit) => Problem::new(C::HeadersTooLarge, format!("the limit is {limit} bytes")),
            Self::TooManyHeaders => plain(C::HeadersTooLarge, "there are too many headers"),
            Self::RateLimited { retry_after } => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::RateLimited, "the tenant's requests per second are used up")
            },
            Self::TooManyAtOnce { limit } => Problem {
                retry_after: Some(concurrency::RETRY_AFTER),
                ..Problem::new(
                    C::RateLimited,
                    format!("the tenant has {limit} requests under way, as many as it may have at a time: let one end first"),
                )
            },
            Self::Source(S::NoMemory { is_own: true, retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(
                    C::RateLimited,
                    "the tenant's answers under way hold as much memory as one tenant may: read them, or ask for less at a time",
                )
            },
            Self::Source(S::NoMemory { is_own: false, retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::Overloaded, "the service has no memory for the answer at the moment; try again")
            },
            Self::Overloaded => Problem {
                retry_after: Some(Duration::from_secs(1)),
                ..plain(C::Overloaded, "the service has too much to do; try again")
            },
            Self::Source(S::Throttled { retry_after }) => Problem {
                retry_after: Some((*retry_after).max(Duration::from_secs(1))),
                ..plain(C::Overloaded, "the source of the logs takes no more calls at the moment")
            },
            Self::Source(S::Busy { retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::RateLimited, "the calls that the source of the logs allows are used up")
            },
            Self::Source(S::Down { retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::Overloaded, "the source of the logs does not work at the moment")
            },
            Self::IncompleteBody => plain(C::UpstreamTimeout, super::response_budget::INCOMPLETE_DETAIL),
            Self::TimedOut | Self::Source(S::Timeout) => {
                plain(C::UpstreamTimeout, "the source of the logs did not answer in time")
            }
            Self::Source(S::TooManyEmptyPages { pages }) => {
                let detail = format!(
                    "{pages} pages of the source of the logs in a row hold no event, so it was read no further: ask for a shorter \
                     time, or for JSON pages, whose cursors go on where each ends"
                );
                Problem::new(C::UpstreamTimeout, detail)
            }
            Self::Source(S::Upstream(_) | S::Unreachable(_) | S::Refused(_)) => {
                plain(C::UpstreamError, "the source of the logs gave no usable answer")
            }
            Self::Source(S::Store(_)) | Self::Internal(_) => {
                plain(C::InternalError, "this is our fault; the request id finds it in the operator's log")
            }
        }
    }
}

/// A token that is refused: RFC 6750 §3.1 has one error for every reason.
fn refused_token(code: C, detail: &str) -> Problem {
    let challenge = format!("realm=\"logmark\", error=\"invalid_token\", error_description=\"{detail}\"");
    Problem { challenge: Some(challenge), ..Problem::new(code, detail.to_owned()) }
}

/// When to ask again for a query that still runs.
const QUERY_WAIT: Duration = Duration::from_secs(2);

fn incomplete_problem(status: QueryStatus) -> Problem {
    let (detail, retry_after) = if status.has_ended() {
        (format!("the query ended as {}, so rows may be missing; as JSON it shows those that it has", status.as_str()), None)
    } else {
        ("the query has not ended: ask again, wait with `Prefer: wait=20`, or take JSON".to_owned(), Some(QUERY_WAIT))
    };
    Problem { retry_after, ..Problem::new(C::QueryIncomplete, detail) }
}

/// The faults of a text in words: the first, and how many there are.
fn text_detail(errors: &FieldErrors) -> String {
    let Some(first) = errors.first() else { return "it is not valid".to_owned() };
    let name = first.location.name();
    let location = match first.position {
        Some(position) if position.line == 1 => format!("character {}: ", position.column),
        Some(position) => format!("line {}, character {}: ", position.line, position.column),
        None => String::new(),
    };
    match errors.count() {
        1 => format!("`{name}`, {location}{}", first.detail),
        count => format!("`{name}` has {count} faults; the first, {location}{}", first.detail),
    }
}

/// The one text for cursors that are foreign, altered, expired or made up: which of these it is, nobody learns.
pub const INVALID_CURSOR: &str = "it is not a cursor of this request: altered, expired, or made for another request or caller";

fn cursor_problem(reason: &str) -> Problem {
    let errors = vec![FieldError::new("cursor", reason)];
    Problem { errors, ..Problem::new(C::InvalidCursor, format!("`cursor`: {reason}")) }
}

impl IntoResponse for ApiError {
    /// An empty response that carries the error; [`super::layers`] writes the problem document, since it knows the request id.
    fn into_response(self) -> Response {
        let mut response =
            StatusCode::from_u16(self.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
