//! Pages of events: converts a permit's operation into a request to the store, and the store's page into the source's.
//!
//! Owns the cost bounds of one page, and decides which pages are read from memory on the request's own thread.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::time::{Duration, Instant};

use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Events};
use logmark_store::{Event, MessageFilter, Page, ReadRequest, SharedText, Store, StreamSelection as StoreSelection};

use super::event_id::EventIds;
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageAge, PageRequest, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::LogStreamName;
use crate::domain::operation::{ReadGroup, StreamSelection};
use crate::domain::time::TimeRange;
use crate::sources::SourceError;

/// Bounds of one step of a filter, which occupies a blocking thread: bytes read, and time. Most patterns reach the first; a
/// regular expression can take a thousand times longer per byte.
const MAX_EXAMINED_BYTES: usize = 64 << 20;
const MAX_STEP: Duration = Duration::from_millis(250);
/// A page of at most this many events and bytes of messages is read from memory in less than a millisecond.
const SMALL_PAGE_EVENTS: usize = 1_000;
const SMALL_PAGE_BYTES: usize = 1 << 20;

/// Reads with the streams that the operation selects and the permit allows.
pub(super) fn with_selection<T>(permit: &Permit<ReadGroup>, read: impl FnOnce(StoreSelection<'_>) -> T) -> T {
    let op = permit.op();
    let names: Vec<&str> = match &op.streams {
        StreamSelection::Names(names) => names.iter().map(LogStreamName::as_str).collect(),
        StreamSelection::All | StreamSelection::Prefix(_) => Vec::new(),
    };
    let may_see = |stream: &str| op.streams.contains(stream) && permit.may_see_stream(stream);
    read(match (&op.streams, permit.streams()) {
        (StreamSelection::Names(_), _) => StoreSelection::Named(&names),
        (StreamSelection::All, None) => StoreSelection::All,
        _ => StoreSelection::Matching(&may_see),
    })
}

/// Whether a page is so small that the request's own thread can read it if no file is read.
pub(super) fn is_small(page: &PageRequest) -> bool {
    page.limit <= SMALL_PAGE_EVENTS
}

/// Reads a page if the store has it in memory.
pub(super) fn read_from_memory(
    store: &Store,
    group: &str,
    streams: StoreSelection<'_>,
    range: TimeRange,
    page: &PageRequest,
) -> Result<Option<EventPage>, SourceError> {
    let asked = request(group, streams, None, range, page)?;
    let found = store.read_from_memory(&ReadRequest { max_bytes: page.max_bytes.min(SMALL_PAGE_BYTES), ..asked })?;
    // A page that was cut by these bytes is not small.
    let is_whole =
        |found: &Page<SharedText>| found.at_end || found.events.len() >= page.limit || page.max_bytes <= SMALL_PAGE_BYTES;
    found.filter(is_whole).map(event_page).transpose()
}

/// Reads a page, also from files. May block.
pub(super) fn read(
    store: &Store,
    group: &str,
    streams: StoreSelection<'_>,
    filter: Option<&EventFilter>,
    range: TimeRange,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    // Counts only the time of the filter, not of skipping hidden events: the end of a page must not reveal how many there are.
    let spent = Cell::new(Duration::ZERO);
    let is_enough = |bytes| bytes >= MAX_EXAMINED_BYTES || spent.get() >= MAX_STEP;
    let accepts = |message: &str| {
        filter.is_none_or(|filter| {
            let begun = Instant::now();
            let is_match = filter.matches(message);
            spent.set(spent.get() + begun.elapsed());
            is_match
        })
    };
    let filter = filter.map(|_| MessageFilter { accepts: &accepts, is_enough: &is_enough });
    event_page(store.read_shared(&request(group, streams, filter, range, page)?)?)
}

fn request<'a>(
    group: &'a str,
    streams: StoreSelection<'a>,
    filter: Option<MessageFilter<'a>>,
    range: TimeRange,
    page: &PageRequest,
) -> Result<ReadRequest<'a>, SourceError> {
    let from = page.position.as_ref().map(|position| position.0.parse()).transpose().map_err(|_| SourceError::InvalidPosition)?;
    Ok(ReadRequest {
        group,
        streams,
        filter,
        start: range.start.map(|start| start.0),
        end: range.end.map(|end| end.0),
        direction: match page.direction {
            Direction::Forward => logmark_store::Direction::Forward,
            Direction::Backward => logmark_store::Direction::Backward,
        },
        from,
        limit: NonZeroUsize::new(page.limit).unwrap_or(NonZeroUsize::MIN),
        max_bytes: page.max_bytes,
    })
}

fn event_page(found: Page<SharedText>) -> Result<EventPage, SourceError> {
    Ok(EventPage {
        events: events(found.events.iter())?,
        next: Position(found.next.to_string()),
        previous: Some(Position(found.previous.to_string())),
        at_end: found.at_end,
        age: PageAge::Fresh,
        memory: None,
    })
}

/// Stored events as events of a page.
pub(super) fn events<'a, Message: Deref<Target = str> + 'a>(
    stored: impl ExactSizeIterator<Item = &'a Event<Message>> + Clone,
) -> Result<Events, SourceError> {
    /// Digits of an id, and occasionally a stream's name.
    const BYTES_BESIDES_MESSAGE: usize = 64;
    let bytes = stored.clone().map(|event| event.message.len() + BYTES_BESIDES_MESSAGE).sum();
    let mut events = Builder::with_capacity(stored.len(), bytes);
    let mut ids = EventIds::default();
    for event in stored {
        let id = ids.of(event);
        let pushed = events.push(PlainEvent {
            timestamp: event.timestamp,
            ingestion_time: Some(event.ingestion_time),
            stream: &event.stream,
            event_id: Some(format_args!("{id}")),
            message: &event.message,
        });
        pushed.map_err(|error| SourceError::Store(error.to_string()))?;
    }
    Ok(events.finish())
}
