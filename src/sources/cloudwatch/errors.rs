//! Classifies failed responses, and decides which details may be shown.
//!
//! Owns the classes of AWS's errors. Never forwards a message: AWS's messages contain ARNs, account ids and key ids, and a
//! proxy's page may contain anything. Only the name of the error type and the status are kept.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::config::http::HttpResponse;
use aws_sdk_cloudwatchlogs::error::SdkError;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::aws::credentials::MissingCredentials;
use crate::outbound::OutboundError;
use crate::sources::SourceError;

/// Wait after throttling without `Retry-After`: quotas are per second.
pub(super) const THROTTLED_WAIT: Duration = Duration::from_secs(1);
/// Maximum accepted `Retry-After`: all quotas of this service are per second.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// The longest name of an exception in AWS's model of this service has 36 characters.
const TYPE_LENGTH: usize = 64;

/// A failed call, including its retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    NotFound(MissingResource),
    /// CloudWatch refused a parameter.
    InvalidParameter,
    /// CloudWatch refused the query's text.
    MalformedQuery,
    /// The response exceeds the size limit: a smaller request may succeed.
    TooLarge(String),
    Throttled(Duration),
    /// Not made: too many requests wait for the quota.
    Busy(Duration),
    /// Not made: nearly all recent calls failed.
    Down(Duration),
    /// Not made: the call was optional, and no quota was spare.
    NoSpareCapacity,
    /// A response arrived, but no memory is free for it.
    NoMemory {
        is_own: bool,
        retry_after: Duration,
    },
    Timeout,
    Refused(String),
    Unreachable(String),
    Upstream(String),
}

impl From<MissingCredentials> for CallError {
    fn from(MissingCredentials(why): MissingCredentials) -> Self {
        Self::Refused(why.to_owned())
    }
}

impl CallError {
    /// Converts the failure into a source's error, for a call that did not start at a caller's position.
    pub(super) fn plain(self) -> SourceError {
        self.at_position(false)
    }

    /// Converts the failure into a source's error. A refused parameter is the caller's position, if the call had one, because all
    /// other parameters are checked before.
    pub(super) fn at_position(self, given: bool) -> SourceError {
        match self {
            Self::NotFound(MissingResource::Stream) => SourceError::StreamNotFound,
            Self::NotFound(MissingResource::GroupOrStream) => SourceError::NotFound,
            Self::InvalidParameter if given => SourceError::InvalidPosition,
            Self::InvalidParameter => SourceError::Upstream("InvalidParameterException, status 400".to_owned()),
            Self::MalformedQuery => SourceError::QueryRefused,
            Self::Throttled(retry_after) => SourceError::Throttled { retry_after },
            Self::Busy(retry_after) => SourceError::Busy { retry_after },
            Self::Down(retry_after) => SourceError::Down { retry_after },
            Self::NoMemory { is_own, retry_after } => SourceError::NoMemory { is_own, retry_after },
            Self::NoSpareCapacity => SourceError::Busy { retry_after: THROTTLED_WAIT },
            Self::Timeout => SourceError::Timeout,
            Self::Refused(what) => SourceError::Refused(what),
            Self::Unreachable(what) => SourceError::Unreachable(what),
            Self::Upstream(what) | Self::TooLarge(what) => SourceError::Upstream(what),
        }
    }
}

/// The missing resource, as far as the response says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingResource {
    /// The group or the stream.
    GroupOrStream,
    /// The stream; the group exists.
    Stream,
}

/// The class of an attempt's failure, which decides whether and how to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Throttled: retry later.
    Throttled,
    /// No connection, so nothing was sent: retry.
    Unreachable,
    /// The service or the network failed: retry.
    Transient,
    /// The attempt timed out: retry, if time remains.
    Timeout,
    /// Possibly the local clock: retry once with the source's time.
    Skewed,
    /// The session token has expired: retry once with a new one.
    Expired,
    /// The service's credentials or role.
    Refused,
    NotFound(MissingResource),
    InvalidParameter,
    MalformedQuery,
    TooLarge,
    /// Any other final failure.
    Other,
}

impl Kind {
    /// The name in metrics.
    pub(super) fn outcome(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Transient | Self::Other => "failed",
            Self::Timeout => "timeout",
            Self::Skewed | Self::Expired | Self::Refused => "refused",
            Self::NotFound(_) => "not_found",
            Self::InvalidParameter | Self::MalformedQuery => "invalid",
            Self::TooLarge => "too_large",
        }
    }
}

