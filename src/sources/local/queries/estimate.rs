//! The data that a query would scan, estimated for a check.
//!
//! Owns the bounds of the work: an editor checks a query after each key. INVARIANT: only events and sizes of streams that the permit
//! shows are counted.

use std::num::NonZeroUsize;

use logmark_store::{Direction, Order, ScanRequest, Store, StreamPredicate, StreamsQuery};

use super::input::{QueryGroup, visible};
use crate::auth::permit::Permit;
use crate::domain::query::operations::{CheckQuery, ScanEstimate};
use crate::sources::SourceError;

/// Events of one batch, and the bytes of their messages.
const BATCH_EVENTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);
const BATCH_BYTES: usize = 512 << 10;
/// Events that are counted, and the bytes of their messages: some milliseconds of work. Larger ranges are not counted.
const MAX_EVENTS: usize = 20_000;
const MAX_BYTES: u64 = 8 << 20;
/// Streams whose sizes are added, if the permit does not show all of a group.
const MAX_STREAMS: usize = 1_000;

/// The estimate: counted if the range is small, else the sizes of groups and streams.
pub(super) fn of(store: &Store, permit: &Permit<CheckQuery>) -> Result<ScanEstimate, SourceError> {
    let op = permit.op();
    let groups = QueryGroup::of(permit.visibility(), &op.groups)?;
    let mut stored = Some(0u64);
    for group in &groups {
        let bytes = stored_bytes(store, group)?;
        stored = stored.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
    }
    // Queries inside the query read some groups again.
    let is_simple = op.own_groups == op.groups.len();
    let counted = if is_simple { counted(store, &groups, op.start.0, op.end.0)? } else { None };
    Ok(match (counted, stored) {
        (Some(bytes), _) => ScanEstimate::Exact(bytes),
        (None, Some(bytes)) => ScanEstimate::Stored(bytes),
        (None, None) => ScanEstimate::Unknown,
    })
}

/// The bytes of the events in the range; `None`: there are too many to count.
fn counted(store: &Store, groups: &[QueryGroup], start: i64, end: i64) -> Result<Option<u64>, SourceError> {
    let (mut events, mut bytes) = (0, 0u64);
    let up_to = store.last_sequence();
    for group in groups {
        let (name, streams) = (group.name.to_string(), group.streams.clone());
        let request = ScanRequest { group: name, streams, start, end, direction: Direction::Backward, up_to };
        let mut scan = store.scan(request)?;
        while let Some(batch) = scan.next_batch(BATCH_EVENTS, BATCH_BYTES)? {
            // Hidden events are work too, but not part of the estimate.
            events += batch.len();
            let visible = batch.into_iter().filter_map(|event| visible(group.rules.as_ref(), event));
            bytes = bytes.saturating_add(visible.map(|event| event.message.len() as u64).sum());
            if events > MAX_EVENTS || bytes > MAX_BYTES {
                return Ok(None);
            }
        }
    }
    Ok(Some(bytes))
}

/// The stored bytes of the permitted streams of a group; `None`: there are too many streams to add, or rules hide a part of them.
fn stored_bytes(store: &Store, group: &QueryGroup) -> Result<Option<u64>, SourceError> {
    let found = store.group(&group.name)?.ok_or(SourceError::NotFound)?;
    if group.rules.is_some() {
        return Ok(None);
    }
    let Some(may_see) = &group.streams else { return Ok(Some(found.stored_bytes)) };
    streams_bytes(store, &group.name, may_see)
}

fn streams_bytes(store: &Store, group: &str, may_see: &StreamPredicate) -> Result<Option<u64>, SourceError> {
    let (mut after, mut sum, mut shown) = (None::<String>, 0u64, 0);
    loop {
        let query = StreamsQuery::ByName { prefix: "", after: after.as_deref(), order: Order::Ascending };
        let page = store.streams(group, query, MAX_STREAMS)?;
        for stream in &page {
            if may_see(&stream.name) {
                shown += 1;
                sum = sum.saturating_add(stream.stored_bytes);
            }
        }
        if shown > MAX_STREAMS {
            return Ok(None);
        }
        match page.last() {
            Some(last) if page.len() == MAX_STREAMS => after = Some(last.name.clone()),
            _ => return Ok(Some(sum)),
        }
    }
}
