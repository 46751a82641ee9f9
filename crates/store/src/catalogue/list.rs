//! Describes and lists groups and streams, including the events in memtables.
//!
//! Names are in bytewise order. Reads only the rows that it returns, except streams with recent events when listing by last
//! event, because their order is only known in memory.

use std::ops::{Bound, RangeBounds};

use super::snapshot::{Overlay, Snapshot};
use super::tables::{GroupRow, StreamRow, event_key};
use crate::error::StorageError;
use crate::ids::{GroupId, StreamId};
use crate::memtable::Activity;

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Creation time, in milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
    /// Retention in days; unlimited if `None`.
    pub retention_days: Option<u32>,
    /// Bytes of all its messages, uncompressed.
    pub stored_bytes: u64,
    /// The class.
    pub class: GroupClass,
}

/// The class of a group in CloudWatch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupClass {
    /// Supports all features.
    #[default]
    Standard,
    /// For events that are rarely read.
    InfrequentAccess,
    /// For events that are only delivered elsewhere.
    Delivery,
}

/// A log stream of a group. Times are in milliseconds since 1970-01-01 UTC, `None` without events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// Creation time.
    pub created_at: i64,
    /// The smallest timestamp of its events.
    pub first_event: Option<i64>,
    /// The largest timestamp of its events.
    pub last_event: Option<i64>,
    /// The latest ingestion time.
    pub last_ingestion: Option<i64>,
    /// Bytes of all its messages, uncompressed.
    pub stored_bytes: u64,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Which streams to list, and where to continue. `after` is exclusive and in the listing's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamsQuery<'a> {
    /// By name, bytewise.
    ByName {
        /// Only names with this prefix.
        prefix: &'a str,
        /// The last name of the previous page.
        after: Option<&'a str>,
        /// The order of names.
        order: Order,
    },
    /// By the timestamp of the last event, then by name; streams without events count as the oldest.
    ByLastEvent {
        /// The last stream of the previous page: its last event and its name.
        after: Option<(Option<i64>, &'a str)>,
        /// The order of timestamps and of names.
        order: Order,
    },
}

impl Snapshot {
    pub(crate) fn group(&self, overlay: &Overlay<'_>, name: &str) -> Result<Option<Group>, StorageError> {
        let Some(row) = self.group_row(name)? else { return Ok(None) };
        Ok(Some(self.describe_group(overlay, name, row)?))
    }

    /// Groups by ascending name.
    pub(crate) fn groups(
        &self,
        overlay: &Overlay<'_>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Group>, StorageError> {
        let start = after.filter(|after| *after >= prefix).map_or(Bound::Included(prefix), Bound::Excluded);
        let rows = self.groups.range::<&str>((start, Bound::Unbounded)).map_err(StorageError::catalogue)?;
        let mut found = Vec::new();
        for row in rows.take(limit) {
            let (name, row) = row.map_err(StorageError::catalogue)?;
            if !name.value().starts_with(prefix) {
                break;
            }
            found.push(self.describe_group(overlay, name.value(), row.value())?);
        }
        Ok(found)
    }

    fn describe_group(&self, overlay: &Overlay<'_>, name: &str, row: GroupRow) -> Result<Group, StorageError> {
        let (id, created_at, retention_days, bytes) = row;
        Ok(Group {
            name: name.to_owned(),
            created_at,
            retention_days,
            stored_bytes: bytes.saturating_add(overlay.group_bytes(GroupId(id))),
            class: self.class(GroupId(id))?,
        })
    }

    pub(crate) fn stream(&self, overlay: &Overlay<'_>, group: GroupId, name: &str) -> Result<Option<Stream>, StorageError> {
        let row = self.stream_row(group, name)?;
        Ok(row.map(|row| describe_stream(name, row, overlay.activity(group, row))))
    }

    pub(crate) fn streams(
        &self,
        overlay: &Overlay<'_>,
        group: GroupId,
        query: StreamsQuery<'_>,
        limit: usize,
    ) -> Result<Vec<Stream>, StorageError> {
        match query {
            StreamsQuery::ByName { prefix, after, order } => {
                self.streams_by_name(overlay, group, NameRange { prefix, after, order }, limit)
            }
            StreamsQuery::ByLastEvent { after, order } => self.streams_by_event(overlay, group, after, order, limit),
        }
    }

    fn streams_by_name(
        &self,
        overlay: &Overlay<'_>,
        group: GroupId,
        names: NameRange<'_>,
        limit: usize,
    ) -> Result<Vec<Stream>, StorageError> {
        let end = prefix_end(names.prefix);
        let Some((start, end)) = names.bounds(group, end.as_deref()) else { return Ok(Vec::new()) };
        let mut rows = self.streams.range::<(u64, &str)>((start, end)).map_err(StorageError::catalogue)?;
        let mut found = Vec::new();
        while found.len() < limit {
            let row = match names.order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else { break };
            let (key, row) = row.map_err(StorageError::catalogue)?;
            let row = row.value();
            found.push(describe_stream(key.value().1, row, overlay.activity(group, row)));
        }
        Ok(found)
    }

    // The table has the order of the last flush: streams in the overlay are skipped and merged at their current position.
    fn streams_by_event(
        &self,
        overlay: &Overlay<'_>,
        group: GroupId,
        after: Option<(Option<i64>, &str)>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Stream>, StorageError> {
        let bounds = event_bounds(group, after, order);
        let recent = overlay.activities(group);
        let mut found = Vec::new();
        for stream in recent.keys() {
            found.extend(self.recent_stream(overlay, group, *stream)?.filter(|found| {
                let key = (group.0, event_key(found.last_event), found.name.as_str());
                bounds.contains(&key)
            }));
        }
        let mut rows = self.by_event.range::<EventKey<'_>>(bounds).map_err(StorageError::catalogue)?;
        let mut older = 0;
        while older < limit {
            let row = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else { break };
            let (key, id) = row.map_err(StorageError::catalogue)?;
            if !recent.contains_key(&StreamId(id.value())) {
                found.extend(self.stream(overlay, group, key.value().2)?);
                older += 1;
            }
        }
        found.sort_unstable_by(|one, two| by_event(one).cmp(&by_event(two)));
        if order == Order::Descending {
            found.reverse();
        }
        found.truncate(limit);
        Ok(found)
    }

    fn recent_stream(&self, overlay: &Overlay<'_>, group: GroupId, stream: StreamId) -> Result<Option<Stream>, StorageError> {
        let Some(name) = self.stream_name(stream)? else { return Ok(None) };
        self.stream(overlay, group, &name)
    }
}

type EventKey<'a> = (u64, i64, &'a str);

fn event_bounds<'a>(
    group: GroupId,
    after: Option<(Option<i64>, &'a str)>,
    order: Order,
) -> (Bound<EventKey<'a>>, Bound<EventKey<'a>>) {
    let after = after.map(|(last_event, name)| (group.0, event_key(last_event), name));
    let first = (group.0, i64::MIN, "");
    let end = (group.0.saturating_add(1), i64::MIN, "");
    match order {
        Order::Ascending => (after.map_or(Bound::Included(first), Bound::Excluded), Bound::Excluded(end)),
        Order::Descending => (Bound::Included(first), Bound::Excluded(after.unwrap_or(end))),
    }
}

fn by_event(stream: &Stream) -> (i64, &str) {
    (event_key(stream.last_event), &stream.name)
}

struct NameRange<'a> {
    prefix: &'a str,
    after: Option<&'a str>,
    order: Order,
}

