//! One viewer: history first if it wants any, then the feed.
//!
//! Owns the order of the phases. A viewer *joins* the feed from a mark: with the feed's latest batches alone if they reach back to
//! the mark, else with a reading of its own, which its tenant pays for. If too much is missing, a history comes first.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use logmark_quota::Reservation;
use logmark_tail_merge::{Feed as Offer, Mark, Viewer};
use tokio::sync::watch;
use tokio::time::Instant;

use super::TailHub;
use super::feed::{Batch, Event, News, Snapshot, Status, Viewing};
use super::history::{History, Step};
use super::items::{chunk_end, deliver};
use super::position::{HistoryPosition, Place, Unwanted};
use super::view::{TailPermit, View};
use super::worker::elapsed;
use crate::domain::time::Millis;
use crate::sources::SourceError;
use crate::sources::tail::{GapReason, TailEvents, TailGap, TailItem, TailNotice, TailPosition, TailReader, TailStart};

/// Batches that are looked at between two looks at the rest.
const MAX_BATCHES: usize = 16;
/// Between two attempts to join while delivered events are still missing from readings.
const JOIN_RETRY: Duration = Duration::from_secs(2);
/// A position without an event is given when it has moved by so much, in milliseconds.
const MOVED: i64 = 10_000;
/// Live Tail samples above so many events a second.
const SAMPLED_ABOVE: u32 = 500;

/// What the viewer does.
#[derive(Debug)]
enum Phase {
    History(Box<History>),
    Joining(Mark),
    Following { viewer: Box<Viewer>, next: u64 },
}

/// One running tail.
#[derive(Debug)]
pub(super) struct Reader {
    view: View,
    viewing: Viewing,
    changes: watch::Receiver<u64>,
    phase: Phase,
    pending: VecDeque<TailItem>,
    /// Of the pending items.
    memory: Vec<Reservation>,
    position: TailPosition,
    notice: TailNotice,
    has_caught_up: bool,
    /// The mark that the client was last given, by its completeness.
    told: i64,
    /// What the viewer does not want of the feed.
    unwanted: Option<Unwanted>,
    /// The streams that the viewer has named, and the number of the one that is looked up next, and when.
    named: Vec<Box<str>>,
    look_up_next: usize,
    look_up_at: Instant,
}

impl Reader {
    /// Begins a tail.
    pub(super) async fn begin(hub: &Arc<TailHub>, permit: TailPermit, from: TailStart) -> Result<Self, SourceError> {
        let begun = Instant::now();
        let view = View::new(Arc::clone(hub), permit);
        view.check_filter()?;
        view.check_streams().await?;
        let viewing = hub.view(view.group()).await?;
        // When the viewer asked, by the source's clock. The feed runs, so an answer has told the offset to that clock.
        let now = hub.client.service_now().0 - elapsed(begun);
        let named = view.named();
        // An earlier stream of that name may have been deleted.
        named.iter().for_each(|stream| viewing.0.existence.looked_up(stream, true));
        let horizon = now - hub.settings.bounds().settling;
        let place = match from {
            // Events of this millisecond may arrive after the request.
            TailStart::Now => Place::following(Mark::starting(now - 1), None),
            TailStart::Time(Millis(from)) => {
                let history = HistoryPosition { horizon, from: from.max(0), after: None };
                let unwanted = Some(Unwanted { start: from.max(0), begun: now });
                Place { mark: Mark::starting(horizon), history: Some(history), unwanted }
            }
            TailStart::Position(position) => Place::read(&position)?,
            TailStart::Page(position) => view.after_page(position, horizon).await?,
        };
        let phase = match place.history {
            Some(history) => Phase::History(Box::new(History::new(place, history))),
            None => Phase::Joining(place.mark),
        };
        Ok(Self {
            view,
            changes: viewing.0.subscribe(),
            viewing,
            phase,
            pending: VecDeque::new(),
            memory: Vec::new(),
            position: place.to_position(),
            notice: TailNotice::Live,
            has_caught_up: false,
            told: place.mark.through,
            unwanted: place.unwanted,
            named,
            look_up_next: 0,
            look_up_at: Instant::now() + hub.settings.lookups,
        })
    }

