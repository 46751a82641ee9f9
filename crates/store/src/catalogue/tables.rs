//! The catalogue's tables and rows. Times are milliseconds since 1970-01-01 UTC, names are ordered bytewise. Opens no
//! transactions. See also `snapshot`.

use redb::TableDefinition;

use crate::codec::Input;
use crate::event::Position;
use crate::ids::GroupId;
use crate::memtable::Activity;
use crate::segment::GroupRange;

/// id, created at, retention in days, stored bytes.
pub(super) type GroupRow = (u64, i64, Option<u32>, u64);
/// id, created at, first event, last event, last ingestion, stored bytes, stored events.
pub(super) type StreamRow = (u64, i64, Option<i64>, Option<i64>, Option<i64>, u64, u64);

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const GROUPS: TableDefinition<'_, &str, GroupRow> = TableDefinition::new("groups");
pub(super) const GROUP_NAMES: TableDefinition<'_, u64, &str> = TableDefinition::new("group_names");
/// By group id and name.
pub(super) const STREAMS: TableDefinition<'_, (u64, &str), StreamRow> = TableDefinition::new("streams");
/// Group id and name by stream id.
pub(super) const STREAM_NAMES: TableDefinition<'_, u64, (u64, &str)> = TableDefinition::new("stream_names");
/// Stream id by group id, last event (see [`event_key`]) and name.
pub(super) const STREAMS_BY_EVENT: TableDefinition<'_, (u64, i64, &str), u64> = TableDefinition::new("streams_by_event");
/// File length and encoded group ranges by segment number.
pub(super) const SEGMENTS: TableDefinition<'_, u64, (u64, &[u8])> = TableDefinition::new("segments");

/// Attributes of a group by its id: its class (see `attributes`) and, with a prefix, its tags.
pub(super) const GROUP_ATTRIBUTES: TableDefinition<'_, (u64, &str), &str> = TableDefinition::new("group_attributes");
/// Small documents outside groups, by kind and key.
pub(super) const DOCUMENTS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("documents");

pub(super) const META_LAYOUT: &str = "layout";
/// All events up to this sequence number are in segments, and in the rows' figures.
pub(super) const META_COVERED: &str = "covered";
pub(super) const META_NEXT_GROUP: &str = "next_group";
pub(super) const META_NEXT_STREAM: &str = "next_stream";

/// Streams without events sort as the oldest.
pub(super) fn event_key(last_event: Option<i64>) -> i64 {
    last_event.unwrap_or(i64::MIN)
}

pub(super) fn activity(row: StreamRow) -> Activity {
    Activity { first_event: row.2, last_event: row.3, last_ingestion: row.4, bytes: row.5, events: row.6 }
}

pub(super) fn with_activity(row: StreamRow, activity: Activity) -> StreamRow {
    let Activity { first_event, last_event, last_ingestion, bytes, events } = activity;
    (row.0, row.1, first_event, last_event, last_ingestion, bytes, events)
}

pub(super) fn encode_ranges(ranges: &[GroupRange]) -> Vec<u8> {
    let mut out = Vec::new();
    for range in ranges {
        out.extend_from_slice(&range.group.0.to_le_bytes());
        for position in [range.first, range.last] {
            out.extend_from_slice(&position.timestamp().to_le_bytes());
            out.extend_from_slice(&position.sequence().to_le_bytes());
        }
    }
    out
}

/// `None` if [`encode_ranges`] did not write the bytes.
pub(super) fn decode_ranges(bytes: &[u8]) -> Option<Vec<GroupRange>> {
    let mut input = Input::new(bytes);
    let mut ranges = Vec::new();
    while !input.is_empty() {
        let group = GroupId(input.u64()?);
        let first = Position::new(input.i64()?, input.u64()?);
        let last = Position::new(input.i64()?, input.u64()?);
        ranges.push(GroupRange { group, first, last });
    }
    Some(ranges)
}
