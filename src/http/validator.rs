//! What a client may keep: a page that can't change any more, and how it asks whether it has it already (RFC 9110 §8.8, §13).
//!
//! Owns the validator and its comparison. Never says which pages are final: their source does.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use logmark_event_page::Events;

/// As long as a final page is kept by us: its cursors are good for a day, and must be for most of it when they are used.
const CACHE_CONTROL_VALUE: HeaderValue = HeaderValue::from_static("private, max-age=3600");

/// What a client says that it has: the values of `If-None-Match`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<HeaderValue>);

impl IfNoneMatch {
    /// Takes it from a request's headers; the rest of them, the token above all, is not kept.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self(headers.get_all(IF_NONE_MATCH).iter().cloned().collect())
    }
}

/// The validator of events. A weak one: the cursors beside them are sealed anew each time, and mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator(String);

impl Validator {
    /// Of the events in their order, and of where the page ends; `stop`: the reason for that.
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

    /// Does the client have these already?
    #[must_use]
    pub fn is_known(&self, known: &IfNoneMatch) -> bool {
        let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let given = known.0.iter().filter_map(|value| value.to_str().ok());
        given.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || bare(tag) == bare(&self.0))
    }

    /// The answer with leave to keep it.
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
