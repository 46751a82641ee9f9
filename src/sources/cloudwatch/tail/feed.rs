//! The feed of one log group as its viewers share it: the latest batches of events, numbered.
//!
//! A viewer reads from here at its own speed, and holds a number only. One that has fallen behind the oldest batch joins again
//! from its position. So a viewer that does not read costs no memory, and slows no other viewer.
//!
//! Owns the batches and the count of viewers. [`super::worker`] fills it, [`super::reader`] reads it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use logmark_tail_merge::Seen;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::event::TailEvent;
use super::existence::Existence;
use crate::sources::SourceError;
use crate::sources::tail::TailNotice;

/// Batches are kept for so long, so that a viewer that comes back soon needs no call. Longer than the settling time, so that a
/// new viewer finds here what readings do not show yet.
const KEEP: Duration = Duration::from_secs(60);
/// Bytes of one feed, and of all feeds of a source, about.
const MAX_BYTES: usize = 16 << 20;
pub(super) const MAX_BYTES_OF_ALL: usize = 128 << 20;

pub(super) type Event = Seen<Arc<TailEvent>>;

/// What the feed shows at one time.
#[derive(Debug)]
pub(super) struct Batch {
    /// In the order of delivery.
    pub(super) events: Vec<Event>,
    /// With this batch the feed is complete through this ingestion time.
    pub(super) through: i64,
    /// The session has shown a sample of the events only.
    pub(super) is_sampled: bool,
    bytes: usize,
    at: Instant,
}

/// Whether the feed works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    /// The first sweep is under way.
    Starting,
    /// It works.
    Running,
    /// It has ended, because the group cannot be read.
    Failed(SourceError),
    /// It has ended, because it had no viewers.
    Closed,
}

#[derive(Debug)]
struct State {
    batches: VecDeque<Arc<Batch>>,
    /// The number of the first batch.
    first: u64,
    bytes: usize,
    /// The batches have every event of the feed with a later ingestion time.
    kept_from: i64,
    through: i64,
    notice: Option<TailNotice>,
    status: Status,
}

/// The feed of one log group.
#[derive(Debug)]
pub(super) struct Feed {
    state: Mutex<State>,
    /// Counts the changes.
    changes: watch::Sender<u64>,
    viewers: AtomicUsize,
    /// The last viewer has left.
    pub(super) deserted: Notify,
    /// The streams that viewers have named.
    pub(super) existence: Existence,
    /// Bytes of all feeds of the source.
    bytes_of_all: Arc<AtomicUsize>,
}

/// What a viewer that joins finds.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) batches: Vec<Arc<Batch>>,
    /// The number of the next batch.
    pub(super) next: u64,
    pub(super) kept_from: i64,
    pub(super) through: i64,
}

/// What has happened since a batch.
#[derive(Debug)]
pub(super) enum News {
    /// These batches, and the number of the next one.
    Batches(Vec<Arc<Batch>>, u64),
    /// The viewer has fallen behind: batches that it has not seen are gone.
    Behind,
}

