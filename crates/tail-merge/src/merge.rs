//! One feed out of live sessions and sweeps: each event once.
//!
//! A live session gives an event no id, and a sweep does, so both are matched by content: events with equal fingerprints are
//! counted, and ingestion times decide which of several equal events is meant. Whether both sides report the same ingestion time
//! is learnt: until an event has shown that they do, the feed shows as many equal events as the better informed side has shown.
//!
//! Owns the memory of recent events. INVARIANT: an event is remembered for as long as a sweep may show it again.

use std::collections::HashMap;

use crate::Bounds;

/// A sweep that begins this long after a session's start, in milliseconds, shows what was ingested before the session showed
/// its first event, in most cases. Only the order of the feed depends on it.
const GRACE: i64 = 2_000;
/// Events of a session are held back for a sweep for at most so long, in milliseconds, and in at most this number.
const MAX_HOLD: i64 = 10_000;
const MAX_HELD: usize = 10_000;

/// An event as a live session shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<T> {
    /// Identifies its content.
    pub fingerprint: u128,
    /// Its timestamp.
    pub timestamp: i64,
    /// Its ingestion time.
    pub ingestion: i64,
    /// The event.
    pub event: T,
}

impl<T> Seen<T> {
    /// The order of the feed within a batch.
    fn order(&self) -> (i64, i64) {
        (self.ingestion, self.timestamp)
    }
}

/// An event as a sweep shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept<T> {
    /// What a session would show.
    pub seen: Seen<T>,
    /// Identifies the event among those with equal content.
    pub id: u64,
}

/// One of several events with equal content.
#[derive(Debug, Clone, Copy)]
struct Copy {
    ingestion: i64,
    /// `None`: no sweep has shown it yet.
    id: Option<u64>,
    /// The last session that has shown it.
    session: Option<u64>,
    /// The id, or the session, is that of an event with another ingestion time, which may be another event.
    is_id_assumed: bool,
    is_session_assumed: bool,
}

impl Copy {
    fn identified(ingestion: i64, id: u64) -> Self {
        Self { ingestion, id: Some(id), session: None, is_id_assumed: false, is_session_assumed: false }
    }

    fn shown(ingestion: i64, session: u64) -> Self {
        Self { ingestion, id: None, session: Some(session), is_id_assumed: false, is_session_assumed: false }
    }
}

/// What is remembered of the events with one fingerprint.
#[derive(Debug)]
struct Entry {
    timestamp: i64,
    /// When a session or a sweep has last shown one of them.
    touched: i64,
    /// INVARIANT: as many as the feed has shown, or would have shown after the origin.
    copies: Vec<Copy>,
}

impl Entry {
    /// A session shows an event: is it a new one? `exact`: both sides report the same ingestion times.
    fn show(&mut self, ingestion: i64, session: u64, exact: bool) -> bool {
        let is_free = |copy: &Copy| copy.session != Some(session) || copy.is_session_assumed;
        if let Some(copy) = self.copies.iter_mut().find(|copy| copy.ingestion == ingestion && is_free(copy)) {
            (copy.session, copy.is_session_assumed) = (Some(session), false);
            return false;
        }
        if let Some(copy) = self.copies.iter_mut().find(|copy| !exact && copy.session.is_none()) {
            (copy.session, copy.is_session_assumed) = (Some(session), true);
            return false;
        }
        self.copies.push(Copy::shown(ingestion, session));
        true
    }

    /// A sweep shows an event: is it one that is known by its id, or by the same ingestion time?
    fn identify(&mut self, ingestion: i64, id: u64) -> Option<KnownBy> {
        if self.copies.iter().any(|copy| copy.id == Some(id)) {
            return Some(KnownBy::Id);
        }
        let is_free = |copy: &Copy| copy.id.is_none() || copy.is_id_assumed;
        let copy = self.copies.iter_mut().find(|copy| copy.ingestion == ingestion && is_free(copy))?;
        // The event that was assumed to be this one is told apart when a sweep shows it again.
        (copy.id, copy.is_id_assumed) = (Some(id), false);
        Some(KnownBy::Ingestion)
    }

    /// A sweep shows an event that [`Entry::identify`] does not know: is it a new one?
    fn add(&mut self, ingestion: i64, id: u64, exact: bool) -> bool {
        if let Some(copy) = self.copies.iter_mut().find(|copy| !exact && copy.id.is_none()) {
            (copy.id, copy.is_id_assumed) = (Some(id), true);
            return false;
        }
        self.copies.push(Copy::identified(ingestion, id));
        true
    }
}

/// How an event of a sweep is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownBy {
    Id,
    Ingestion,
}

/// The feed of one log group.
#[derive(Debug)]
pub struct Merge<T> {
    bounds: Bounds,
    origin: i64,
    through: i64,
    entries: HashMap<u128, Entry>,
    session: u64,
    /// An event that a session had shown came with the same ingestion time in a sweep.
    exact: bool,
    /// Since when events may be missing before those that the session shows.
    disorder: Option<i64>,
    /// The latest sampled update.
    sampled: Option<i64>,
    /// With the session that has shown them.
    held: Vec<(u64, Seen<T>)>,
}

