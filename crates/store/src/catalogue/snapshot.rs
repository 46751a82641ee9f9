//! A snapshot of the catalogue for lookups.
//!
//! Read-only. It is taken after the memtables that it is combined with were captured: so the rows may already include a
//! memtable's figures, which [`Overlay`] detects by the covered sequence number, but no figures are missing. See also `list`.

use std::collections::HashMap;
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::tables::{
    DOCUMENTS, GROUP_ATTRIBUTES, GROUPS, GroupRow, META, META_COVERED, SEGMENTS, STREAM_NAMES, STREAMS, STREAMS_BY_EVENT,
    StreamRow, activity, decode_ranges,
};
use crate::error::StorageError;
use crate::ids::{GroupId, StreamId};
use crate::memtable::{Activity, Memtable};
use crate::segment::SegmentInfo;

/// The catalogue's tables in one snapshot.
#[derive(Debug)]
pub(crate) struct Snapshot {
    meta: ReadOnlyTable<&'static str, u64>,
    pub(super) groups: ReadOnlyTable<&'static str, GroupRow>,
    pub(super) streams: ReadOnlyTable<(u64, &'static str), StreamRow>,
    stream_names: ReadOnlyTable<u64, (u64, &'static str)>,
    pub(super) by_event: ReadOnlyTable<(u64, i64, &'static str), u64>,
    segments: ReadOnlyTable<u64, (u64, &'static [u8])>,
    pub(super) attributes: ReadOnlyTable<(u64, &'static str), &'static str>,
    pub(super) documents: ReadOnlyTable<(&'static str, &'static str), &'static [u8]>,
    covered: u64,
}

impl Snapshot {
    pub(super) fn new(transaction: &ReadTransaction) -> Result<Snapshot, StorageError> {
        let open = || -> Result<Snapshot, redb::Error> {
            Ok(Snapshot {
                meta: transaction.open_table(META)?,
                groups: transaction.open_table(GROUPS)?,
                streams: transaction.open_table(STREAMS)?,
                stream_names: transaction.open_table(STREAM_NAMES)?,
                by_event: transaction.open_table(STREAMS_BY_EVENT)?,
                segments: transaction.open_table(SEGMENTS)?,
                attributes: transaction.open_table(GROUP_ATTRIBUTES)?,
                documents: transaction.open_table(DOCUMENTS)?,
                covered: 0,
            })
        };
        let mut snapshot = open().map_err(StorageError::catalogue)?;
        snapshot.covered = snapshot.meta(META_COVERED)?;
        Ok(snapshot)
    }

    pub(super) fn meta(&self, key: &str) -> Result<u64, StorageError> {
        Ok(self.meta.get(key).map_err(StorageError::catalogue)?.map_or(0, |value| value.value()))
    }

    /// The sequence number up to which the rows include all figures.
    pub(crate) fn covered(&self) -> u64 {
        self.covered
    }

    pub(super) fn segments(&self) -> Result<Vec<SegmentInfo>, StorageError> {
        let mut segments = Vec::new();
        for row in self.segments.iter().map_err(StorageError::catalogue)? {
            let (number, row) = row.map_err(StorageError::catalogue)?;
            let (bytes, ranges) = row.value();
            let damaged = || redb::Error::Corrupted(format!("the row of segment {}", number.value()));
            let groups = decode_ranges(ranges).ok_or_else(damaged).map_err(StorageError::catalogue)?;
            segments.push(SegmentInfo { number: number.value(), bytes, groups });
        }
        Ok(segments)
    }

    pub(crate) fn group_id(&self, group: &str) -> Result<Option<GroupId>, StorageError> {
        Ok(self.group_row(group)?.map(|row| GroupId(row.0)))
    }

    pub(crate) fn stream_id(&self, group: GroupId, stream: &str) -> Result<Option<StreamId>, StorageError> {
        Ok(self.stream_row(group, stream)?.map(|row| StreamId(row.0)))
    }

    /// The name of a stream.
    pub(crate) fn stream_name(&self, stream: StreamId) -> Result<Option<Arc<str>>, StorageError> {
        let name = self.stream_names.get(stream.0).map_err(StorageError::catalogue)?;
        Ok(name.map(|name| Arc::from(name.value().1)))
    }

    /// How many events of a stream the rows count; `None` if the stream does not exist.
    pub(crate) fn event_count(&self, stream: StreamId) -> Result<Option<u64>, StorageError> {
        let Some(name) = self.stream_names.get(stream.0).map_err(StorageError::catalogue)? else { return Ok(None) };
        let (group, name) = name.value();
        Ok(self.stream_row(GroupId(group), name)?.map(|row| activity(row).events))
    }

    pub(super) fn group_row(&self, group: &str) -> Result<Option<GroupRow>, StorageError> {
        Ok(self.groups.get(group).map_err(StorageError::catalogue)?.map(|row| row.value()))
    }

    pub(super) fn stream_row(&self, group: GroupId, stream: &str) -> Result<Option<StreamRow>, StorageError> {
        Ok(self.streams.get((group.0, stream)).map_err(StorageError::catalogue)?.map(|row| row.value()))
    }
}

/// The memtables whose figures a snapshot's rows do not include yet.
#[derive(Debug)]
pub(crate) struct Overlay<'a> {
    memtables: Vec<&'a Memtable>,
}

impl<'a> Overlay<'a> {
    /// `memtables` were captured before `snapshot` was taken.
    pub(crate) fn new(snapshot: &Snapshot, memtables: impl IntoIterator<Item = &'a Memtable>) -> Overlay<'a> {
        let uncovered = |memtable: &&Memtable| memtable.last_sequence() > snapshot.covered();
        Overlay { memtables: memtables.into_iter().filter(uncovered).collect() }
    }

    /// Message bytes of a group in these memtables.
    pub(super) fn group_bytes(&self, group: GroupId) -> u64 {
        let bytes = |memtable: &&Memtable| memtable.tables().groups.get(&group).map_or(0, |table| table.bytes());
        self.memtables.iter().map(bytes).sum()
    }

    /// The activity of each of a group's streams.
    pub(super) fn activities(&self, group: GroupId) -> HashMap<StreamId, Activity> {
        let mut all: HashMap<StreamId, Activity> = HashMap::new();
        for memtable in &self.memtables {
            let tables = memtable.tables();
            for (stream, activity) in tables.groups.get(&group).into_iter().flat_map(|table| &table.streams) {
                let known = all.entry(*stream).or_default();
                *known = known.with(*activity);
            }
        }
        all
    }

    /// A row's activity together with the memtables' activity.
    pub(super) fn activity(&self, group: GroupId, row: StreamRow) -> Activity {
        self.memtables.iter().fold(activity(row), |sum, memtable| {
            let tables = memtable.tables();
            let added = tables.groups.get(&group).and_then(|table| table.streams.get(&StreamId(row.0)));
            sum.with(added.copied().unwrap_or_default())
        })
    }
}
