//! The errors of the API as RFC 9457 problem details: one exhaustive match, the only place that chooses codes.
//!
//! Owns the texts of errors. INVARIANT: causes from a source or the verifier go to the log only, with the request id.
//! See also [`super::problem_code`] (status, title and page of each code).

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::field_error::{ErrorLocation, FieldError, FieldErrors, Language, names_for_log, query_too_long};
use super::hint;
use super::limit_problem::limit_problem;
use super::problem_code::ProblemCode as C;
pub use super::problem_document::Problem;
use super::tail_limits::TailsExceeded;
use crate::auth::policy::Denied;
use crate::domain::query::operations::QueryStatus;
use crate::limits::limit::LimitExceeded;
use crate::sources::SourceError;
use crate::telemetry::audit::AuditUnavailable;

/// An error of a request. `Display` is for the log; [`ApiError::problem`] is for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Parameters or members of the body that are wrong, unknown or given twice: all faults.
    #[error("invalid parameters: {}", names_for_log(.0))]
    InvalidParameter(FieldErrors),
    /// A filter pattern or a query with faults, in a request without other faults.
    #[error("invalid {language:?}: {} faults", .errors.count())]
    InvalidText {
        /// The language of the text.
        language: Language,
        /// The faults.
        errors: FieldErrors,
    },
    /// A valid query with parts that the service does not allow.
    #[error("forbidden query: {} places", .0.count())]
    QueryForbidden(FieldErrors),
    /// A parameter uses a masked field.
    #[error("`{parameter}` uses the masked field `{path}`")]
    MaskedField {
        /// The parameter.
        parameter: &'static str,
        /// The masked path.
        path: String,
    },
    /// A file of a query that is not complete.
    #[error("the query is {0:?}")]
    QueryIncomplete(QueryStatus),
    /// An id or a pointer in the path that is not this caller's. It has the answer of one that does not exist.
    #[error("an id or a pointer that does not open")]
    NoSuchHandle,
    /// A limit of the tenant is reached.
    #[error("limit exceeded: {0}")]
    LimitExceeded(#[from] LimitExceeded),
    /// A range that is longer than the tenant may read.
    #[error("denied: {denied}")]
    RangeTooLong {
        /// The decision.
        denied: Denied,
        /// The start of the range in the request.
        location: ErrorLocation,
    },
    /// A body that is not declared as JSON.
    #[error("not JSON")]
    NotJson,
    /// A cursor that does not open for this caller and request, with the reason as a clause.
    #[error("invalid cursor: {0}")]
    InvalidCursor(Cow<'static, str>),
    /// No credentials.
    #[error("no token")]
    MissingToken,
    /// Credentials that are not valid. The reason is for the log only.
    #[error("invalid token: {0}")]
    InvalidToken(String),
    /// A genuine token that has expired. This is the only refusal with a reason for the caller.
    #[error("expired token")]
    ExpiredToken,
    /// A ticket that is not valid here and now. The reason is for the log only.
    #[error("invalid ticket: {0}")]
    InvalidTicket(&'static str),
    /// A request for a host that the service does not answer for.
    #[error("unknown host")]
    UnknownHost,
    /// The issuer's keys have never been loaded, so its tokens cannot be verified.
    #[error("no keys of the issuer: {0}")]
    KeysUnavailable(String),
    /// The policy does not allow the operation.
    #[error("denied: {0}")]
    Denied(#[from] Denied),
    /// The path has no route.
    #[error("no such path")]
    NoSuchPath,
    /// The path names no report.
    #[error("no such report")]
    NoSuchReport,
    /// The path has no route for the method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The operation has none of the formats that the client accepts.
    #[error("not acceptable")]
    NotAcceptable {
        /// The formats that it has.
        available: &'static str,
    },
    /// A body over the limit, in bytes.
    #[error("body over {0} bytes")]
    BodyTooLarge(usize),
    /// A request target over the limit, in bytes.
    #[error("target over {0} bytes")]
    TargetTooLong(usize),
    /// Headers over the limit, in bytes.
    #[error("headers over {0} bytes")]
    HeadersTooLarge(usize),
    /// Too many headers.
    #[error("too many headers")]
    TooManyHeaders,
    /// No further live tail can be opened.
    #[error("too many live tails: {0}")]
    TooManyTails(#[from] TailsExceeded),
    /// Audit lines cannot be written, so no data is read.
    #[error(transparent)]
    Audit(#[from] AuditUnavailable),
    /// The service is overloaded.
    #[error("overloaded")]
    Overloaded,
    /// The answer took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The time ended before the answer was complete, and the format has no place for a cursor.
    #[error("the time ended before the answer was complete")]
    IncompleteBody,
    /// A source failed.
    #[error("source: {0}")]
    Source(#[from] SourceError),
    /// A bug of the service.
    #[error("internal: {0}")]
    Internal(String),
}

impl ApiError {
    /// One wrong parameter.
    pub fn parameter(parameter: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::InvalidParameter(FieldError::new(parameter, detail).into())
    }

    /// One wrong member of the body.
    pub fn pointer(pointer: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::InvalidParameter(FieldError::at(pointer, detail).into())
    }

    /// Whether the error is logged where it occurs, once for all requests that it affects.
    #[must_use]
    pub fn is_logged_at_its_source(&self) -> bool {
        matches!(
            self,
            Self::KeysUnavailable(_)
                | Self::Source(SourceError::Refused(_) | SourceError::Unreachable(_) | SourceError::Down { .. })
        )
    }

    /// The problem document.
    #[must_use]
    pub fn problem(&self) -> Problem {
        use SourceError as S;
        let plain = |code, detail: &str| Problem::new(code, detail.to_owned());
        match self {
            Self::InvalidParameter(errors) => {
                let detail = match &**errors {
                    [one] if one.location.name().is_empty() => format!("The request is not valid: {}.", one.detail),
                    [one] => format!("`{}` is not valid: {}.", one.location.name(), one.detail),
                    _ => format!("{} parameters are not valid. `errors` lists what is wrong with each.", errors.count()),
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
            Self::Source(S::QueryMasked(_)) => plain(C::QueryForbidden, "The query uses fields that your grant masks."),
            Self::Source(S::QueryTooLong { length, most }) => query_too_long(*length, *most).problem(),
            Self::Source(S::QueryUnsupported(_)) => {
                plain(C::InvalidQuery, "The source that has the log group does not support this query. Simplify it.")
            }
            Self::Source(S::QueryRefused) => plain(
                C::InvalidQuery,
                "The source of the logs refused this query. Check its fields and functions, or simplify it.",
            ),
            Self::QueryIncomplete(status) => incomplete_problem(*status),
            Self::LimitExceeded(exceeded) => limit_problem(exceeded),
            Self::RangeTooLong { denied, location } => {
                let error = FieldError { location: location.clone(), ..FieldError::new("start", range_detail(denied)) };
                Self::InvalidParameter(error.into()).problem()
            }
            Self::NotJson => {
                plain(C::UnsupportedMediaType, "The body is not declared as JSON. Send it with `Content-Type: application/json`.")
            }
            Self::InvalidCursor(reason) => cursor_problem(reason),
            Self::Source(S::InvalidPosition) => cursor_problem(INVALID_CURSOR),
            Self::Source(S::Unsupported { parameter, detail }) => {
                Self::parameter(*parameter, format!("{detail} (a limit of the source that holds the log group)")).problem()
            }
            Self::MissingToken => Problem {
                challenge: Some("realm=\"logmark\"".into()),
                ..plain(C::MissingToken, "The request has no token. Send `Authorization: Bearer <token>`.")
            },
            Self::InvalidToken(_) => {
                refused_token(C::InvalidToken, "The token is not valid here. Get a new one from the issuer.")
            }
            Self::ExpiredToken => refused_token(C::ExpiredToken, "The token has expired. Get a new one from the issuer."),
            Self::InvalidTicket(_) => Problem {
                challenge: Some("realm=\"logmark\"".into()),
                ..plain(
                    C::InvalidTicket,
                    "The ticket is not valid for this request. Get a new one with `POST /tickets`: a ticket is for one GET of one URL \
                     within 60 seconds.",
                )
            },
            Self::UnknownHost => plain(C::UnknownHost, "The service does not answer for the host in `Host`. Use its public URL."),
            Self::KeysUnavailable(_) => {
                let detail = "The keys of the token's issuer are not available at the moment, so the token cannot be verified. Try again after \
                    `Retry-After`.";
                Problem { retry_after: Some(Duration::from_secs(30)), ..plain(C::KeysUnavailable, detail) }
            }
            Self::Denied(Denied::InsufficientScope { scope }) | Self::Source(S::OutOfScope { scope }) => Problem {
                challenge: Some(format!("realm=\"logmark\", error=\"insufficient_scope\", scope=\"{scope}\"")),
                ..Problem::new(C::InsufficientScope, format!("The token lacks the scope `{scope}`. Get a token with this scope."))
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
            Self::Denied(Denied::MaskedField { path }) => masked_field(FILTER_PARAMETER, path),
            Self::MaskedField { parameter, path } => masked_field(parameter, path),
            Self::Denied(denied @ Denied::RangeTooLong { .. }) => Self::parameter("start", range_detail(denied)).problem(),
            Self::NoSuchPath => plain(C::NotFound, "The path does not exist. `/openapi.json` lists the paths."),
            Self::NoSuchReport => plain(C::NotFound, "There is no report of this name. `GET /reports` lists the reports."),
            Self::MethodNotAllowed => {
                plain(C::MethodNotAllowed, "The path does not support this method. Use one of the methods in the header `Allow`.")
            }
            Self::NotAcceptable { available } => Problem::new(
                C::NotAcceptable,
                format!("None of the formats in the header `Accept` is available here. This path has {available}."),
            ),
            Self::Source(S::NotSupported(what)) => {
                let detail = format!("The source that has the log group does not support {what}.");
                Problem::new(C::NotSupported, detail)
            }
            Self::BodyTooLarge(limit) => {
                Problem::new(C::BodyTooLarge, format!("The body is larger than the limit of {limit} bytes. Send a smaller one."))
            }
            Self::TargetTooLong(limit) => Problem::new(
                C::TargetTooLong,
                format!("The path and the query string are longer than the limit of {limit} bytes. Shorten them."),
            ),
            Self::HeadersTooLarge(limit) => Problem::new(
                C::HeadersTooLarge,
                format!("The headers are larger than the limit of {limit} bytes. Send fewer headers, or a smaller token."),
            ),
            Self::TooManyHeaders => plain(C::HeadersTooLarge, "The request has too many headers. Send fewer."),
            Self::TooManyTails(exceeded) => exceeded.problem(),
            Self::Source(S::NoMemory { is_own: true, retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::RateLimited, "The tenant's open answers use all of its memory. Read them, or request less at a time.")
            },
            Self::Source(S::NoMemory { is_own: false, retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::Overloaded, "The service has no memory for the answer at the moment. Try again after `Retry-After`.")
            },
            Self::Overloaded => Problem {
                retry_after: Some(Duration::from_secs(1)),
                ..plain(C::Overloaded, "The service has too many requests at the moment. Try again after `Retry-After`.")
            },
            Self::Audit(AuditUnavailable) => Problem {
                retry_after: Some(Duration::from_secs(5)),
                ..plain(
                    C::Overloaded,
                    "The service cannot record requests at the moment, so it answers none. Try again after `Retry-After`.",
                )
            },
            Self::Source(S::Throttled { retry_after }) => Problem {
                retry_after: Some((*retry_after).max(Duration::from_secs(1))),
                ..plain(
                    C::Overloaded,
                    "The source of the logs accepts no more calls at the moment. Try again after `Retry-After`.",
                )
            },
            Self::Source(S::Busy { retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(
                    C::RateLimited,
                    "The calls that the source of the logs allows are used up. Try again after `Retry-After`.",
                )
            },
            Self::Source(S::Down { retry_after }) => Problem {
                retry_after: Some(*retry_after),
                ..plain(C::Overloaded, "The source of the logs does not respond at the moment. Try again after `Retry-After`.")
            },
            Self::IncompleteBody => plain(C::UpstreamTimeout, super::response_budget::INCOMPLETE_DETAIL),
            Self::TimedOut | Self::Source(S::Timeout) => {
                plain(C::UpstreamTimeout, "The source of the logs did not answer in time. Request a shorter range, or try again.")
            }
            Self::Source(S::TooManyEmptyPages { pages }) => {
                let detail = format!(
                    "{pages} pages of the source in a row had no event, so reading stopped. Request a shorter range, or JSON pages, \
                     which end with a cursor to continue from."
                );
                Problem::new(C::UpstreamTimeout, detail)
            }
            Self::Source(S::Upstream(_) | S::Unreachable(_) | S::Refused(_)) => plain(
                C::UpstreamError,
                "The source of the logs returned no usable answer. Try again; the operator's log has the cause.",
            ),
            Self::Source(S::Store(_)) | Self::Internal(_) => plain(
                C::InternalError,
                "The service failed. Give the operator the request id in `instance`: the log has the cause.",
            ),
        }
    }
}

/// The parameter with a filter pattern.
const FILTER_PARAMETER: &str = "filter";

fn masked_field(parameter: &'static str, path: &str) -> Problem {
    let detail = format!("uses `{path}`, which your grant masks: leave it out");
    let errors = vec![FieldError::new(parameter, detail.as_str())];
    Problem { errors, ..Problem::new(C::QueryForbidden, format!("`{parameter}` {detail}.")) }
}

/// What is wrong with the start of a range that is too long.
fn range_detail(denied: &Denied) -> String {
    format!("{denied}: use a later `start`")
}

/// A refused token. RFC 6750 §3.1 has one error for every reason.
fn refused_token(code: C, detail: &str) -> Problem {
    let challenge = format!("realm=\"logmark\", error=\"invalid_token\", error_description=\"{detail}\"");
    Problem { challenge: Some(challenge), ..Problem::new(code, detail.to_owned()) }
}

/// When to poll again for a query that still runs.
const QUERY_WAIT: Duration = Duration::from_secs(2);

fn incomplete_problem(status: QueryStatus) -> Problem {
    let (detail, retry_after) = if status.has_ended() {
        (format!("The query ended as `{}`, so rows may be missing. JSON shows the rows that it has.", status.as_str()), None)
    } else {
        ("The query has not ended. Try again, wait with `Prefer: wait=20`, or use JSON.".to_owned(), Some(QUERY_WAIT))
    };
    Problem { retry_after, ..Problem::new(C::QueryIncomplete, detail) }
}

/// The faults of a text in one sentence: the first, and their number.
fn text_detail(errors: &FieldErrors) -> String {
    let Some(first) = errors.first() else { return "The text is not valid.".to_owned() };
    let name = first.location.name();
    let location = match first.position {
        Some(position) if position.line == 1 => format!("character {}: ", position.column),
        Some(position) => format!("line {}, character {}: ", position.line, position.column),
        None => String::new(),
    };
    match errors.count() {
        1 => format!("`{name}` is not valid: {location}{}.", first.detail),
        count => format!("`{name}` has {count} faults. The first: {location}{}.", first.detail),
    }
}

/// The one text for foreign, altered, expired and made-up cursors, so that the answer does not tell them apart.
pub const INVALID_CURSOR: &str = "it was altered, has expired, or belongs to another request or caller";

fn cursor_problem(reason: &str) -> Problem {
    let errors = vec![FieldError::new("cursor", reason)];
    Problem { errors, ..Problem::new(C::InvalidCursor, format!("`cursor` is not valid: {reason}.")) }
}

impl IntoResponse for ApiError {
    /// An empty response with the error. [`super::layers`] writes the problem document, since it has the request id.
    fn into_response(self) -> Response {
        let mut response =
            StatusCode::from_u16(self.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
