//! The error type of the client: errors of the service, and failures without a response.
//!
//! Owns parsing of problem documents (RFC 9457) and of other error responses. Never decides whether to retry: see `retry`.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use url::Url;

use crate::apis;
use crate::models::{FieldError, Problem};

/// The client's own codes. All other codes are the service's. All are stable.
pub mod code {
    /// No response: refused, reset, timed out.
    pub const CONNECTION_FAILED: &str = "connection_failed";
    /// An error response without a problem document, for example of a proxy.
    pub const HTTP_ERROR: &str = "http_error";
    /// An interrupted stream, or one without its last line.
    pub const INCOMPLETE_BODY: &str = "incomplete_body";
    /// A response that does not match the OpenAPI document.
    pub const UNEXPECTED_ANSWER: &str = "unexpected_answer";
    /// A query that ended as `Failed`, `Cancelled` or `Timeout`.
    pub const QUERY_FAILED: &str = "query_failed";
    /// A query that was stopped after its `timeout`.
    pub const QUERY_TIMEOUT: &str = "query_timeout";
    /// The token provider returned no token.
    pub const TOKEN_FAILED: &str = "token_failed";
    /// The URL, the token or a parameter is invalid.
    pub const INVALID_REQUEST: &str = "invalid_request";
}

/// An error. Programs decide by its [`code`](Self::code).
pub struct Error(Box<Parts>);

#[derive(Default)]
struct Parts {
    status: Option<u16>,
    code: String,
    title: String,
    detail: String,
    request_id: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// The HTTP status; `None`: no response, or an incomplete one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// A stable error code: the service's, or one of [`code`].
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Title of the code.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// Describes this error, and what to do if that is known.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Request id; give it to the operator of the service.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Faults of the input, one entry each.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The wait that the service asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    pub(crate) fn own(code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts { code: code.to_owned(), title: title(code).to_owned(), detail: detail.into(), ..Parts::default() }))
    }

    pub(crate) fn because(code: &'static str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let cause = cause.into();
        let mut error = Self::own(code, chain(cause.as_ref()));
        error.0.cause = Some(cause);
        error
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The error of an error response; `place` precedes the text of a response that is not the service's.
    pub(crate) fn of_answer(status: u16, headers: &HeaderMap, body: &[u8], place: &str) -> Self {
        let mut error = match serde_json::from_slice::<Problem>(body) {
            Ok(problem) => Self::of_problem(problem),
            Err(_) => Self::own(code::HTTP_ERROR, format!("{place}{}", beginning(body))),
        };
        error.0.status = Some(status);
        error.0.retry_after = retry_after(headers);
        if error.0.request_id.is_none() {
            error.0.request_id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        }
        error
    }

    pub(crate) fn of_problem(problem: Problem) -> Self {
        Self(Box::new(Parts {
            status: u16::try_from(problem.status).ok(),
            code: problem.code,
            title: problem.title,
            detail: problem.detail,
            request_id: problem.instance,
            errors: problem.errors.unwrap_or_default(),
            ..Parts::default()
        }))
    }

    /// Whether the response is missing or incomplete.
    pub(crate) fn is_connection(&self) -> bool {
        self.code() == code::CONNECTION_FAILED
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code())?;
        if let Some(status) = self.status() {
            write!(f, " ({status})")?;
        }
        write!(f, ": {}", self.detail())?;
        if let Some(id) = self.request_id() {
            write!(f, " [request {id}]")?;
        }
        for fault in self.errors() {
            let place = fault.parameter.as_deref().or(fault.pointer.as_deref().filter(|pointer| !pointer.is_empty()));
            write!(f, "\n  {}: {}", place.unwrap_or("body"), fault.detail)?;
        }
        Ok(())
    }
}

/// The same as `Display`, because a program prints it when `main` returns the error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        let code = if error.is_builder() {
            code::INVALID_REQUEST
        } else if error.is_decode() && !error.is_body() && error.source().is_some_and(|cause| cause.is::<serde_json::Error>()) {
            code::UNEXPECTED_ANSWER
        } else {
            code::CONNECTION_FAILED
        };
        let url = error.url().map(shown);
        let mut failure = Self::because(code, error.without_url());
        if let Some(url) = url.filter(|_| code == code::CONNECTION_FAILED) {
            failure.0.detail = format!("no response from {url}: {}", failure.0.detail);
        }
        failure
    }
}

impl From<reqwest_middleware::Error> for Error {
    fn from(error: reqwest_middleware::Error) -> Self {
        match error {
            reqwest_middleware::Error::Reqwest(error) => error.into(),
            reqwest_middleware::Error::Middleware(error) => match error.downcast::<Self>() {
                Ok(error) => error,
                Err(error) => Self::own(code::INVALID_REQUEST, error.to_string()),
            },
        }
    }
}

/// Converts the error of a generated operation. The client's middleware has already made an [`Error`] of every error response.
impl<T> From<apis::Error<T>> for Error {
    fn from(error: apis::Error<T>) -> Self {
        match error {
            apis::Error::Reqwest(error) => error.into(),
            apis::Error::ReqwestMiddleware(error) => error.into(),
            apis::Error::Serde(error) => Self::because(code::UNEXPECTED_ANSWER, error),
            apis::Error::Io(error) => Self::because(code::CONNECTION_FAILED, error),
            apis::Error::ResponseError(answer) => {
                Self::of_answer(answer.status.as_u16(), &HeaderMap::new(), answer.content.as_bytes(), "")
            }
        }
    }
}

/// The URL for error messages, which may be logged: without the query, which contains cursors.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

fn title(code: &str) -> &'static str {
    match code {
        code::CONNECTION_FAILED => "No answer",
        code::HTTP_ERROR => "Not a response of the service",
        code::INCOMPLETE_BODY => "The stream broke off",
        code::UNEXPECTED_ANSWER => "The answer can't be read",
        code::QUERY_FAILED => "The query failed",
        code::QUERY_TIMEOUT => "The query took too long",
        code::TOKEN_FAILED => "No token",
        _ => "The request can't be sent",
    }
}

/// An error with its causes: the outermost text is not specific ("error sending request").
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The start of a body that is not a problem document.
fn beginning(body: &[u8]) -> String {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(body);
    match text.trim() {
        "" => "the answer has no body".to_owned(),
        text => text.chars().take(SHOWN).collect(),
    }
}

/// Parses `Retry-After`, seconds or a date, as a duration from now.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = SystemTime::from(DateTime::parse_from_rfc2822(text).ok()?);
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// An NDJSON line with the error of a stream.
#[derive(Debug, Deserialize)]
pub(crate) struct FailureLine {
    pub(crate) error: Problem,
}