/// One attempt's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// The text for the log.
    pub(super) what: String,
    /// The response's `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// The response's `Date`, in epoch milliseconds.
    pub(super) date: Option<i64>,
}

impl Failure {
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), retry_after: None, date: None }
    }

    /// Classifies a response whose status is not a success.
    pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let name = type_name(headers, body);
        let kind = match kind_of(status, name.as_deref().unwrap_or("")) {
            Kind::NotFound(_) => Kind::NotFound(missing(body)),
            kind => kind,
        };
        let what = format!("{}, status {}", name.as_deref().unwrap_or("no error type"), status.as_u16());
        Self { kind, what, retry_after: retry_after(headers), date: date(headers) }
    }

    /// Reads an error of the SDK. Of an answer of the service the status, the headers and the body are read as of any answer.
    pub(super) fn of_sdk<E>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(error) => Self::of_sdk_answer(error.raw()),
            SdkError::ResponseError(error) => match error.raw().status().is_success() {
                true => Self::new(Kind::Transient, "the answer is incomplete, or is not one"),
                false => Self::of_sdk_answer(error.raw()),
            },
            SdkError::DispatchFailure(failure) if failure.is_timeout() => OutboundError::Timeout.into(),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error().and_then(outbound_error) {
                Some(error) => error.clone().into(),
                None => Self::new(Kind::Other, "the request could not be sent"),
            },
            SdkError::TimeoutError(_) => OutboundError::Timeout.into(),
            // Nothing was sent: credentials are missing, or the request could not be written.
            _ => Self::new(Kind::Refused, "the request could not be signed: no credentials found"),
        }
    }

    fn of_sdk_answer(answer: &HttpResponse) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in answer.headers() {
            if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::of_answer(status, &headers, answer.body().bytes().unwrap_or_default())
    }

    /// The failure of the whole call, if this was its last attempt.
    pub(super) fn into_call_error(self) -> CallError {
        match self.kind {
            Kind::NotFound(missing) => CallError::NotFound(missing),
            Kind::InvalidParameter => CallError::InvalidParameter,
            Kind::MalformedQuery => CallError::MalformedQuery,
            Kind::TooLarge => CallError::TooLarge(self.what),
            Kind::Throttled => CallError::Throttled(self.retry_after.unwrap_or(THROTTLED_WAIT)),
            Kind::Timeout => CallError::Timeout,
            Kind::Skewed | Kind::Expired | Kind::Refused => CallError::Refused(self.what),
            Kind::Unreachable => CallError::Unreachable(self.what),
            Kind::Transient | Kind::Other => CallError::Upstream(self.what),
        }
    }
}

impl From<OutboundError> for Failure {
    fn from(error: OutboundError) -> Self {
        let kind = match error {
            OutboundError::Connect(_) => Kind::Unreachable,
            OutboundError::Broken(_) => Kind::Transient,
            OutboundError::Timeout => Kind::Timeout,
            OutboundError::TooLarge(_) => Kind::TooLarge,
        };
        Self::new(kind, error.to_string())
    }
}

/// The error of Logmark's own client inside an error of the SDK.
fn outbound_error(error: &aws_sdk_cloudwatchlogs::error::ConnectorError) -> Option<&OutboundError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(outbound) = error.downcast_ref() {
            return Some(outbound);
        }
        cause = error.source();
    }
    None
}

/// The error's name: `__type` in the body, else the header; without namespace (`…#`) and without the URI that some services add
/// (`:…`). Text that does not look like a name is dropped.
fn type_name(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody {
        #[serde(rename = "__type")]
        name: String,
    }
    let in_body = serde_json::from_slice::<ErrorBody>(body).ok().map(|error| error.name);
    let in_header = || headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let full = in_body.or_else(in_header)?;
    let name = full.rsplit('#').next().unwrap_or("").split(':').next().unwrap_or("");
    let is_name = !name.is_empty() && name.len() <= TYPE_LENGTH && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_name.then(|| name.to_owned())
}

