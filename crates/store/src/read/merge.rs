//! Owns the order among the sources of a page: the next event is always the front one of all.
//!
//! A source is asked only when nothing of any other can come before what it may hold, so segments
//! beyond the page's end are never opened. Look next at `page`.

use std::collections::BinaryHeap;

use super::Direction;
use super::memory_source::MemorySource;
use super::segment_source::SegmentSource;
use super::selector::Selector;
use super::shared_text::SharedText;
use crate::error::StorageError;
use crate::event::{Event, Position};

/// What asking a source once led to.
pub(super) enum Step {
    /// Its front event.
    Found(Event<SharedText>),
    /// It is nearer to its next event; its bound has changed.
    Moved,
    /// It goes on in a file, which may not be read.
    NotInMemory,
}

/// What a merge came to.
pub(super) enum Next {
    /// The next event that is given.
    Found(Event<SharedText>),
    /// A filter has looked at as much as one page may cost.
    Spent,
    /// The next is in a file, which may not be read.
    NotInMemory,
    /// There are no more.
    End,
}

/// Where events come from.
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

/// Sources by their bounds, the front one on top.
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

    /// Nothing that is still to come lies before this in the direction of reading; `None` at the end.
    pub(super) fn bound(&self) -> Option<Position> {
        self.sources.get(self.heap.peek()?.1)?.bound()
    }

    /// Goes on to the next event of a selected stream that the filter accepts.
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

/// Greater for what comes earlier in the direction.
fn rank(direction: Direction, position: Position) -> u128 {
    let timestamp = position.timestamp().cast_unsigned() ^ (1 << 63);
    let ascending = (u128::from(timestamp) << 64) | u128::from(position.sequence());
    match direction {
        Direction::Forward => !ascending,
        Direction::Backward => ascending,
    }
}
