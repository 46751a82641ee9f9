//! What the way to a client allows an answer: how long it may take, and how large it may become.
//!
//! A socket allows anything, within the configured limits. Another front door says so by an [`ResponseBudget`] in the request's
//! extensions. Owns how much is kept back of the time; never knows which front door it is.

use std::time::Duration;

use tokio::time::Instant;

/// Kept back for ending the work: what is read is sealed, written, compressed.
const WRAP_UP_TIME: Duration = Duration::from_secs(2);
/// Kept back of it for sending the last of the answer.
const SEND_TIME: Duration = Duration::from_secs(1);

/// Said of an answer that would need more time and has no place to say how far it came.
pub(super) const INCOMPLETE_DETAIL: &str = "the time was over before the answer was complete: ask for less, or for JSON page by page; \
    NDJSON with `trailer=line` ends with a cursor instead";

/// What one request's way to its client allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseBudget {
    end: Instant,
    max_bytes: Option<usize>,
}

impl ResponseBudget {
    /// Nothing can be sent any more after `end`. With `max_bytes` the body travels as a text in JSON, and may have so many bytes
    /// there; without, it is streamed and may have any length.
    #[must_use]
    pub fn new(end: Instant, max_bytes: Option<usize>) -> Self {
        Self { end, max_bytes }
    }

    /// When work for the answer ends: a page says `time` then.
    #[must_use]
    pub fn work_until(&self) -> Instant {
        self.end.checked_sub(WRAP_UP_TIME).unwrap_or(self.end)
    }

    /// When the answer must be on its way, whatever it is.
    #[must_use]
    pub fn answer_by(&self) -> Instant {
        self.end.checked_sub(SEND_TIME).unwrap_or(self.end)
    }

    /// Bytes that the body may have as a text in JSON; `None`: any number.
    #[must_use]
    pub fn max_bytes(&self) -> Option<usize> {
        self.max_bytes
    }
}

/// How many bytes a text has within JSON, between its quotes.
#[must_use]
pub fn escaped_length(text: &[u8]) -> usize {
    text.iter().map(|byte| escaped_byte_length(*byte)).sum()
}

fn escaped_byte_length(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_that_a_json_writer_makes() {
        let every: String = (0..0x250_u32).filter_map(char::from_u32).chain("\u{2028}\u{10ffff}".chars()).collect();
        let written = serde_json::to_string(&every).unwrap();
        assert_eq!(escaped_length(every.as_bytes()), written.len() - 2);
    }
}
