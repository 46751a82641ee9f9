//! Pages of events: converts a permit's operation into a request to the store, and the store's page into the source's.
//!
//! Owns the cost bounds of one page, and decides which pages are read from memory on the request's own thread.

use std::borrow::Cow;
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Events};
use logmark_store::{Event, MessageFilter, Page, ReadRequest, SharedText, Store, StreamSelection as StoreSelection};

use super::event_id::{EventIds, IdKey};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageAge, PageRequest, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::LogStreamName;
use crate::domain::operation::{ReadGroup, ReadStream, StreamSelection};
use crate::domain::rules::{EventRules, EventView};
use crate::domain::time::TimeRange;
use crate::sources::SourceError;

/// Bounds of one step of a filter, which occupies a blocking thread: bytes read, and time. Most patterns reach the first; a
/// regular expression can take a thousand times longer per byte.
const MAX_EXAMINED_BYTES: usize = 64 << 20;
const MAX_STEP: Duration = Duration::from_millis(250);
/// A page of at most this many events and bytes of messages is read from memory in less than a millisecond.
const SMALL_PAGE_EVENTS: usize = 1_000;
const SMALL_PAGE_BYTES: usize = 1 << 20;

/// The events that a permit shows, as the store reads them.
#[derive(Clone, Copy)]
pub(super) struct WantedEvents<'a> {
    group: &'a str,
    streams: StoreSelection<'a>,
    range: TimeRange,
    view: EventsView<'a>,
}

/// Reads the stream of the permit.
pub(super) fn of_stream<T>(permit: &Permit<ReadStream>, id_key: &IdKey, read: impl FnOnce(WantedEvents<'_>) -> T) -> T {
    let op = permit.op();
    let view = EventsView { filter: None, rules: permit.rules(), id_key };
    read(WantedEvents { group: op.group.as_str(), streams: StoreSelection::Named(&[op.stream.as_str()]), range: op.range, view })
}

/// Reads the streams that the operation selects and the permit allows.
pub(super) fn of_group<T>(permit: &Permit<ReadGroup>, id_key: &IdKey, read: impl FnOnce(WantedEvents<'_>) -> T) -> T {
    let op = permit.op();
    let names: Vec<&str> = match &op.streams {
        StreamSelection::Names(names) => names.iter().map(LogStreamName::as_str).collect(),
        StreamSelection::All | StreamSelection::Prefix(_) => Vec::new(),
    };
    let may_see = |stream: &str| op.streams.contains(stream) && permit.may_see_stream(stream);
    let streams = match (&op.streams, permit.streams()) {
        (StreamSelection::Names(_), _) => StoreSelection::Named(&names),
        (StreamSelection::All, None) => StoreSelection::All,
        _ => StoreSelection::Matching(&may_see),
    };
    let view = EventsView { filter: op.filter.as_ref(), rules: permit.rules(), id_key };
    read(WantedEvents { group: op.group.as_str(), streams, range: op.range, view })
}

/// What is shown of the selected streams' events.
#[derive(Clone, Copy)]
pub(super) struct EventsView<'a> {
    /// The caller's filter.
    pub(super) filter: Option<&'a EventFilter>,
    /// The permit's row rules and masks.
    pub(super) rules: Option<&'a EventRules>,
    /// Hides the numbers of events in ids.
    pub(super) id_key: &'a IdKey,
}

impl EventsView<'_> {
    /// Whether it hides or changes events.
    fn is_filtered(self) -> bool {
        self.filter.is_some() || self.rules.is_some()
    }

    /// Whether an event is returned: the filter matches its visible form. Without a filter, a withheld event is returned too, to
    /// be counted.
    fn accepts(self, stream: &str, message: &str) -> bool {
        match (self.rules, self.filter) {
            (None, None) => true,
            (None, Some(filter)) => filter.matches(message),
            (Some(rules), None) => rules.admits(stream, message),
            (Some(rules), Some(filter)) => rules.view(stream, message).matches(filter, message),
        }
    }
}

