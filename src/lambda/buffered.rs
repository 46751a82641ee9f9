//! Buffered responses: one JSON value, which every front end accepts.
//!
//! Text is sent as text, other bodies in base64. Trailers become headers, because the whole body is read first, and an error
//! while reading the body becomes the response. INVARIANT: a response is never larger than a function may return; a larger one is
//! replaced by a problem that says how to request less.

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

/// A response may have 6,291,556 bytes. Some are reserved for its headers.
const MAX_BYTES: usize = 6_200_000;
/// Limit behind a load balancer: 1 MB.
const MAX_BYTES_ALB: usize = 950_000;

/// The bytes that a body may have in the response, as encoded.
fn max_bytes(front_door: FrontDoor) -> usize {
    match front_door {
        FrontDoor::Rest | FrontDoor::Http | FrontDoor::Url => MAX_BYTES,
        FrontDoor::Alb | FrontDoor::AlbMulti => MAX_BYTES_ALB,
    }
}

/// The limit of a page: three quarters of it, because base64 of incompressible data is a third longer.
pub(super) fn room(front_door: FrontDoor) -> usize {
    max_bytes(front_door) / 4 * 3
}

/// The response in the form of the front ends.
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
    /// Reads a response completely.
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

    /// An error as the response.
    pub(super) fn problem(front_door: FrontDoor, error: &ApiError, request_id: &str) -> Self {
        Self::with_problem(front_door, error, request_id, HeaderMap::new())
    }

    fn with_problem(front_door: FrontDoor, error: &ApiError, request_id: &str, mut headers: HeaderMap) -> Self {
        tracing::warn!(request.id = request_id, error = %error, "a response could not be returned: {error}");
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

/// The headers of the message. The other headers are about the connection, which belongs to the front end.
pub(super) fn of_message(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut many: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if ![TRAILER, TRANSFER_ENCODING, CONTENT_LENGTH].contains(name) {
            many.entry(name.to_string()).or_default().push(String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    many
}

/// One value per header: all headers of this service that occur more than once are lists.
pub(super) fn joined(headers: BTreeMap<String, Vec<String>>) -> BTreeMap<String, String> {
    headers.into_iter().map(|(name, values)| (name, values.join(", "))).collect()
}

/// The whole body. Its trailers are added to the headers.
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

/// Why a body is incomplete: the error of this service, found among the errors that wrap it.
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

/// The body as a JSON string, and whether it is base64.
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
    ApiError::parameter("limit", "the response is larger than a function can return: use a smaller `limit`, or read page by page")
}
