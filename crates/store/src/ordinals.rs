//! The numbers of events in their streams: one, two, three, … in the order of appends.
//!
//! A number depends only on the stream's own events, so it reveals nothing of other streams. The catalogue's rows count the
//! events in segments; the count of a stream with newer events is kept here. See also `store::writer` and `wal::replay`.

use std::collections::{HashMap, HashSet};

use crate::catalogue::Catalogue;
use crate::error::StorageError;
use crate::ids::StreamId;

/// The last number of each stream.
///
/// INVARIANT: all events of a missing stream are in registered segments, so its row counts them all.
#[derive(Debug, Default)]
pub(crate) struct Ordinals {
    last: HashMap<StreamId, u64>,
}

impl Ordinals {
    /// Numbers `count` events of a stream, and returns the number of the first.
    pub(crate) fn take(&mut self, catalogue: &Catalogue, stream: StreamId, events: usize) -> Result<u64, StorageError> {
        let last = match self.last.get(&stream) {
            Some(last) => *last,
            // A stream without a row fails the flush of its events, which reports it.
            None => catalogue.snapshot()?.event_count(stream)?.unwrap_or(0),
        };
        self.last.insert(stream, last + events as u64);
        Ok(last + 1)
    }

    /// Keeps only these streams, so that it has at most as many as the memtables.
    pub(crate) fn retain(&mut self, streams: &HashSet<StreamId>) {
        self.last.retain(|stream, _| streams.contains(stream));
    }
}