/// The missing resource by the message of a `ResourceNotFoundException` ("The specified log stream does not exist."). The rest of
/// the message is ignored.
fn missing(body: &[u8]) -> MissingResource {
    #[derive(Deserialize)]
    struct ErrorBody {
        #[serde(alias = "Message")]
        message: String,
    }
    let message = serde_json::from_slice::<ErrorBody>(body).map(|error| error.message.to_ascii_lowercase()).unwrap_or_default();
    if message.contains("log stream") && !message.contains("log group") {
        MissingResource::Stream
    } else {
        MissingResource::GroupOrStream
    }
}

fn kind_of(status: StatusCode, name: &str) -> Kind {
    match name.strip_suffix("Exception").unwrap_or(name) {
        "ResourceNotFound" => Kind::NotFound(MissingResource::GroupOrStream),
        "InvalidParameter" => Kind::InvalidParameter,
        "MalformedQuery" => Kind::MalformedQuery,
        "Throttling"
        | "Throttled"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "LimitExceeded"
        | "SlowDown" => Kind::Throttled,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" | "InvalidSignature" | "SignatureDoesNotMatch" => {
            Kind::Skewed
        }
        "ExpiredToken" => Kind::Expired,
        "AccessDenied"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "OptInRequired"
        | "NotAuthorized"
        | "AuthFailure"
        | "InvalidToken" => Kind::Refused,
        "ServiceUnavailable" | "InternalFailure" | "InternalServerError" | "RequestTimeout" => Kind::Transient,
        _ => match status.as_u16() {
            429 => Kind::Throttled,
            500.. => Kind::Transient,
            401 | 403 => Kind::Refused,
            _ => Kind::Other,
        },
    }
}

/// `Retry-After` in seconds; the date form is rare and is ignored. Bounded, because callers add it to a time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_WAIT))
}

pub(super) use crate::outbound::date_of as date;

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        Failure::of_answer(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn names_come_in_three_spellings_and_nothing_else_is_repeated() {
        for body in [
            r#"{"__type":"ThrottlingException","message":"Rate exceeded for arn:aws:iam::123456789012:role/x"}"#,
            r#"{"__type":"com.amazonaws.logs#ThrottlingException"}"#,
            r#"{"__type":"ThrottlingException:http://internal.amazon.com/coral/"}"#,
        ] {
            assert_eq!(failure(400, body), Failure::new(Kind::Throttled, "ThrottlingException, status 400"));
        }
        for body in ["<html>123456789012</html>", "", r#"{"__type":"a b arn:aws"}"#, r#"{"__type":7}"#, "{"] {
            assert_eq!(failure(503, body), Failure::new(Kind::Transient, "no error type, status 503"), "{body}");
            assert_eq!(failure(302, body).kind, Kind::Other, "{body}");
        }
    }

    #[test]
    fn what_is_missing_is_read_from_the_message() {
        for (message, expected) in [
            (r#""message":"The specified log stream does not exist.""#, MissingResource::Stream),
            (r#""Message":"The specified log stream does not exist.""#, MissingResource::Stream),
            (r#""message":"The specified log group does not exist.""#, MissingResource::GroupOrStream),
            (r#""message":"no such log group or log stream""#, MissingResource::GroupOrStream),
            (r#""message":null"#, MissingResource::GroupOrStream),
            (r#""detail":"log stream""#, MissingResource::GroupOrStream),
        ] {
            let body = format!(r#"{{"__type":"ResourceNotFoundException",{message}}}"#);
            assert_eq!(failure(400, &body).kind, Kind::NotFound(expected), "{message}");
        }
    }

    #[test]
    fn dates_and_waits_are_read_from_the_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Fri, 20 Nov 2026 10:00:00 GMT".parse().unwrap());
        headers.insert("retry-after", "7".parse().unwrap());
        headers.insert("x-amzn-errortype", "RequestTimeTooSkewed".parse().unwrap());
        let failure = Failure::of_answer(StatusCode::FORBIDDEN, &headers, b"");
        assert_eq!(failure.kind, Kind::Skewed);
        assert_eq!(failure.date, Some(1_795_168_800_000));
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
        for (text, expected) in
            [("18446744073709551615", Some(MAX_WAIT)), ("-1", None), ("99999999999999999999", None), ("soon", None)]
        {
            headers.insert("retry-after", text.parse().unwrap());
            assert_eq!(Failure::of_answer(StatusCode::FORBIDDEN, &headers, b"").retry_after, expected, "{text}");
        }
    }
}