    fn check_feed(&mut self) -> Result<(), SourceError> {
        if let Status::Failed(error) = self.viewing.0.status() {
            return Err(error);
        }
        if let Some(notice) = self.viewing.0.notice().filter(|notice| *notice != self.notice) {
            self.notice = notice;
            self.pending.push_back(TailItem::Notice(notice));
        }
        Ok(())
    }

    /// Looks up a named stream when that is due. Neither the session nor the sweeps tell that it was deleted.
    async fn check_streams(&mut self) -> Result<(), SourceError> {
        let Some(stream) = self.named.get(self.look_up_next).filter(|_| Instant::now() >= self.look_up_at) else {
            return Ok(());
        };
        let (existence, interval) = (&self.viewing.0.existence, self.view.lookups());
        if existence.begin_lookup(stream, interval)
            && let Some(is_found) = self.view.exists(stream).await
        {
            existence.looked_up(stream, is_found);
        }
        if existence.is_deleted(stream) {
            return Err(SourceError::StreamNotFound);
        }
        let wait = existence.wait(stream, interval);
        self.look_up_at = Instant::now() + wait;
        if wait == interval {
            self.look_up_next = (self.look_up_next + 1) % self.named.len().max(1);
        }
        Ok(())
    }

    /// Joins the feed, or finds that a history has to come first.
    async fn join(&mut self, mark: Mark) -> Result<(), SourceError> {
        let settling = self.view.bounds().settling;
        let until = Instant::now() + Duration::from_millis(settling.unsigned_abs());
        let mut mark = mark;
        loop {
            let Snapshot { batches, next, kept_from, through } = self.viewing.0.snapshot();
            let reading = if mark.through >= kept_from {
                None
            } else {
                match self.view.read_since(mark.through, &mut self.memory).await? {
                    Some(reading) => Some(reading),
                    None => {
                        self.phase = self.history_since(mark).await;
                        return Ok(());
                    }
                }
            };
            let offer = Offer { recent: self.recent(&batches, mark.through.min(through)), through };
            match Viewer::join(&mark, reading, offer) {
                Ok(joined) => {
                    let mut viewer = Box::new(joined.viewer);
                    deliver(&mut self.pending, &mut viewer, self.unwanted, &joined.events);
                    viewer.advance(through);
                    self.phase = Phase::Following { viewer, next };
                    if !std::mem::replace(&mut self.has_caught_up, true) {
                        self.pending.push_back(TailItem::CaughtUp);
                    }
                    return Ok(());
                }
                Err(_) if Instant::now() < until && self.view.now() <= mark.last + settling => {
                    tokio::time::sleep(JOIN_RETRY).await;
                }
                Err(_) => mark = self.give_up(mark),
            }
        }
    }

    /// What was delivered up to the mark cannot be told: names the time in a gap, and goes on behind it.
    fn give_up(&mut self, mark: Mark) -> Mark {
        let after = Mark::starting(mark.last);
        self.pending.push_back(TailItem::Gap(TailGap {
            from: Millis(mark.through + 1),
            to: Millis(mark.last + 1),
            reason: GapReason::Interrupted,
            recovered: false,
            position: Some(Place::following(after, self.unwanted).to_position()),
        }));
        after
    }

    /// A history of what was ingested after the mark.
    async fn history_since(&self, mark: Mark) -> Phase {
        let settling = self.view.bounds().settling;
        // Everything that was delivered is older than the horizon then.
        let wait = (mark.last + settling - self.view.now()).clamp(0, settling);
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
        let horizon = (self.view.now() - settling).max(mark.last);
        let from = mark.through.saturating_sub(self.view.bounds().lateness).max(0);
        Phase::History(Box::new(History::new(
            Place::following(mark, self.unwanted),
            HistoryPosition { horizon, from, after: None },
        )))
    }

