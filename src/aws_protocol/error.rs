//! AWS's errors, and their form in each protocol.
//!
//! Owns codes, texts and statuses. The texts are AWS's own where they are known, because clients compare them. Never contains an
//! internal cause: that is logged where it happens.

use std::time::Duration;

use http::StatusCode;

use super::sigv4::SignatureError;
use crate::auth::policy::Denied;
use crate::sources::SourceError;
use crate::sources::write::WriteError;

/// An error as the client receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The exception's name.
    pub code: &'static str,
    /// The message.
    pub message: String,
    /// The status of the answer.
    pub status: StatusCode,
    /// Members of the exception in addition to its message.
    pub members: Option<serde_json::Value>,
    /// The time after which a retry can succeed.
    pub retry_after: Option<Duration>,
    /// The internal cause, for the log.
    pub cause: Option<String>,
}

/// No such group.
pub const NO_GROUP: &str = "The specified log group does not exist.";
/// No such stream.
pub const NO_STREAM: &str = "The specified log stream does not exist.";

impl ServiceError {
    /// An exception of the service: status 400.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: StatusCode::BAD_REQUEST, members: None, retry_after: None, cause: None }
    }

    /// `InvalidParameterException`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    /// `ResourceNotFoundException`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    /// The body is not JSON of the operation's form.
    #[must_use]
    pub fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// The token of a page is not valid for this request.
    #[must_use]
    pub fn bad_token() -> Self {
        Self::invalid("The specified nextToken is invalid.")
    }

    /// No operation of this name.
    #[must_use]
    pub fn unknown_operation() -> Self {
        Self::new("UnknownOperationException", "The requested operation is not supported by this endpoint.")
    }

    /// An internal failure; `cause` goes to the log.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            cause: Some(cause.into()),
            ..Self::new("ServiceUnavailableException", "The service cannot complete the request.")
        }
    }

    /// The client must retry later.
    #[must_use]
    pub fn throttled(retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new("ThrottlingException", "Rate exceeded") }
    }

    /// The body, compressed or not, is larger than the limit.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!("The request body has more than {limit} bytes.");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, ..Self::new("RequestEntityTooLargeException", message) }
    }
}

impl From<SignatureError> for ServiceError {
    fn from(error: SignatureError) -> Self {
        let code = match error {
            SignatureError::Missing => "MissingAuthenticationTokenException",
            SignatureError::Incomplete(_) => "IncompleteSignatureException",
            SignatureError::UnknownKey => "UnrecognizedClientException",
            SignatureError::Invalid(_) => "InvalidSignatureException",
        };
        Self::new(code, error.to_string())
    }
}

impl From<Denied> for ServiceError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotGranted => Self::not_found(NO_GROUP),
            Denied::StreamNotGranted => Self::not_found(NO_STREAM),
            Denied::InsufficientScope { .. } => {
                Self::new("AccessDeniedException", "The access key is not authorized to perform this operation.")
            }
            Denied::SeveralSources { .. } | Denied::MaskedField { .. } | Denied::RangeTooLong { .. } => {
                Self::invalid(denied.to_string())
            }
        }
    }
}

impl From<SourceError> for ServiceError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::NotFound => Self::not_found(NO_GROUP),
            SourceError::StreamNotFound => Self::not_found(NO_STREAM),
            SourceError::InvalidPosition => Self::bad_token(),
            SourceError::OutOfScope { .. } => {
                Self::new("AccessDeniedException", "The access key is not authorized to perform this operation.")
            }
            SourceError::Unsupported { parameter, detail } => Self::invalid(format!("'{parameter}' {detail}.")),
            SourceError::NotSupported(what) => {
                Self::new("InvalidOperationException", format!("This endpoint does not support {what}."))
            }
            SourceError::QueryForbidden(text) => Self::new("MalformedQueryException", text),
            SourceError::QueryTooLong { .. } | SourceError::QueryRefused => {
                Self::new("MalformedQueryException", error.to_string())
            }
            SourceError::Throttled { retry_after }
            | SourceError::Busy { retry_after }
            | SourceError::NoMemory { retry_after, .. }
            | SourceError::Down { retry_after } => Self::throttled(retry_after),
            other => Self::unavailable(other.to_string()),
        }
    }
}

impl From<WriteError> for ServiceError {
    fn from(error: WriteError) -> Self {
        match error {
            // The operation knows which of the two exists.
            WriteError::Exists => Self::new("ResourceAlreadyExistsException", "The specified resource already exists"),
            WriteError::Invalid(text) => Self::invalid(text),
            WriteError::TooMany(text) => Self::new("LimitExceededException", text),
            WriteError::Source(error) => error.into(),
        }
    }
}
