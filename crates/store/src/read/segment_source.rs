//! Reads one segment, a block at a time: the segment is opened when the merge reaches it, and the index skips blocks of other
//! streams.
//!
//! Holds at most one decoded block, which the cache may share. See also `merge`.

use std::ops::Range;
use std::sync::Arc;

use super::Direction;
use super::merge::Step;
use super::selector::Selector;
use super::shared_text::SharedText;
use crate::error::StorageError;
use crate::event::{Event, Position};
use crate::ids::GroupId;
use crate::segment::block::{BlockEvent, DecodedBlock};
use crate::segment::cache::SegmentCache;
use crate::segment::index::BlockInfo;
use crate::segment::reader::SegmentFile;
use crate::store::view::SegmentRange;

/// The events of one group in one segment.
#[derive(Debug)]
pub(super) struct SegmentSource<'a> {
    cache: &'a SegmentCache,
    segment: SegmentRange,
    group: GroupId,
    direction: Direction,
    range: Range<Position>,
    may_read: MayRead,
    opened: Option<Opened>,
}

/// Whether files may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MayRead {
    /// Files may be read, because the caller may block.
    Files,
    /// Only data in memory.
    Memory,
}

#[derive(Debug)]
struct Opened {
    file: Arc<SegmentFile>,
    /// Blocks not yet decoded.
    blocks: Range<usize>,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    number: usize,
    block: Arc<DecodedBlock>,
    /// Events not returned yet.
    events: Range<usize>,
}

impl<'a> SegmentSource<'a> {
    /// `None` if the segment has no events in `range`.
    pub(super) fn new(
        cache: &'a SegmentCache,
        segment: SegmentRange,
        group: GroupId,
        direction: Direction,
        range: &Range<Position>,
        may_read: MayRead,
    ) -> Option<SegmentSource<'a>> {
        let overlaps = segment.first < range.end && range.start <= segment.last;
        overlaps.then(|| SegmentSource { cache, segment, group, direction, range: range.clone(), may_read, opened: None })
    }

    /// No event precedes this position in the direction of reading; `None` at the end.
    pub(super) fn bound(&self) -> Option<Position> {
        let Some(opened) = &self.opened else {
            return Some(match self.direction {
                Direction::Forward => self.segment.first.max(self.range.start),
                Direction::Backward => self.segment.last.min(self.range.end.predecessor()),
            });
        };
        match (&opened.current, self.direction) {
            (Some(current), _) => current.peek(self.direction).map(|event| event.position),
            (None, Direction::Forward) => opened.next_block(self.direction).map(|(_, block)| block.first.max(self.range.start)),
            (None, Direction::Backward) => {
                opened.next_block(self.direction).map(|(_, block)| block.last.min(self.range.end.predecessor()))
            }
        }
    }

    pub(super) fn step(&mut self, selector: &mut Selector<'_>) -> Result<Step, StorageError> {
        let Some(opened) = &mut self.opened else {
            let file = match self.may_read {
                MayRead::Files => self.cache.get(self.segment.number, self.segment.bytes)?,
                MayRead::Memory => match self.cache.get_open(self.segment.number) {
                    Some(file) => file,
                    None => return Ok(Step::NotInMemory),
                },
            };
            let blocks = file.index.overlapping(self.group, &self.range);
            self.opened = Some(Opened { file, blocks, current: None });
            return Ok(Step::Moved);
        };
        if opened.current.is_none() {
            let blocks = Blocks { cache: self.cache, number: self.segment.number, may_read: self.may_read };
            return opened.load(self.direction, &self.range, selector, blocks);
        }
        opened.take(self.direction, selector)
    }
}

/// The blocks of one segment.
#[derive(Clone, Copy, Debug)]
struct Blocks<'a> {
    cache: &'a SegmentCache,
    /// The segment's number.
    number: u64,
    may_read: MayRead,
}

impl Blocks<'_> {
    /// `None` if it is not in memory.
    fn get(&self, file: &SegmentFile, info: &BlockInfo) -> Result<Option<Arc<DecodedBlock>>, StorageError> {
        match self.may_read {
            MayRead::Files => self.cache.block(self.number, file, info).map(Some),
            MayRead::Memory => Ok(self.cache.kept_block(self.number, info)),
        }
    }
}

impl Opened {
    fn next_block(&self, direction: Direction) -> Option<(usize, &BlockInfo)> {
        let mut rest = self.blocks.clone();
        let number = match direction {
            Direction::Forward => rest.next(),
            Direction::Backward => rest.next_back(),
        }?;
        Some((number, self.file.index.blocks.get(number)?))
    }

    /// Decodes the next block, unless it has only other streams.
    fn load(
        &mut self,
        direction: Direction,
        range: &Range<Position>,
        selector: &mut Selector<'_>,
        blocks: Blocks<'_>,
    ) -> Result<Step, StorageError> {
        let Some((number, info)) = self.next_block(direction) else { return Ok(Step::Moved) };
        if selector.selects_any(&info.streams)? {
            let Some(block) = blocks.get(&self.file, info)? else { return Ok(Step::NotInMemory) };
            let start = block.events.partition_point(|event| event.position < range.start);
            let end = block.events.partition_point(|event| event.position < range.end);
            self.current = (start < end).then_some(Current { number, block, events: start..end });
        }
        match direction {
            Direction::Forward => self.blocks.start = number + 1,
            Direction::Backward => self.blocks.end = number,
        }
        Ok(Step::Moved)
    }

    fn take(&mut self, direction: Direction, selector: &mut Selector<'_>) -> Result<Step, StorageError> {
        let Some(current) = &mut self.current else { return Ok(Step::Moved) };
        let mut step = Step::Moved;
        let next = current.peek(direction);
        let selected = match next {
            Some(event) => selector.select_event(event.position.sequence(), event.stream)?.map(|stream| (event, stream)),
            None => None,
        };
        if selected.is_none() {
            selector.pass();
        }
        if let Some((event, stream)) = selected {
            let (info, text) = (self.file.index.blocks.get(current.number), current.block.text(event.message()));
            let damaged = |info| self.file.damaged(info, "a message ends within a character");
            let message = match (text, info) {
                (None, Some(info)) => return Err(damaged(info)),
                (text, _) => text.unwrap_or_default(),
            };
            if selector.accepts(event.position, &stream, message) {
                step = Step::Found(Event {
                    timestamp: event.position.timestamp(),
                    ingestion_time: event.ingestion_ms,
                    stream,
                    sequence: event.position.sequence(),
                    ordinal: event.ordinal,
                    message: SharedText::of_block(&current.block, event.message()),
                });
            }
        }
        match direction {
            Direction::Forward => current.events.start += 1,
            Direction::Backward => current.events.end -= 1,
        }
        if current.events.is_empty() {
            self.current = None;
        }
        Ok(step)
    }
}

impl Current {
    fn peek(&self, direction: Direction) -> Option<BlockEvent> {
        let number = match direction {
            Direction::Forward => self.events.start,
            Direction::Backward => self.events.end.checked_sub(1)?,
        };
        self.block.events.get(number).copied()
    }
}
