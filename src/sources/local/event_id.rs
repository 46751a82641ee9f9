//! The ids of the local source's events.
//!
//! Owns their format. See docs/decisions/009.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::digest;

/// The largest timestamp of 16 digits: an id has 56 digits, like CloudWatch's.
const MAX_ID_TIMESTAMP: i64 = 9_999_999_999_999_999;

/// Computes the ids of events.
///
/// INVARIANT: an id is a function of its event and of the stream's earlier events. It contains no number that counts across
/// streams, which would reveal how much others write. It is unique in its group: a stream numbers its events, and streams differ
/// by the hash of their name. In a stream, ids ascend with the events.
#[derive(Debug, Default)]
pub(super) struct EventIds<'a> {
    streams: HashMap<&'a str, StreamDigits>,
    /// The stream of the last event, which the next one mostly is in too.
    last: Option<(&'a str, StreamDigits)>,
}

/// The digits of the hash of a stream's name.
type StreamDigits = [u8; 20];

/// An id. Printed, it is the 16 digits of the time, the 20 of the stream, and the 20 of the ordinal.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventId {
    timestamp: u64,
    stream: StreamDigits,
    ordinal: u64,
}

impl fmt::Display for EventId {
    /// Writes all digits at once: an export has millions of ids, and three padded numbers cost as much as the rest of an event.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut id = [b'0'; 56];
        let (timestamp, rest) = id.split_at_mut(16);
        let (stream, ordinal) = rest.split_at_mut(20);
        put_digits(self.timestamp, timestamp);
        stream.copy_from_slice(&self.stream);
        put_digits(self.ordinal, ordinal);
        f.write_str(std::str::from_utf8(&id).unwrap_or_default())
    }
}

/// Writes the digits of a number at the end of zeros that have room for them.
fn put_digits(number: u64, zeros: &mut [u8]) {
    let mut left = number;
    for digit in zeros.iter_mut().rev() {
        if left == 0 {
            break;
        }
        // The remainder is a digit.
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

impl<'a> EventIds<'a> {
    pub(super) fn of<Message>(&mut self, event: &'a logmark_store::Event<Message>) -> EventId {
        let name: &str = &event.stream;
        let stream = match self.last {
            Some((last, digits)) if last == name => digits,
            _ => *self.streams.entry(name).or_insert_with(|| digits_of_name(name)),
        };
        self.last = Some((name, stream));
        let timestamp = event.timestamp.clamp(0, MAX_ID_TIMESTAMP).unsigned_abs();
        EventId { timestamp, stream, ordinal: event.ordinal }
    }
}

fn digits_of_name(name: &str) -> StreamDigits {
    let mut digits = [b'0'; 20];
    put_digits(hash_of_name(name), &mut digits);
    digits
}

/// The first 8 bytes of a SHA-256, so that chosen stream names cannot collide.
fn hash_of_name(name: &str) -> u64 {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn an_id_is_the_padded_digits_of_time_stream_and_ordinal() {
        let streams = ["web-1", "web-2", "web-1", ""];
        let times = [(-1, 0), (0, 0), (7, 7), (1_700_000_000_000, 1_700_000_000_000), (i64::MAX, MAX_ID_TIMESTAMP)];
        let ordinals = [0, 1, 99, 1 << 63, u64::MAX];
        let event = |timestamp, stream: &str, ordinal| {
            let (stream, message) = (Arc::from(stream), String::new());
            logmark_store::Event { timestamp, ingestion_time: 0, stream, sequence: 1, ordinal, message }
        };
        let events: Vec<_> =
            (0..60).map(|n| (event(times[n % 5].0, streams[n % 4], ordinals[n % 3 + n % 2]), times[n % 5].1)).collect();
        let mut ids = EventIds::default();
        for (event, time) in &events {
            let expected = format!("{time:016}{:020}{:020}", hash_of_name(&event.stream), event.ordinal);
            assert_eq!(ids.of(event).to_string(), expected);
        }
    }
}
