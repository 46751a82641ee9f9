//! The input of a query: the events of its permit's groups and streams, newest or oldest first, in a snapshot.
//!
//! Row rules and masks apply here, before the engine counts or reads an event. Merges several groups into one order. Never holds more than one batch of a group.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;

use logmark_engine::error::InputError;
use logmark_engine::input::{Block, BlockEvent, Groups, Input, Order, Scan, Source, Table};
use logmark_store::{Direction, Event, ReadError, ScanRequest, Store, StreamPredicate};

use super::record::Pointer;
use super::tables::TableFolder;
use crate::domain::name::LogGroupName;
use crate::domain::rules::{EventRules, EventView, Visibility};
use crate::sources::SourceError;

/// The folder for lookup tables in the source's folder.
pub(super) const TABLES_FOLDER: &str = "lookup";
/// Events per block.
const BLOCK_EVENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);
/// Bytes of messages per block, and of all batches that one scan holds.
const BLOCK_BYTES: usize = 512 << 10;
/// The minimum size of a batch if a query reads many groups.
const MIN_BATCH_BYTES: usize = 16 << 10;

/// A group that a query may read, and its visible part.
#[derive(Clone)]
pub(super) struct QueryGroup {
    pub(super) name: Arc<str>,
    /// `None`: all streams.
    pub(super) streams: Option<StreamPredicate>,
    /// The permit's row rules and masks.
    pub(super) rules: Option<EventRules>,
}

impl std::fmt::Debug for QueryGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryGroup").field("name", &self.name).finish_non_exhaustive()
    }
}

impl QueryGroup {
    /// The groups of a permit, and the permit's rules for their streams.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] if the permit has no rule for one of them.
    pub(super) fn of(visible: &[Visibility], groups: &[LogGroupName]) -> Result<Vec<Self>, SourceError> {
        if groups.len() != visible.len() {
            return Err(SourceError::NotFound);
        }
        let group = |(name, visible): (&LogGroupName, &Visibility)| Self {
            name: name.as_str().into(),
            streams: visible.streams.clone().map(|patterns| -> StreamPredicate {
                Arc::new(move |stream: &str| patterns.iter().any(|pattern| pattern.matches(stream)))
            }),
            rules: visible.rules.clone(),
        };
        Ok(groups.iter().zip(visible).map(group).collect())
    }
}

/// The source of one query.
#[derive(Debug)]
pub(super) struct StoreSource {
    store: Store,
    groups: Vec<QueryGroup>,
    /// The number of leading groups that the query itself reads.
    own_groups: usize,
    /// All scans of the query see the events up to this one.
    up_to: u64,
    tables: TableFolder,
}

impl StoreSource {
    pub(super) fn new(store: Store, groups: Vec<QueryGroup>, own_groups: usize, tables: TableFolder) -> Self {
        let up_to = store.last_sequence();
        Self { store, groups, own_groups, up_to, tables }
    }

    fn groups_of(&self, groups: &Groups) -> Result<Vec<&QueryGroup>, InputError> {
        match groups {
            Groups::OfQuery => Ok(self.groups.iter().take(self.own_groups).collect()),
            Groups::Named(names) => {
                let find = |name: &String| {
                    let found = self.groups.iter().find(|group| *group.name == **name);
                    found.ok_or_else(|| InputError::NotFound(name.clone()))
                };
                // A group that is named twice is read once, as in `logGroups`.
                let mut found: Vec<&QueryGroup> = Vec::new();
                for name in names {
                    let group = find(name)?;
                    if !found.iter().any(|known| Arc::ptr_eq(&known.name, &group.name)) {
                        found.push(group);
                    }
                }
                Ok(found)
            }
        }
    }
}

impl Source for StoreSource {
    fn open(&self, scan: &Scan) -> Result<Box<dyn Input>, InputError> {
        let groups = self.groups_of(&scan.groups)?;
        let direction = match scan.order {
            Order::NewestFirst => Direction::Backward,
            Order::OldestFirst => Direction::Forward,
        };
        let batch_bytes = (BLOCK_BYTES / groups.len().max(1)).max(MIN_BATCH_BYTES);
        let mut readings = Vec::with_capacity(groups.len());
        for group in groups {
            let request = ScanRequest {
                group: group.name.to_string(),
                streams: group.streams.clone(),
                start: scan.start,
                end: scan.end,
                direction,
                up_to: self.up_to,
            };
            let reading = self.store.scan(request).map_err(|error| failed(error, &group.name))?;
            readings.push(Reading {
                group: Arc::clone(&group.name),
                rules: group.rules.clone(),
                scan: reading,
                waiting: VecDeque::new(),
                is_ended: false,
            });
        }
        Ok(Box::new(StoreInput { readings, direction, batch_bytes }))
    }

