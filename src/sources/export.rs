//! Every event to the end of a range, page by page: what answers that are streamed are made of.
//!
//! Owns the reading on from page to page, and one page of reading ahead. INVARIANT: what it holds is in the buffer pool
//! ([`super::buffers`]): the page that is being written, or the next one, and that one only if reading it took neither a turn
//! nor room from anybody who waits.

use std::sync::Arc;
use std::time::Duration;

use logmark_event_page::Events;
use logmark_quota::Reservation;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::buffers::{Buffer, Place, room_to_read};
use super::reader::{ReadEvents, midway};
use super::{SourceError, Sources, scheduler_share};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageRequest, Position, StopReason, Urgency};

/// The shortest wait.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
/// Events that a page may hold: CloudWatch's own bound.
const PAGE_EVENTS: usize = 10_000;
/// A page that turns out larger than the room that was reserved for it is read again, with room for it: so many times.
const MOST_READS_OF_A_PAGE: usize = 3;
/// Pages without an event in a row, each a call that others wait for, before reading is given up: a rare filter over much may
/// bring hundreds, and at the usual quotas these take minutes in which the client hears nothing.
const MOST_BARREN: usize = 1000;

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
    patience: Duration,
    /// When to end before the page that was not begun to be written by then.
    until: Option<Instant>,
    has_begun: bool,
    /// Pages without an event since the last that had one.
    barren: usize,
    current: Option<Current>,
    ahead: Option<Ahead>,
    /// The memory of the frame that was written last: the client may not have taken it yet.
    frame: Option<Reservation>,
    stop: Option<StopReason>,
    failed: bool,
}

/// The page that is being written.
#[derive(Debug)]
struct Current {
    buffer: Buffer,
    /// Events in it.
    count: usize,
    /// How many of them were written.
    written: usize,
    next: Position,
    at_end: bool,
}

