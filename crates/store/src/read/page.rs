//! Reads one page: the overlapping sources, the bounds, and the positions for the next pages.
//!
//! See also `store`, which calls it.

use std::ops::Range;
use std::sync::Arc;

use super::memory_source::MemorySource;
use super::merge::{Merge, Next, Source};
use super::segment_source::{MayRead, SegmentSource};
use super::selector::Selector;
use super::shared_text::SharedText;
use super::{Direction, Page, ReadRequest};
use crate::error::{ReadError, StorageError};
use crate::event::{Event, Position};
use crate::ids::GroupId;
use crate::segment::cache::SegmentCache;
use crate::store::view::Moment;

/// Maximum events of other streams that a page from memory skips: about 1 ms.
const MOST_PASSES_IN_MEMORY: usize = 5_000;

/// Reads a page in the snapshot `moment`. `None` if it is not completely in memory, and files must not be read.
pub(crate) fn read(
    moment: &Moment,
    segments: &SegmentCache,
    request: &ReadRequest<'_>,
    may_read: MayRead,
) -> Result<Option<Page<SharedText>>, ReadError> {
    let not_found = || ReadError::GroupNotFound { group: request.group.to_owned() };
    let group = moment.catalogue.group_id(request.group)?.ok_or_else(not_found)?;
    let mut selector = Selector::new(&moment.catalogue, (request.group, group), request.streams, request.filter)?;
    if may_read == MayRead::Memory {
        selector.end_after_passes(MOST_PASSES_IN_MEMORY);
    }
    let range = request.range();
    let sources = sources(moment, segments, (group, 0), request.direction, &range, may_read);
    let mut merge = Merge::new(request.direction, sources);
    let Some((events, end)) = take(&mut merge, &mut selector, request)? else { return Ok(None) };
    // The end of a page must not reveal how many hidden events were skipped.
    if may_read == MayRead::Memory && end == End::Spent {
        return Ok(None);
    }
    Ok(Some(page(events, end, selector.examined(), request.direction, &range)))
}

/// The sources of a group's events after a sequence number; 0: all.
pub(super) fn sources<'a>(
    moment: &Moment,
    segments: &'a SegmentCache,
    (group, after): (GroupId, u64),
    direction: Direction,
    range: &Range<Position>,
    may_read: MayRead,
) -> Vec<Source<'a>> {
    let in_memory = moment.view.memtables().filter_map(|memtable| {
        MemorySource::new(Arc::clone(memtable), group, direction, range, moment.visible).map(Source::Memory)
    });
    let in_segments = moment
        .view
        .segments_after(group, after)
        .iter()
        .filter_map(|segment| SegmentSource::new(segments, *segment, group, direction, range, may_read).map(Source::Segment));
    in_memory.chain(in_segments).collect()
}

/// The events of a page in the direction's order, and why there are no more of them.
type TakenEvents = (Vec<Event<SharedText>>, End);

/// Why a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The range ends.
    Range,
    /// The page is full.
    Full,
    /// A filter has reached its cost bound.
    Spent,
}

/// Events in the direction of reading, and the reason for their end. `None` if the next event is not in memory.
fn take(
    merge: &mut Merge<'_>,
    selector: &mut Selector<'_>,
    request: &ReadRequest<'_>,
) -> Result<Option<TakenEvents>, StorageError> {
    let mut events = Vec::new();
    let mut bytes = 0usize;
    loop {
        let event = match merge.next(selector)? {
            Next::Found(event) => event,
            Next::NotInMemory => return Ok(None),
            Next::Spent => return Ok(Some((events, End::Spent))),
            Next::End => return Ok(Some((events, End::Range))),
        };
        bytes = bytes.saturating_add(event.message.len());
        let full = events.len() >= request.limit.get() || bytes > request.max_bytes;
        if full && !events.is_empty() {
            return Ok(Some((events, End::Full)));
        }
        events.push(event);
    }
}

/// The page of these events; `examined` has the first and last events that a filter read.
fn page(
    mut events: Vec<Event<SharedText>>,
    end: End,
    examined: Option<(Position, Position)>,
    direction: Direction,
    range: &Range<Position>,
) -> Page<SharedText> {
    if direction == Direction::Backward {
        events.reverse();
    }
    let stood = match direction {
        Direction::Forward => range.start,
        Direction::Backward => range.end,
    };
    let newest = events.last().map(Event::position);
    let oldest = events.first().map(Event::position);
    // A full page has read one event too many; any other page continues after all events that it read.
    let onward = examined.filter(|_| end != End::Full).map(|(_, last)| last);
    let (next, previous) = match direction {
        Direction::Forward => (onward.or(newest), oldest),
        Direction::Backward => (newest.or(examined.map(|(first, _)| first)), onward.or(oldest)),
    };
    Page {
        // Positions are exclusive: an event at the range's start is read from the position just before it. This also applies
        // after an empty backward page, so that later events of the range are ahead of `next`.
        next: next.unwrap_or(range.start.predecessor()),
        previous: previous.unwrap_or(stood),
        at_end: end == End::Range,
        events,
    }
}