    fn table(&self, name: &str) -> Result<Option<Arc<Table>>, InputError> {
        self.tables.read(name)
    }
}

fn failed(error: ReadError, group: &str) -> InputError {
    match error {
        ReadError::GroupNotFound { .. } | ReadError::StreamNotFound { .. } => InputError::NotFound(group.to_owned()),
        error @ ReadError::Storage(_) => InputError::Failed(Box::new(error)),
    }
}

/// The scan of one group.
#[derive(Debug)]
struct Reading {
    group: Arc<str>,
    rules: Option<EventRules>,
    scan: logmark_store::Scan,
    /// Visible events that were read but not returned yet.
    waiting: VecDeque<Event>,
    is_ended: bool,
}

impl Reading {
    /// Whether its next event is not known.
    fn is_behind(&self) -> bool {
        self.waiting.is_empty() && !self.is_ended
    }

    fn fill(&mut self, bytes: usize) -> Result<(), InputError> {
        match self.scan.next_batch(BLOCK_EVENTS, bytes).map_err(|error| failed(error, &self.group))? {
            Some(events) => self.waiting.extend(events.into_iter().filter_map(|event| visible(self.rules.as_ref(), event))),
            None => self.is_ended = true,
        }
        Ok(())
    }
}

/// The event as the rules show it; `None` if they do not. The query counts and reads only what is left.
pub(super) fn visible(rules: Option<&EventRules>, event: Event) -> Option<Event> {
    let Some(rules) = rules else { return Some(event) };
    match rules.view(&event.stream, &event.message) {
        EventView::Unchanged => Some(event),
        EventView::Masked(message) => Some(Event { message, ..event }),
        EventView::Hidden | EventView::Withheld => None,
    }
}

#[derive(Debug)]
struct StoreInput {
    readings: Vec<Reading>,
    direction: Direction,
    batch_bytes: usize,
}

impl StoreInput {
    /// The scan with the next event, if every unfinished scan knows its next event.
    fn front(&self) -> Option<usize> {
        let mut front: Option<(usize, logmark_store::Position)> = None;
        for (number, reading) in self.readings.iter().enumerate() {
            let Some(event) = reading.waiting.front() else { if reading.is_ended { continue } else { return None } };
            let position = event.position();
            let is_nearer = |known: logmark_store::Position| match self.direction {
                Direction::Forward => position < known,
                Direction::Backward => position > known,
            };
            if front.is_none_or(|(_, known)| is_nearer(known)) {
                front = Some((number, position));
            }
        }
        front.map(|(number, _)| number)
    }
}

impl Input for StoreInput {
    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>, InputError> {
        // One batch at a time: between two blocks the engine looks at the cancel flag.
        if let Some(reading) = self.readings.iter_mut().find(|reading| reading.is_behind()) {
            reading.fill(self.batch_bytes)?;
        }
        let mut block =
            StoreBlock { groups: self.readings.iter().map(|reading| Arc::clone(&reading.group)).collect(), events: Vec::new() };
        let mut bytes = 0;
        while block.events.len() < BLOCK_EVENTS.get()
            && bytes < BLOCK_BYTES
            && let Some(number) = self.front()
            && let Some(event) = self.readings.get_mut(number).and_then(|reading| reading.waiting.pop_front())
        {
            bytes += event.message.len();
            block.events.push((number, event));
        }
        let is_over =
            block.events.is_empty() && self.readings.iter().all(|reading| reading.is_ended && reading.waiting.is_empty());
        Ok(if is_over { None } else { Some(Box::new(block)) })
    }
}

/// A block of events, each with the index of its group.
#[derive(Debug)]
struct StoreBlock {
    groups: Vec<Arc<str>>,
    events: Vec<(usize, Event)>,
}

impl StoreBlock {
    /// The event and the name of its group.
    fn stored(&self, index: usize) -> Option<(&Event, &str)> {
        let (group, event) = self.events.get(index)?;
        Some((event, self.groups.get(*group)?))
    }
}

impl Block for StoreBlock {
    fn len(&self) -> usize {
        self.events.len()
    }

    fn event(&self, index: usize) -> BlockEvent<'_> {
        self.stored(index).map_or_else(BlockEvent::default, |(event, group)| BlockEvent {
            timestamp: event.timestamp,
            ingestion_time: event.ingestion_time,
            message: (&*event.message).into(),
            stream: &event.stream,
            log: group,
        })
    }

    fn pointer(&self, index: usize) -> String {
        self.stored(index).map(|(event, group)| Pointer::to(event, group).to_string()).unwrap_or_default()
    }
}
