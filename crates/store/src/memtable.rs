//! The recent events in memory, ordered by group and position, and their figures for each stream.
//!
//! Accesses no files. Only the writer thread adds to a memtable, and a frozen memtable never changes. See also `store::writer`,
//! which fills it, and `store::flush`, which writes it to a segment.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use crate::event::{NewEvent, Position};
use crate::ids::{GroupId, StreamId};
use crate::read::Direction;
use crate::sync;

/// Bytes of an event in addition to its message: tree node share, entry, position in the order of appends, allocation header.
pub(crate) const EVENT_OVERHEAD_BYTES: usize = 112;

/// The events of one append, in the caller's order.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) group: GroupId,
    pub(crate) stream: StreamId,
    pub(crate) ingestion_ms: i64,
    pub(crate) first_sequence: u64,
    pub(crate) events: Vec<NewEvent>,
}

/// An append whose events have their numbers in their stream.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) batch: Batch,
    /// Of the first event, counted in its stream from one.
    pub(crate) first_ordinal: u64,
}

/// An event without its position.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) stream: StreamId,
    pub(crate) ingestion_ms: i64,
    pub(crate) ordinal: u64,
    pub(crate) message: Arc<str>,
}

/// The figures of a stream's events; `None` and zero without events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Activity {
    pub(crate) first_event: Option<i64>,
    pub(crate) last_event: Option<i64>,
    pub(crate) last_ingestion: Option<i64>,
    pub(crate) bytes: u64,
    pub(crate) events: u64,
}

impl Activity {
    /// The activity of both sets of events.
    pub(crate) fn with(self, other: Activity) -> Activity {
        let first_event = match (self.first_event, other.first_event) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Activity {
            first_event,
            last_event: self.last_event.max(other.last_event),
            last_ingestion: self.last_ingestion.max(other.last_ingestion),
            bytes: self.bytes.saturating_add(other.bytes),
            events: self.events.saturating_add(other.events),
        }
    }
}

/// The events of one group.
#[derive(Debug, Default)]
pub(crate) struct GroupTable {
    pub(crate) events: BTreeMap<Position, Entry>,
    /// The positions of the events in the order of their appends: ascending by sequence number.
    arrivals: Vec<Position>,
    pub(crate) streams: HashMap<StreamId, Activity>,
}

impl GroupTable {
    pub(crate) fn bytes(&self) -> u64 {
        self.streams.values().map(|activity| activity.bytes).sum()
    }

    fn add(&mut self, Numbered { batch, first_ordinal }: Numbered) -> usize {
        let mut added = 0;
        let mut activity = Activity { events: batch.events.len() as u64, ..Activity::default() };
        for ((sequence, ordinal), event) in (batch.first_sequence..).zip(first_ordinal..).zip(batch.events) {
            added += event.message.len();
            activity.first_event = Some(activity.first_event.unwrap_or(event.timestamp).min(event.timestamp));
            activity.last_event = activity.last_event.max(Some(event.timestamp));
            let entry = Entry { stream: batch.stream, ingestion_ms: batch.ingestion_ms, ordinal, message: event.message.into() };
            let position = Position::new(event.timestamp, sequence);
            self.events.insert(position, entry);
            self.arrivals.push(position);
        }
        activity.last_ingestion = Some(batch.ingestion_ms);
        activity.bytes = added as u64;
        let known = self.streams.entry(batch.stream).or_default();
        *known = known.with(activity);
        added
    }
}

/// All events of a memtable.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) groups: BTreeMap<GroupId, GroupTable>,
    bytes: usize,
    last_sequence: u64,
}

/// The events appended since the last memtable was frozen.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    tables: RwLock<Tables>,
}

impl Memtable {
    /// Adds complete appends: a reader sees all events of an append or none.
    pub(crate) fn add(&self, batches: impl IntoIterator<Item = Numbered>) {
        let mut tables = sync::write(&self.tables);
        for numbered in batches {
            let Batch { group, first_sequence, ref events, .. } = numbered.batch;
            let events = events.len();
            tables.last_sequence = first_sequence + (events as u64).saturating_sub(1);
            let added = tables.groups.entry(group).or_default().add(numbered);
            tables.bytes += added + events * EVENT_OVERHEAD_BYTES;
        }
    }

    /// Its approximate memory.
    pub(crate) fn bytes(&self) -> usize {
        sync::read(&self.tables).bytes
    }

    /// The sequence number of its last event; zero if it is empty.
    pub(crate) fn last_sequence(&self) -> u64 {
        sync::read(&self.tables).last_sequence
    }

    /// The streams of its events.
    pub(crate) fn streams(&self) -> HashSet<StreamId> {
        let tables = sync::read(&self.tables);
        tables.groups.values().flat_map(|table| table.streams.keys().copied()).collect()
    }

    pub(crate) fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        sync::read(&self.tables)
    }

    /// The first and last positions of a group's events.
    pub(crate) fn span(&self, group: GroupId) -> Option<(Position, Position)> {
        let tables = sync::read(&self.tables);
        let events = &tables.groups.get(&group)?.events;
        Some((*events.first_key_value()?.0, *events.last_key_value()?.0))
    }

    /// At most `limit` events of a group in `range`, from its start or its end. Few at a time, because the writer waits
    /// meanwhile.
    pub(crate) fn chunk(
        &self,
        group: GroupId,
        range: Range<Position>,
        direction: Direction,
        limit: usize,
    ) -> Vec<(Position, Entry)> {
        let tables = sync::read(&self.tables);
        let Some(table) = tables.groups.get(&group) else { return Vec::new() };
        let events = table.events.range(range).map(|(position, entry)| (*position, entry.clone()));
        match direction {
            Direction::Forward => events.take(limit).collect(),
            Direction::Backward => events.rev().take(limit).collect(),
        }
    }

    /// At most `limit` events of a group with sequence numbers in `after + 1 ..= up_to`, ascending by sequence number. Few at a
    /// time, since the writer waits meanwhile.
    pub(crate) fn arrivals(&self, group: GroupId, after: u64, up_to: u64, limit: usize) -> Vec<(Position, Entry)> {
        let tables = sync::read(&self.tables);
        let Some(table) = tables.groups.get(&group) else { return Vec::new() };
        let first = table.arrivals.partition_point(|position| position.sequence() <= after);
        let rest = table.arrivals.get(first..).unwrap_or_default();
        let visible = rest.iter().take_while(|position| position.sequence() <= up_to).take(limit);
        visible.filter_map(|position| Some((*position, table.events.get(position)?.clone()))).collect()
    }
}
