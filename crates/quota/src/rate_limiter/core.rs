//! The rate limiter's state machine: each event is a method that takes the time of the event.
//!
//! Owns the rules that join rate, window, breaker and queue, and the wait that a rejection states. Never reads a clock and never
//! sleeps: `rate_limiter` wraps it in a lock and in futures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::RateLimiterState;
use super::aimd::AimdController;
use super::breaker::{Breaker, BreakerState, Health, Period};
use super::queue::{Queue, QueueEntry};
use super::window::{LoggedCall, SlidingWindow, spacing};
use crate::rejected::whole_seconds;
use crate::{RateLimits, Rejected, Share};

/// A waiter with a longer wait checks after half of it whether requests that overtook it make it miss its deadline. Halving
/// bounds the number of checks.
const RECHECK_AFTER: Duration = Duration::from_secs(2);

/// The resolution of the timers.
const TIMER_TICK: Duration = Duration::from_millis(1);

/// A call that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AdmittedCall {
    made: Instant,
    logged: LoggedCall,
    period: Period,
}

pub(super) type Decision = Result<AdmittedCall, Rejected>;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Throttled(Option<Duration>),
    Failed,
    Unknown,
}

/// A waiting request, as the state machine sees it.
pub(super) trait Waiter {
    /// The request is decided.
    fn notify(&self, decision: Decision);
    /// Its admission time may have moved forward: it should call [`Core::poll_waiter`] again.
    fn wake(&self);
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Decided(Decision),
    Queued(u64),
}

#[derive(Debug)]
pub(super) struct Core<W> {
    aimd: AimdController,
    window: SlidingWindow,
    breaker: Breaker,
    queue: Queue<W>,
    next_id: u64,
}

