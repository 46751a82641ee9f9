//! Stored events before the feed: read page by page in the order of FilterLogEvents, up to a horizon of ingestion time.
//!
//! The events up to the horizon are settled, so their set and their order do not change, and a position among them is a timestamp
//! and the hash of one event. Owns which events of a page are delivered.

use std::collections::HashMap;

use logmark_event_page::{EventRef, Events};
use logmark_quota::Reservation;
use logmark_tail_merge::ledger::Sums;
use logmark_tail_merge::{Candidate, Mark, reconcile};

use super::event::{fingerprint, history_hash};
use super::position::{HistoryPosition, Place, Unwanted};
use super::view::View;
use crate::domain::event::Position;
use crate::domain::time::{Millis, TimeRange};
use crate::sources::SourceError;
use crate::sources::tail::TailPosition;

/// Timestamps are ahead of the ingestion time by so much at most, for the delivered events that a mark stands for.
const AHEAD: i64 = 120_000;

/// What a step brings.
#[derive(Debug)]
pub(super) enum Step {
    /// Events, with the position behind each, and their memory.
    Events(Events, Vec<TailPosition>, Option<Reservation>),
    /// What the mark stands for cannot be told from the rest.
    Gap(Mark),
    /// It may be told later.
    Wait,
    /// The history is complete; the feed goes on from this mark.
    End(Mark),
}

/// A history under way.
#[derive(Debug)]
pub(super) struct History {
    /// If its `through` is the horizon: what was delivered of the later events. Else the history has what was ingested after
    /// `through`, without what was delivered of it.
    mark: Mark,
    unwanted: Option<Unwanted>,
    position: HistoryPosition,
    /// The events that the mark stands for, by fingerprint; `None`: not found out yet.
    delivered: Option<HashMap<u128, u32>>,
    /// Where the next page begins.
    next: Option<Position>,
    /// The event to pass has not been found yet.
    is_passing: bool,
    /// Every page has been read.
    is_read: bool,
}

impl History {
    /// From a place of the feed on.
    pub(super) fn new(Place { mark, unwanted, .. }: Place, position: HistoryPosition) -> Self {
        let is_known = mark.through >= position.horizon || mark.sums == Sums::default();
        Self {
            delivered: is_known.then(HashMap::new),
            is_passing: position.after.is_some(),
            mark,
            unwanted,
            position,
            next: None,
            is_read: false,
        }
    }

    /// What the mark stood for is named in a gap: the history has what was ingested later.
    pub(super) fn forget_delivered(&mut self, mark: Mark) {
        self.mark = mark;
        self.delivered = Some(HashMap::new());
    }

    /// Reads a page.
    pub(super) async fn step(&mut self, view: &View) -> Result<Step, SourceError> {
        if self.delivered.is_none() {
            return self.find_delivered(view).await;
        }
        if self.is_read {
            return Ok(Step::End(self.following_mark()));
        }
        let range = TimeRange { start: Some(Millis(self.position.from)), end: None };
        let page = view.page(range, self.next.take()).await?;
        let mut events = page.events;
        let mut positions = Vec::new();
        events.retain(|event| {
            let is_wanted = self.wants(event);
            if is_wanted {
                let history = HistoryPosition { from: event.timestamp(), after: Some(history_hash(event)), ..self.position };
                positions.push(Place { mark: self.mark, history: Some(history), unwanted: self.unwanted }.to_position());
            }
            is_wanted
        });
        // What comes later is ingested after the horizon.
        self.is_read = page.at_end;
        self.next = Some(page.next);
        Ok(Step::Events(events, positions, page.memory))
    }

    fn following_mark(&self) -> Mark {
        if self.mark.through >= self.position.horizon { self.mark } else { Mark::starting(self.position.horizon) }
    }

    /// Is the event part of the history, and not delivered yet?
    fn wants(&mut self, event: EventRef<'_>) -> bool {
        if self.is_passing {
            if event.timestamp() == self.position.from {
                self.is_passing = Some(history_hash(event)) != self.position.after;
                return false;
            }
            self.is_passing = false;
        }
        let ingestion = event.ingestion_time().unwrap_or(event.timestamp());
        let is_known = self.mark.through < self.position.horizon && ingestion <= self.mark.through;
        let is_unwanted = self.unwanted.is_some_and(|unwanted| unwanted.contains(event.timestamp(), ingestion));
        if is_known || is_unwanted || ingestion > self.position.horizon {
            return false;
        }
        let Some(delivered) = self.delivered.as_mut().filter(|delivered| !delivered.is_empty()) else { return true };
        let print = fingerprint(&event.stream(), event.timestamp(), &event.message());
        match delivered.get_mut(&print).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                false
            }
            None => true,
        }
    }

    /// Finds out which events the mark stands for.
    async fn find_delivered(&mut self, view: &View) -> Result<Step, SourceError> {
        let Mark { through, last, .. } = self.mark;
        let start = through.saturating_sub(view.bounds().lateness).max(0);
        let range = TimeRange { start: Some(Millis(start)), end: Some(Millis(last.saturating_add(AHEAD))) };
        let mut found: Vec<(i64, Candidate)> = Vec::new();
        let mut next = None;
        loop {
            let page = view.page(range, next.take()).await?;
            for event in page.events.iter() {
                let ingestion = event.ingestion_time().unwrap_or(event.timestamp());
                if ingestion > through && ingestion <= last {
                    let fingerprint = fingerprint(&event.stream(), event.timestamp(), &event.message());
                    found.push((event.timestamp(), Candidate { ingestion, fingerprint }));
                }
            }
            if page.at_end {
                break;
            }
            next = Some(page.next);
        }
        found.sort_by_key(|(timestamp, candidate)| (candidate.ingestion, *timestamp));
        let candidates: Vec<Candidate> = found.into_iter().map(|(_, candidate)| candidate).collect();
        let Ok(flags) = reconcile(&self.mark, &candidates) else {
            let may_change = view.now() <= last + view.bounds().settling;
            return Ok(if may_change { Step::Wait } else { Step::Gap(self.mark) });
        };
        let mut delivered: HashMap<u128, u32> = HashMap::new();
        for (candidate, _) in candidates.iter().zip(flags).filter(|(_, flag)| *flag) {
            *delivered.entry(candidate.fingerprint).or_default() += 1;
        }
        self.delivered = Some(delivered);
        Ok(Step::Events(Events::default(), Vec::new(), None))
    }
}
