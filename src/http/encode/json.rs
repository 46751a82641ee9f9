//! Events as JSON: the page, and what the description of the service says of it and of its events.
//!
//! Owns what stands around the events. How an event itself is written, [`logmark_event_page`] says, for NDJSON too.

use logmark_event_page::{Events, Layout, Writer};

use crate::http::response_budget::escaped_length;

// Described here, written by [`Writer`]; the doc comment is the service's description of it.
/// One event.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = Event, rename_all = "camelCase")]
pub struct EventBody {
    /// When it happened, by whoever wrote it.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T10:00:00.123Z")]
    pub timestamp: String,
    /// When the source took it in.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:01.004Z")]
    pub ingestion_time: Option<String>,
    /// The stream it is in.
    #[schema(example = "web-1")]
    pub log_stream: String,
    /// The id that CloudWatch gives it, where it gives one.
    #[schema(example = "38630134520184120834509124350923485092348509234850923485")]
    pub event_id: Option<String>,
    /// The message, exactly.
    #[schema(example = "GET /orders 200 12ms")]
    pub message: String,
}

/// A page of events.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = EventPage, rename_all = "camelCase")]
pub struct PageBody<'a> {
    /// The group.
    #[schema(example = "/acme/api")]
    pub log_group: &'a str,
    /// The stream, when one was asked for.
    #[schema(example = "web-1")]
    pub log_stream: Option<&'a str>,
    /// The events, ascending by time.
    #[schema(value_type = Vec<EventBody>)]
    pub events: &'a [Events],
    /// Where newer events are, or will be.
    #[schema(example = "exampleNextCursor")]
    pub next_cursor: String,
    /// Where older events are, where the source can go there.
    #[schema(example = "examplePreviousCursor")]
    pub previous_cursor: Option<String>,
    /// Why the page ended: only `end` means that there is nothing more now.
    #[schema(value_type = StopReason)]
    pub stop_reason: &'static str,
}

impl PageBody<'_> {
    /// What stands before the events, and behind them; what is not there is left out. Between them a [`Writer`] with
    /// [`Layout::JsonItems`] writes the events.
    #[must_use]
    pub fn around(&self) -> (Vec<u8>, Vec<u8>) {
        let mut head = b"{".to_vec();
        string("\"logGroup\":", self.log_group, &mut head);
        if let Some(stream) = self.log_stream {
            string(",\"logStream\":", stream, &mut head);
        }
        head.extend_from_slice(b",\"events\":[");
        let mut tail = Vec::new();
        string("],\"nextCursor\":", &self.next_cursor, &mut tail);
        if let Some(cursor) = &self.previous_cursor {
            string(",\"previousCursor\":", cursor, &mut tail);
        }
        string(",\"stopReason\":", self.stop_reason, &mut tail);
        tail.push(b'}');
        (head, tail)
    }
}

fn string(before: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(before.as_bytes());
    // Writing a string to memory has nothing that could fail.
    let _infallible = serde_json::to_writer(out, text);
}

/// Why a page ended.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase", example = "end")]
pub enum StopReason {
    /// There is nothing more now.
    End,
    /// The limit asked for.
    Limit,
    /// The size that one answer may have.
    Bytes,
    /// The work that one call may cost.
    Time,
    /// The source asked for less: go on with the cursor.
    Throttled,
}

/// How many bytes events take in a JSON page that is itself a text in JSON.
pub fn escaped_events(events: &Events) -> usize {
    let mut written = Vec::new();
    Writer::new(Layout::JsonItems).page(events, &mut written);
    // The comma before them.
    escaped_length(&written) + 1
}

/// The most that a byte of a message becomes there: a control character is `\u001b`, and within JSON `\\u001b`.
pub const MAX_ENCODED_BYTE: usize = 7;
/// The most that an event becomes there without its message, in all but contrived cases: names of keys, times, an id, and
/// the name of a stream.
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