impl<W: Waiter> Core<W> {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self {
            aimd: AimdController::new(limits.ceiling),
            window: SlidingWindow::default(),
            breaker: Breaker::new(),
            queue: Queue::new(limits.queue),
            next_id: 0,
        }
    }

    pub(super) fn change_limits(&mut self, now: Instant, limits: RateLimits) {
        self.aimd.change_ceiling(limits.ceiling);
        self.queue.change_bounds(limits.queue);
        self.reject_late(now);
        self.dispatch(now);
    }

    pub(super) fn state(&self) -> RateLimiterState {
        RateLimiterState {
            rate: self.aimd.rate(),
            ceiling: self.aimd.ceiling(),
            queued: self.queue.len(),
            tenants_queued: self.queue.tenants(),
            breaker: self.breaker.state(),
        }
    }

    /// A request arrives; `waiter` is called if it has to wait.
    pub(super) fn admit(&mut self, now: Instant, share: &Share, deadline: Instant, waiter: impl FnOnce() -> W) -> Admission {
        self.dispatch(now);
        if deadline < now {
            return Admission::Decided(Err(Rejected::busy_until(now, now)));
        }
        if let Some(decision) = self.admit_immediately(now) {
            return Admission::Decided(decision);
        }
        let position = self.queue.position(share);
        if let Err(rejected) = self.make_room(now, share, deadline, self.queue.rank(position)) {
            return Admission::Decided(Err(rejected));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.queue.insert(share, position, QueueEntry { id, since: now, deadline, next_check: now, waiter: waiter() });
        Admission::Queued(id)
    }

    /// Makes a call if it can be made immediately and the upstream is known to work.
    pub(super) fn try_admit(&mut self, now: Instant) -> Option<AdmittedCall> {
        self.dispatch(now);
        match self.breaker.state() {
            BreakerState::Closed => self.admit_immediately(now)?.ok(),
            BreakerState::Open | BreakerState::HalfOpen => None,
        }
    }

    /// Checks whether a waiter's admission time has come. If it still waits: when to check again, always later than `now`.
    pub(super) fn poll_waiter(&mut self, now: Instant, tenant: &Arc<str>, id: u64) -> Option<Instant> {
        self.dispatch(now);
        let (rank, waiting) = self.queue.find(tenant, id)?;
        let (since, deadline) = (waiting.since, waiting.deadline);
        let admission_time = self.admission_time(now, rank);
        if admission_time > deadline {
            let late = self.queue.remove(tenant, id)?;
            late.waiter.notify(Err(self.rejection(now, rank, deadline - since, now)));
            return None;
        }
        let wait = admission_time - now;
        let check_at = if wait > RECHECK_AFTER { now + wait / 2 } else { admission_time };
        self.queue.find(tenant, id)?.1.next_check = check_at;
        Some(check_at)
    }

    /// A waiter leaves without making the call that it may have been granted.
    pub(super) fn leave(&mut self, now: Instant, tenant: &Arc<str>, id: u64, decided: Option<Decision>) {
        match decided {
            Some(Ok(admitted)) => self.window.cancel(admitted.logged),
            Some(Err(_)) => {}
            None => drop(self.queue.remove(tenant, id)),
        }
        self.dispatch(now);
    }

    /// A call ended.
    pub(super) fn call_ended(&mut self, now: Instant, admitted: AdmittedCall, outcome: Outcome) {
        let health = match outcome {
            Outcome::Succeeded => {
                self.aimd.succeeded(admitted.made);
                Health::Works
            }
            Outcome::Throttled(retry_after) => {
                if self.aimd.throttled(now, admitted.made, retry_after) {
                    self.reject_late(now);
                }
                Health::Works
            }
            Outcome::Failed => Health::Fails,
            Outcome::Unknown => Health::Unknown,
        };
        self.breaker.call_ended(now, admitted.period, health);
        if let Err(rejected) = self.breaker.check(now) {
            for (_, waiting) in self.queue.remove_unless(|_, _| false) {
                waiting.waiter.notify(Err(rejected));
            }
        }
        self.dispatch(now);
    }

    /// Brings the queue up to `now`: admits the calls that are due, and wakes the next waiter if its time moved forward.
    fn dispatch(&mut self, now: Instant) {
        if self.queue.is_empty() {
            return;
        }
        while self.admission_time(now, 0) <= now
            && let Some(head) = self.queue.head()
        {
            // A waiter whose deadline passed without a poll must not cost its tenant a call.
            let expired = head.deadline < now;
            let decision = if expired { Err(Rejected::busy_until(now, now)) } else { Ok(self.start_call(now)) };
            let decided = if expired { self.queue.remove_head() } else { self.queue.serve_head() };
            decided.into_iter().for_each(|waiting| waiting.waiter.notify(decision));
        }
        let next = self.admission_time(now, 0);
        if let Some(head) = self.queue.head()
            && head.next_check > next
        {
            head.next_check = next;
            head.waiter.wake();
        }
    }

    /// The rate fell: rejects waiters that can no longer meet their deadlines.
    fn reject_late(&mut self, now: Instant) {
        let (rate, earliest) = (self.aimd.rate(), self.aimd.earliest(now));
        let window = &self.window;
        let late = self.queue.remove_unless(|rank, waiting| window.admission_time(rank, rate, earliest) <= waiting.deadline);
        for (rank, waiting) in late {
            waiting.waiter.notify(Err(self.rejection(now, rank, waiting.deadline - waiting.since, now)));
        }
    }

    /// The decision, if the request need not wait.
    fn admit_immediately(&mut self, now: Instant) -> Option<Decision> {
        if let Err(rejected) = self.breaker.check(now) {
            return Some(Err(rejected));
        }
        let next = self.admission_time(now, 0);
        if self.queue.is_empty() && next <= now {
            return Some(Ok(self.start_call(now)));
        }
        match self.breaker.state() {
            BreakerState::Closed => None,
            // Requests do not wait for a probe.
            BreakerState::Open | BreakerState::HalfOpen => Some(Err(Rejected::Open { retry_after: whole_seconds(next - now) })),
        }
    }

    /// Makes room in the queue for a request of this rank, by evicting the last waiter if the queue is full.
    fn make_room(&mut self, now: Instant, share: &Share, deadline: Instant, rank: usize) -> Result<(), Rejected> {
        let max_wait = deadline - now;
        if let Some(first) = self.queue.first_of_full(share) {
            return Err(self.rejection(now, rank, max_wait, self.admission_time(now, first)));
        }
        if self.admission_time(now, rank) > deadline {
            return Err(self.rejection(now, rank, max_wait, now));
        }
        if self.queue.is_full() {
            let last = self.queue.len() - 1;
            if rank > last {
                return Err(self.rejection(now, rank, max_wait, self.admission_time(now, 0)));
            }
            if let Some(evicted) = self.queue.evict() {
                evicted.waiter.notify(Err(self.rejection(now, last + 1, evicted.deadline - evicted.since, now)));
            }
        }
        Ok(())
    }

    /// The rejection of a request of this rank that could wait for `max_wait`: retry at `earliest` or later, when that will be
    /// enough.
    ///
    /// A retry comes after whole seconds. The waiters that are served by then are before it, also those of a higher rank now.
    fn rejection(&self, now: Instant, rank: usize, max_wait: Duration, earliest: Instant) -> Rejected {
        // Even the first waiter may wait for the spacing of two calls: a shorter wait suffices only if the queue is empty.
        let mut before = if max_wait < spacing(self.aimd.rate()) { rank.max(self.queue.len()) } else { rank };
        loop {
            // Each of those before it may be served a tick of the timer late.
            let admitted = self.admission_time(now, before) + TIMER_TICK * u32::try_from(before).unwrap_or(u32::MAX);
            let in_time = admitted.checked_sub(max_wait).unwrap_or(now);
            let wait = whole_seconds(in_time.max(earliest).saturating_duration_since(now));
            let served = self.served_by(now, now + wait);
            if served <= before {
                return Rejected::Busy { retry_after: wait };
            }
            before = served;
        }
    }

    /// How many of the waiters are served by `then`.
    fn served_by(&self, now: Instant, then: Instant) -> usize {
        let (mut served, mut waiting) = (0, self.queue.len());
        while served < waiting {
            let rank = served.midpoint(waiting);
            if self.admission_time(now, rank) <= then { served = rank + 1 } else { waiting = rank }
        }
        served
    }

    fn admission_time(&self, now: Instant, rank: usize) -> Instant {
        self.window.admission_time(rank, self.aimd.rate(), self.aimd.earliest(now))
    }

    fn start_call(&mut self, now: Instant) -> AdmittedCall {
        let logged = self.window.record(now, self.aimd.rate(), self.aimd.ceiling());
        self.breaker.call_made(now);
        AdmittedCall { made: now, logged, period: self.breaker.period() }
    }
}