type StreamKeyBounds<'a> = (Bound<(u64, &'a str)>, Bound<(u64, &'a str)>);

impl<'a> NameRange<'a> {
    /// The range of rows to list, where `end` is the first name after the prefix; `None` if it is empty.
    fn bounds(&self, group: GroupId, end: Option<&'a str>) -> Option<StreamKeyBounds<'a>> {
        let first = (group.0, self.prefix);
        let end = end.map_or((group.0.saturating_add(1), ""), |end| (group.0, end));
        let after = self.after.map(|after| (group.0, after));
        let (start, end) = match (self.order, after) {
            (Order::Ascending, Some(after)) if after >= first => (Bound::Excluded(after), end),
            (Order::Descending, Some(after)) => (Bound::Included(first), end.min(after)),
            _ => (Bound::Included(first), end),
        };
        let (Bound::Included(from) | Bound::Excluded(from)) = start else { return None };
        (from < end).then_some((start, Bound::Excluded(end)))
    }
}

/// The smallest name greater than all names with the prefix, if it exists.
fn prefix_end(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

fn describe_stream(name: &str, row: StreamRow, activity: Activity) -> Stream {
    Stream {
        name: name.to_owned(),
        created_at: row.1,
        first_event: activity.first_event,
        last_event: activity.last_event,
        last_ingestion: activity.last_ingestion,
        stored_bytes: activity.bytes,
    }
}
