//! From single pages of a source to what a caller asked for: up to a limit, or to the end of the range.
//!
//! Owns the loop over pages and the honest reason for its end. Never counts an empty page as the end, and never goes on
//! without bound: limit, bytes, time and calls are all finite.

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

/// Bytes of messages that are asked of a source at a time: as many as a call to CloudWatch brings. Room is reserved for each of
/// these steps, so that an answer holds no more room than it needs.
const STEP_BYTES: usize = 1024 * 1024;
/// How long a request waits for memory before it is refused.
const MEMORY_WAIT: Duration = Duration::from_secs(5);

/// Calls to a source for one page of the API. FilterLogEvents may answer with many empty pages in a row; the cursor goes
/// on from there, so a bound costs the caller one more request and spares everybody else the quota.
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

/// What one answer may hold and cost.
#[derive(Debug, Clone, Copy)]
pub struct PageBudget {
    /// Events.
    pub limit: usize,
    /// Bytes.
    pub bytes: usize,
    /// How the bytes are counted.
    pub measure: SizeMeasure,
    /// When to stop asking for more.
    pub deadline: Instant,
    /// How far it is read.
    pub mode: ReadMode,
}

/// How events are counted against a budget's bytes.
#[derive(Debug, Clone, Copy)]
pub enum SizeMeasure {
    /// Their messages, as they are.
    Messages,
    /// What is made of them, which may be much longer, and must not be longer than the budget says.
    Encoded {
        /// The bytes that a page becomes.
        of: fn(&Events) -> usize,
        /// The most that a byte of a message becomes.
        byte: usize,
        /// The most that an event becomes without its message.
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

    /// How many events, and bytes of messages, can be asked for; `None`: so little is left that the answer is full. Of what is
    /// made, the first are reckoned with as the worst, half of the room being for messages and half for what stands around
    /// them; those behind them as such as came before, with a fifth to spare.
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

/// What the pages that were read hold.
#[derive(Debug, Default)]
struct ReadTotals {
    events: usize,
    messages: usize,
    /// As the measure counts them.
    bytes: usize,
}

impl ReadTotals {
    /// Takes a page, if there is room for it: what is made of it may be more than was reckoned with.
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

/// How far a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadMode {
    /// What there is, up to the budget.
    Range,
    /// What is new since an earlier page ended with all there was. A caller who asks for that again and again costs one look
    /// at the source at a time: a page of new events ends with it, and whether there is more behind it the next one tells.
    Follow,
}

/// Events up to a budget, ascending by time.
#[derive(Debug)]
pub struct PageRead {
    /// The events, in one page or more as the source gave them.
    pub events: Vec<Events>,
    /// Where newer ones are, or will be.
    pub next: Position,
    /// Where older ones are.
    pub previous: Option<Position>,
    /// Why it ended here.
    pub stop: StopReason,
    /// The mode in which reading continues at `next`.
    pub mode: ReadMode,
    /// No later reading of the same can bring anything else.
    pub is_final: bool,
    /// The memory that the events take, and a frame that is written of them.
    pub room: Reservation,
    /// It ended for want of memory: what a format answers that can't say where it ended.
    pub memory_error: Option<SourceError>,
}

/// Reads one page of the API: calls the source until the budget or the range ends.
///
/// # Errors
/// What the source says. Being throttled or slow after the first call ends the page with what there is instead: its
/// `stop` says so, and the cursor after it meets the same again if it lasts.
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
    let mut mode = ReadMode::Range;
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
            // What was read is not to be lost because a further call hangs: it is given up in time.
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
        let left = budget.measure.request_size(&held, budget.bytes);
        let older_end = page.previous.is_none();
        ends = Some(match (ends, direction) {
            (None, _) => (page.next, page.previous),
            (Some((_, previous)), Direction::Forward) => (page.next, previous),
            // A first page without events may not know where newer ones will be as exactly as the first one that has some.
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
    Ok(PageRead { events: pages, next, previous, stop, mode, is_final, room, memory_error })
}

/// Bytes that a page takes besides those that its source has reserved. It is written when all pages are read, frame by frame.
fn bytes_to_hold(page: &EventPage) -> u64 {
    let events = if page.memory.is_some() { PAGE_BYTES as u64 } else { page_bytes_of(&page.events) };
    events + frame_bytes_of(&page.events)
}

/// The memory of the pages of one answer.
struct PageMemory<'a> {
    sources: &'a Sources,
    share: Share,
    /// Of the pages that were read.
    held: Option<Reservation>,
}

impl<'a> PageMemory<'a> {
    fn of<Op: ReadEvents>(sources: &'a Sources, permit: &Permit<Op>) -> Self {
        Self { sources, share: scheduler_share(permit.share()), held: None }
    }

    /// Reads the first page, which waits for memory. One that turns out larger than its room is read again with room for it.
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

    /// Reads a further page, if there is memory for it now.
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

/// A failure behind the first page: the position asked for is then the source's own, and no fault of the caller's.
pub(super) fn error_after_first_page(error: SourceError) -> SourceError {
    match error {
        SourceError::InvalidPosition => SourceError::Upstream("it did not take a position of its own".to_owned()),
        error => error,
    }
}
