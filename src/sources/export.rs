//! Reads every event to the end of a range, page by page, for streamed responses.
//!
//! Owns the loop over pages, and the prefetching of one page. INVARIANT: its memory is in the page pool ([`super::page_pool`]):
//! the page that is being written, or the next page, which is held only if reading it took neither a call nor memory from a
//! waiting request.

use std::sync::Arc;
use std::time::Duration;

use logmark_event_page::Events;
use logmark_quota::Reservation;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::page_pool::{PageReservation, PooledPage, read_reservation_bytes};
use super::reader::{ReadEvents, error_after_first_page};
use super::{SourceError, Sources, scheduler_share};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageRequest, Position, Priority, StopReason};

/// The shortest wait.
const MIN_WAIT: Duration = Duration::from_millis(200);
/// Maximum events of a page, as in CloudWatch.
const MAX_PAGE_EVENTS: usize = 10_000;
/// How often a page that is larger than its reservation is read again with a larger one.
const MAX_READS_OF_A_PAGE: usize = 3;
/// Maximum consecutive pages without events. A rare filter may need hundreds of such calls, which at the usual quotas take
/// minutes in which the client receives nothing, and other requests wait for them.
const MAX_EMPTY_PAGES: usize = 1000;

/// Reads forward page by page to the end of the range or to a limit.
#[derive(Debug)]
pub struct Export<Op> {
    sources: Sources,
    permit: Arc<Permit<Op>>,
    /// The position of the page that is being written, or of the next page.
    position: Option<Position>,
    /// The remaining limit of events, including those of the page that is being written.
    left: Option<usize>,
    page_bytes: usize,
    page_events: usize,
    /// How long to wait for a throttled source.
    max_wait: Duration,
    /// When to end: a page of which nothing was written by then is not written.
    until: Option<Instant>,
    has_begun: bool,
    /// Consecutive pages without events.
    empty_pages: usize,
    /// Events of the written pages whose messages cannot be masked.
    withheld: usize,
    current: Option<CurrentPage>,
    prefetched: Option<Prefetch>,
    /// The memory of the last frame, which the client may not have received yet.
    frame: Option<Reservation>,
    stop: Option<StopReason>,
    failed: bool,
}

/// The page that is being written.
#[derive(Debug)]
struct CurrentPage {
    pooled: PooledPage,
    /// Events in it.
    count: usize,
    /// Events of its range that are withheld.
    withheld: usize,
    /// The number of written events.
    written: usize,
    next: Position,
    at_end: bool,
}

