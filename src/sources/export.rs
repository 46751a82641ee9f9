//! Every event to the end of a range, page by page: what answers that are streamed are made of.
//!
//! Owns the reading on from page to page, and one page of reading ahead. INVARIANT: what it holds is in the buffer pool
//! ([`super::page_pool`]): the page that is being written, or the next one, which is held only if reading it took neither a call
//! nor memory from a waiting request.

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
/// Events that a page may hold: CloudWatch's own bound.
const MAX_PAGE_EVENTS: usize = 10_000;
/// A page that turns out larger than the room that was reserved for it is read again, with room for it: so many times.
const MAX_READS_OF_A_PAGE: usize = 3;
/// Pages without an event in a row, each a call that others wait for, before reading is given up: a rare filter over much may
/// bring hundreds, and at the usual quotas these take minutes in which the client hears nothing.
const MAX_EMPTY_PAGES: usize = 1000;

/// Reads forward page by page to the end of the range or to a limit.
#[derive(Debug)]
pub struct Export<Op> {
    sources: Sources,
    permit: Arc<Permit<Op>>,
    /// Where the page that is being written begins, or the next one.
    position: Option<Position>,
    /// How many events may still come, those of the page that is being written among them.
    left: Option<usize>,
    page_bytes: usize,
    page_events: usize,
    /// How long a source that takes no calls is waited for.
    max_wait: Duration,
    /// When to end before the page that was not begun to be written by then.
    until: Option<Instant>,
    has_begun: bool,
    /// Pages without an event since the last that had one.
    empty_pages: usize,
    current: Option<CurrentPage>,
    prefetched: Option<Prefetch>,
    /// The memory of the frame that was written last: the client may not have taken it yet.
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
    /// How many of them were written.
    written: usize,
    next: Position,
    at_end: bool,
}

/// The next page, being read while the last one is written. `None`: there was no room for it, or no call to spare.
#[derive(Debug)]
struct Prefetch(JoinHandle<Option<Result<CurrentPage, SourceError>>>);

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<Op: ReadEvents> Export<Op> {
    /// Prepares to read from `position` on; `limit` of `None` is to the end. For each page a source that takes no calls at the
    /// moment is waited for, no longer than `max_wait`: a client that streams can wait, but not for ever.
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
            current: None,
            prefetched: None,
            frame: None,
            stop: None,
            failed: false,
        }
    }

    /// Ends it at `until`, behind the last page that was begun to be written by then.
    #[must_use]
    pub fn until(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }

    /// Asks for so few events, and bytes of messages, at a time.
    #[must_use]
    pub fn with_page_size(self, events: usize, bytes: usize) -> Self {
        Self { page_events: events.min(MAX_PAGE_EVENTS), page_bytes: bytes.min(self.page_bytes), ..self }
    }

    /// Ends it before the page that [`Export::page`] gave last, of which nothing was written. False when that is the first of
    /// all, and there is no position before it to resume from.
    pub fn try_end_before_page(&mut self, stop: StopReason) -> bool {
        let goes_on = self.has_begun && self.stop.is_none() && !self.failed;
        let can_end = goes_on && self.position.is_some() && self.current.as_ref().is_none_or(|current| current.written == 0);
        if can_end {
            (self.current, self.prefetched, self.stop) = (None, None, Some(stop));
        }
        can_end
    }

    /// The page to write from, and the index of its first event that was not written yet; `None` when all is written.
    /// Waits while the source is throttled or there is no room for a page, for a client that streams can wait. A page that
    /// was evicted while the client stalled is read again.
    ///
    /// # Errors
    /// What the source says, or that it does not give again what it gave. After an error the export is over.
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
                return Err(SourceError::Upstream("it did not give again what it gave before".to_owned()));
            }
            current.written = evicted.written;
            current.pooled.set_written(evicted.written);
        }
        self.has_begun = true;
        Ok((events, self.current.insert(current).written))
    }

    /// Makes room for a frame of so many bytes, instead of that for the last one, if there is some now.
    pub fn try_reserve_frame(&mut self, bytes: u64) -> bool {
        if let Some(frame) = &mut self.frame {
            return frame.resize(bytes);
        }
        let share = scheduler_share(self.permit.share());
        self.frame = self.sources.page_pool().memory().try_reserve(&share, bytes).ok();
        self.frame.is_some()
    }

    /// The same, and waits for it. The page should not be held meanwhile: it may be evicted.
    ///
    /// # Errors
    /// When there is none for as long as a source is waited for.
    pub async fn reserve_frame(&mut self, bytes: u64) -> Result<(), SourceError> {
        self.frame = None;
        let share = scheduler_share(self.permit.share());
        let reserved = self.sources.page_pool().reserve(&share, bytes, Instant::now() + self.max_wait).await;
        self.failed = reserved.is_err();
        self.frame = Some(reserved?);
        Ok(())
    }

    /// So many events of the page were written. At its end the page is dropped, and the next one is prefetched.
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

    /// Begins to read the next page, if there is room for it.
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

    /// What reading ahead brought; `None`: nothing.
    async fn take_prefetched(&mut self) -> Option<Result<CurrentPage, SourceError>> {
        let answer = (&mut self.prefetched.as_mut()?.0).await;
        self.prefetched = None;
        // A page that was evicted before it was begun is read again.
        answer.ok()?.filter(|answer| answer.as_ref().map_or(true, |current| current.pooled.events().is_some()))
    }

    async fn fetch(&self) -> Result<CurrentPage, SourceError> {
        let (_, source) = self.sources.of(&self.permit)?;
        let (share, request) = (scheduler_share(self.permit.share()), self.request(Priority::Requested));
        let until = Instant::now() + self.max_wait;
        let mut room = source.initial_reservation_bytes(request.max_bytes, request.limit);
        // Also where the source reserves when an answer arrives: a call whose answer has to wait for memory is better made later.
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

    /// Where it stands, and why it ended there; `None` while it goes on.
    #[must_use]
    pub fn ended(&self) -> Option<(&Position, StopReason)> {
        self.position.as_ref().zip(self.stop)
    }
}

impl CurrentPage {
    /// # Errors
    /// How many bytes the page takes, when there are not so many.
    fn new(reservation: PageReservation, page: EventPage) -> Result<Self, u64> {
        let count = page.events.len();
        Ok(Self {
            pooled: reservation.insert(page.events, page.memory)?,
            count,
            written: 0,
            next: page.next,
            at_end: page.at_end,
        })
    }
}

/// How long to wait before a source that takes no calls is asked again.
fn retry_wait(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Throttled { retry_after }
        | SourceError::Busy { retry_after }
        | SourceError::Down { retry_after }
        | SourceError::NoMemory { retry_after, .. } => Some((*retry_after).max(MIN_WAIT)),
        _ => None,
    }
}
