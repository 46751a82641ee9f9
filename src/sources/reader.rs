//! Reads several pages of a source, up to a limit or to the end of the range.
//!
//! Owns the loop over pages and the reason for its end. An empty page is not the end. The loop is bounded by limit, bytes, time
//! and calls.

use std::time::Duration;

use async_trait::async_trait;
use logmark_event_page::{EventRef, Events};
use logmark_quota::{Rejected, Reservation, Share};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::page_pool::{PAGE_BYTES, frame_bytes_of, memory_error, page_bytes_of, read_reservation_bytes};
use super::{Source, SourceError, Sources, scheduler_share};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageAge, PageRequest, Position, Priority, StopReason};
use crate::domain::operation::{Operation, ReadGroup, ReadStream};

/// Bytes of messages to request from a source at a time: as many as a CloudWatch call returns. Memory is reserved step by step,
/// so that a response holds no more than it needs.
const STEP_BYTES: usize = 1024 * 1024;
/// Maximum wait of a request for memory.
const MEMORY_WAIT: Duration = Duration::from_secs(5);

/// Maximum calls to a source for one page of the API. FilterLogEvents may return many empty pages in a row; the bound costs the
/// caller another request with the cursor, and saves quota for other tenants.
const MAX_CALLS: usize = 50;

/// An operation that reads events.
#[async_trait]
pub trait ReadEvents: Operation + Sized {
    /// One page from the source.
    async fn page(source: &dyn Source, permit: &Permit<Self>, page: &PageRequest) -> Result<EventPage, SourceError>;
}

#[async_trait]
impl ReadEvents for ReadStream {
    async fn page(source: &dyn Source, permit: &Permit<Self>, page: &PageRequest) -> Result<EventPage, SourceError> {
        source.read_stream(permit, page).await
    }
}

#[async_trait]
impl ReadEvents for ReadGroup {
    async fn page(source: &dyn Source, permit: &Permit<Self>, page: &PageRequest) -> Result<EventPage, SourceError> {
        source.read_group(permit, page).await
    }
}

/// The limits of one response.
#[derive(Debug, Clone, Copy)]
pub struct PageBudget {
    /// Maximum events.
    pub limit: usize,
    /// Maximum bytes.
    pub bytes: usize,
    /// How the bytes are counted.
    pub measure: SizeMeasure,
    /// When to stop reading.
    pub deadline: Instant,
    /// Where reading stops.
    pub mode: ReadMode,
}

/// How the bytes of events are counted.
#[derive(Debug, Clone, Copy)]
pub enum SizeMeasure {
    /// By their messages.
    Messages,
    /// By their encoded size, which may be much larger and must not exceed the budget.
    Encoded {
        /// The encoded bytes of a page.
        of: fn(&Events) -> usize,
        /// Maximum encoded bytes per byte of a message.
        byte: usize,
        /// Maximum encoded bytes of an event without its message.
        event: usize,
    },
}

impl SizeMeasure {
    fn of(self, events: &Events) -> usize {
        match self {
            Self::Messages => events.iter().map(EventRef::message_length).sum(),
            Self::Encoded { of, .. } => of(events),
        }
    }

    /// How many events, and bytes of messages, to request; `None` if the response is full. For encoded sizes the first request
    /// assumes the worst case, with half of the bytes for messages and half for the rest; later requests use the average so far
    /// plus a fifth.
    fn request_size(self, held: &ReadTotals, whole: usize) -> Option<(usize, usize)> {
        let left = whole.saturating_sub(held.bytes);
        match self {
            Self::Messages => (left > 0).then_some((usize::MAX, left)),
            Self::Encoded { .. } if left < whole / 4 => None,
            Self::Encoded { byte, event, .. } if held.events == 0 => Some((left / 2 / event, left / 2 / byte)),
            Self::Encoded { .. } => {
                let share = |of: usize| (of as u128 * left as u128 * 4 / 5 / held.bytes as u128) as usize;
                Some((share(held.events).max(1), share(held.messages).max(1)))
            }
        }
    }
}

/// The totals of the pages read so far.
#[derive(Debug, Default)]
struct ReadTotals {
    events: usize,
    messages: usize,
    /// Bytes by the measure.
    bytes: usize,
}

