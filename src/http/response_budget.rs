//! The limits that a front door other than a socket sets for an answer: time and size.
//!
//! The front door adds a [`ResponseBudget`] to the request's extensions. Owns the part of the time that is reserved for sending.
//! Never depends on which front door it is.

use std::time::Duration;

use tokio::time::Instant;

/// Time reserved for sealing, writing and compressing the answer.
const WRAP_UP_TIME: Duration = Duration::from_secs(2);
/// The part of it that is reserved for sending the end of the answer.
const SEND_TIME: Duration = Duration::from_secs(1);

/// The `detail` for an answer that needs more time, in a format without a place for a cursor.
pub(super) const INCOMPLETE_DETAIL: &str = "The time ended before the answer was complete. Request a shorter range, or JSON pages. NDJSON with \
    `trailer=line` ends with a cursor instead.";

/// The limits of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseBudget {
    end: Instant,
    max_bytes: Option<usize>,
}

impl ResponseBudget {
    /// Nothing can be sent after `end`. With `max_bytes` the body is sent as a string in JSON of at most this size; without, it is
    /// streamed, and has no limit.
    #[must_use]
    pub fn new(end: Instant, max_bytes: Option<usize>) -> Self {
        Self { end, max_bytes }
    }

    /// The deadline of work on the answer. A page ends with `time` then.
    #[must_use]
    pub fn work_until(&self) -> Instant {
        self.end.checked_sub(WRAP_UP_TIME).unwrap_or(self.end)
    }

    /// The deadline of the answer's head.
    #[must_use]
    pub fn answer_by(&self) -> Instant {
        self.end.checked_sub(SEND_TIME).unwrap_or(self.end)
    }

    /// The limit of the body's bytes as a string in JSON; `None`: no limit.
    #[must_use]
    pub fn max_bytes(&self) -> Option<usize> {
        self.max_bytes
    }
}

/// The bytes of a text as a string in JSON, without the quotes.
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
