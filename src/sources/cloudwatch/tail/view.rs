//! What one viewer may see and wants, and the readings that it pays for itself.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use logmark_quota::{RateLimiter, Reservation, Share};
use logmark_tail_merge::{Bounds, Ledger, Seen};

use super::super::errors::CallError;
use super::super::events;
use super::super::group_filter::check_whole_message;
use super::super::quotas::Api;
use super::super::streams::{StreamFilter, existing};
use super::super::wire::DescribeLogStreams;
use super::TailHub;
use super::event::{TailEvent, content_hash, history_hash};
use super::feed::Event;
use super::position::{HistoryPosition, Place};
use super::worker::SWEEPS;
use crate::auth::permit::Permit;
use crate::domain::event::{Direction, EventPage, PageRequest, Position, Priority};
use crate::domain::operation::{ReadGroup, StreamSelection};
use crate::domain::rules::{EventRules, EventView};
use crate::domain::tail::{TailGroup, TailStream};
use crate::domain::time::{Millis, TimeRange};
use crate::sources::SourceError;

/// A viewer that joins reads so many calls' worth and events at most; a history brings more.
const MAX_JOIN_CALLS: usize = 4;
const MAX_JOIN_EVENTS: usize = 10_000;
/// Of one page.
const PAGE_EVENTS: usize = 1_000;
const PAGE_BYTES: usize = 1 << 20;
/// Attempts of a reading that fails for a reason that passes, and the longest wait between two.
const MAX_ATTEMPTS: u32 = 6;
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The permit of a tail.
#[derive(Debug)]
pub(super) enum TailPermit {
    Stream(Permit<TailStream>),
    Group(Permit<TailGroup>),
}

impl TailPermit {
    /// The same permission, for reading a range.
    fn for_reading(&self, range: TimeRange) -> Permit<ReadGroup> {
        match self {
            Self::Stream(permit) => permit.for_reading(range),
            Self::Group(permit) => permit.for_reading(range),
        }
    }
}

/// What one viewer may see and wants.
#[derive(Debug)]
pub(super) struct View {
    hub: Arc<TailHub>,
    permit: TailPermit,
    /// For reading without a range.
    reading: Permit<ReadGroup>,
}

impl View {
    pub(super) fn new(hub: Arc<TailHub>, permit: TailPermit) -> Self {
        let reading = permit.for_reading(TimeRange { start: None, end: None });
        Self { hub, permit, reading }
    }

    pub(super) fn group(&self) -> &str {
        self.reading.op().group.as_str()
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.hub.settings.bounds()
    }

    /// The service's time.
    pub(super) fn now(&self) -> i64 {
        self.hub.client.service_now().0
    }

