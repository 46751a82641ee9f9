//! The ids of the local source's events.
//!
//! Owns their format. See docs/decisions/009.

use std::collections::HashMap;

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
    streams: HashMap<&'a str, u64>,
}

/// The parts of an id.
pub(super) struct EventId {
    pub(super) timestamp: i64,
    pub(super) stream: u64,
    pub(super) ordinal: u64,
}

impl<'a> EventIds<'a> {
    pub(super) fn of(&mut self, event: &'a logmark_store::Event) -> EventId {
        let stream = *self.streams.entry(&event.stream).or_insert_with_key(|name| hash_of_name(name));
        EventId { timestamp: event.timestamp.clamp(0, MAX_ID_TIMESTAMP), stream, ordinal: event.ordinal }
    }
}

/// The first 8 bytes of a SHA-256, so that chosen stream names cannot collide.
fn hash_of_name(name: &str) -> u64 {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}
