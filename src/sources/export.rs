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

/// The shortest wait.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
/// Events that a page may hold: CloudWatch's own bound.
const PAGE_EVENTS: usize = 10_000;
/// Pages without an event in a row, each a call that others wait for, before reading is given up: a rare filter over much may
/// bring hundreds, and at the usual quotas these take minutes in which the client hears nothing.
const MOST_BARREN: usize = 1000;

/// Reads forward page by page to the end of the range or to a limit.
#[derive(Debug)]
pub struct Export<Op> {
    sources: Sources,
    permit: Arc<Permit<Op>>,
    position: Option<Position>,
    left: Option<usize>,
    page_bytes: usize,
    /// How long a source that takes no calls is waited for.
    patience: Duration,
    has_begun: bool,
    /// Pages without an event since the last that had one.
    barren: usize,
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
            patience,
            has_begun: false,
            barren: 0,
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
        let answer = match self.take_ahead().await {
            Some(answer) => answer,
            None => self.ask().await,
        };
        match answer {
            Ok(page) => {
                self.has_begun = true;
                self.position = Some(page.next);
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(page.events.len());
                }
                if page.at_end {
                    self.stop = Some(StopReason::End);
                } else if self.left == Some(0) {
                    self.stop = Some(StopReason::Limit);
                }
                self.barren = if page.events.is_empty() { self.barren + 1 } else { 0 };
                if self.stop.is_none() && self.barren >= MOST_BARREN {
                    self.failed = true;
                    return Some(Err(SourceError::Barren { pages: self.barren }));
                }
                Some(Ok(page.events))
            }
            Err(error) => {
                self.failed = true;
                Some(Err(if self.has_begun { midway(error) } else { error }))
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

    /// Begins to read the next page, unless that is done or there is none.
    pub fn read_ahead(&mut self) {
        if self.stop.is_some() || self.failed || self.ahead.is_some() {
            return;
        }
        let Ok((_, source)) = self.sources.of(&self.permit) else { return };
        let (source, permit, request) = (Arc::clone(source), Arc::clone(&self.permit), self.request(Urgency::Ahead));
        self.ahead = Some(Ahead(tokio::spawn(async move { Op::page(&*source, &permit, &request).await })));
    }

    /// What reading ahead brought; `None`: it was not done, for there was no call to spare.
    async fn take_ahead(&mut self) -> Option<Result<EventPage, SourceError>> {
        let ahead = self.ahead.as_mut()?;
        let answer = (&mut ahead.0).await;
        self.ahead = None;
        answer.ok().filter(|answer| !answer.as_ref().is_err_and(|error| wait_of(error).is_some()))
    }

    async fn ask(&self) -> Result<EventPage, SourceError> {
        let (_, source) = self.sources.of(&self.permit)?;
        let request = self.request(Urgency::Wanted);
        let until = Instant::now() + self.patience;
        loop {
            let answer = Op::page(&**source, &self.permit, &request).await;
            match answer.as_ref().err().and_then(wait_of) {
                Some(wait) if Instant::now() + wait < until => tokio::time::sleep(wait).await,
                _ => return answer,
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

/// How long to wait before a source that takes no calls is asked again.
fn wait_of(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Throttled { retry_after } | SourceError::Busy { retry_after } | SourceError::Down { retry_after } => {
            Some((*retry_after).max(SHORTEST_WAIT))
        }
        _ => None,
    }
}
