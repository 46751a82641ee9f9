//! From single pages of a source to what a caller asked for: up to a limit, or to the end of the range.
//!
//! Owns the loop over pages and the honest reason for its end. Never counts an empty page as the end, and never goes on
//! without bound: limit, bytes, time and calls are all finite.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Source, SourceError, Sources};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, Event, EventPage, PageRequest, Position, StopReason};
use crate::domain::operation::{Operation, ReadGroup, ReadStream};

/// Calls to a source for one page of the API. FilterLogEvents may answer with many empty pages in a row; the cursor goes
/// on from there, so a bound costs the caller one more request and spares everybody else the quota.
const MAX_CALLS: usize = 50;

/// How often an export waits out a throttled source before it gives up, at one answer's `retry_after` each.
const THROTTLE_PATIENCE: usize = 20;

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
pub struct Budget {
    /// Events.
    pub limit: usize,
    /// Bytes of messages.
    pub bytes: usize,
    /// When to stop asking for more.
    pub deadline: Instant,
}

/// Events up to a budget, ascending by time.
#[derive(Debug)]
pub struct Read {
    /// The events.
    pub events: Vec<Event>,
    /// Where newer ones are, or will be.
    pub next: Position,
    /// Where older ones are.
    pub previous: Option<Position>,
    /// Why it ended here.
    pub stop: StopReason,
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
    budget: Budget,
) -> Result<Read, SourceError> {
    let (_, source) = sources.of(permit)?;
    let mut pages: Vec<Vec<Event>> = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    let mut ends: Option<(Position, Option<Position>)> = None;
    let mut position = from;
    let stop = loop {
        let request = PageRequest { position, direction, limit: budget.limit - count, max_bytes: budget.bytes - bytes };
        let answer = if ends.is_none() {
            Op::page(source, permit, &request).await
        } else {
            // What was read is not to be lost because a further call hangs: it is given up in time.
            let answer = tokio::time::timeout_at(budget.deadline, Op::page(source, permit, &request)).await;
            answer.unwrap_or(Err(SourceError::Timeout))
        };
        let page = match answer {
            Ok(page) => page,
            Err(SourceError::Throttled { .. }) if ends.is_some() => break StopReason::Throttled,
            Err(SourceError::Timeout) if ends.is_some() => break StopReason::Time,
            Err(error) => return Err(error),
        };
        count += page.events.len();
        bytes += page.events.iter().map(|event| event.message.len()).sum::<usize>();
        let older_end = page.previous.is_none();
        ends = Some(match (ends, direction) {
            (None, _) => (page.next, page.previous),
            (Some((_, previous)), Direction::Forward) => (page.next, previous),
            // A first page without events may not know where newer ones will be as exactly as the first one that has some.
            (Some(_), Direction::Backward) if pages.iter().all(Vec::is_empty) => (page.next, page.previous),
            (Some((next, _)), Direction::Backward) => (next, page.previous),
        });
        pages.push(page.events);
        position = match (direction, &ends) {
            (Direction::Forward, Some((next, _))) => Some(next.clone()),
            (Direction::Backward, Some((_, previous))) => previous.clone(),
            (_, None) => None,
        };
        if page.at_end || (direction == Direction::Backward && older_end) {
            break StopReason::End;
        } else if count >= budget.limit {
            break StopReason::Limit;
        } else if bytes >= budget.bytes {
            break StopReason::Bytes;
        } else if Instant::now() >= budget.deadline || pages.len() >= MAX_CALLS {
            break StopReason::Time;
        }
    };
    if direction == Direction::Backward {
        pages.reverse();
    }
    let (next, previous) = ends.ok_or_else(|| SourceError::Upstream("no page was read".to_owned()))?;
    Ok(Read { events: pages.into_iter().flatten().collect(), next, previous, stop })
}

/// Reads forward page by page to the end of the range or to `limit`, for answers that are streamed.
#[derive(Debug)]
pub struct Export<Op> {
    sources: Sources,
    permit: Permit<Op>,
    position: Option<Position>,
    left: Option<usize>,
    page_bytes: usize,
    /// When to stop waiting for the first page; `None` once it is there.
    first_by: Option<Instant>,
    stop: Option<StopReason>,
    failed: bool,
}

impl<Op: ReadEvents> Export<Op> {
    /// Prepares to read from `position` on; `limit` of `None` is to the end. A throttled source is waited for until `first_by`
    /// before the first page, for until that is there the answer has no head, and whoever waits for it loses patience.
    #[must_use]
    pub fn new(
        sources: Sources,
        permit: Permit<Op>,
        position: Option<Position>,
        limit: Option<usize>,
        page_bytes: usize,
        first_by: Instant,
    ) -> Self {
        Self { sources, permit, position, left: limit, page_bytes, first_by: Some(first_by), stop: None, failed: false }
    }

    /// The next page; `None` when it is over. Waits while the source is throttled, for a client that streams can wait.
    ///
    /// # Errors
    /// What the source says. After an error the export is over.
    pub async fn next_page(&mut self) -> Option<Result<Vec<Event>, SourceError>> {
        if self.stop.is_some() || self.failed {
            return None;
        }
        let answer = self.ask().await;
        match answer {
            Ok(page) => {
                self.first_by = None;
                self.position = Some(page.next);
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(page.events.len());
                }
                if page.at_end {
                    self.stop = Some(StopReason::End);
                } else if self.left == Some(0) {
                    self.stop = Some(StopReason::Limit);
                }
                Some(Ok(page.events))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }

    async fn ask(&self) -> Result<EventPage, SourceError> {
        let (_, source) = self.sources.of(&self.permit)?;
        let request = PageRequest {
            position: self.position.clone(),
            direction: Direction::Forward,
            limit: self.left.unwrap_or(usize::MAX).min(10_000),
            max_bytes: self.page_bytes,
        };
        let mut waits = 0;
        loop {
            match Op::page(source, &self.permit, &request).await {
                Err(SourceError::Throttled { retry_after }) if waits < THROTTLE_PATIENCE => {
                    let wait = retry_after.max(Duration::from_millis(200));
                    if self.first_by.is_some_and(|by| Instant::now() + wait >= by) {
                        return Err(SourceError::Throttled { retry_after });
                    }
                    waits += 1;
                    tokio::time::sleep(wait).await;
                }
                answer => return answer,
            }
        }
    }

    /// Where it stands, and why it ended there; `None` while it goes on.
    #[must_use]
    pub fn ended(&self) -> Option<(&Position, StopReason)> {
        self.position.as_ref().zip(self.stop)
    }

    /// The leave it reads by.
    #[must_use]
    pub fn permit(&self) -> &Permit<Op> {
        &self.permit
    }
}