    fn recent(&self, batches: &[Arc<Batch>], after: i64) -> Vec<Event> {
        let events = batches.iter().flat_map(|batch| &batch.events).filter(|seen| seen.ingestion > after);
        events.filter_map(|seen| self.view.shown(seen)).map(Cow::into_owned).collect()
    }

    /// Reads what the feed has shown since.
    async fn follow(&mut self) -> Result<(), SourceError> {
        let Self { phase, changes, viewing, view, pending, unwanted, named, look_up_at, .. } = self;
        let Phase::Following { viewer, next } = phase else { return Ok(()) };
        changes.borrow_and_update();
        let (batches, after) = match viewing.0.after(*next, MAX_BATCHES) {
            News::Batches(batches, after) => (batches, after),
            News::Behind => {
                *phase = Phase::Joining(viewer.mark());
                return Ok(());
            }
        };
        if batches.is_empty() {
            if pending.is_empty() && viewing.0.status() == Status::Running {
                tokio::select! {
                    // The sender lives as long as the feed, which this reader holds.
                    changed = changes.changed() => changed.map_err(|_| SourceError::Timeout)?,
                    () = tokio::time::sleep_until(*look_up_at), if !named.is_empty() => {}
                }
            }
            return Ok(());
        }
        *next = after;
        for batch in &batches {
            if batch.is_sampled && view.shows_all() {
                pending.push_back(TailItem::Sampled { above: SAMPLED_ABOVE });
            }
            let shown = batch.events.iter().filter_map(|seen| view.shown(seen));
            let wanted: Vec<Cow<'_, Event>> = shown.filter(|seen| viewer.wants(seen.ingestion, seen.fingerprint)).collect();
            deliver(pending, viewer, *unwanted, wanted.iter().map(|seen| &**seen));
            viewer.advance(batch.through);
        }
        let mark = viewer.mark();
        if !pending.is_empty() {
            self.told = mark.through;
        } else if mark.through >= self.told + MOVED {
            self.told = mark.through;
            pending.push_back(TailItem::Moved(Place::following(mark, *unwanted).to_position()));
        }
        Ok(())
    }

    async fn read_history(&mut self) -> Result<(), SourceError> {
        let Phase::History(history) = &mut self.phase else { return Ok(()) };
        match history.step(&self.view).await? {
            Step::Events(events, positions, memory) => {
                self.memory.extend(memory);
                let mut start = 0;
                while start < positions.len() {
                    let end = chunk_end(&events, start);
                    let mut part = events.clone();
                    part.keep(start..end);
                    let positions = positions.get(start..end).unwrap_or_default().to_vec();
                    self.pending.push_back(TailItem::Events(TailEvents { events: part, positions, memory: None }));
                    start = end;
                }
            }
            Step::Gap(mark) => {
                let after = self.give_up(mark);
                if let Phase::History(history) = &mut self.phase {
                    history.forget_delivered(after);
                }
            }
            Step::Wait => tokio::time::sleep(JOIN_RETRY).await,
            Step::End(mark) => self.phase = Phase::Joining(mark),
        }
        Ok(())
    }

    fn took(&mut self, item: &TailItem) {
        let position = match item {
            TailItem::Events(events) => events.positions.last().cloned(),
            TailItem::Gap(gap) => gap.position.clone(),
            TailItem::Moved(position) => Some(position.clone()),
            TailItem::Sampled { .. } | TailItem::Notice(_) | TailItem::CaughtUp | TailItem::Ended => None,
        };
        if let Some(position) = position {
            self.position = position;
        }
    }
}

#[async_trait]
impl TailReader for Reader {
    fn position(&self) -> TailPosition {
        self.position.clone()
    }

    async fn next(&mut self) -> Result<TailItem, SourceError> {
        loop {
            if let Some(item) = self.pending.pop_front() {
                self.took(&item);
                return Ok(item);
            }
            self.memory.clear();
            self.check_feed()?;
            self.check_streams().await?;
            match &self.phase {
                Phase::History(_) => self.read_history().await?,
                Phase::Joining(mark) => self.join(*mark).await?,
                Phase::Following { .. } => self.follow().await?,
            }
        }
    }
}