/// Reads a page if the store has it in memory. Only for a permit without rules, and without a filter.
pub(super) fn read_from_memory(
    store: &Store,
    wanted: WantedEvents<'_>,
    page: &PageRequest,
) -> Result<Option<EventPage>, SourceError> {
    let view = wanted.view;
    if view.is_filtered() || page.limit > SMALL_PAGE_EVENTS {
        return Ok(None);
    }
    let asked = request(wanted, None, page)?;
    let found = store.read_from_memory(&ReadRequest { max_bytes: page.max_bytes.min(SMALL_PAGE_BYTES), ..asked })?;
    // A page that was cut by these bytes is not small.
    let is_whole =
        |found: &Page<SharedText>| found.at_end || found.events.len() >= page.limit || page.max_bytes <= SMALL_PAGE_BYTES;
    found.filter(is_whole).map(|found| event_page(found, view)).transpose()
}

/// Reads a page, also from files. May block.
pub(super) fn read(store: &Store, wanted: WantedEvents<'_>, page: &PageRequest) -> Result<EventPage, SourceError> {
    let view = wanted.view;
    // Counts only the time of the filter, not of skipping hidden streams: the end of a page must not reveal how many events they have.
    let spent = Cell::new(Duration::ZERO);
    let is_enough = |bytes| bytes >= MAX_EXAMINED_BYTES || spent.get() >= MAX_STEP;
    let accepts = |stream: &str, message: &str| {
        let begun = Instant::now();
        let is_match = view.accepts(stream, message);
        spent.set(spent.get() + begun.elapsed());
        is_match
    };
    let filter = view.is_filtered().then_some(MessageFilter { accepts: &accepts, is_enough: &is_enough });
    event_page(store.read_shared(&request(wanted, filter, page)?)?, view)
}

fn request<'a>(
    WantedEvents { group, streams, range, view: _ }: WantedEvents<'a>,
    filter: Option<MessageFilter<'a>>,
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

fn event_page(found: Page<SharedText>, view: EventsView<'_>) -> Result<EventPage, SourceError> {
    let (events, withheld) = events(&found.events, view)?;
    Ok(EventPage {
        events,
        withheld,
        next: Position(found.next.to_string()),
        previous: Some(Position(found.previous.to_string())),
        at_end: found.at_end,
        age: PageAge::Fresh,
        memory: None,
    })
}

/// Stored events, which were read through [`EventsView::accepts`], as events of a page, and the number of those that are withheld.
fn events(found: &[Event<SharedText>], view: EventsView<'_>) -> Result<(Events, usize), SourceError> {
    let id_key = view.rules.is_some_and(EventRules::limits_rows).then_some(view.id_key);
    // Row rules alone change no message, so they are not evaluated again.
    let Some(rules) = view.rules.filter(|rules| rules.masks_fields()) else {
        return Ok((shown_events(found.iter(), id_key)?, 0));
    };
    let mut withheld = 0;
    let mut shown: Vec<Event<Cow<'_, str>>> = Vec::with_capacity(found.len());
    for event in found {
        let message = match rules.view(&event.stream, &event.message) {
            EventView::Unchanged => Cow::Borrowed(&*event.message),
            EventView::Masked(message) => Cow::Owned(message),
            EventView::Hidden => continue,
            EventView::Withheld => {
                withheld += 1;
                continue;
            }
        };
        let Event { timestamp, ingestion_time, sequence, ordinal, .. } = *event;
        shown.push(Event { timestamp, ingestion_time, stream: Arc::clone(&event.stream), sequence, ordinal, message });
    }
    Ok((shown_events(shown.iter(), id_key)?, withheld))
}

/// Events as events of a page. `id_key` hides their numbers.
pub(super) fn shown_events<'a, Message: Deref<Target = str> + 'a>(
    shown: impl ExactSizeIterator<Item = &'a Event<Message>> + Clone,
    id_key: Option<&IdKey>,
) -> Result<Events, SourceError> {
    /// Digits of an id, and occasionally a stream's name.
    const BYTES_BESIDES_MESSAGE: usize = 64;
    let bytes = shown.clone().map(|event| event.message.len() + BYTES_BESIDES_MESSAGE).sum();
    let mut events = Builder::with_capacity(shown.len(), bytes);
    let mut ids = EventIds::hidden_by(id_key);
    for event in shown {
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