impl Feed {
    /// An empty feed. [`Self::set_origin`] is called before the first batch and before the first viewer reads.
    pub(super) fn new(bytes_of_all: Arc<AtomicUsize>) -> Self {
        let state = State {
            batches: VecDeque::new(),
            first: 0,
            bytes: 0,
            kept_from: 0,
            through: 0,
            notice: None,
            status: Status::Starting,
        };
        Self {
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
            viewers: AtomicUsize::new(0),
            deserted: Notify::new(),
            existence: Existence::default(),
            bytes_of_all,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The feed has the events that are ingested after this time.
    pub(super) fn set_origin(&self, origin: i64) {
        let mut state = self.state();
        (state.kept_from, state.through) = (origin, origin);
    }

    /// Adds a batch. One without events that changes nothing is left out.
    pub(super) fn publish(&self, events: Vec<Event>, through: i64, is_sampled: bool) {
        let mut state = self.state();
        if events.is_empty() && through <= state.through && !is_sampled {
            return;
        }
        let bytes: usize = events.iter().map(|seen| seen.event.bytes()).sum();
        state.through = state.through.max(through);
        state.bytes += bytes;
        self.bytes_of_all.fetch_add(bytes, Ordering::Relaxed);
        let through = state.through;
        state.batches.push_back(Arc::new(Batch { events, through, is_sampled, bytes, at: Instant::now() }));
        self.evict(&mut state);
        drop(state);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Drops the oldest batches: those that are old, and those that there is no memory for.
    fn evict(&self, state: &mut State) {
        while state.batches.len() > 1
            && let Some(batch) = state.batches.front()
        {
            let is_over = state.bytes > MAX_BYTES || self.bytes_of_all.load(Ordering::Relaxed) > MAX_BYTES_OF_ALL;
            if batch.at.elapsed() < KEEP && !is_over {
                break;
            }
            let last = batch.events.iter().map(|seen| seen.ingestion).max();
            state.kept_from = last.map_or(state.kept_from, |last| state.kept_from.max(last));
            let bytes = batch.bytes;
            state.bytes -= bytes;
            self.bytes_of_all.fetch_sub(bytes, Ordering::Relaxed);
            state.batches.pop_front();
            state.first += 1;
        }
    }

    /// Sets the status, for readers that wait.
    pub(super) fn set_status(&self, status: Status) {
        self.state().status = status;
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Sets how events arrive.
    pub(super) fn set_notice(&self, notice: TailNotice) {
        let previous = self.state().notice.replace(notice);
        if previous != Some(notice) {
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    pub(super) fn status(&self) -> Status {
        self.state().status.clone()
    }

    pub(super) fn notice(&self) -> Option<TailNotice> {
        self.state().notice
    }

    /// Follows the changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let state = self.state();
        Snapshot {
            batches: state.batches.iter().cloned().collect(),
            next: state.first + state.batches.len() as u64,
            kept_from: state.kept_from,
            through: state.through,
        }
    }

    /// The batches from number `next` on, at most `limit`.
    pub(super) fn after(&self, next: u64, limit: usize) -> News {
        let state = self.state();
        let Some(offset) = next.checked_sub(state.first).and_then(|offset| usize::try_from(offset).ok()) else {
            return News::Behind;
        };
        let batches: Vec<_> = state.batches.iter().skip(offset).take(limit).cloned().collect();
        let next = next + batches.len() as u64;
        News::Batches(batches, next)
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers.load(Ordering::SeqCst)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let bytes = self.state().bytes;
        self.bytes_of_all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// One viewer's place in the count.
#[derive(Debug)]
pub(super) struct Viewing(pub(super) Arc<Feed>);

impl Viewing {
    pub(super) fn new(feed: Arc<Feed>) -> Self {
        feed.viewers.fetch_add(1, Ordering::SeqCst);
        Self(feed)
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        if self.0.viewers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.deserted.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(ingestion: i64, bytes: usize) -> Event {
        let message = "x".repeat(bytes).into();
        TailEvent { stream: "s".into(), timestamp: ingestion, ingestion, event_id: None, message }.seen()
    }

    #[tokio::test(start_paused = true)]
    async fn batches_are_kept_for_a_time_and_within_their_memory() {
        let all = Arc::new(AtomicUsize::new(0));
        let feed = Feed::new(Arc::clone(&all));
        feed.set_origin(100);
        feed.publish(vec![event(101, 10)], 100, false);
        feed.publish(Vec::new(), 100, false);
        tokio::time::advance(KEEP / 2).await;
        feed.publish(vec![event(102, 10)], 101, false);
        assert!(matches!(feed.after(0, 9), News::Batches(batches, 2) if batches.len() == 2));
        tokio::time::advance(KEEP / 2).await;
        feed.publish(vec![event(103, MAX_BYTES / 2)], 102, false);
        assert!(matches!(feed.after(0, 9), News::Behind));
        assert_eq!(feed.snapshot().kept_from, 101);
        feed.publish(vec![event(104, MAX_BYTES / 2)], 102, false);
        let snapshot = feed.snapshot();
        assert_eq!((snapshot.batches.len(), snapshot.next, snapshot.kept_from, snapshot.through), (1, 4, 103, 102));
        drop(feed);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
