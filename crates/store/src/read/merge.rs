//! Merges the sources of a page: the next event is the first of all sources.
//!
//! A source is read only when no other source can have an earlier event, so segments beyond the page's end are never opened. See
//! also `page`.

use std::collections::BinaryHeap;

use super::Direction;
use super::memory_source::MemorySource;
use super::segment_source::SegmentSource;
use super::selector::Selector;
use super::shared_text::SharedText;
use crate::error::StorageError;
use crate::event::{Event, Position};

/// The result of one step of a source.
pub(super) enum Step {
    /// Its next event.
    Found(Event<SharedText>),
    /// It advanced towards its next event; its bound has changed.
    Moved,
    /// It continues in a file, which must not be read.
    NotInMemory,
}

/// The result of one step of a merge.
pub(super) enum Next {
    /// The next event.
    Found(Event<SharedText>),
    /// A filter has read as much as one page may cost.
    Spent,
    /// The next event is in a file, which must not be read.
    NotInMemory,
    /// The end.
    End,
}

/// A source of events.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Memory(MemorySource),
    Segment(SegmentSource<'a>),
}

impl Source<'_> {
    fn bound(&self) -> Option<Position> {
        match self {
            Source::Memory(source) => source.bound(),
            Source::Segment(source) => source.bound(),
        }
    }

    fn step(&mut self, selector: &mut Selector<'_>) -> Result<Step, StorageError> {
        match self {
            Source::Memory(source) => source.step(selector),
            Source::Segment(source) => source.step(selector),
        }
    }
}

/// Sources by their bounds, the nearest on top.
pub(super) struct Merge<'a> {
    direction: Direction,
    sources: Vec<Source<'a>>,
    heap: BinaryHeap<(u128, usize)>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(direction: Direction, sources: Vec<Source<'a>>) -> Merge<'a> {
        let bounds = sources.iter().map(Source::bound).enumerate();
        let heap = bounds.filter_map(|(number, bound)| Some((rank(direction, bound?), number))).collect();
        Merge { direction, sources, heap }
    }

    /// A lower bound of all further events in the direction of reading; `None` at the end.
    pub(super) fn bound(&self) -> Option<Position> {
        self.sources.get(self.heap.peek()?.1)?.bound()
    }

    /// Advances to the next event of a selected stream that the filter accepts.
    pub(super) fn next(&mut self, selector: &mut Selector<'_>) -> Result<Next, StorageError> {
        while let Some(mut top) = self.heap.peek_mut() {
            let number = top.1;
            let Some(source) = self.sources.get_mut(number) else { return Ok(Next::End) };
            let step = source.step(selector)?;
            match source.bound() {
                Some(bound) => *top = (rank(self.direction, bound), number),
                None => {
                    std::collections::binary_heap::PeekMut::pop(top);
                }
            }
            match step {
                Step::Found(event) => return Ok(Next::Found(event)),
                Step::NotInMemory => return Ok(Next::NotInMemory),
                Step::Moved => {}
            }
            if selector.is_spent() {
                return Ok(Next::Spent);
            }
        }
        Ok(Next::End)
    }
}

/// Greater for earlier positions in the direction of reading.
fn rank(direction: Direction, position: Position) -> u128 {
    let timestamp = position.timestamp().cast_unsigned() ^ (1 << 63);
    let ascending = (u128::from(timestamp) << 64) | u128::from(position.sequence());
    match direction {
        Direction::Forward => !ascending,
        Direction::Backward => ascending,
    }
}
