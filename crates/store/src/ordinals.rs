//! Owns the numbers that events get in their streams: one, two, three, … in the order of appends.
//!
//! A stream's number depends on its own events alone, so a reader of one stream learns nothing of
//! others from it. The catalogue's rows count the events that are in segments; the count of any other
//! stream is kept here from the moment it gets an event. Look next at `store::writer` and `wal::replay`.

use std::collections::{HashMap, HashSet};

use crate::catalogue::Catalogue;
use crate::error::StorageError;
use crate::ids::StreamId;

/// The last number given, stream by stream.
///
/// INVARIANT: a stream that is missing has all its events in segments that are registered, so that
/// its row counts them all.
#[derive(Debug, Default)]
pub(crate) struct Ordinals {
    last: HashMap<StreamId, u64>,
}

impl Ordinals {
    /// Numbers so many events of a stream; the answer is the number of the first.
    pub(crate) fn take(&mut self, catalogue: &Catalogue, stream: StreamId, events: usize) -> Result<u64, StorageError> {
        let last = match self.last.get(&stream) {
            Some(last) => *last,
            // A stream without a row fails the flush of its events, which names it.
            None => catalogue.snapshot()?.event_count(stream)?.unwrap_or(0),
        };
        self.last.insert(stream, last + events as u64);
        Ok(last + 1)
    }

    /// Forgets all streams but these, so that it holds no more of them than the memtables do.
    pub(crate) fn retain(&mut self, streams: &HashSet<StreamId>) {
        self.last.retain(|stream, _| streams.contains(stream));
    }
}
