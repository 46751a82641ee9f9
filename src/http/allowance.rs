//! What the way to a client allows an answer: how long it may take, and how large it may become.
//!
//! A socket allows anything, within the configured limits. Another front door says so by an [`Allowance`] in the request's
//! extensions. Owns how much is kept back of the time; never knows which front door it is.

use std::time::Duration;

use logmark_event_page::{Events, Layout, Writer};
use tokio::time::Instant;

/// Kept back for ending the work: what is read is sealed, written, compressed.
const TO_END: Duration = Duration::from_secs(2);
/// Kept back of it for sending the last of the answer.
const TO_SEND: Duration = Duration::from_secs(1);

/// What one request's way to its client allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    end: Instant,
    room: Option<usize>,
}

impl Allowance {
    /// Nothing can be sent any more after `end`. With `room` the body travels as a text in JSON, and may have so many bytes
    /// there; without, it is streamed and may have any length.
    #[must_use]
    pub fn new(end: Instant, room: Option<usize>) -> Self {
        Self { end, room }
    }

    /// When work for the answer ends: a page says `time` then.
    #[must_use]
    pub fn work_until(&self) -> Instant {
        self.end.checked_sub(TO_END).unwrap_or(self.end)
    }

    /// When the answer must be on its way, whatever it is.
    #[must_use]
    pub fn answer_by(&self) -> Instant {
        self.end.checked_sub(TO_SEND).unwrap_or(self.end)
    }

    /// Bytes that the body may have as a text in JSON; `None`: any number.
    #[must_use]
    pub fn room(&self) -> Option<usize> {
        self.room
    }
}

/// How many bytes a text has within JSON, between its quotes.
#[must_use]
pub fn escaped_length(text: &[u8]) -> usize {
    text.iter().map(|byte| escaped(*byte)).sum()
}

fn escaped(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

/// How many bytes events take in a JSON page that is itself a text in JSON.
pub fn escaped_events(events: &Events) -> usize {
    let mut written = Vec::new();
    Writer::new(Layout::JsonItems).page(events, &mut written);
    // The comma before them.
    escaped_length(&written) + 1
}

/// The most that a byte of a message becomes there: a control character is `\u001b`, and within JSON `\\u001b`.
pub const MOST_OF_A_BYTE: usize = 7;
/// The most that an event becomes there without its message, in all but contrived cases: names of keys, times, an id, and
/// the name of a stream.
pub const MOST_OF_AN_EVENT: usize = 300;

#[cfg(test)]
mod tests {
    use logmark_event_page::{Builder, PlainEvent};

    use super::*;

    #[test]
    fn lengths_are_those_that_a_json_writer_makes() {
        let every: String = (0..0x250_u32).filter_map(char::from_u32).chain("\u{2028}\u{10ffff}".chars()).collect();
        let written = serde_json::to_string(&every).unwrap();
        assert_eq!(escaped_length(every.as_bytes()), written.len() - 2);
    }

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
            let most = 2 * (MOST_OF_AN_EVENT + MOST_OF_A_BYTE * message.len() * 100);
            assert!(escaped_events(&events) <= most, "{message:?}");
        }
    }
}