impl ReadTotals {
    /// Adds a page if it fits: its encoded size may exceed the estimate.
    fn take(&mut self, events: &Events, budget: &PageBudget) -> bool {
        let bytes = budget.measure.of(events);
        let is_over = matches!(budget.measure, SizeMeasure::Encoded { .. }) && self.bytes + bytes > budget.bytes;
        if is_over && self.events > 0 {
            return false;
        }
        self.bytes += bytes;
        self.events += events.len();
        self.messages += events.iter().map(EventRef::message_length).sum::<usize>();
        true
    }
}

/// Where reading of a page stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadMode {
    /// At the end of the data or of the budget.
    Range,
    /// For a caller that polls for new events after an earlier page ended at the end. Each poll costs one call: a page with new
    /// events ends after that call, and the next poll shows whether there are more.
    Follow,
}

/// Events up to a budget, ascending by time.
#[derive(Debug)]
pub struct PageRead {
    /// The events, in one or more pages of the source.
    pub events: Vec<Events>,
    /// Events among them whose messages cannot be masked.
    pub withheld: usize,
    /// The position of newer events, now or later.
    pub next: Position,
    /// The position of older events.
    pub previous: Option<Position>,
    /// The reason for the end.
    pub stop: StopReason,
    /// The mode in which reading continues at `next`.
    pub mode: ReadMode,
    /// Whether a later read of the same request would return the same.
    pub is_final: bool,
    /// The memory of the events and of one frame.
    pub room: Reservation,
    /// The error if it ended for lack of memory, for formats that cannot return a cursor.
    pub memory_error: Option<SourceError>,
}

/// Reads one page of the API: calls the source until the budget or the range ends.
///
/// # Errors
/// The source's error. If the source throttles or is slow after the first call, the page ends with the events so far:
/// `stop` gives the reason, and a request with the next cursor gets the error if it persists.
pub async fn read_page<Op: ReadEvents>(
    sources: &Sources,
    permit: &Permit<Op>,
    from: Option<Position>,
    direction: Direction,
    budget: PageBudget,
) -> Result<PageRead, SourceError> {
    let (_, source) = sources.of(permit)?;
    let mut pages: Vec<Events> = Vec::new();
    let (mut held, mut is_final) = (ReadTotals::default(), true);
    let (mut page_memory, mut memory_error) = (PageMemory::of(sources, permit), None);
    let (mut mode, mut withheld) = (ReadMode::Range, 0);
    let mut ends: Option<(Position, Option<Position>)> = None;
    let mut position = from;
    let mut page_size = budget.measure.request_size(&held, budget.bytes).unwrap_or((1, 1));
    let stop = loop {
        let request = PageRequest {
            position,
            direction,
            limit: page_size.0.min(budget.limit - held.events),
            max_bytes: page_size.1.min(STEP_BYTES),
            priority: Priority::Requested,
        };
        let answer = if ends.is_none() {
            page_memory.first(&**source, permit, &request, budget.deadline).await
        } else {
            // A further call has a timeout, so that the events already read are not lost.
            let answer = tokio::time::timeout_at(budget.deadline, page_memory.next(&**source, permit, &request)).await;
            answer.unwrap_or(Err(SourceError::Timeout))
        };
        let page = match answer {
            Ok(page) => page,
            Err(SourceError::Throttled { .. } | SourceError::Busy { .. }) if ends.is_some() => break StopReason::Throttled,
            Err(SourceError::Timeout) if ends.is_some() => break StopReason::Time,
            Err(error @ SourceError::NoMemory { .. }) if ends.is_some() => {
                memory_error = Some(error);
                break StopReason::Bytes;
            }
            Err(error) if ends.is_some() => return Err(error_after_first_page(error)),
            Err(error) => return Err(error),
        };
        let is_news = budget.mode == ReadMode::Follow && page.age == PageAge::Fresh && !page.events.is_empty();
        if !held.take(&page.events, &budget) {
            break StopReason::Bytes;
        }
        is_final &= page.age == PageAge::Immutable;
        withheld += page.withheld;
        let left = budget.measure.request_size(&held, budget.bytes);
        let older_end = page.previous.is_none();
        ends = Some(match (ends, direction) {
            (None, _) => (page.next, page.previous),
            (Some((_, previous)), Direction::Forward) => (page.next, previous),
            // The position for newer events is more exact in the first page that has events.
            (Some(_), Direction::Backward) if pages.iter().all(Events::is_empty) => (page.next, page.previous),
            (Some((next, _)), Direction::Backward) => (next, page.previous),
        });
        pages.push(page.events);
        position = match (direction, &ends) {
            (Direction::Forward, Some((next, _))) => Some(next.clone()),
            (Direction::Backward, Some((_, previous))) => previous.clone(),
            (_, None) => None,
        };
        if page.at_end || (direction == Direction::Backward && older_end) {
            mode = ReadMode::Follow;
            break StopReason::End;
        } else if held.events >= budget.limit {
            break StopReason::Limit;
        } else if left.is_none() {
            break StopReason::Bytes;
        } else if is_news {
            mode = ReadMode::Follow;
            break StopReason::Time;
        } else if Instant::now() >= budget.deadline || pages.len() >= MAX_CALLS {
            break StopReason::Time;
        }
        page_size = left.unwrap_or(page_size);
    };
    if direction == Direction::Backward {
        pages.reverse();
    }
    let (next, previous) = ends.ok_or_else(|| SourceError::Upstream("no page was read".to_owned()))?;
    let room = page_memory.held.ok_or_else(|| SourceError::Upstream("no page was read".to_owned()))?;
    Ok(PageRead { events: pages, withheld, next, previous, stop, mode, is_final, room, memory_error })
}

