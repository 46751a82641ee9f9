//! The router's response as one JSON value: the way that every front door can take.
//!
//! Text goes as text, the rest in base64. There are no trailers on this way: what would stand in them is known by the time the
//! head is written, so it stands there; and what goes wrong while the body is read becomes the answer. INVARIANT: an answer is
//! never larger than a function may return; what would be is a problem that says how to ask for less.

use std::collections::BTreeMap;
use std::error::Error;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde::Serialize;

use super::event::FrontDoor;
use crate::http::encode::stream::CURSOR_TRAILER;
use crate::http::problem::ApiError;
use crate::http::response_budget::escaped_length;
use crate::sources::SourceError;

/// An answer may have 6,291,556 bytes; some are left for its head.
const MAX_BYTES: usize = 6_200_000;
/// Of a load balancer's answer: 1 MB.
const MAX_BYTES_ALB: usize = 950_000;

/// The bytes that a body may have, as it lies in the answer.
fn max_bytes(front_door: FrontDoor) -> usize {
    match front_door {
        FrontDoor::Rest | FrontDoor::Http | FrontDoor::Url => MAX_BYTES,
        FrontDoor::Alb | FrontDoor::AlbMulti => MAX_BYTES_ALB,
    }
}

/// What pages keep to: three quarters of it, as base64 of what can't be compressed is a third longer.
pub(super) fn room(front_door: FrontDoor) -> usize {
    max_bytes(front_door) / 4 * 3
}

/// The answer as the front doors take it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BufferedResponse {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    body: String,
    is_base64_encoded: bool,
}

impl BufferedResponse {
    /// Reads a response to its end.
    pub(super) async fn read(front_door: FrontDoor, response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let (mut headers, most) = (parts.headers, max_bytes(front_door));
        let error = match collect(body, &mut headers, most).await {
            Ok(bytes) => match text(bytes, headers.contains_key(CONTENT_ENCODING), most) {
                Ok((body, is_base64)) => return Self::new(front_door, parts.status, &headers, body, is_base64),
                Err(error) => error,
            },
            Err(error) => error,
        };
        for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_DISPOSITION] {
            headers.remove(name);
        }
        headers.remove(CURSOR_TRAILER);
        let id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        Self::with_problem(front_door, &error, &id, headers)
    }

    /// An error as the answer.
    pub(super) fn problem(front_door: FrontDoor, error: &ApiError, request_id: &str) -> Self {
        Self::with_problem(front_door, error, request_id, HeaderMap::new())
    }

    fn with_problem(front_door: FrontDoor, error: &ApiError, request_id: &str, mut headers: HeaderMap) -> Self {
        tracing::warn!(request.id = request_id, error = %error, "an answer could not be returned: {error}");
        let mut problem = error.problem();
        problem.instance = request_id.to_owned();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&problem).unwrap_or_default();
        headers.extend(problem.into_http("").into_parts().0.headers);
        Self::new(front_door, status, &headers, body, false)
    }

    fn new(front_door: FrontDoor, status: StatusCode, headers: &HeaderMap, body: String, is_base64_encoded: bool) -> Self {
        let many = of_message(headers);
        let (headers, multi_value_headers) = match front_door {
            FrontDoor::Rest | FrontDoor::AlbMulti => (None, Some(many)),
            FrontDoor::Http | FrontDoor::Url | FrontDoor::Alb => (Some(joined(many)), None),
        };
        let status_description = matches!(front_door, FrontDoor::Alb | FrontDoor::AlbMulti).then(|| status.to_string());
        Self { status_code: status.as_u16(), status_description, headers, multi_value_headers, body, is_base64_encoded }
    }
}

/// The headers that are about the message. The others are about the connection, which is the front door's.
pub(super) fn of_message(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut many: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if ![TRAILER, TRANSFER_ENCODING, CONTENT_LENGTH].contains(name) {
            many.entry(name.to_string()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    many
}

/// Each with one value: all of ours that come more than once are lists.
pub(super) fn joined(headers: BTreeMap<String, Vec<String>>) -> BTreeMap<String, String> {
    headers.into_iter().map(|(name, values)| (name, values.join(", "))).collect()
}

/// The whole body; its trailers join the headers.
async fn collect(mut body: Body, headers: &mut HeaderMap, most: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| reason(&error))?;
        match frame.into_data() {
            Ok(data) if bytes.len() + data.len() > most => return Err(too_large()),
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => headers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    Ok(bytes)
}

/// Why a body broke off: our own error is somewhere among those that the layers around the body made of it.
fn reason(error: &(dyn Error + 'static)) -> ApiError {
    let mut layer = Some(error);
    while let Some(error) = layer {
        if let Some(ours) = error.downcast_ref::<ApiError>() {
            return ours.clone();
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        layer = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    SourceError::Upstream(error.to_string()).into()
}

/// The body as it goes into JSON, and whether that is base64.
fn text(bytes: Vec<u8>, packed: bool, most: usize) -> Result<(String, bool), ApiError> {
    let fits = |length: usize| if length > most { Err(too_large()) } else { Ok(()) };
    match String::from_utf8(bytes) {
        Ok(text) if !packed => {
            fits(escaped_length(text.as_bytes()))?;
            Ok((text, false))
        }
        other => {
            let bytes = other.map_or_else(std::string::FromUtf8Error::into_bytes, String::into_bytes);
            fits(bytes.len().div_ceil(3) * 4)?;
            Ok((BASE64_STANDARD.encode(bytes), true))
        }
    }
}

fn too_large() -> ApiError {
    ApiError::parameter("limit", "the answer is larger than what a function can return here: ask for less, or page by page")
}
