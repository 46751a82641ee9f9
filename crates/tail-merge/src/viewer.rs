//! One viewer of a feed: joins it from a position without loss or repeats, and keeps the next position.

use std::collections::HashMap;

use crate::ledger::{Ledger, Mark};
use crate::merge::Seen;
use crate::reconcile::{Candidate, Unsolved, reconcile};

/// What a feed offers to a viewer that joins. The caller keeps only those events that the viewer may see and wants.
#[derive(Debug, Clone)]
pub struct Feed<T> {
    /// The latest events that the feed has shown.
    pub recent: Vec<Seen<T>>,
    /// The feed is complete through this ingestion time.
    pub through: i64,
}

/// A viewer, and the events to deliver to it first.
#[derive(Debug)]
pub struct Joined<T> {
    /// The viewer. [`Viewer::delivered`] is still to be called for the events.
    pub viewer: Viewer,
    /// In the order to deliver them in.
    pub events: Vec<Seen<T>>,
}

/// The state of one viewer.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// What was ingested up to this time is not for this viewer: it has it, or did not ask for it.
    origin: i64,
    ledger: Ledger,
    /// Events that the feed will show, and that a reading has shown to this viewer already.
    skipped: HashMap<u128, u32>,
    /// The latest ingestion time among them.
    skipped_through: i64,
}

impl Viewer {
    /// Joins the feed from `mark`. `reading`: all events with an ingestion time above `mark.through`, read after the feed's
    /// `recent` and `through` were taken or later; `None` when `recent` has all of them.
    ///
    /// # Errors
    /// [`Unsolved`]: the events before the mark cannot be told from those after it. Some time later they may, while events that
    /// were delivered are still missing from the reading.
    pub fn join<T>(mark: &Mark, reading: Option<Vec<Seen<T>>>, feed: Feed<T>) -> Result<Joined<T>, Unsolved> {
        let (mut events, skipped) = combine(mark.through, reading.unwrap_or_default(), feed);
        events.sort_by_key(|seen| (seen.ingestion, seen.timestamp));
        let candidate = |seen: &Seen<T>| Candidate { ingestion: seen.ingestion, fingerprint: seen.fingerprint };
        let candidates: Vec<Candidate> = events.iter().map(candidate).collect();
        let mut delivered = reconcile(mark, &candidates)?.into_iter();
        let mut ledger = Ledger::new(mark.through);
        events.retain(|seen| {
            let is_delivered = delivered.next().unwrap_or(false);
            if is_delivered {
                ledger.deliver(seen.ingestion, seen.fingerprint);
            }
            !is_delivered
        });
        let skipped_through = skipped.values().map(|(_, ingestion)| *ingestion).max().unwrap_or(i64::MIN);
        let skipped = skipped.into_iter().map(|(fingerprint, (count, _))| (fingerprint, count)).collect();
        Ok(Joined { viewer: Self { origin: mark.through, ledger, skipped, skipped_through }, events })
    }

    /// The feed shows an event that the viewer may see and wants: is it to be delivered?
    pub fn wants(&mut self, ingestion: i64, fingerprint: u128) -> bool {
        if ingestion <= self.origin {
            return false;
        }
        match self.skipped.get_mut(&fingerprint) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        }
    }

    /// Notes that an event was delivered, and returns the position after it.
    pub fn delivered(&mut self, ingestion: i64, fingerprint: u128) -> Mark {
        self.ledger.deliver(ingestion, fingerprint);
        self.ledger.mark()
    }

    /// The feed is complete through this ingestion time, and the viewer has received all that it has shown so far.
    pub fn advance(&mut self, through: i64) {
        self.ledger.advance(through);
        if through >= self.skipped_through {
            self.skipped.clear();
        }
    }

    /// The position after the last event.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.ledger.mark()
    }
}

type Skipped = HashMap<u128, (u32, i64)>;

/// The events of both, each once, and those of the reading that the feed is still to show.
fn combine<T>(through: i64, reading: Vec<Seen<T>>, feed: Feed<T>) -> (Vec<Seen<T>>, Skipped) {
    let mut counts: HashMap<u128, u32> = HashMap::new();
    let mut skipped = Skipped::new();
    for seen in reading.iter().filter(|seen| seen.ingestion > through) {
        *counts.entry(seen.fingerprint).or_default() += 1;
        // What is older the feed has shown, or never shows.
        if seen.ingestion > feed.through {
            let (count, last) = skipped.entry(seen.fingerprint).or_insert((0, seen.ingestion));
            *count += 1;
            *last = (*last).max(seen.ingestion);
        }
    }
    let mut events = reading;
    for seen in feed.recent {
        // An older event with the same content says nothing about those that the feed is still to show.
        if seen.ingestion <= through {
            continue;
        }
        if seen.ingestion > feed.through
            && let Some((count, _)) = skipped.get_mut(&seen.fingerprint)
        {
            *count = count.saturating_sub(1);
        }
        match counts.get_mut(&seen.fingerprint).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => events.push(seen),
        }
    }
    events.retain(|seen| seen.ingestion > through);
    (events, skipped)
}
