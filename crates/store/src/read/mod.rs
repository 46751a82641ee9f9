//! Reading: requests for pages, and pages.
//!
//! A page is a merge over the memtables and the segments that overlap the range, each read from the start of the page and only as
//! far as needed. Reading changes nothing and never waits for the writer. In reading order: this file (request and page), `page`
//! (one page), `scan` (a whole range in batches), `arrivals` (the order of appends), `merge`, `memory_source` and
//! `segment_source` (sources of events), `selector` (which streams).

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

/// The direction in a group's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the oldest event.
    Forward,
    /// From the newest event.
    Backward,
}

/// Which of a group's streams to read.
#[derive(Clone, Copy)]
pub enum StreamSelection<'a> {
    /// All streams.
    All,
    /// These streams; a missing one is an error.
    Named(&'a [&'a str]),
    /// Streams whose names the function accepts. Called at most once per stream and read, and only for streams that the read
    /// encounters.
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

/// Which events to return, and how much one page may read.
#[derive(Clone, Copy)]
pub struct MessageFilter<'a> {
    /// Whether to return an event of this stream with this message. Called only for events of selected streams, in the order of
    /// reading.
    pub accepts: &'a dyn Fn(&str, &str) -> bool,
    /// Whether a page has reached its cost bound: called after each event with the bytes read so far
    /// ([`MessageFilter::EVENT_BYTES`] for an event in addition to its message). The page then ends, possibly without events, and
    /// the next page continues after the events read.
    pub is_enough: &'a dyn Fn(usize) -> bool,
}

impl MessageFilter<'_> {
    /// Bytes that an event counts in addition to its message, about the cost of reading it, so that empty messages are not free.
    pub const EVENT_BYTES: usize = 32;
}

impl fmt::Debug for MessageFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageFilter").finish_non_exhaustive()
    }
}

/// A request for a page.
#[derive(Clone, Copy, Debug)]
pub struct ReadRequest<'a> {
    /// The group's name.
    pub group: &'a str,
    /// The streams.
    pub streams: StreamSelection<'a>,
    /// The filter of events; `None`: all.
    pub filter: Option<MessageFilter<'a>>,
    /// Only events of this timestamp (milliseconds) or later.
    pub start: Option<i64>,
    /// Only events before this timestamp (milliseconds).
    pub end: Option<i64>,
    /// Whether the page has the first events of the range, or the last.
    pub direction: Direction,
    /// Only events strictly after this position (forward) or before it (backward).
    pub from: Option<Position>,
    /// Maximum events of the page.
    pub limit: NonZeroUsize,
    /// Maximum message bytes of the page; it always has at least one event if the range has one.
    pub max_bytes: usize,
}

impl ReadRequest<'_> {
    /// The request as one half-open range.
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
        // An empty range keeps the end at which reading starts, so that the next page starts there too.
        match self.direction {
            Direction::Forward => range.end = range.end.max(range.start),
            Direction::Backward => range.start = range.start.min(range.end),
        }
        range
    }
}

/// Some events of a group in one snapshot: an append is never partly visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Message = String> {
    /// The events, ascending by timestamp and order of appends in either direction.
    pub events: Vec<Event<Message>>,
    /// Where reading forward continues. In a page without events: the start of the request, so that later events are found, or
    /// the position after the events that a filter skipped.
    pub next: Position,
    /// Where reading backward continues. In a page without events: the position of this read, or before the events that a filter
    /// skipped.
    pub previous: Position,
    /// Whether the range had no more events in this direction when the page was read. Events may have arrived since.
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
