//! The encoding of answers: JSON pages, and streams of NDJSON, CSV and text.
//!
//! Owns the formats, their choice by `Accept` or `?format=`, and the text around the events. [`logmark_event_page`] writes the events.
//! INVARIANT: it has at most one page of a source in memory.

pub mod coding;
pub mod complete_page;
pub mod compress;
pub mod json;
pub mod stream;
pub mod table;

use http::HeaderMap;
use http::header::ACCEPT;

use super::problem::ApiError;

/// A format of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`: a page.
    Json,
    /// `application/x-ndjson`: a stream of one JSON object a line.
    Ndjson,
    /// `text/csv`: a stream, RFC 4180 with a header.
    Csv,
    /// `text/plain`: a stream of messages.
    Text,
    /// `text/event-stream`: Server-Sent Events, for live tail only.
    EventStream,
}

impl Format {
    /// The words of `?format=`.
    pub const WORDS: [(&'static str, Self); 5] =
        [("json", Self::Json), ("ndjson", Self::Ndjson), ("csv", Self::Csv), ("text", Self::Text), ("sse", Self::EventStream)];

    /// Its `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Text => "text/plain; charset=utf-8",
            Self::EventStream => "text/event-stream",
        }
    }

    /// The media type without its parameters.
    #[must_use]
    pub fn essence(self) -> &'static str {
        self.content_type().split(';').next().unwrap_or("")
    }

    /// Chooses by `Accept` (RFC 9110 §12.5.1): by the highest quality, then by the order of `available`. Without the header, or with
    /// `*/*`, it is JSON.
    ///
    /// # Errors
    /// [`ApiError::NotAcceptable`] if the header has none of the formats.
    pub fn negotiate(headers: &HeaderMap, available: &'static [Self]) -> Result<Self, ApiError> {
        let essences: Vec<&str> = available.iter().map(|format| format.essence()).collect();
        let best = negotiate(headers, &essences).and_then(|best| available.iter().find(|format| format.essence() == best));
        let words = match available {
            [Self::Json] => JSON_ONLY,
            [Self::EventStream, ..] => LIVE_FORMATS,
            formats if formats.contains(&Self::Text) => ALL_FORMATS,
            _ => TABLE_FORMATS,
        };
        best.copied().ok_or(ApiError::NotAcceptable { available: words })
    }
}

/// Chooses one of these media types by `Accept` (RFC 9110 §12.5.1): by the highest quality, then by their order. Without the header
/// it is the first; `None`: the header has none of them.
pub fn negotiate<'a>(headers: &HeaderMap, available: &[&'a str]) -> Option<&'a str> {
    let accepted: Vec<&str> =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    if accepted.iter().all(|range| range.trim().is_empty()) {
        return available.first().copied();
    }
    let mut best: Option<(f32, &str)> = None;
    for essence in available {
        let quality = quality_of(essence, &accepted);
        if quality > best.map_or(0.0, |(quality, _)| quality) {
            best = Some((quality, essence));
        }
    }
    best.map(|(_, essence)| essence)
}

const JSON_ONLY: &str = "`application/json`";
const TABLE_FORMATS: &str = "`application/json`, `application/x-ndjson` and `text/csv`";
const ALL_FORMATS: &str =
    "`application/json`, `application/x-ndjson`, `text/csv` and `text/plain`, and `text/event-stream` for live tail";
const LIVE_FORMATS: &str = "`text/event-stream` and `application/x-ndjson` for live tail";

/// The quality of a media type in an `Accept` header: that of the most specific range that covers it, or 0.
fn quality_of(essence: &str, accepted: &[&str]) -> f32 {
    let kind = essence.split('/').next().unwrap_or("");
    let mut found: Option<(u8, f32)> = None;
    for range in accepted {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or("").to_ascii_lowercase();
        let specificity = match name.as_str() {
            name if name == essence || (essence == "application/x-ndjson" && name == "application/ndjson") => 2,
            "*/*" => 0,
            name if name.strip_suffix("/*") == Some(kind) => 1,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if found.is_none_or(|(most, _)| specificity > most) {
            found = Some((specificity, quality));
        }
    }
    found.map_or(0.0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_follows_the_accept_header() {
        const ALL: &[Format] = &[Format::Json, Format::Ndjson, Format::Csv, Format::Text];
        for (accept, expected) in [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("application/json", Some(Format::Json)),
            ("application/x-ndjson", Some(Format::Ndjson)),
            ("application/ndjson", Some(Format::Ndjson)),
            ("TEXT/CSV", Some(Format::Csv)),
            ("text/plain", Some(Format::Text)),
            ("text/*", Some(Format::Csv)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Format::Json)),
            ("application/json;q=0.5, text/csv", Some(Format::Csv)),
            ("application/json;q=0, */*", Some(Format::Ndjson)),
            ("text/html", None),
            ("text/event-stream", None),
            ("application/json;q=0", None),
            ("application/json;q=x", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::negotiate(&headers, ALL).ok(), expected, "{accept}");
        }
    }
}
