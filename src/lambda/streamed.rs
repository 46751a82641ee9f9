//! Streamed responses: status and headers as JSON, eight NUL bytes, then the body.
//!
//! The form is AWS's (`application/vnd.awslambda.http-integration-response`); function URLs with `RESPONSE_STREAM` and REST APIs
//! with `responseTransferMode: STREAM` accept it. It has no trailers for the client. INVARIANT: a body that is incomplete, or
//! not finished at the deadline, ends with the error trailers of Lambda, never cleanly.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use serde::Serialize;
use tokio::time::Instant;

use super::buffered::{joined, of_message};
use super::runtime::{ERROR_BODY, ERROR_TYPE};
use crate::http::problem::ApiError;

/// Ends the head of the response.
const DELIMITER: [u8; 8] = [0; 8];
/// The error type of an incomplete response, in the log and metrics of Lambda.
const BROKEN_OFF: &str = "Logmark.StreamBrokenOff";

/// The head of the response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    status_code: u16,
    headers: BTreeMap<String, String>,
}

/// The response as a stream, aborted at `until`.
pub(super) fn body(response: Response, until: Instant) -> Body {
    let (parts, body) = response.into_parts();
    stream_of(parts.status, &parts.headers, body, until)
}

/// An error as the response.
pub(super) fn problem(error: &ApiError, request_id: &str) -> Body {
    let mut problem = error.problem();
    problem.instance = request_id.to_owned();
    // The body is complete: reading it takes no time.
    body(problem.into_http(""), Instant::now())
}

enum StreamState {
    Head(Bytes),
    Body,
    Over,
}

type Step = Result<Frame<Bytes>, std::convert::Infallible>;

fn stream_of(status: StatusCode, headers: &HeaderMap, body: Body, until: Instant) -> Body {
    let head = Head { status_code: status.as_u16(), headers: joined(of_message(headers)) };
    let mut first = serde_json::to_vec(&head).unwrap_or_default();
    first.extend(DELIMITER);
    let begin = (StreamState::Head(first.into()), body);
    let step = move |(state, mut body): (StreamState, Body)| async move {
        let (frame, state) = match state {
            StreamState::Head(first) => (Frame::data(first), StreamState::Body),
            StreamState::Body => next(&mut body, until).await?,
            StreamState::Over => return None,
        };
        Some((Step::Ok(frame), (state, body)))
    };
    Body::new(StreamBody::new(Box::pin(stream::unfold(begin, step))))
}

/// The next data of the body. Its trailers are dropped, because the form has none.
async fn next(body: &mut Body, until: Instant) -> Option<(Frame<Bytes>, StreamState)> {
    loop {
        let frame = match tokio::time::timeout_at(until, body.frame()).await {
            Ok(None) => return None,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Some((broken_off(&error.to_string()), StreamState::Over)),
            Err(_elapsed) => return Some((broken_off("the deadline of the function has passed"), StreamState::Over)),
        };
        if let Ok(data) = frame.into_data() {
            return Some((Frame::data(data), StreamState::Body));
        }
    }
}

/// The trailers that tell Lambda that the response has failed, so that the client sees it too.
fn broken_off(why: &str) -> Frame<Bytes> {
    tracing::warn!(error = why, "a streamed response is incomplete: {why}");
    let error = serde_json::json!({ "errorType": BROKEN_OFF, "errorMessage": "the response is incomplete" });
    let mut trailers = HeaderMap::new();
    trailers.insert(ERROR_TYPE, HeaderValue::from_static(BROKEN_OFF));
    if let Ok(value) = HeaderValue::try_from(BASE64_STANDARD.encode(error.to_string())) {
        trailers.insert(ERROR_BODY, value);
    }
    Frame::trailers(trailers)
}