/// The next page, being read while the last one is written. `None`: there was no room for it, or no call to spare.
#[derive(Debug)]
struct Ahead(JoinHandle<Option<Result<Current, SourceError>>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<Op: ReadEvents> Export<Op> {
    /// Prepares to read from `position` on; `limit` of `None` is to the end. For each page a source that takes no calls at the
    /// moment is waited for, no longer than `patience`: a client that streams can wait, but not for ever.
    #[must_use]
    pub fn new(
        sources: Sources,
        permit: Permit<Op>,
        position: Option<Position>,
        limit: Option<usize>,
        page_bytes: usize,
        patience: Duration,
    ) -> Self {
        Self {
            sources,
            permit: Arc::new(permit),
            position,
            left: limit,
            page_bytes,
            page_events: PAGE_EVENTS,
            patience,
            until: None,
            has_begun: false,
            barren: 0,
            current: None,
            ahead: None,
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
    pub fn in_pages_of(self, events: usize, bytes: usize) -> Self {
        Self { page_events: events.min(PAGE_EVENTS), page_bytes: bytes.min(self.page_bytes), ..self }
    }

    /// Ends it before the page that [`Export::page`] gave last, of which nothing was written. False when that is the first of
    /// all, and there is no place before it to go on from.
    pub fn end_before(&mut self, stop: StopReason) -> bool {
        let goes_on = self.has_begun && self.stop.is_none() && !self.failed;
        let can_end = goes_on && self.position.is_some() && self.current.as_ref().is_none_or(|current| current.written == 0);
        if can_end {
            (self.current, self.ahead, self.stop) = (None, None, Some(stop));
        }
        can_end
    }

    /// The page to write from, and the place in it of the first event that was not written yet; `None` when all is written.
    /// Waits while the source is throttled or there is no room for a page, for a client that streams can wait. A page that was
    /// let go of while the client took nothing is read again.
    ///
    /// # Errors
    /// What the source says, or that it does not give again what it gave. After an error the export is over.
    pub async fn page(&mut self) -> Option<Result<(Arc<Events>, usize), SourceError>> {
        if self.is_late() && self.end_before(StopReason::Time) {
            return None;
        }
        if let Some(current) = &self.current
            && let Some(events) = current.buffer.events()
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
        if read.is_err() && self.is_late() && self.end_before(StopReason::Time) {
            return None;
        }
        Some(read.map_err(|error| {
            self.failed = true;
            if self.has_begun { midway(error) } else { error }
        }))
    }

    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    async fn read(&mut self) -> Result<(Arc<Events>, usize), SourceError> {
        if self.barren >= MOST_BARREN {
            return Err(SourceError::Barren { pages: self.barren });
        }
        let mut current = match self.take_ahead().await {
            Some(answer) => answer?,
            None => self.ask().await?,
        };
        let events = current.buffer.events().ok_or(SourceError::Timeout)?;
        if let Some(gone) = self.current.take() {
            if !gone.buffer.begins(&events) {
                return Err(SourceError::Upstream("it did not give again what it gave before".to_owned()));
            }
            current.written = gone.written;
            current.buffer.wrote(gone.written);
        }
        self.has_begun = true;
        Ok((events, self.current.insert(current).written))
    }

    /// Makes room for a frame of so many bytes, instead of that for the last one, if there is some now.
    pub fn has_room_to_write(&mut self, bytes: u64) -> bool {
        if let Some(frame) = &mut self.frame {
            return frame.resize(bytes);
        }
        let share = scheduler_share(self.permit.share());
        self.frame = self.sources.buffers().memory().try_reserve(&share, bytes).ok();
        self.frame.is_some()
    }

    /// The same, and waits for it. The page should not be held meanwhile: it may be evicted.
    ///
    /// # Errors
    /// When there is none for as long as a source is waited for.
    pub async fn room_to_write(&mut self, bytes: u64) -> Result<(), SourceError> {
        self.frame = None;
        let share = scheduler_share(self.permit.share());
        let reserved = self.sources.buffers().reserve(&share, bytes, Instant::now() + self.patience).await;
        self.failed = reserved.is_err();
        self.frame = Some(reserved?);
        Ok(())
    }

    /// So many events of the page were written. At its end it is let go of, and the next one is begun to be read.
    pub fn wrote(&mut self, events: usize) {
        match self.current.take() {
            Some(mut current) if events < current.count => {
                current.buffer.wrote(events);
                current.written = events;
                self.current = Some(current);
            }
            Some(done) => self.turn(done),
            None => {}
        }
    }

    fn turn(&mut self, done: Current) {
        self.position = Some(done.next);
        self.left = self.left.map(|left| left.saturating_sub(done.count));
        self.barren = if done.count == 0 { self.barren + 1 } else { 0 };
        if done.at_end {
            self.stop = Some(StopReason::End);
        } else if self.left == Some(0) {
            self.stop = Some(StopReason::Limit);
        } else if self.barren < MOST_BARREN {
            self.read_ahead();
        }
    }

    fn request(&self, urgency: Urgency) -> PageRequest {
        let of_source = self.sources.of(&self.permit).map_or(usize::MAX, |(_, source)| source.stream_page_bytes());
        PageRequest {
            position: self.position.clone(),
            direction: Direction::Forward,
            limit: self.left.unwrap_or(usize::MAX).min(self.page_events),
            max_bytes: self.page_bytes.min(of_source),
            urgency,
        }
    }

    /// Begins to read the next page, if there is room for it.
    fn read_ahead(&mut self) {
        let Ok((_, source)) = self.sources.of(&self.permit) else { return };
        let request = self.request(Urgency::Ahead);
        let (asks, whole) =
            (source.room_to_ask(request.max_bytes, request.limit), room_to_read(request.max_bytes, request.limit));
        let share = scheduler_share(self.permit.share());
        let Some(place) = self.sources.buffers().place_to_spare(&share, asks, whole) else { return };
        let (source, permit) = (Arc::clone(source), Arc::clone(&self.permit));
        self.ahead = Some(Ahead(tokio::spawn(async move {
            match Op::page(&*source, &permit, &request).await {
                Ok(page) => Current::new(place, page).ok().map(Ok),
                Err(error) if wait_of(&error).is_some() => None,
                Err(error) => Some(Err(error)),
            }
        })));
    }

    /// What reading ahead brought; `None`: nothing.
    async fn take_ahead(&mut self) -> Option<Result<Current, SourceError>> {
        let answer = (&mut self.ahead.as_mut()?.0).await;
        self.ahead = None;
        // A page that was let go of before it was begun is read as if it had not been.
        answer.ok()?.filter(|answer| answer.as_ref().map_or(true, |current| current.buffer.events().is_some()))
    }

    async fn ask(&self) -> Result<Current, SourceError> {
        let (_, source) = self.sources.of(&self.permit)?;
        let (share, request) = (scheduler_share(self.permit.share()), self.request(Urgency::Wanted));
        let until = Instant::now() + self.patience;
        let mut room = source.room_to_ask(request.max_bytes, request.limit);
        // Also where the source reserves on arrival: a call whose answer has to wait for memory is better made later.
        let whole = room_to_read(request.max_bytes, request.limit);
        let mut reads = 0;
        loop {
            let place = self.sources.buffers().place(&share, room, whole, until).await?;
            match Op::page(&**source, &self.permit, &request).await {
                Ok(page) => match Current::new(place, page) {
                    Ok(current) => return Ok(current),
                    Err(needed) if reads < MOST_READS_OF_A_PAGE => (room, reads) = (needed, reads + 1),
                    Err(_) => return Err(SourceError::NoMemory { is_own: false, retry_after: SHORTEST_WAIT }),
                },
                Err(error) => match wait_of(&error) {
                    Some(wait) if Instant::now() + wait < until => {
                        drop(place);
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

impl Current {
    /// # Errors
    /// How many bytes the page takes, when there are not so many.
    fn new(place: Place, page: EventPage) -> Result<Self, u64> {
        let count = page.events.len();
        Ok(Self { buffer: place.hold(page.events, page.memory)?, count, written: 0, next: page.next, at_end: page.at_end })
    }
}

/// How long to wait before a source that takes no calls is asked again.
fn wait_of(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Throttled { retry_after }
        | SourceError::Busy { retry_after }
        | SourceError::Down { retry_after }
        | SourceError::NoMemory { retry_after, .. } => Some((*retry_after).max(SHORTEST_WAIT)),
        _ => None,
    }
}
