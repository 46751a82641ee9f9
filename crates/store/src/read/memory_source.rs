//! Reads a memtable a few events at a time, so that the writer never waits long.
//!
//! Does not return events that were appended after the start of the page. See also `merge`.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::Direction;
use super::merge::Step;
use super::selector::Selector;
use super::shared_text::SharedText;
use crate::error::StorageError;
use crate::event::{Event, Position};
use crate::ids::GroupId;
use crate::memtable::{Entry, Memtable};

/// Entries share their messages with the memtable, so a chunk is always small.
const CHUNK_EVENTS: usize = 256;

/// The events of one group in one memtable.
#[derive(Debug)]
pub(super) struct MemorySource {
    memtable: Arc<Memtable>,
    group: GroupId,
    direction: Direction,
    /// The range that was not read from the memtable yet.
    rest: Range<Position>,
    /// The largest sequence number the page may see.
    visible: u64,
    chunk: VecDeque<(Position, Entry)>,
}

impl MemorySource {
    /// `None` if the memtable has no events in `range`.
    pub(super) fn new(
        memtable: Arc<Memtable>,
        group: GroupId,
        direction: Direction,
        range: &Range<Position>,
        visible: u64,
    ) -> Option<MemorySource> {
        let (first, last) = memtable.span(group)?;
        let rest = first.max(range.start)..last.successor().min(range.end);
        (rest.start < rest.end).then(|| MemorySource { memtable, group, direction, rest, visible, chunk: VecDeque::new() })
    }

    /// A lower bound of the next event in the direction of reading; `None` at the end.
    pub(super) fn bound(&self) -> Option<Position> {
        if let Some((position, _)) = self.chunk.front() {
            return Some(*position);
        }
        let some = self.rest.start < self.rest.end;
        some.then(|| match self.direction {
            Direction::Forward => self.rest.start,
            Direction::Backward => self.rest.end.predecessor(),
        })
    }

    pub(super) fn step(&mut self, selector: &mut Selector<'_>) -> Result<Step, StorageError> {
        let Some((position, entry)) = self.chunk.pop_front() else {
            self.refill();
            return Ok(Step::Moved);
        };
        if position.sequence() > self.visible {
            selector.pass();
            return Ok(Step::Moved);
        }
        let Some(stream) = selector.select_event(position.sequence(), entry.stream)? else {
            selector.pass();
            return Ok(Step::Moved);
        };
        if !selector.accepts(position, &stream, &entry.message) {
            return Ok(Step::Moved);
        }
        Ok(Step::Found(Event {
            timestamp: position.timestamp(),
            ingestion_time: entry.ingestion_ms,
            stream,
            sequence: position.sequence(),
            ordinal: entry.ordinal,
            message: SharedText::of_memtable(entry.message),
        }))
    }

    fn refill(&mut self) {
        self.chunk = self.memtable.chunk(self.group, self.rest.clone(), self.direction, CHUNK_EVENTS).into();
        match (self.direction, self.chunk.back()) {
            (_, None) => self.rest.end = self.rest.start,
            (Direction::Forward, Some((last, _))) => self.rest.start = last.successor(),
            (Direction::Backward, Some((last, _))) => self.rest.end = *last,
        }
    }
}
