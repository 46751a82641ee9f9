//! The embedded source: the contract of [`Source`] over the durable store on this machine's disk.
//!
//! Owns the translation between the two, and keeps the store's blocking calls off the asynchronous threads. Never
//! widens what a permit allows: the store is asked for the permitted streams only.

mod errors;
mod queries;
mod write;

use std::cell::Cell;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_lc_rs::digest;
use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Events};
use logmark_store::{GroupClass, MessageFilter, Order, ReadRequest, Store, StreamSelection as StoreSelection, StreamsQuery};

use self::queries::QueryService;
use super::local_settings::LocalQuerySettings;
use super::write::WriteSource;
use super::{Queries, Source, SourceError};
use crate::auth::permit::Permit;
use crate::domain::cover::Part;
use crate::domain::event::{Direction, EventPage, ListPage, LogGroup, LogStream, PageAge, PageRequest, Position};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, ReadGroup, ReadStream, StreamOrder, StreamSelection};
use crate::domain::time::{Clock, Millis, TimeRange};
use crate::domain::write_operations::LogClass;

/// What one step of a filter may cost, for it holds one of the threads for blocking calls: so many bytes looked at, or so much
/// time. Most patterns are limited by the first; a regular expression can take a thousand times longer for a byte.
const MAX_EXAMINED_BYTES: usize = 64 << 20;
const MAX_STEP: Duration = Duration::from_millis(250);
/// A page of so many events, of so many bytes of messages at most, is read from memory in less than a millisecond.
const SMALL_PAGE_EVENTS: usize = 1_000;
const SMALL_PAGE_BYTES: usize = 1 << 20;
/// Names looked at in one step of a list.
const LIST_STEP: usize = 256;

/// The local source.
#[derive(Debug, Clone)]
pub struct Local {
    name: SourceName,
    store: Store,
    queries: Arc<QueryService>,
    clock: Arc<dyn Clock>,
}

impl Local {
    /// The source of that name over an open store, which is in `folder`. Lookup tables of queries are there too.
    ///
    /// # Errors
    /// When the system gives no threads for queries.
    pub fn new(
        name: SourceName,
        store: Store,
        folder: &Path,
        settings: LocalQuerySettings,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        Ok(Self { name, store, queries: Arc::new(QueryService::new(folder, settings)?), clock })
    }

    /// Runs a blocking call of the store where blocking is allowed.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|_panicked| Err(SourceError::Store("a reading of the store panicked".to_owned())))
    }
}

#[async_trait]
impl Source for Local {
    async fn read_stream(&self, permit: &Permit<ReadStream>, page: &PageRequest) -> Result<EventPage, SourceError> {
        if is_small(page) {
            let op = permit.op();
            let named = [op.stream.as_str()];
            let selection = StoreSelection::Named(&named);
            if let Some(page) = read_from_memory(&self.store, op.group.as_str(), selection, op.range, page)? {
                return Ok(page);
            }
        }
        let (op, page) = (permit.op().clone(), page.clone());
        self.blocking(move |store| {
            let named = [op.stream.as_str()];
            read(store, op.group.as_str(), StoreSelection::Named(&named), None, op.range, &page)
        })
        .await
    }

    async fn read_group(&self, permit: &Permit<ReadGroup>, page: &PageRequest) -> Result<EventPage, SourceError> {
        if permit.op().filter.is_none() && is_small(page) {
            let (op, store) = (permit.op(), &self.store);
            let read = |selection: StoreSelection<'_>| read_from_memory(store, op.group.as_str(), selection, op.range, page);
            if let Some(page) = with_selection(permit, read)? {
                return Ok(page);
            }
        }
        let (permit, page) = (permit.clone(), page.clone());
        self.blocking(move |store| {
            let op = permit.op();
            with_selection(&permit, |selection| read(store, op.group.as_str(), selection, op.filter.as_ref(), op.range, &page))
        })
        .await
    }

    async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogGroup>, SourceError> {
        let (permit, from, source) = (permit.clone(), from.cloned(), self.name.clone());
        self.blocking(move |store| list_groups(store, &permit, &source, from, limit)).await
    }

