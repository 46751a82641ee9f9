//! Events as JSON: the page around the events.
//!
//! Owns the members of a page. [`logmark_event_page`] writes the events themselves, in pages and in NDJSON.

use logmark_event_page::{Events, Layout, Writer};

use crate::domain::event::StopReason;
use crate::http::openapi::event::EventSchema;
use crate::http::response_budget::escaped_length;

/// A page of events.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = EventPage, rename_all = "camelCase")]
pub struct PageBody<'a> {
    /// The log group.
    #[schema(example = "/acme/api")]
    pub log_group: &'a str,
    /// The log stream, if the request names one.
    #[schema(example = "web-1")]
    pub log_stream: Option<&'a str>,
    /// The events, ascending by time.
    #[schema(value_type = Vec<EventSchema>)]
    pub events: &'a [Events],
    /// Cursor to newer events. With `stopReason` `end` new events will appear there.
    #[schema(example = "exampleNextCursor")]
    pub next_cursor: String,
    /// Cursor to older events, if the source can read backwards from here.
    #[schema(example = "examplePreviousCursor")]
    pub previous_cursor: Option<String>,
    /// Why the page ended. Only `end` means that there are no more events now.
    pub stop_reason: StopReason,
    /// Events that are not shown because their messages are not JSON objects, so that your grant's mask cannot be applied to them.
    /// Absent if no grant that you use has a mask.
    #[schema(example = 0)]
    pub withheld: Option<usize>,
}

impl PageBody<'_> {
    /// The bytes before the events and after them. Absent members are left out. A [`Writer`] with [`Layout::JsonItems`] writes
    /// the events between them.
    #[must_use]
    pub fn around(&self) -> (Vec<u8>, Vec<u8>) {
        let mut head = b"{".to_vec();
        string("\"logGroup\":", self.log_group, &mut head);
        if let Some(stream) = self.log_stream {
            string(",\"logStream\":", stream, &mut head);
        }
        head.extend_from_slice(b",\"events\":[");
        let mut tail = Vec::new();
        cursor("],\"nextCursor\":", &self.next_cursor, &mut tail);
        if let Some(previous) = &self.previous_cursor {
            cursor(",\"previousCursor\":", previous, &mut tail);
        }
        string(",\"stopReason\":", self.stop_reason.as_str(), &mut tail);
        if let Some(withheld) = self.withheld {
            tail.extend_from_slice(format!(",\"withheld\":{withheld}").as_bytes());
        }
        tail.push(b'}');
        (head, tail)
    }
}

fn string(before: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(before.as_bytes());
    // Writing a string to memory cannot fail.
    let _infallible = serde_json::to_writer(out, text);
}

/// Writes a cursor, which is base64url: it has no character to escape, and is long enough for a search to cost.
fn cursor(before: &str, cursor: &str, out: &mut Vec<u8>) {
    debug_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{cursor}");
    for part in [before, "\"", cursor, "\""] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The bytes that events take in a JSON page which is itself a string in JSON.
pub fn escaped_events(events: &Events) -> usize {
    let mut written = Vec::new();
    Writer::new(Layout::JsonItems).page(events, &mut written);
    // The comma before them.
    escaped_length(&written) + 1
}

/// The most bytes that one byte of a message takes there: a control character is `\u001b`, and within JSON `\\u001b`.
pub const MAX_ENCODED_BYTE: usize = 7;
/// The bytes that an event without its message takes there at most, except with extreme names: keys, times, an id, and the
/// name of a stream.
pub const MAX_ENCODED_EVENT: usize = 300;

#[cfg(test)]
mod tests {
    use logmark_event_page::Builder;
    use logmark_event_page::build::PlainEvent;

    use super::*;

    #[test]
    fn no_event_becomes_more_than_is_reckoned_with() {
        for message in ["", "\u{1b}", "\"", "\\", "\n", "é", "\u{0}\u{1}\u{7f}"] {
            let mut builder = Builder::with_capacity(2, 0);
            for _ in 0..2 {
                let event = PlainEvent {
                    timestamp: 1_795_168_800_000,
                    ingestion_time: Some(1_795_168_800_000),
                    stream: "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef",
                    event_id: Some(format_args!("38630134520184120834509124350923485092348509234850923485")),
                    message: &message.repeat(100),
                };
                builder.push(event).unwrap();
            }
            let events = builder.finish();
            let most = 2 * (MAX_ENCODED_EVENT + MAX_ENCODED_BYTE * message.len() * 100);
            assert!(escaped_events(&events) <= most, "{message:?}");
        }
    }
}
