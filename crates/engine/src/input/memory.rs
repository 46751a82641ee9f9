//! Events in memory as a source: for tests, benchmarks and small data.

use std::sync::Arc;

use super::{Block, BlockEvent, Groups, Input, Order, Scan, Source, Table};
use crate::error::InputError;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryEvent {
    /// `@timestamp`, in milliseconds since the epoch.
    pub timestamp: i64,
    /// `@ingestionTime`, in milliseconds since the epoch.
    pub ingestion_time: i64,
    /// `@logStream`.
    pub stream: Arc<str>,
    /// The log group.
    pub group: Arc<str>,
    /// `@message`.
    pub message: String,
    /// `@ptr`.
    pub pointer: String,
}

/// Events of some groups, in memory. Equal timestamps are in the order in which the events were given.
#[derive(Debug, Clone, Default)]
pub struct MemorySource {
    events: Arc<Vec<MemoryEvent>>,
    /// The groups that the query was started with; empty for all groups.
    groups: Vec<Arc<str>>,
    tables: Vec<(String, Arc<Table>)>,
    block_length: usize,
}

impl MemorySource {
    /// A source of these events, in blocks of this size.
    #[must_use]
    pub fn new(mut events: Vec<MemoryEvent>, block_length: usize) -> Self {
        events.sort_by_key(|event| event.timestamp);
        Self { events: Arc::new(events), groups: Vec::new(), tables: Vec::new(), block_length: block_length.max(1) }
    }

    /// Sets the groups that the query is started with.
    #[must_use]
    pub fn started_with(mut self, groups: impl IntoIterator<Item = Arc<str>>) -> Self {
        self.groups = groups.into_iter().collect();
        self
    }

    /// Adds a lookup table.
    #[must_use]
    pub fn with_table(mut self, name: impl Into<String>, table: Table) -> Self {
        self.tables.push((name.into(), Arc::new(table)));
        self
    }
}

impl Source for MemorySource {
    fn open(&self, scan: &Scan) -> Result<Box<dyn Input>, InputError> {
        let groups: Option<Vec<Arc<str>>> = match &scan.groups {
            Groups::OfQuery if self.groups.is_empty() => None,
            Groups::OfQuery => Some(self.groups.clone()),
            Groups::Named(names) => Some(names.iter().map(|name| Arc::from(name.as_str())).collect()),
        };
        let is_known = |group: &Arc<str>| self.events.iter().any(|event| event.group == *group);
        if let (Groups::Named(_), Some(unknown)) = (&scan.groups, groups.iter().flatten().find(|group| !is_known(group))) {
            return Err(InputError::NotFound(unknown.to_string()));
        }
        let is_read = |event: &MemoryEvent| {
            (scan.start..scan.end).contains(&event.timestamp)
                && groups.as_ref().is_none_or(|groups| groups.contains(&event.group))
        };
        let mut places: Vec<usize> =
            self.events.iter().enumerate().filter(|(_, event)| is_read(event)).map(|(place, _)| place).collect();
        if scan.order == Order::NewestFirst {
            places.reverse();
        }
        Ok(Box::new(MemoryInput { events: Arc::clone(&self.events), places, next: 0, block_length: self.block_length }))
    }

    fn table(&self, name: &str) -> Result<Option<Arc<Table>>, InputError> {
        Ok(self.tables.iter().find(|(known, _)| known == name).map(|(_, table)| Arc::clone(table)))
    }
}

#[derive(Debug)]
struct MemoryInput {
    events: Arc<Vec<MemoryEvent>>,
    /// The indexes of the scan's events, in its order.
    places: Vec<usize>,
    next: usize,
    block_length: usize,
}

impl Input for MemoryInput {
    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>, InputError> {
        let end = (self.next + self.block_length).min(self.places.len());
        let places = self.places.get(self.next..end).unwrap_or_default().to_vec();
        self.next = end;
        if places.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(MemoryBlock { events: Arc::clone(&self.events), places })))
    }
}

#[derive(Debug)]
struct MemoryBlock {
    events: Arc<Vec<MemoryEvent>>,
    places: Vec<usize>,
}

impl MemoryBlock {
    fn stored(&self, index: usize) -> Option<&MemoryEvent> {
        self.places.get(index).and_then(|place| self.events.get(*place))
    }
}

impl Block for MemoryBlock {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn event(&self, index: usize) -> BlockEvent<'_> {
        self.stored(index).map_or_else(BlockEvent::default, |event| BlockEvent {
            timestamp: event.timestamp,
            ingestion_time: event.ingestion_time,
            message: event.message.as_str().into(),
            stream: &event.stream,
            log: &event.group,
        })
    }

    fn pointer(&self, index: usize) -> String {
        self.stored(index).map(|event| event.pointer.clone()).unwrap_or_default()
    }
}
