//! The ids of the local source's events.
//!
//! Owns their format. See docs/decisions/009.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;

use aws_lc_rs::{digest, hmac, rand};

/// The largest timestamp of 16 digits: an id has 56 digits, like CloudWatch's.
const MAX_ID_TIMESTAMP: i64 = 9_999_999_999_999_999;

/// Computes the ids of events.
///
/// INVARIANT: an id is a function of its event and of the stream's earlier events. It contains no number that counts across
/// streams, which would reveal how much others write. It is unique in its group: a stream numbers its events, and streams differ
/// by the hash of their name. In a stream, ids ascend with the events.
///
/// For a caller that may see only some events of a stream, the number would reveal how many hidden events lie between. Its ids have a
/// keyed hash of the number, so they ascend by time only.
#[derive(Debug, Default)]
pub(super) struct EventIds<'a, 'k> {
    /// Hides the numbers of events.
    key: Option<&'k IdKey>,
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

/// The name of the key's file in the source's folder.
const KEY_FILE: &str = "event-ids.key";
const KEY_BYTES: usize = 32;

/// The secret that hides the numbers of events.
pub(super) struct IdKey(hmac::Key);

impl fmt::Debug for IdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdKey(..)")
    }
}

impl IdKey {
    /// The key in the folder, so that ids are the same after a restart. If the folder has none and none can be written there, the key is
    /// new in each process.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub(super) fn of_folder(folder: &Path) -> io::Result<Self> {
        let path = folder.join(KEY_FILE);
        if let Ok(bytes) = std::fs::read(&path)
            && bytes.len() == KEY_BYTES
        {
            return Ok(Self::new(&bytes));
        }
        let mut bytes = [0; KEY_BYTES];
        rand::fill(&mut bytes).map_err(|_| io::Error::other("no random bytes for the key of event ids"))?;
        if let Err(error) = crate::files::replace(&path, &bytes, crate::files::PRIVATE) {
            tracing::warn!(error = %error, "the key of event ids can't be stored: ids under row rules change with each start: {error}");
        }
        Ok(Self::new(&bytes))
    }

    fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Replaces the number of an event in its stream.
    fn hide(&self, stream: &StreamDigits, ordinal: u64) -> u64 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(stream);
        context.update(&ordinal.to_be_bytes());
        first_number(context.sign().as_ref())
    }
}

impl<'a, 'k> EventIds<'a, 'k> {
    /// Ids with hidden numbers, if a key is given.
    pub(super) fn hidden_by(key: Option<&'k IdKey>) -> Self {
        Self { key, ..Self::default() }
    }

    pub(super) fn of<Message>(&mut self, event: &'a logmark_store::Event<Message>) -> EventId {
        let name: &str = &event.stream;
        let stream = match self.last {
            Some((last, digits)) if last == name => digits,
            _ => *self.streams.entry(name).or_insert_with(|| digits_of_name(name)),
        };
        self.last = Some((name, stream));
        let timestamp = event.timestamp.clamp(0, MAX_ID_TIMESTAMP).unsigned_abs();
        let ordinal = self.key.map_or(event.ordinal, |key| key.hide(&stream, event.ordinal));
        EventId { timestamp, stream, ordinal }
    }
}

fn digits_of_name(name: &str) -> StreamDigits {
    let mut digits = [b'0'; 20];
    put_digits(hash_of_name(name), &mut digits);
    digits
}

/// The first 8 bytes of a SHA-256, so that chosen stream names cannot collide.
fn hash_of_name(name: &str) -> u64 {
    first_number(digest::digest(&digest::SHA256, name.as_bytes()).as_ref())
}

/// The first 8 bytes as a number.
fn first_number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
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

    #[test]
    fn hidden_ids_differ_in_each_folder_stay_after_a_restart_and_do_not_count() {
        let event = |ordinal| {
            let (stream, message) = (Arc::from("web-1"), String::new());
            logmark_store::Event { timestamp: 7, ingestion_time: 0, stream, sequence: 1, ordinal, message }
        };
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let events: Vec<_> = (1..=50).map(event).collect();
        let ids = |folder: &tempfile::TempDir| -> Vec<String> {
            let key = IdKey::of_folder(folder.path()).unwrap();
            let mut ids = EventIds::hidden_by(Some(&key));
            events.iter().map(|event| ids.of(event).to_string()).collect()
        };
        let (first, again, other) = (ids(&folders[0]), ids(&folders[0]), ids(&folders[1]));
        assert_eq!(first, again);
        assert!(first.iter().zip(&other).all(|(one, other)| one != other));
        let plain = EventIds::default().of(&events[0]).to_string();
        assert!(first.iter().all(|id| id.len() == 56 && id[..36] == plain[..36]));
        let ascending = first.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((10..40).contains(&ascending), "{ascending} of 49 pairs ascend");
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), 50);
    }
}
