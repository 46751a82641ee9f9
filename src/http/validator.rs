//! Cache validators: pages that cannot change any more have an `ETag`, and `If-None-Match` gets `304` (RFC 9110 §8.8, §13).
//!
//! Owns the validator and its comparison. The source of a page decides whether the page is final.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, GetAll};
use http::{HeaderValue, StatusCode};
use logmark_event_page::Events;

/// An hour, as the response cache keeps a final page: the cursors in a page are valid for a day, and must have most of that left.
const CACHE_CONTROL_VALUE: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// The values of `If-None-Match`: the pages that the client has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<HeaderValue>);

impl IfNoneMatch {
    /// Keeps the values of `If-None-Match`, and no other header of the request.
    #[must_use]
    pub fn from_values(values: GetAll<'_, HeaderValue>) -> Self {
        Self(values.iter().cloned().collect())
    }
}

/// A weak validator of events: the cursors beside the events have new bytes each time, with the same meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator(String);

impl Validator {
    /// The validator of the events in their order; `stop` is the reason for the page's end.
    #[must_use]
    pub fn of(pages: &[Events], stop: &str) -> Self {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        digest.update(stop.as_bytes());
        for event in pages.iter().flat_map(Events::iter) {
            digest.update(&event.timestamp().to_le_bytes());
            digest.update(&event.ingestion_time().unwrap_or(-1).to_le_bytes());
            for text in [event.stream(), event.event_id().unwrap_or_default(), event.message()] {
                digest.update(&text.len().to_le_bytes());
                digest.update(text.as_bytes());
            }
        }
        let half = digest.finish();
        Self(half.as_ref().iter().take(16).fold(String::from("W/\""), |text, byte| text + &format!("{byte:02x}")) + "\"")
    }

    /// Whether the client has these events.
    #[must_use]
    pub fn is_known(&self, known: &IfNoneMatch) -> bool {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let given = known.0.iter().filter_map(|value| value.to_str().ok());
        given.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || bare(tag) == bare(&self.0))
    }

    /// Adds the headers that allow a client to keep the answer.
    #[must_use]
    pub fn apply_to(&self, mut response: Response) -> Response {
        if let Ok(tag) = HeaderValue::try_from(&self.0) {
            response.headers_mut().insert(ETAG, tag);
            response.headers_mut().insert(CACHE_CONTROL, CACHE_CONTROL_VALUE);
        }
        response
    }

    /// The answer to a client that has it.
    #[must_use]
    pub fn not_modified(&self) -> Response {
        let mut response = self.apply_to(Response::new(Body::empty()));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().remove(CONTENT_TYPE);
        response
    }
}
