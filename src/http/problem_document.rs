//! The problem document (RFC 9457): its members, and its response.
//!
//! Owns the form. [`super::problem`] makes the document of an error.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::field_error::{FieldError, FieldErrors};
use super::problem_code::ProblemCode;

/// Problem details (RFC 9457) with members of this API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The URL of a page about this kind of problem, with its meaning, cause and fix.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "https://logs.example.com/problems/not_found")]
    pub kind: String,
    /// The title of the code.
    #[schema(example = "Not found")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// This problem: what is wrong, where, and what to do.
    #[schema(example = "The log group, stream, query or record was not found, or you have no access to it.")]
    pub detail: String,
    /// The request id, as in `X-Request-Id`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "0192f3c1a5b87e43b6e0c9d2f1a4e857")]
    pub instance: String,
    /// The code of the problem, for programs. Codes are stable.
    #[schema(example = "not_found")]
    pub code: &'static str,
    /// The faults of the input, at most the first 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// The number of faults, if there are more than `errors` lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 112)]
    pub error_count: Option<usize>,
    #[serde(skip)]
    pub(super) retry_after: Option<Duration>,
    #[serde(skip)]
    pub(super) challenge: Option<String>,
}

impl Problem {
    pub(super) fn new(code: ProblemCode, detail: String) -> Self {
        let about = code.about();
        Self {
            kind: code.path(),
            title: about.title,
            status: about.status,
            detail,
            instance: String::new(),
            code: about.code,
            errors: Vec::new(),
            error_count: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// The same with another `detail`.
    #[must_use]
    pub fn with_detail(self, detail: &str) -> Self {
        Self { detail: detail.to_owned(), ..self }
    }

    /// The same with `type` as a whole URL. Without a URL of the service (empty) it stays a path.
    #[must_use]
    pub fn at(mut self, service_url: &str) -> Self {
        self.kind.insert_str(0, service_url);
        self
    }

    /// The problem with these faults.
    pub(super) fn of(self, faults: &FieldErrors) -> Self {
        let error_count = Some(faults.count()).filter(|count| *count > faults.len());
        Self { errors: faults.to_vec(), error_count, ..self }
    }

    /// The response for it. `metadata_url` is where RFC 9728 metadata is, for the challenge of a 401.
    #[must_use]
    pub fn into_http(self, metadata_url: &str) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(axum::body::Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_millis().div_ceil(1000).max(1) as u64));
        }
        if let Some(challenge) = self.challenge
            && let Ok(value) = HeaderValue::try_from(format!("Bearer {challenge}, resource_metadata=\"{metadata_url}\""))
        {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}
