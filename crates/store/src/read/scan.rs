//! Reads a whole range in one snapshot, in batches, for callers that need all of it.
//!
//! Between two batches a scan holds only a position and the names of streams, so that memtables and blocks before the position
//! can be freed. Later events are excluded by their sequence number. See also `merge`.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use super::merge::{Merge, Next};
use super::segment_source::MayRead;
use super::selector::Selector;
use super::{Direction, StreamSelection, page};
use crate::error::{ReadError, StorageError};
use crate::event::{Event, Position};
use crate::ids::StreamId;
use crate::store::Shared;

/// Maximum events of other streams that one batch skips, so that a batch is always short. About 5 ms.
const MOST_PASSES: usize = 20_000;

/// Whether the events of a stream with this name are read.
pub type StreamPredicate = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A request for a scan.
#[derive(Clone)]
pub struct ScanRequest {
    /// The group's name.
    pub group: String,
    /// The streams; `None`: all. Called at most once per stream, and only for streams that the scan encounters.
    pub streams: Option<StreamPredicate>,
    /// Only events of this timestamp (milliseconds) or later.
    pub start: i64,
    /// Only events before this timestamp (milliseconds).
    pub end: i64,
    /// The direction.
    pub direction: Direction,
    /// Only events up to this sequence number, from `Store::last_sequence`.
    pub up_to: u64,
}

impl fmt::Debug for ScanRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanRequest").field("group", &self.group).finish_non_exhaustive()
    }
}

/// A scan of a range.
pub struct Scan {
    shared: Arc<Shared>,
    request: ScanRequest,
    /// Only events with a larger sequence number.
    after: u64,
    /// The rest of the range.
    rest: Range<Position>,
    met: HashMap<StreamId, Option<Arc<str>>>,
    is_ended: bool,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("request", &self.request).field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl Scan {
    pub(crate) fn begin(shared: Arc<Shared>, request: ScanRequest) -> Result<Scan, ReadError> {
        if shared.capture()?.catalogue.group_id(&request.group)?.is_none() {
            return Err(ReadError::GroupNotFound { group: request.group });
        }
        let rest = Position::start_of(request.start)..Position::start_of(request.end.max(request.start));
        let is_ended = rest.is_empty();
        Ok(Scan { shared, request, after: 0, rest, met: HashMap::new(), is_ended })
    }

    /// The same scan of later events only, and after a position.
    pub(crate) fn in_window(mut self, after: u64, from: Option<Position>) -> Scan {
        self.after = after;
        if let Some(from) = from {
            self.rest.start = self.rest.start.max(from.successor());
            self.is_ended |= self.rest.is_empty();
        }
        self
    }

    /// The next events in the direction of the scan: at most `events`, and only until their messages reach `bytes`. `None` at the
    /// end. A batch may be empty if the group has many events of other streams. Blocks.
    ///
    /// # Errors
    ///
    /// [`ReadError::GroupNotFound`] if the group was deleted; [`ReadError::Storage`] if a file fails or is damaged, naming it.
    pub fn next_batch(&mut self, limit: NonZeroUsize, bytes: usize) -> Result<Option<Vec<Event>>, ReadError> {
        if self.is_ended {
            return Ok(None);
        }
        let shared = Arc::clone(&self.shared);
        let moment = shared.capture()?;
        let not_found = || ReadError::GroupNotFound { group: self.request.group.clone() };
        let group = moment.catalogue.group_id(&self.request.group)?.ok_or_else(not_found)?;
        let predicate = self.request.streams.clone();
        let streams = predicate.as_deref().map_or(StreamSelection::All, |accepts| StreamSelection::Matching(accepts));
        let mut selector = Selector::of_scan(&moment.catalogue, streams, std::mem::take(&mut self.met), MOST_PASSES);
        selector.limit_to(self.after.saturating_add(1)..=self.request.up_to);
        let direction = self.request.direction;
        let sources = page::sources(&moment, shared.segments(), (group, self.after), direction, &self.rest, MayRead::Files);
        let mut merge = Merge::new(direction, sources);
        let events = take(&mut merge, &mut selector, limit, bytes)?;
        self.met = selector.into_met();
        // A source that is not open yet has an inexact bound, which may be an event that was already returned.
        let last = events.last().map(Event::position);
        match (merge.bound(), direction) {
            (None, _) => self.is_ended = true,
            (Some(bound), Direction::Forward) => {
                self.rest.start = last.map_or(bound, |last| bound.max(last.successor()));
            }
            (Some(bound), Direction::Backward) => {
                let end = bound.successor();
                self.rest.end = last.map_or(end, |last| end.min(last));
            }
        }
        Ok(if self.is_ended && events.is_empty() { None } else { Some(events) })
    }
}

fn take(
    merge: &mut Merge<'_>,
    selector: &mut Selector<'_>,
    limit: NonZeroUsize,
    most_bytes: usize,
) -> Result<Vec<Event>, StorageError> {
    let mut events = Vec::new();
    let mut bytes = 0usize;
    while events.len() < limit.get() && bytes < most_bytes {
        match merge.next(selector)? {
            Next::Found(event) => {
                bytes = bytes.saturating_add(event.message.len());
                events.push(event.into_owned());
            }
            Next::Spent | Next::NotInMemory | Next::End => break,
        }
    }
    Ok(events)
}
