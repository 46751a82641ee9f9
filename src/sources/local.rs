//! The local source: [`Source`] over the durable store on this machine's disk.
//!
//! Translates between the two, and keeps the store's blocking calls off the asynchronous threads. INVARIANT: the store is asked
//! for permitted streams only.

mod errors;
mod event_id;
mod pages;
mod queries;
mod tail;
mod write;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use logmark_store::{GroupClass, Order, Store, StreamsQuery};

use self::event_id::IdKey;
use self::pages::{of_group, of_stream, read, read_from_memory};
use self::queries::QueryService;
use super::local_settings::LocalQuerySettings;
use super::page_pool::PagePool;
use super::visible::check_order;
use super::write::{EventSink, WriteSource};
use super::{Queries, Source, SourceError, Tail};
use crate::auth::permit::Permit;
use crate::domain::cover::Part;
use crate::domain::event::{Direction, EventPage, ListPage, LogGroup, LogStream, PageRequest, Position};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, ReadGroup, ReadStream, StreamOrder};
use crate::domain::time::{Clock, Millis};
use crate::domain::write_operations::LogClass;

/// Names read in one step of a list.
const LIST_STEP: usize = 256;

/// The local source.
#[derive(Debug, Clone)]
pub struct Local {
    name: SourceName,
    store: Store,
    queries: Arc<QueryService>,
    clock: Arc<dyn Clock>,
    /// Hides the numbers of events from callers with row rules.
    id_key: Arc<IdKey>,
    /// Where the memory of live tails is counted.
    page_pool: Arc<OnceLock<PagePool>>,
}

impl Local {
    /// A source named `name` over the open store in `folder`, which also has the lookup tables of queries.
    ///
    /// # Errors
    /// If the system cannot start threads for queries, or gives no random bytes.
    pub fn new(
        name: SourceName,
        store: Store,
        folder: &Path,
        settings: LocalQuerySettings,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let queries = Arc::new(QueryService::new(folder, settings)?);
        let id_key = Arc::new(IdKey::of_folder(folder)?);
        Ok(Self { name, store, queries, clock, id_key, page_pool: Arc::default() })
    }

    /// Runs a blocking call of the store on a blocking thread.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|_panicked| Err(SourceError::Store("a read of the store panicked".to_owned())))
    }
}

#[async_trait]
impl Source for Local {
    async fn read_stream(&self, permit: &Permit<ReadStream>, page: &PageRequest) -> Result<EventPage, SourceError> {
        let from_memory = of_stream(permit, &self.id_key, |wanted| read_from_memory(&self.store, wanted, page))?;
        if let Some(page) = from_memory {
            return Ok(page);
        }
        let (permit, page, id_key) = (permit.clone(), page.clone(), Arc::clone(&self.id_key));
        self.blocking(move |store| of_stream(&permit, &id_key, |wanted| read(store, wanted, &page))).await
    }

    async fn read_group(&self, permit: &Permit<ReadGroup>, page: &PageRequest) -> Result<EventPage, SourceError> {
        let from_memory = of_group(permit, &self.id_key, |wanted| read_from_memory(&self.store, wanted, page))?;
        if let Some(page) = from_memory {
            return Ok(page);
        }
        let (permit, page, id_key) = (permit.clone(), page.clone(), Arc::clone(&self.id_key));
        self.blocking(move |store| of_group(&permit, &id_key, |wanted| read(store, wanted, &page))).await
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
        let (name, sees_all) = (permit.op().group.clone(), permit.shows_whole());
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

    /// Pages need no calls here, but memory.
    fn stream_page_bytes(&self) -> usize {
        256 * 1024
    }

    fn as_writable(&self) -> Option<&dyn WriteSource> {
        Some(self)
    }

    fn event_sink(&self) -> Option<&dyn EventSink> {
        Some(self)
    }

    fn queries(&self) -> Option<&dyn Queries> {
        Some(self)
    }

    fn tail(&self) -> Option<&dyn Tail> {
        Some(self)
    }

    /// Pages are counted by their readers; live tails count their events here.
    fn count_in(&self, page_pool: &PagePool) {
        let _first = self.page_pool.set(page_pool.clone());
    }

    async fn ready(&self) -> Result<(), SourceError> {
        self.blocking(|store| store.groups("", None, 1).map(drop).map_err(SourceError::from)).await
    }
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
                // Only visible items give the list a next page: a cursor because of hidden items would reveal them.
                if !rule.allows(&group.name) {
                    continue;
                }
                if items.len() == limit {
                    return Ok(ListPage { items, next: last.map(Position) });
                }
                last = Some(group.name.clone());
                let sees_all = rule.shows_whole(&group.name);
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
    let name = LogGroupName::try_from(group.name)
        .map_err(|error| SourceError::Store(format!("a stored group's name is invalid: it {error}")))?;
    let class = match group.class {
        GroupClass::InfrequentAccess => LogClass::InfrequentAccess,
        GroupClass::Delivery => LogClass::Delivery,
        // The store may add classes.
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
    check_order(permit)?;
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
                // The list continues after the last visible stream, so a hidden stream's name is not even in a cursor.
                last.clone_from(&position);
                let all_rows = permit.shows_all_rows_of(&stream.name);
                items.push(log_stream(stream)?.seen(all_rows));
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
    let name = LogStreamName::try_from(stream.name)
        .map_err(|error| SourceError::Store(format!("a stored stream's name is invalid: it {error}")))?;
    Ok(LogStream {
        name,
        created_at: Some(Millis(stream.created_at)),
        first_event_at: stream.first_event.map(Millis),
        last_event_at: stream.last_event.map(Millis),
        last_ingestion_at: stream.last_ingestion.map(Millis),
    })
}

/// A position in a list of streams: a stream, with its time if the list is ordered by time.
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
