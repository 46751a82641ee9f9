//! Every event to the end of a range, page by page: what answers that are streamed are made of.
//!
//! Owns the reading on from page to page, and one page of reading ahead. INVARIANT: beside the page that is being written at
//! most one is held, and that one only if reading it took no turn from anybody who waits for one.

use std::sync::Arc;
use std::time::Duration;

use logmark_event_page::Events;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::reader::{ReadEvents, midway};
use super::{SourceError, Sources};
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageRequest, Position, StopReason, Urgency};

/// How often an export waits out a source that takes no calls before it gives up, at one answer's `retry_after` each.
const PATIENCE: usize = 20;
/// The shortest wait.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
/// Events that a page may hold: CloudWatch's own bound.
const PAGE_EVENTS: usize = 10_000;

/// Reads forward page by page to the end of the range or to a limit.
#[derive(Debug)]
pub struct Export<Op> {
    sources: Sources,
    permit: Arc<Permit<Op>>,
    position: Option<Position>,
    left: Option<usize>,
    page_bytes: usize,
    /// When to stop waiting for the first page; `None` once it is there.
    first_by: Option<Instant>,
    ahead: Option<Ahead>,
    stop: Option<StopReason>,
    failed: bool,
}

/// The next page, being read while the last one is written.
#[derive(Debug)]
struct Ahead(JoinHandle<Result<EventPage, SourceError>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
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
        Self {
            sources,
            permit: Arc::new(permit),
            position,
            left: limit,
            page_bytes,
            first_by: Some(first_by),
            ahead: None,
            stop: None,
            failed: false,
        }
    }

    /// The next page; `None` when it is over. Waits while the source is throttled, for a client that streams can wait.
    ///
    /// # Errors
    /// What the source says. After an error the export is over.
    pub async fn next_page(&mut self) -> Option<Result<Events, SourceError>> {
        if self.stop.is_some() || self.failed {
            return None;
        }
        let answer = match self.read_ahead().await {
            Some(page) => Ok(page),
            None => self.ask().await,
        };
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
                } else {
                    self.ahead = self.begin_ahead();
                }
                Some(Ok(page.events))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(if self.first_by.is_none() { midway(error) } else { error }))
            }
        }
    }

    fn request(&self, urgency: Urgency) -> PageRequest {
        PageRequest {
            position: self.position.clone(),
            direction: Direction::Forward,
            limit: self.left.unwrap_or(usize::MAX).min(PAGE_EVENTS),
            max_bytes: self.page_bytes,
            urgency,
        }
    }

    fn begin_ahead(&self) -> Option<Ahead> {
        let source = Arc::clone(self.sources.of(&self.permit).ok()?.1);
        let (permit, request) = (Arc::clone(&self.permit), self.request(Urgency::Ahead));
        Some(Ahead(tokio::spawn(async move { Op::page(&*source, &permit, &request).await })))
    }

    /// The page that was read ahead, if it could be.
    async fn read_ahead(&mut self) -> Option<EventPage> {
        let ahead = self.ahead.as_mut()?;
        let page = (&mut ahead.0).await;
        self.ahead = None;
        page.ok()?.ok()
    }

    async fn ask(&self) -> Result<EventPage, SourceError> {
        let (_, source) = self.sources.of(&self.permit)?;
        let request = self.request(Urgency::Wanted);
        let mut waits = 0;
        loop {
            let refused = match Op::page(&**source, &self.permit, &request).await {
                Err(error @ (SourceError::Throttled { .. } | SourceError::Busy { .. })) if waits < PATIENCE => error,
                answer => return answer,
            };
            let (SourceError::Throttled { retry_after } | SourceError::Busy { retry_after }) = refused else {
                return Err(refused);
            };
            let wait = retry_after.max(SHORTEST_WAIT);
            if self.first_by.is_some_and(|by| Instant::now() + wait >= by) {
                return Err(refused);
            }
            waits += 1;
            tokio::time::sleep(wait).await;
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