    /// The event as this viewer sees it; `None` if it does not.
    ///
    /// A masked event has the fingerprint of its masked content, as in the readings of the viewer, which are masked too.
    pub(super) fn shown<'a>(&self, seen: &'a Event) -> Option<Cow<'a, Event>> {
        let (op, event) = (self.reading.op(), &seen.event);
        if !self.reading.may_see_stream(&event.stream) || !op.streams.contains(&event.stream) {
            return None;
        }
        let matches = |message: &str| op.filter.as_ref().is_none_or(|filter| filter.matches(message));
        let view = self.reading.rules().map_or(EventView::Unchanged, |rules| rules.view(&event.stream, &event.message));
        match view {
            EventView::Hidden | EventView::Withheld => None,
            EventView::Unchanged => matches(&event.message).then_some(Cow::Borrowed(seen)),
            EventView::Masked(message) => {
                let masked = || TailEvent { message: message.clone().into(), ..TailEvent::clone(event) };
                matches(&message).then(|| Cow::Owned(masked().seen()))
            }
        }
    }

    /// Does the permit show all events of the group? Only then the viewer is told of what depends on all of them.
    pub(super) fn shows_all(&self) -> bool {
        self.reading.streams().is_none() && !self.reading.rules().is_some_and(EventRules::limits_rows)
    }

    /// Refuses a filter that the viewer's masks do not allow.
    pub(super) fn check_filter(&self) -> Result<(), SourceError> {
        check_whole_message(&self.reading)
    }

    /// Every named stream exists.
    pub(super) async fn check_streams(&self) -> Result<(), SourceError> {
        if !matches!(self.reading.op().streams, StreamSelection::Names(_)) {
            return Ok(());
        }
        let names: Vec<String> = self.named().into_iter().map(String::from).collect();
        let found = existing(&self.hub.client, &self.reading, &names, Priority::Requested).await.map_err(CallError::plain)?;
        let is_complete = match found {
            StreamFilter::Granted(found) => found.len() == names.len(),
            _ => names.is_empty(),
        };
        if is_complete { Ok(()) } else { Err(SourceError::StreamNotFound) }
    }

    /// The streams that the viewer has named and may see.
    pub(super) fn named(&self) -> Vec<Box<str>> {
        let StreamSelection::Names(names) = &self.reading.op().streams else { return Vec::new() };
        let names = names.iter().map(|name| name.as_str()).filter(|name| self.reading.may_see_stream(name));
        names.map(Box::from).collect()
    }

    /// Whether the stream exists, by a call that no request waits for. `None`: there is no such call, or no answer.
    pub(super) async fn exists(&self, stream: &str) -> Option<bool> {
        let limiter = self.hub.client.upstream().account_limits.rate_limiter(Api::DescribeLogStreams);
        let spare = limiter.and_then(RateLimiter::try_admit)?;
        let share = Share::new(SWEEPS, NonZeroU32::MIN);
        let request = DescribeLogStreams::one(self.group(), stream);
        match self.hub.client.call_for_all(&share, &request, Some(spare)).await {
            Ok(fetched) => Some(fetched.answer.log_streams.iter().any(|found| found.log_stream_name == stream)),
            // A sweep will tell that the group was deleted.
            Err(_) => None,
        }
    }

    /// Between two lookups of a stream.
    pub(super) fn lookups(&self) -> Duration {
        self.hub.settings.lookups
    }

    /// One page of what the viewer sees, from the position or the start of the range on.
    pub(super) async fn page(&self, range: TimeRange, position: Option<Position>) -> Result<EventPage, SourceError> {
        let permit = self.permit.for_reading(range);
        let request = page_request(position);
        let mut attempt = 1;
        loop {
            let error = match events::read_group(&self.hub.client, &permit, &request).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let wait = wait_after(&error).filter(|_| attempt < MAX_ATTEMPTS).ok_or(error)?;
            attempt += 1;
            tokio::time::sleep(wait.min(MAX_WAIT)).await;
        }
    }

    /// Everything that was ingested after `through`; `None`: too much.
    pub(super) async fn read_since(
        &self,
        through: i64,
        memory: &mut Vec<Reservation>,
    ) -> Result<Option<Vec<Event>>, SourceError> {
        let start = through.saturating_sub(self.bounds().lateness).max(0);
        let range = TimeRange { start: Some(Millis(start)), end: None };
        let (mut found, mut position) = (Vec::new(), None);
        for _ in 0..MAX_JOIN_CALLS {
            let page = self.page(range, position.take()).await?;
            let later = page.events.iter().filter(|event| event.ingestion_time().is_none_or(|ingestion| ingestion > through));
            found.extend(later.map(|event| TailEvent::of_page(event).seen()));
            memory.extend(page.memory);
            if page.at_end {
                return Ok(Some(found));
            }
            if found.len() > MAX_JOIN_EVENTS {
                return Ok(None);
            }
            position = Some(page.next);
        }
        Ok(None)
    }

    /// The place behind a position of a page: the stored events from there on, then those that arrive.
    ///
    /// What stands before the position was delivered by pages, or was late and is left out; among the events that are not settled
    /// yet these become the mark.
    pub(super) async fn after_page(&self, position: Position, horizon: i64) -> Result<Place, SourceError> {
        let mut memory = Vec::new();
        let page = self.page_after(position).await?;
        let first = page.events.first().map(|event| (event.timestamp(), content_hash(event)));
        let recent = self.read_since(horizon, &mut memory).await?;
        let recent = recent.ok_or(SourceError::Busy { retry_after: Duration::from_secs(1) })?;
        let before: Vec<&Event> = match first {
            Some((timestamp, hash)) => {
                let is_first = |seen: &&Event| seen.event.content_hash() == hash;
                recent.iter().take_while(|seen| seen.timestamp <= timestamp && !is_first(seen)).collect()
            }
            None => recent.iter().collect(),
        };
        let mut ledger = Ledger::new(horizon);
        before.iter().for_each(|Seen { ingestion, fingerprint, .. }| ledger.deliver(*ingestion, *fingerprint));
        // The last event before the first one of the page, at the same timestamp, is where the history goes on.
        let history = match first {
            Some((timestamp, hash)) => Some(self.before_first(timestamp, hash, horizon).await?),
            None => None,
        };
        Ok(Place { mark: ledger.mark(), history, unwanted: None })
    }

    /// The page behind a position of a page of the same stream or group.
    async fn page_after(&self, position: Position) -> Result<EventPage, SourceError> {
        let everything = TimeRange { start: None, end: None };
        match &self.permit {
            TailPermit::Group(_) => self.page(everything, Some(position)).await,
            TailPermit::Stream(permit) => {
                let request = page_request(Some(position));
                events::read_stream(&self.hub.client, &permit.for_reading_stream(everything), &request).await
            }
        }
    }

    /// The history that begins with the event of this timestamp and hash.
    async fn before_first(&self, timestamp: i64, hash: u64, horizon: i64) -> Result<HistoryPosition, SourceError> {
        let range = TimeRange { start: Some(Millis(timestamp)), end: Some(Millis(timestamp + 1)) };
        let (mut after, mut position) = (None, None);
        loop {
            let page = self.page(range, position.take()).await?;
            for event in page.events.iter() {
                if content_hash(event) == hash {
                    return Ok(HistoryPosition { horizon, from: timestamp, after });
                }
                after = Some(history_hash(event));
            }
            if page.at_end {
                return Ok(HistoryPosition { horizon, from: timestamp, after: None });
            }
            position = Some(page.next);
        }
    }
}

fn page_request(position: Option<Position>) -> PageRequest {
    let (direction, priority) = (Direction::Forward, Priority::Requested);
    PageRequest { position, direction, limit: PAGE_EVENTS, max_bytes: PAGE_BYTES, priority }
}

/// How long to wait before another attempt; `None`: it would fail again.
fn wait_after(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Throttled { retry_after }
        | SourceError::Busy { retry_after }
        | SourceError::Down { retry_after }
        | SourceError::NoMemory { retry_after, .. } => Some(*retry_after),
        SourceError::Timeout | SourceError::Upstream(_) | SourceError::Unreachable(_) => Some(Duration::from_secs(1)),
        _ => None,
    }
}
