//! The transaction that makes a flushed segment part of the store: its row, the covered sequence number, and the figures of its
//! streams, all or nothing.
//!
//! Does not access the segment file. See also `flush`.

use redb::{ReadableTable, Table, WriteTransaction};

use super::Catalogue;
use super::tables::{
    GROUP_NAMES, GROUPS, GroupRow, META, META_COVERED, META_NEXT_GROUP, META_NEXT_STREAM, SEGMENTS, STREAM_NAMES, STREAMS,
    STREAMS_BY_EVENT, StreamRow, activity, encode_ranges, event_key, with_activity,
};
use crate::error::StorageError;
use crate::ids::{GroupId, StreamId};
use crate::memtable::{Activity, Memtable};
use crate::segment::SegmentInfo;

impl Catalogue {
    /// Registers the segment written from `memtable`. Durable when it returns.
    pub(crate) fn publish(&self, segment: &SegmentInfo, memtable: &Memtable) -> Result<(), StorageError> {
        let transaction = self.begin()?;
        register(&transaction, segment, memtable).map_err(StorageError::catalogue)?;
        transaction.commit()
    }
}

fn register(transaction: &WriteTransaction, segment: &SegmentInfo, memtable: &Memtable) -> Result<(), redb::Error> {
    let ranges = encode_ranges(&segment.groups);
    transaction.open_table(SEGMENTS)?.insert(segment.number, (segment.bytes, ranges.as_slice()))?;
    transaction.open_table(META)?.insert(META_COVERED, memtable.last_sequence())?;
    let given = Given::read(transaction)?;
    let mut figures = Figures::open(transaction)?;
    for (group, table) in &memtable.tables().groups {
        let mut bytes = 0_u64;
        for (stream, added) in &table.streams {
            if figures.add_to_stream(*stream, *added, &given)? {
                bytes = bytes.saturating_add(added.bytes);
            }
        }
        figures.add_to_group(*group, bytes, &given)?;
    }
    Ok(())
}

/// The smallest unused ids of groups and streams. Events of a smaller id without a row belong to a deleted group or stream; a
/// larger id is damage.
struct Given {
    group: u64,
    stream: u64,
}

impl Given {
    fn read(transaction: &WriteTransaction) -> Result<Given, redb::Error> {
        let meta = transaction.open_table(META)?;
        let next = |key| -> Result<u64, redb::Error> { Ok(meta.get(key)?.map_or(1, |value| value.value())) };
        Ok(Given { group: next(META_NEXT_GROUP)?, stream: next(META_NEXT_STREAM)? })
    }
}

/// The tables with figures, and the tables that locate their rows.
struct Figures<'a> {
    group_names: Table<'a, u64, &'static str>,
    groups: Table<'a, &'static str, GroupRow>,
    stream_names: Table<'a, u64, (u64, &'static str)>,
    streams: Table<'a, (u64, &'static str), StreamRow>,
    by_event: Table<'a, (u64, i64, &'static str), u64>,
}

impl Figures<'_> {
    fn open(transaction: &WriteTransaction) -> Result<Figures<'_>, redb::Error> {
        Ok(Figures {
            group_names: transaction.open_table(GROUP_NAMES)?,
            groups: transaction.open_table(GROUPS)?,
            stream_names: transaction.open_table(STREAM_NAMES)?,
            streams: transaction.open_table(STREAMS)?,
            by_event: transaction.open_table(STREAMS_BY_EVENT)?,
        })
    }

    fn add_to_group(&mut self, group: GroupId, bytes: u64, given: &Given) -> Result<(), redb::Error> {
        let Some(name) = self.group_names.get(group.0)? else {
            return if group.0 < given.group { Ok(()) } else { Err(no_row("group", group.0)) };
        };
        let row = self.groups.get(name.value())?.map(|row| row.value());
        let Some((id, created_at, retention, before)) = row else { return Err(no_row("group", group.0)) };
        self.groups.insert(name.value(), (id, created_at, retention, before.saturating_add(bytes)))?;
        Ok(())
    }

    /// Whether the stream still exists.
    fn add_to_stream(&mut self, stream: StreamId, added: Activity, given: &Given) -> Result<bool, redb::Error> {
        let Some(name) = self.stream_names.get(stream.0)? else {
            return if stream.0 < given.stream { Ok(false) } else { Err(no_row("stream", stream.0)) };
        };
        let (group, name) = name.value();
        let row = self.streams.get((group, name))?.map(|row| row.value());
        let Some(row) = row else { return Err(no_row("stream", stream.0)) };
        let (before, after) = (activity(row), activity(row).with(added));
        self.streams.insert((group, name), with_activity(row, after))?;
        if before.last_event != after.last_event {
            self.by_event.remove((group, event_key(before.last_event), name))?;
            self.by_event.insert((group, event_key(after.last_event), name), stream.0)?;
        }
        Ok(true)
    }
}

/// The log has events of a group or stream that the catalogue has lost: no segment may cover them.
fn no_row(kind: &str, id: u64) -> redb::Error {
    redb::Error::Corrupted(format!("{kind} {id} has events but no row"))
}