    async fn describe_group(&self, permit: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError> {
        let (name, sees_all) = (permit.op().group.clone(), permit.streams().is_none());
        self.blocking(move |store| Ok(log_group(store.group(name.as_str())?.ok_or(SourceError::NotFound)?)?.seen(sees_all))).await
    }

    async fn list_streams(
        &self,
        permit: &Permit<ListStreams>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogStream>, SourceError> {
        let (permit, from) = (permit.clone(), from.cloned());
        self.blocking(move |store| list_streams(store, &permit, from, limit)).await
    }

    /// Pages cost no calls here, and memory each.
    fn stream_page_bytes(&self) -> usize {
        256 * 1024
    }

    fn as_writable(&self) -> Option<&dyn WriteSource> {
        Some(self)
    }

    fn queries(&self) -> Option<&dyn Queries> {
        Some(self)
    }

    async fn ready(&self) -> Result<(), SourceError> {
        self.blocking(|store| store.groups("", None, 1).map(drop).map_err(SourceError::from)).await
    }
}

/// Reads with the streams that the operation chooses and the permit shows.
fn with_selection<T>(permit: &Permit<ReadGroup>, read: impl FnOnce(StoreSelection<'_>) -> T) -> T {
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

/// Whether a page is so little work that the thread of its request can do it, when no file is read.
fn is_small(page: &PageRequest) -> bool {
    page.limit <= SMALL_PAGE_EVENTS
}

/// A page, if the store has it in memory.
fn read_from_memory(
    store: &Store,
    group: &str,
    streams: StoreSelection<'_>,
    range: TimeRange,
    page: &PageRequest,
) -> Result<Option<EventPage>, SourceError> {
    let asked = request(group, streams, None, range, page)?;
    let found = store.read_from_memory(&ReadRequest { max_bytes: page.max_bytes.min(SMALL_PAGE_BYTES), ..asked })?;
    // A page that these bytes have cut short is not small.
    let is_whole =
        |found: &logmark_store::Page| found.at_end || found.events.len() >= page.limit || page.max_bytes <= SMALL_PAGE_BYTES;
    found.filter(is_whole).map(event_page).transpose()
}

fn read(
    store: &Store,
    group: &str,
    streams: StoreSelection<'_>,
    filter: Option<&EventFilter>,
    range: TimeRange,
    page: &PageRequest,
) -> Result<EventPage, SourceError> {
    // The time of the filter itself, not of passing over hidden events: where a page ends must not tell how many there are.
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
    event_page(store.read(&request(group, streams, filter, range, page)?)?)
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

fn event_page(found: logmark_store::Page) -> Result<EventPage, SourceError> {
    Ok(EventPage {
        events: events(&found.events)?,
        next: Position(found.next.to_string()),
        previous: Some(Position(found.previous.to_string())),
        at_end: found.at_end,
        age: PageAge::Fresh,
        memory: None,
    })
}

fn events(stored: &[logmark_store::Event]) -> Result<Events, SourceError> {
    /// Digits of an id, and a stream's name now and then.
    const BYTES_BESIDES_MESSAGE: usize = 64;
    let bytes = stored.iter().map(|event| event.message.len() + BYTES_BESIDES_MESSAGE).sum();
    let mut events = Builder::with_capacity(stored.len(), bytes);
    let mut ids = EventIds::default();
    for event in stored {
        let id = ids.of(event);
        let pushed = events.push(PlainEvent {
            timestamp: event.timestamp,
            ingestion_time: Some(event.ingestion_time),
            stream: &event.stream,
            event_id: Some(format_args!("{:016}{:020}{:020}", id.timestamp, id.stream, id.ordinal)),
            message: &event.message,
        });
        pushed.map_err(|error| SourceError::Store(error.to_string()))?;
    }
    Ok(events.finish())
}

/// The largest timestamp that 16 digits hold: an id has 56 digits, as CloudWatch's have.
const MAX_ID_TIMESTAMP: i64 = 9_999_999_999_999_999;

/// Makes the ids of events.
///
/// INVARIANT: an id is a function of its event and of the stream's earlier events. It holds no number that counts across streams,
/// which would tell a reader how much others write. It is unique in its group: a stream numbers its events, and streams
/// differ by the hash of their name. In a stream, ids ascend as events do.
#[derive(Debug, Default)]
struct EventIds<'a> {
    streams: HashMap<&'a str, u64>,
}

/// The parts of an id.
struct EventId {
    timestamp: i64,
    stream: u64,
    ordinal: u64,
}

impl<'a> EventIds<'a> {
    fn of(&mut self, event: &'a logmark_store::Event) -> EventId {
        let stream = *self.streams.entry(&event.stream).or_insert_with_key(|name| hash_of_name(name));
        EventId { timestamp: event.timestamp.clamp(0, MAX_ID_TIMESTAMP), stream, ordinal: event.ordinal }
    }
}

/// The first 8 bytes of a SHA-256: whoever chooses names of streams can't make two alike.
fn hash_of_name(name: &str) -> u64 {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

fn list_groups(
    store: &Store,
    permit: &Permit<ListGroups>,
    source: &SourceName,
    from: Option<Position>,
    limit: usize,
) -> Result<ListPage<LogGroup>, SourceError> {
    let rule = permit.sources().iter().find(|rule| rule.source == *source).ok_or(SourceError::NotFound)?;
    let mut items: Vec<LogGroup> = Vec::new();
    let after = from.map(|position| position.0);
    let mut last = after.clone();
    for part in rule.parts(permit.op().prefix.as_deref().unwrap_or("")) {
        let mut after = after.clone();
        loop {
            let (step, complete) = match &part {
                Part::Name(name) => {
                    let is_behind = after.as_ref().is_none_or(|after| name > after);
                    (store.group(name)?.filter(|_| is_behind).into_iter().collect(), true)
                }
                Part::Prefix(prefix) | Part::Mixed(prefix) => {
                    let step = store.groups(prefix, after.as_deref(), LIST_STEP)?;
                    let complete = step.len() < LIST_STEP;
                    (step, complete)
                }
            };
            for group in step {
                after = Some(group.name.clone());
                // Only what the caller may see makes the list go on: a cursor for the sake of others would tell of them.
                if !rule.allows(&group.name) {
                    continue;
                }
                if items.len() == limit {
                    return Ok(ListPage { items, next: last.map(Position) });
                }
                last = Some(group.name.clone());
                let sees_all = rule.covers_all_streams(&group.name);
                items.push(log_group(group)?.seen(sees_all));
            }
            if complete {
                break;
            }
        }
    }
    Ok(ListPage { items, next: None })
}

fn log_group(group: logmark_store::Group) -> Result<LogGroup, SourceError> {
    let name =
        LogGroupName::try_from(group.name).map_err(|error| SourceError::Store(format!("a stored group's name {error}")))?;
    let class = match group.class {
        GroupClass::InfrequentAccess => LogClass::InfrequentAccess,
        GroupClass::Delivery => LogClass::Delivery,
        // The store's list of classes may grow.
        _ => LogClass::Standard,
    };
    Ok(LogGroup {
        name,
        created_at: Some(Millis(group.created_at)),
        retention_days: group.retention_days,
        stored_bytes: Some(group.stored_bytes),
        class: class.as_str().to_owned(),
    })
}

fn list_streams(
    store: &Store,
    permit: &Permit<ListStreams>,
    from: Option<Position>,
    limit: usize,
) -> Result<ListPage<LogStream>, SourceError> {
    let op = permit.op();
    let mut position = from.map(|position| StreamPosition::read(&position)).transpose()?;
    let mut last = position.clone();
    let mut items = Vec::new();
    loop {
        let step = store.streams(op.group.as_str(), query(op, position.as_ref()), LIST_STEP)?;
        let complete = step.len() < LIST_STEP;
        for stream in step {
            let is_shown = permit.may_see_stream(&stream.name);
            if is_shown && items.len() == limit {
                return Ok(ListPage { items, next: last.as_ref().map(StreamPosition::write) });
            }
            position = Some(StreamPosition { last_event: stream.last_event, name: stream.name.clone() });
            if is_shown {
                // The list goes on behind what was shown: a hidden stream's name is not even in a cursor.
                last.clone_from(&position);
                items.push(log_stream(stream)?);
            }
        }
        if complete {
            return Ok(ListPage { items, next: None });
        }
    }
}

fn query<'a>(op: &'a ListStreams, position: Option<&'a StreamPosition>) -> StreamsQuery<'a> {
    let order = match op.direction {
        Direction::Forward => Order::Ascending,
        Direction::Backward => Order::Descending,
    };
    match op.order {
        StreamOrder::Name => StreamsQuery::ByName {
            prefix: op.prefix.as_deref().unwrap_or(""),
            after: position.map(|position| position.name.as_str()),
            order,
        },
        StreamOrder::LastEvent => {
            StreamsQuery::ByLastEvent { after: position.map(|position| (position.last_event, position.name.as_str())), order }
        }
    }
}

fn log_stream(stream: logmark_store::Stream) -> Result<LogStream, SourceError> {
    let name =
        LogStreamName::try_from(stream.name).map_err(|error| SourceError::Store(format!("a stored stream's name {error}")))?;
    Ok(LogStream {
        name,
        created_at: Some(Millis(stream.created_at)),
        first_event_at: stream.first_event.map(Millis),
        last_event_at: stream.last_event.map(Millis),
        last_ingestion_at: stream.last_ingestion.map(Millis),
    })
}

/// A position in a list of streams: a stream, with the time that the list may be ordered by.
#[derive(Clone)]
struct StreamPosition {
    last_event: Option<i64>,
    name: String,
}

impl StreamPosition {
    fn write(&self) -> Position {
        let time = self.last_event.map(|time| time.to_string()).unwrap_or_default();
        Position(format!("{time}:{}", self.name))
    }

    fn read(position: &Position) -> Result<Self, SourceError> {
        let (time, name) = position.0.split_once(':').ok_or(SourceError::InvalidPosition)?;
        let last_event = if time.is_empty() { None } else { Some(time.parse().map_err(|_| SourceError::InvalidPosition)?) };
        Ok(Self { last_event, name: name.to_owned() })
    }
}
