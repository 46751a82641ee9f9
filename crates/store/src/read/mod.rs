//! Owns reading: what a page is asked for by, and a page.
//!
//! A page is a merge over the memtables and the segments that overlap the range, each read from
//! where the page begins and no further than it needs. Never changes anything and never waits for
//! the writer. In reading order: this file (request and page), `page` (one page from start to end),
//! `scan` (a whole range, batch after batch), `arrivals` (the order of appends), `merge`, `memory_source` and `segment_source` (where events come from), `selector` (which
//! streams).

pub(crate) mod page;
pub(crate) mod scan;
pub(crate) mod arrivals;
mod merge;
mod memory_source;
pub(crate) mod segment_source;
mod selector;
pub(crate) mod shared_text;

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;

use crate::event::{Event, Position};
use shared_text::SharedText;

/// The way through a group's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the oldest event on.
    Forward,
    /// From the newest event back.
    Backward,
}

/// Which of a group's streams to read.
#[derive(Clone, Copy)]
pub enum StreamSelection<'a> {
    /// All of them.
    All,
    /// These; one that isn't there is an error.
    Named(&'a [&'a str]),
    /// Those whose name this accepts. Asked at most once per stream and call, and only for streams
    /// the reading comes across.
    Matching(&'a dyn Fn(&str) -> bool),
}

impl fmt::Debug for StreamSelection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamSelection::All => f.write_str("All"),
            StreamSelection::Named(names) => f.debug_tuple("Named").field(names).finish(),
            StreamSelection::Matching(_) => f.write_str("Matching(..)"),
        }
    }
}

/// Which messages to give, and how much may be looked at for one page.
#[derive(Clone, Copy)]
pub struct MessageFilter<'a> {
    /// Whether an event with this message is given. Asked for events of selected streams only, in the order of reading.
    pub accepts: &'a dyn Fn(&str) -> bool,
    /// Whether a page has cost enough: asked after each event with the bytes looked at so far
    /// ([`MessageFilter::EVENT_BYTES`] for an event besides its message). Then the page ends, perhaps without an event, and
    /// the next goes on behind what was looked at.
    pub is_enough: &'a dyn Fn(usize) -> bool,
}

impl MessageFilter<'_> {
    /// What an event counts besides its message, so that empty messages are not free: about what reading one costs.
    pub const EVENT_BYTES: usize = 32;
}

impl fmt::Debug for MessageFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageFilter").finish_non_exhaustive()
    }
}

/// What a page is asked for by.
#[derive(Clone, Copy, Debug)]
pub struct ReadRequest<'a> {
    /// The group's name.
    pub group: &'a str,
    /// Which of its streams.
    pub streams: StreamSelection<'a>,
    /// Which of their events; `None`: all.
    pub filter: Option<MessageFilter<'a>>,
    /// Only events of this timestamp (milliseconds) or later.
    pub start: Option<i64>,
    /// Only events before this timestamp (milliseconds).
    pub end: Option<i64>,
    /// Whether the page holds the first events of the range, or the last.
    pub direction: Direction,
    /// Only events strictly after this position (forward) or before it (backward).
    pub from: Option<Position>,
    /// The most events of the page.
    pub limit: NonZeroUsize,
    /// The most message bytes of the page, though it always holds one event if there is one.
    pub max_bytes: usize,
}

impl ReadRequest<'_> {
    /// What the request asks for, as one half-open range.
    fn range(&self) -> Range<Position> {
        let mut range = Range {
            start: self.start.map_or(Position::MIN, Position::start_of),
            end: self.end.map_or(Position::MAX, Position::start_of),
        };
        match (self.direction, self.from) {
            (Direction::Forward, Some(from)) => range.start = range.start.max(from.successor()),
            (Direction::Backward, Some(from)) => range.end = range.end.min(from),
            (_, None) => {}
        }
        // An empty range keeps the end the reading starts from, so that the next page starts there too.
        match self.direction {
            Direction::Forward => range.end = range.end.max(range.start),
            Direction::Backward => range.start = range.start.min(range.end),
        }
        range
    }
}

/// Some events of a group, consistent as of one moment: no append is seen in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Message = String> {
    /// The events, ascending by timestamp and order of appends in either direction.
    pub events: Vec<Event<Message>>,
    /// Where reading forward goes on. Without events in the page: the start of what was asked for,
    /// so that whatever comes into it later is found; behind what a filter looked at in vain.
    pub next: Position,
    /// Where reading backward goes on. Without events in the page: where this reading stood, or
    /// before what a filter looked at in vain.
    pub previous: Position,
    /// Whether the range held nothing more in this direction when the page was read. Events may
    /// have come since.
    pub at_end: bool,
}

impl Page<SharedText> {
    /// The page with copies of its messages.
    #[must_use]
    pub fn into_owned(self) -> Page {
        let Page { events, next, previous, at_end } = self;
        Page { events: events.into_iter().map(Event::into_owned).collect(), next, previous, at_end }
    }
}
