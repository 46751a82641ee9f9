//! The values that callers exchange with the store: events, and positions in a group's order.
//!
//! Knows no files, catalogue ids or locks. See also `store`, which uses them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::read::shared_text::SharedText;

/// Largest message, in bytes of UTF-8 (1 MiB).
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Maximum message bytes of one append (4 MiB); the caller splits larger imports.
pub const MAX_BATCH_BYTES: usize = 4 << 20;

/// Maximum events of one append.
pub const MAX_BATCH_EVENTS: usize = 1 << 16;

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The producer's time of the event, in milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// The text, at most [`MAX_MESSAGE_BYTES`].
    pub message: String,
}

/// A stored event. Its message is a copy, or with `Event<SharedText>` shared with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<Message = String> {
    /// The time of the event, in milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// The ingestion time, in milliseconds since 1970-01-01 UTC.
    pub ingestion_time: i64,
    /// The name of the stream it was appended to.
    pub stream: Arc<str>,
    /// Its number in the order of appends, unique in the store and never reused. It counts the events of all streams, so it must
    /// not be shown to a reader who may not see all of them.
    pub sequence: u64,
    /// Its number in its stream, from one, independent of other streams.
    pub ordinal: u64,
    /// The text.
    pub message: Message,
}

impl Event<SharedText> {
    /// The event with a copy of its message.
    #[must_use]
    pub fn into_owned(self) -> Event {
        let Event { timestamp, ingestion_time, stream, sequence, ordinal, message } = self;
        Event { timestamp, ingestion_time, stream, sequence, ordinal, message: (*message).to_owned() }
    }
}

impl<Message> Event<Message> {
    /// The position of the event in its group's order.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { timestamp: self.timestamp, sequence: self.sequence }
    }
}

/// A position in a group's order: events are ordered by timestamp, and equal timestamps by the order of appends.
///
/// It prints as `timestamp:sequence` and parses from exactly that form, so a caller can store it in a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    timestamp: i64,
    sequence: u64,
}

impl Position {
    /// Before every event.
    pub const MIN: Position = Position { timestamp: i64::MIN, sequence: 0 };
    /// After every event.
    pub const MAX: Position = Position { timestamp: i64::MAX, sequence: u64::MAX };

    /// The position of the event with this timestamp (milliseconds) and sequence number.
    #[must_use]
    pub fn new(timestamp: i64, sequence: u64) -> Position {
        Position { timestamp, sequence }
    }

    /// Before every event of this timestamp (milliseconds) and after all earlier ones: sequence
    /// numbers of events begin at one.
    #[must_use]
    pub fn start_of(timestamp: i64) -> Position {
        Position { timestamp, sequence: 0 }
    }

    /// The timestamp, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn timestamp(self) -> i64 {
        self.timestamp
    }

    /// The number in the order of appends.
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.sequence
    }

    /// The next position in the order; `MAX` is its own successor.
    pub(crate) fn successor(self) -> Position {
        match (self.sequence.checked_add(1), self.timestamp.checked_add(1)) {
            (Some(sequence), _) => Position { sequence, ..self },
            (None, Some(timestamp)) => Position { timestamp, sequence: 0 },
            (None, None) => self,
        }
    }

    /// The previous position in the order; `MIN` is its own predecessor.
    pub(crate) fn predecessor(self) -> Position {
        match (self.sequence.checked_sub(1), self.timestamp.checked_sub(1)) {
            (Some(sequence), _) => Position { sequence, ..self },
            (None, Some(timestamp)) => Position { timestamp, sequence: u64::MAX },
            (None, None) => self,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.timestamp, self.sequence)
    }
}

/// The text is not a position that this crate printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a position: expected `timestamp:sequence`, both decimal numbers")]
pub struct ParsePositionError;

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Position, ParsePositionError> {
        let (timestamp, sequence) = text.split_once(':').ok_or(ParsePositionError)?;
        let position = Position {
            timestamp: timestamp.parse().map_err(|_| ParsePositionError)?,
            sequence: sequence.parse().map_err(|_| ParsePositionError)?,
        };
        // Only one spelling, so that equal positions have equal texts.
        if position.to_string() == text { Ok(position) } else { Err(ParsePositionError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_printed_position_parses_to_itself(timestamp: i64, sequence: u64) {
            let position = Position::new(timestamp, sequence);
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn neighbours_are_adjacent(timestamp: i64, sequence: u64) {
            let position = Position::new(timestamp, sequence);
            prop_assert!(position == Position::MAX || position.successor().predecessor() == position);
            prop_assert!(position == Position::MIN || position.predecessor() < position);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["", ":", "1", "1:", ":1", "+1:1", "01:1", "1:-1", "1:1 ", "1:1:1", "-0:1"] {
            assert_eq!(text.parse::<Position>(), Err(ParsePositionError), "{text}");
        }
    }
}