/// Bytes of a page in addition to those that its source has reserved. It is written frame by frame after all pages are read.
fn bytes_to_hold(page: &EventPage) -> u64 {
    let events = if page.memory.is_some() { PAGE_BYTES as u64 } else { page_bytes_of(&page.events) };
    events + frame_bytes_of(&page.events)
}

/// The memory of the pages of one response.
struct PageMemory<'a> {
    sources: &'a Sources,
    share: Share,
    /// The reservations of the pages read so far.
    held: Option<Reservation>,
}

impl<'a> PageMemory<'a> {
    fn of<Op: ReadEvents>(sources: &'a Sources, permit: &Permit<Op>) -> Self {
        Self { sources, share: scheduler_share(permit.share()), held: None }
    }

    /// Reads the first page, waiting for memory. A page that is larger than its reservation is read again with a larger one.
    async fn first<Op: ReadEvents>(
        &mut self,
        source: &dyn Source,
        permit: &Permit<Op>,
        request: &PageRequest,
        deadline: Instant,
    ) -> Result<EventPage, SourceError> {
        let until = deadline.min(Instant::now() + MEMORY_WAIT);
        let mut bytes = source.initial_reservation_bytes(request.max_bytes, request.limit);
        let mut is_again = false;
        loop {
            let mut room = self.sources.page_pool().reserve(&self.share, bytes, until).await?;
            let mut page = Op::page(source, permit, request).await?;
            bytes = bytes_to_hold(&page);
            if room.resize(bytes) {
                page.memory.take().into_iter().for_each(|own| room.join(own));
                self.held = Some(room);
                return Ok(page);
            }
            if is_again {
                return Err(memory_error(Rejected::TenantLimit));
            }
            is_again = true;
        }
    }

    /// Reads a further page, if memory is free now.
    async fn next<Op: ReadEvents>(
        &mut self,
        source: &dyn Source,
        permit: &Permit<Op>,
        request: &PageRequest,
    ) -> Result<EventPage, SourceError> {
        let initial = source.initial_reservation_bytes(request.max_bytes, request.limit);
        let whole = read_reservation_bytes(request.max_bytes, request.limit);
        let mut room = self.sources.page_pool().reserve_spare(&self.share, initial, whole)?;
        let mut page = Op::page(source, permit, request).await?;
        if !room.resize(bytes_to_hold(&page)) {
            return Err(memory_error(Rejected::TenantLimit));
        }
        page.memory.take().into_iter().for_each(|own| room.join(own));
        match &mut self.held {
            Some(held) => held.join(room),
            None => self.held = Some(room),
        }
        Ok(page)
    }
}

/// A failure after the first page: the position is then the source's own, so an invalid position is not the caller's fault.
pub(super) fn error_after_first_page(error: SourceError) -> SourceError {
    match error {
        SourceError::InvalidPosition => SourceError::Upstream("it refused its own position".to_owned()),
        error => error,
    }
}