/// The prefetched next page. `None` if no memory or no call was free for it.
#[derive(Debug)]
struct Prefetch(JoinHandle<Option<Result<CurrentPage, SourceError>>>);

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<Op: ReadEvents> Export<Op> {
    /// Prepares to read from `position`, to the end if `limit` is `None`. For each page it waits at most `max_wait` for a
    /// throttled source.
    #[must_use]
    pub fn new(
        sources: Sources,
        permit: Permit<Op>,
        position: Option<Position>,
        limit: Option<usize>,
        page_bytes: usize,
        max_wait: Duration,
    ) -> Self {
        Self {
            sources,
            permit: Arc::new(permit),
            position,
            left: limit,
            page_bytes,
            page_events: MAX_PAGE_EVENTS,
            max_wait,
            until: None,
            has_begun: false,
            empty_pages: 0,
            withheld: 0,
            current: None,
            prefetched: None,
            frame: None,
            stop: None,
            failed: false,
        }
    }

    /// Ends the export at `until`, after the page that is being written then.
    #[must_use]
    pub fn until(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }

    /// Reads at most this many events, and bytes of messages, at a time.
    #[must_use]
    pub fn with_page_size(self, events: usize, bytes: usize) -> Self {
        Self { page_events: events.min(MAX_PAGE_EVENTS), page_bytes: bytes.min(self.page_bytes), ..self }
    }

    /// Ends the export before the last page of [`Export::page`], of which nothing was written. Returns false for the first page,
    /// because no position before it exists.
    pub fn try_end_before_page(&mut self, stop: StopReason) -> bool {
        let goes_on = self.has_begun && self.stop.is_none() && !self.failed;
        let can_end = goes_on && self.position.is_some() && self.current.as_ref().is_none_or(|current| current.written == 0);
        if can_end {
            (self.current, self.prefetched, self.stop) = (None, None, Some(stop));
        }
        can_end
    }

    /// The current page, and the index of its first unwritten event; `None` at the end. Waits while the source is throttled or no
    /// memory is free. A page that was evicted while the client stalled is read again.
    ///
    /// # Errors
    /// The source's error, or an error if a page that is read again differs. After an error the export has ended.
    pub async fn page(&mut self) -> Option<Result<(Arc<Events>, usize), SourceError>> {
        if self.is_past_deadline() && self.try_end_before_page(StopReason::Time) {
            return None;
        }
        if let Some(current) = &self.current
            && let Some(events) = current.pooled.events()
        {
            return Some(Ok((events, current.written)));
        }
        if self.stop.is_some() || self.failed {
            return None;
        }
        let read = match self.until {
            Some(until) => tokio::time::timeout_at(until, self.read()).await.unwrap_or(Err(SourceError::Timeout)),
            None => self.read().await,
        };
        if read.is_err() && self.is_past_deadline() && self.try_end_before_page(StopReason::Time) {
            return None;
        }
        Some(read.map_err(|error| {
            self.failed = true;
            if self.has_begun { error_after_first_page(error) } else { error }
        }))
    }

    fn is_past_deadline(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    async fn read(&mut self) -> Result<(Arc<Events>, usize), SourceError> {
        if self.empty_pages >= MAX_EMPTY_PAGES {
            return Err(SourceError::TooManyEmptyPages { pages: self.empty_pages });
        }
        let mut current = match self.take_prefetched().await {
            Some(answer) => answer?,
            None => self.fetch().await?,
        };
        let events = current.pooled.events().ok_or(SourceError::Timeout)?;
        if let Some(evicted) = self.current.take() {
            if !evicted.pooled.starts_with_written(&events) {
                return Err(SourceError::Upstream("a page that was read again has other events than before".to_owned()));
            }
            current.written = evicted.written;
            current.pooled.set_written(evicted.written);
        }
        self.has_begun = true;
        Ok((events, self.current.insert(current).written))
    }

    /// Reserves memory for a frame, in place of the last frame's, if it is free now.
    pub fn try_reserve_frame(&mut self, bytes: u64) -> bool {
        if let Some(frame) = &mut self.frame {
            return frame.resize(bytes);
        }
        let share = scheduler_share(self.permit.share());
        self.frame = self.sources.page_pool().memory().try_reserve(&share, bytes).ok();
        self.frame.is_some()
    }

    /// Like [`Export::try_reserve_frame`], but waits. The caller should not hold the page meanwhile, because it may be evicted.
    ///
    /// # Errors
    /// If no memory is free within the maximum wait.
    pub async fn reserve_frame(&mut self, bytes: u64) -> Result<(), SourceError> {
        self.frame = None;
        let share = scheduler_share(self.permit.share());
        let reserved = self.sources.page_pool().reserve(&share, bytes, Instant::now() + self.max_wait).await;
        self.failed = reserved.is_err();
        self.frame = Some(reserved?);
        Ok(())
    }

    /// Records how many events of the page were written. At its end the page is dropped, and the next page is prefetched.
    pub fn mark_written(&mut self, events: usize) {
        match self.current.take() {
            Some(mut current) if events < current.count => {
                current.pooled.set_written(events);
                current.written = events;
                self.current = Some(current);
            }
            Some(done) => self.advance(done),
            None => {}
        }
    }

    fn advance(&mut self, done: CurrentPage) {
        self.position = Some(done.next);
        self.withheld += done.withheld;
        self.left = self.left.map(|left| left.saturating_sub(done.count));
        self.empty_pages = if done.count == 0 { self.empty_pages + 1 } else { 0 };
        if done.at_end {
            self.stop = Some(StopReason::End);
        } else if self.left == Some(0) {
            self.stop = Some(StopReason::Limit);
        } else if self.empty_pages < MAX_EMPTY_PAGES {
            self.prefetch();
        }
    }

    fn request(&self, priority: Priority) -> PageRequest {
        let of_source = self.sources.of(&self.permit).map_or(usize::MAX, |(_, source)| source.stream_page_bytes());
        PageRequest {
            position: self.position.clone(),
            direction: Direction::Forward,
            limit: self.left.unwrap_or(usize::MAX).min(self.page_events),
            max_bytes: self.page_bytes.min(of_source),
            priority,
        }
    }

    /// Starts to prefetch the next page, if memory is free.
    fn prefetch(&mut self) {
        let Ok((_, source)) = self.sources.of(&self.permit) else { return };
        let request = self.request(Priority::Prefetch);
        let initial = source.initial_reservation_bytes(request.max_bytes, request.limit);
        let whole = read_reservation_bytes(request.max_bytes, request.limit);
        let share = scheduler_share(self.permit.share());
        let Some(reservation) = self.sources.page_pool().reserve_spare_page(&share, initial, whole) else { return };
        let (source, permit) = (Arc::clone(source), Arc::clone(&self.permit));
        self.prefetched = Some(Prefetch(tokio::spawn(async move {
            match Op::page(&*source, &permit, &request).await {
                Ok(page) => CurrentPage::new(reservation, page).ok().map(Ok),
                Err(error) if retry_wait(&error).is_some() => None,
                Err(error) => Some(Err(error)),
            }
        })));
    }

    /// The prefetched page, if any.
    async fn take_prefetched(&mut self) -> Option<Result<CurrentPage, SourceError>> {
        let answer = (&mut self.prefetched.as_mut()?.0).await;
        self.prefetched = None;
        // A page that was evicted before any of it was written is read again.
        answer.ok()?.filter(|answer| answer.as_ref().map_or(true, |current| current.pooled.events().is_some()))
    }

    async fn fetch(&self) -> Result<CurrentPage, SourceError> {
        let (_, source) = self.sources.of(&self.permit)?;
        let (share, request) = (scheduler_share(self.permit.share()), self.request(Priority::Requested));
        let until = Instant::now() + self.max_wait;
        let mut room = source.initial_reservation_bytes(request.max_bytes, request.limit);
        // Also for sources that reserve when a response arrives: a call whose response would wait for memory should be made
        // later.
        let whole = read_reservation_bytes(request.max_bytes, request.limit);
        let mut reads = 0;
        loop {
            let reservation = self.sources.page_pool().reserve_page(&share, room, whole, until).await?;
            match Op::page(&**source, &self.permit, &request).await {
                Ok(page) => match CurrentPage::new(reservation, page) {
                    Ok(current) => return Ok(current),
                    Err(needed) if reads < MAX_READS_OF_A_PAGE => (room, reads) = (needed, reads + 1),
                    Err(_) => return Err(SourceError::NoMemory { is_own: false, retry_after: MIN_WAIT }),
                },
                Err(error) => match retry_wait(&error) {
                    Some(wait) if Instant::now() + wait < until => {
                        drop(reservation);
                        tokio::time::sleep(wait).await;
                    }
                    _ => return Err(error),
                },
            }
        }
    }

    /// The final position, and the reason for the end; `None` while the export runs.
    #[must_use]
    pub fn ended(&self) -> Option<(&Position, StopReason)> {
        self.position.as_ref().zip(self.stop)
    }

    /// How many events of the pages before the position were withheld, because their messages cannot be masked.
    #[must_use]
    pub fn withheld(&self) -> usize {
        self.withheld
    }
}

impl CurrentPage {
    /// # Errors
    /// The bytes that the page needs, if they are not free.
    fn new(reservation: PageReservation, page: EventPage) -> Result<Self, u64> {
        let (count, withheld) = (page.events.len(), page.withheld);
        Ok(Self {
            pooled: reservation.insert(page.events, page.memory)?,
            count,
            withheld,
            written: 0,
            next: page.next,
            at_end: page.at_end,
        })
    }
}

/// How long to wait before a throttled source is called again.
fn retry_wait(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Throttled { retry_after }
        | SourceError::Busy { retry_after }
        | SourceError::Down { retry_after }
        | SourceError::NoMemory { retry_after, .. } => Some((*retry_after).max(MIN_WAIT)),
        _ => None,
    }
}