impl<T> Merge<T> {
    /// A feed of the events that are ingested after `origin`.
    #[must_use]
    pub fn new(bounds: Bounds, origin: i64) -> Self {
        Self {
            bounds,
            origin,
            through: origin,
            entries: HashMap::new(),
            session: 0,
            exact: false,
            disorder: None,
            sampled: None,
            held: Vec::new(),
        }
    }

    /// The feed has every event that was ingested up to this time, after the origin.
    #[must_use]
    pub fn through(&self) -> i64 {
        self.through
    }

    /// Events remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.entries.len()
    }

    /// A sweep is wanted soon: events may be missing.
    #[must_use]
    pub fn wants_sweep(&self) -> bool {
        self.disorder.is_some()
    }

    /// A session has begun. It does not show what was ingested before.
    pub fn session_began(&mut self, now: i64) {
        self.session += 1;
        self.disorder.get_or_insert(now);
    }

    /// Takes what the session shows, and returns what is new. `sampled`: the session says that it has left events out.
    pub fn update(&mut self, now: i64, events: Vec<Seen<T>>, sampled: bool) -> Vec<Seen<T>> {
        self.correct_times(now);
        if sampled {
            self.sampled = Some(now);
            self.disorder.get_or_insert(now);
        }
        let session = self.session;
        self.held.extend(events.into_iter().map(|seen| (session, seen)));
        let is_held = self.disorder.is_some_and(|since| now < since + MAX_HOLD) && self.held.len() < MAX_HELD;
        if is_held { Vec::new() } else { self.release(now, Vec::new()) }
    }

    /// Takes what a part of a sweep has shown, and returns what is new. The caller collects it until the sweep has ended.
    pub fn swept(&mut self, now: i64, events: Vec<Swept<T>>) -> Vec<Seen<T>> {
        let mut unknown = Vec::new();
        for Swept { seen, id } in events {
            let entry = self.entries.entry(seen.fingerprint);
            let entry = entry.or_insert_with(|| Entry { timestamp: seen.timestamp, touched: now, copies: Vec::new() });
            entry.touched = now;
            match entry.identify(seen.ingestion, id) {
                Some(known) => self.exact |= known == KnownBy::Ingestion,
                None => unknown.push(Swept { seen, id }),
            }
        }
        let mut fresh = Vec::new();
        let exact = self.exact;
        for Swept { seen, id } in unknown {
            let is_new = self.entries.get_mut(&seen.fingerprint).is_some_and(|entry| entry.add(seen.ingestion, id, exact));
            if is_new && seen.ingestion > self.origin {
                fresh.push(seen);
            }
        }
        fresh
    }

    /// A sweep has ended, which began at `begun` and read all timestamps from `from` on (`None`: it broke off). `fresh`: what its
    /// parts have brought. Returns what the feed shows.
    pub fn sweep_ended(&mut self, begun: i64, now: i64, from: Option<i64>, fresh: Vec<Seen<T>>) -> Vec<Seen<T>> {
        self.correct_times(now);
        let Some(from) = from else { return self.in_order(fresh) };
        if from <= begun - self.bounds.settling - self.bounds.lateness {
            self.through = self.through.max(begun - self.bounds.settling);
            self.forget(now);
        }
        if self.disorder.is_some_and(|since| begun >= since + GRACE) {
            self.disorder = self.sampled.take().filter(|sampled| begun < *sampled + GRACE);
            return self.release(now, fresh);
        }
        self.in_order(fresh)
    }

    /// The group has more events than sweeps can read back over the whole lateness: they reach back less from now on.
    pub fn limit_lateness(&mut self, lateness: i64) {
        self.bounds.lateness = self.bounds.lateness.min(lateness);
    }

    /// The estimate of the service's clock was corrected backwards: what lies in its future has happened by now at the latest. Else
    /// events would be held, and sweeps be wanted, until that future.
    fn correct_times(&mut self, now: i64) {
        self.disorder = self.disorder.map(|since| since.min(now));
        self.sampled = self.sampled.map(|since| since.min(now));
    }

    /// The held events that are new, and `fresh`, which are.
    fn release(&mut self, now: i64, mut fresh: Vec<Seen<T>>) -> Vec<Seen<T>> {
        for (session, seen) in std::mem::take(&mut self.held) {
            let entry = self.entries.entry(seen.fingerprint);
            let entry = entry.or_insert_with(|| Entry { timestamp: seen.timestamp, touched: now, copies: Vec::new() });
            entry.touched = now;
            if entry.show(seen.ingestion, session, self.exact) {
                fresh.push(seen);
            }
        }
        self.in_order(fresh)
    }

    fn in_order(&self, mut fresh: Vec<Seen<T>>) -> Vec<Seen<T>> {
        fresh.retain(|seen| seen.ingestion > self.origin);
        fresh.sort_by_key(Seen::order);
        fresh
    }

    /// Forgets the events that no sweep shows again, some time after they were last shown.
    fn forget(&mut self, now: i64) {
        let Bounds { lateness, settling } = self.bounds;
        let oldest = now - lateness - 2 * settling;
        self.entries.retain(|_, entry| entry.timestamp >= oldest || entry.touched >= now - 2 * settling);
    }
}
