//! Owns reading by the order of appends: the events after a sequence number, from memory.
//!
//! The memtables keep that order. Segments do not: events that are only there are read by a scan of a window of
//! sequence numbers ([`crate::Store::scan_window`]). Look next at `store::subscriptions`, which wakes readers.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::selector::Selector;
use super::{MessageFilter, StreamSelection};
use crate::error::{ReadError, StorageError};
use crate::event::{Event, Position};
use crate::ids::GroupId;
use crate::memtable::{Entry, Memtable};
use crate::store::view::Moment;

/// Entries taken from a memtable at a time, since the writer waits meanwhile.
const CHUNK_EVENTS: usize = 256;
/// Events of other streams that one call passes over: about 1 ms.
const MOST_PASSES: usize = 5_000;

/// A request for the events that arrived after others.
#[derive(Clone, Copy)]
pub struct ArrivalsRequest<'a> {
    /// The group's name.
    pub group: &'a str,
    /// The streams.
    pub streams: StreamSelection<'a>,
    /// The messages; `None`: all.
    pub filter: Option<MessageFilter<'a>>,
    /// Only events with a larger sequence number than this.
    pub after: u64,
    /// Events at most.
    pub limit: NonZeroUsize,
    /// Bytes of messages after which no further event is added.
    pub max_bytes: usize,
}

impl fmt::Debug for ArrivalsRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrivalsRequest").field("group", &self.group).field("after", &self.after).finish_non_exhaustive()
    }
}

/// Events in the order of their appends.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// The events.
    pub events: Vec<Event>,
    /// All events up to this sequence number were looked at: the next request begins after it.
    pub through: u64,
    /// Whether there were no more events when this was read.
    pub at_end: bool,
}

/// Reads as of `moment`. `None`: some of the events are no longer in memory.
pub(crate) fn read(moment: &Moment, request: &ArrivalsRequest<'_>) -> Result<Option<Arrivals>, ReadError> {
    let not_found = || ReadError::GroupNotFound { group: request.group.to_owned() };
    let group = moment.catalogue.group_id(request.group)?.ok_or_else(not_found)?;
    if request.after < moment.view.covered {
        return Ok(None);
    }
    let mut selector = Selector::new(&moment.catalogue, (request.group, group), request.streams, request.filter)?;
    selector.end_after_passes(MOST_PASSES);
    let mut reading = Reading { request, selector, events: Vec::new(), bytes: 0, through: request.after };
    // The frozen memtable has the earlier events.
    for memtable in moment.view.frozen.iter().chain([&moment.view.active]) {
        if !reading.take(memtable, group, moment.visible)? {
            return Ok(Some(Arrivals { events: reading.events, through: reading.through, at_end: false }));
        }
    }
    let through = reading.through.max(moment.visible);
    Ok(Some(Arrivals { events: reading.events, through, at_end: true }))
}

struct Reading<'a> {
    request: &'a ArrivalsRequest<'a>,
    selector: Selector<'a>,
    events: Vec<Event>,
    bytes: usize,
    through: u64,
}

impl Reading<'_> {
    /// Takes the events of one memtable. False: the answer is full before its end.
    fn take(&mut self, memtable: &Arc<Memtable>, group: GroupId, visible: u64) -> Result<bool, StorageError> {
        loop {
            let chunk = memtable.arrivals(group, self.through, visible, CHUNK_EVENTS);
            if chunk.is_empty() {
                return Ok(true);
            }
            for (position, entry) in chunk {
                let is_full = self.events.len() >= self.request.limit.get() || self.bytes >= self.request.max_bytes;
                if is_full || self.selector.is_spent() {
                    return Ok(false);
                }
                self.through = position.sequence();
                self.add(position, &entry)?;
            }
        }
    }

    fn add(&mut self, position: Position, entry: &Entry) -> Result<(), StorageError> {
        let Some(stream) = self.selector.select(entry.stream)? else {
            self.selector.pass();
            return Ok(());
        };
        if self.selector.accepts(position, &stream, &entry.message) {
            self.bytes = self.bytes.saturating_add(entry.message.len());
            self.events.push(Event {
                timestamp: position.timestamp(),
                ingestion_time: entry.ingestion_ms,
                stream,
                sequence: position.sequence(),
                ordinal: entry.ordinal,
                message: (*entry.message).to_owned(),
            });
        }
        Ok(())
    }
}
