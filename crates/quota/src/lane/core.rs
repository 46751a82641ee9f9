//! The lane as a machine: everything that happens is a method with the time it happens at.
//!
//! Owns the rules that join rate, window, breaker and queue, and the honest wait of a refusal. Never looks at a clock and never
//! sleeps: `lane` wraps it in a lock and in futures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::LaneState;
use super::breaker::{Breaker, BreakerState, Health, Period};
use super::pace::Pace;
use super::queue::{Queue, Waiting};
use super::window::{Logged, Window, distance};
use crate::refused::whole_seconds;
use crate::{Limits, Refused, Share};

/// Who waits longer looks again at half of its wait, whether others came before it for whom it can't make its deadline any
/// more. Halving makes that a handful of looks for the longest wait.
const NO_LOOK_BETWEEN: Duration = Duration::from_secs(2);

/// A call that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    made: Instant,
    logged: Logged,
    period: Period,
}

pub(super) type Verdict = Result<Grant, Refused>;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Throttled(Option<Duration>),
    Failed,
    Unknown,
}

/// What the machine needs of one who waits.
pub(super) trait Waiter {
    /// It waits no longer.
    fn tell(&self, verdict: Verdict);
    /// Its turn may come sooner than it thinks: it should ask [`Core::attend`] again.
    fn wake(&self);
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Decided(Verdict),
    Waits(u64),
}

#[derive(Debug)]
pub(super) struct Core<W> {
    pace: Pace,
    window: Window,
    breaker: Breaker,
    queue: Queue<W>,
    next_id: u64,
}

impl<W: Waiter> Core<W> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            pace: Pace::new(limits.ceiling),
            window: Window::default(),
            breaker: Breaker::new(),
            queue: Queue::new(limits.queue),
            next_id: 0,
        }
    }

    pub(super) fn change_limits(&mut self, now: Instant, limits: Limits) {
        self.pace.change_ceiling(limits.ceiling);
        self.queue.change_bounds(limits.queue);
        self.sweep(now);
        self.settle(now);
    }

    pub(super) fn state(&self) -> LaneState {
        LaneState {
            rate: self.pace.rate(),
            ceiling: self.pace.ceiling(),
            queued: self.queue.len(),
            tenants_queued: self.queue.tenants(),
            breaker: self.breaker.state(),
        }
    }

    /// A request comes; `waiter` is made if it has to wait.
    pub(super) fn admit(&mut self, now: Instant, share: &Share, deadline: Instant, waiter: impl FnOnce() -> W) -> Admission {
        self.settle(now);
        if deadline < now {
            return Admission::Decided(Err(Refused::busy_until(now, now)));
        }
        if let Some(verdict) = self.at_once(now) {
            return Admission::Decided(verdict);
        }
        let place = self.queue.place(share);
        if let Err(refused) = self.make_room(now, share, deadline, self.queue.rank(place)) {
            return Admission::Decided(Err(refused));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.queue.insert(share, place, Waiting { id, since: now, deadline, alarm: now, waiter: waiter() });
        Admission::Waits(id)
    }

    /// A call, if it can be made at once and the upstream is known to work.
    pub(super) fn try_admit(&mut self, now: Instant) -> Option<Grant> {
        self.settle(now);
        match self.breaker.state() {
            BreakerState::Closed => self.at_once(now)?.ok(),
            BreakerState::Open | BreakerState::HalfOpen => None,
        }
    }

    /// One who waits looks whether its turn has come. If it goes on waiting: when to look again, always later than `now`.
    pub(super) fn attend(&mut self, now: Instant, tenant: &Arc<str>, id: u64) -> Option<Instant> {
        self.settle(now);
        let (rank, waiting) = self.queue.find(tenant, id)?;
        let (since, deadline) = (waiting.since, waiting.deadline);
        let turn = self.turn(now, rank);
        if turn > deadline {
            let late = self.queue.remove(tenant, id)?;
            late.waiter.tell(Err(self.busy(now, rank, deadline - since)));
            return None;
        }
        let wait = turn - now;
        let look = if wait > NO_LOOK_BETWEEN { now + wait / 2 } else { turn };
        self.queue.find(tenant, id)?.1.alarm = look;
        Some(look)
    }

    /// One who waited does so no more, and has not made the call that it may have been told of.
    pub(super) fn leave(&mut self, now: Instant, tenant: &Arc<str>, id: u64, told: Option<Verdict>) {
        match told {
            Some(Ok(grant)) => self.window.give_back(grant.logged),
            Some(Err(_)) => {}
            None => drop(self.queue.remove(tenant, id)),
        }
        self.settle(now);
    }

    /// A call ended.
    pub(super) fn call_ended(&mut self, now: Instant, grant: Grant, outcome: Outcome) {
        let health = match outcome {
            Outcome::Succeeded => {
                self.pace.succeeded(grant.made);
                Health::Works
            }
            Outcome::Throttled(retry_after) => {
                if self.pace.throttled(now, grant.made, retry_after) {
                    self.sweep(now);
                }
                Health::Works
            }
            Outcome::Failed => Health::Fails,
            Outcome::Unknown => Health::Unknown,
        };
        self.breaker.call_ended(now, grant.period, health);
        if let Err(refused) = self.breaker.check(now) {
            for (_, waiting) in self.queue.sweep(|_, _| false) {
                waiting.waiter.tell(Err(refused));
            }
        }
        self.settle(now);
    }

    /// Brings the queue up to `now`: makes the calls that are due, and sees to it that the next one will be.
    fn settle(&mut self, now: Instant) {
        if self.queue.is_empty() {
            return;
        }
        while self.turn(now, 0) <= now
            && let Some(head) = self.queue.head()
        {
            // One that was not polled for long must not cost its tenant a turn.
            let expired = head.deadline < now;
            let verdict = if expired { Err(Refused::busy_until(now, now)) } else { Ok(self.grant(now)) };
            let decided = if expired { self.queue.dismiss() } else { self.queue.serve() };
            decided.into_iter().for_each(|waiting| waiting.waiter.tell(verdict));
        }
        let next = self.turn(now, 0);
        if let Some(head) = self.queue.head()
            && head.alarm > next
        {
            head.alarm = next;
            head.waiter.wake();
        }
    }

    /// The rate fell: refuses those who can't make their deadline any more.
    fn sweep(&mut self, now: Instant) {
        let (rate, earliest) = (self.pace.rate(), self.pace.earliest(now));
        let window = &self.window;
        let late = self.queue.sweep(|rank, waiting| window.turn(rank, rate, earliest) <= waiting.deadline);
        for (rank, waiting) in late {
            waiting.waiter.tell(Err(self.busy(now, rank, waiting.deadline - waiting.since)));
        }
    }

    /// The answer, if it needs no waiting.
    fn at_once(&mut self, now: Instant) -> Option<Verdict> {
        if let Err(refused) = self.breaker.check(now) {
            return Some(Err(refused));
        }
        let next = self.turn(now, 0);
        if self.queue.is_empty() && next <= now {
            return Some(Ok(self.grant(now)));
        }
        match self.breaker.state() {
            BreakerState::Closed => None,
            // Nobody waits for a probe.
            BreakerState::Open | BreakerState::HalfOpen => Some(Err(Refused::Open { retry_after: whole_seconds(next - now) })),
        }
    }

    /// Lets a request of this rank into the queue, at the cost of the last in line if it is full.
    fn make_room(&mut self, now: Instant, share: &Share, deadline: Instant, rank: usize) -> Result<(), Refused> {
        let patience = deadline - now;
        if let Some(first) = self.queue.first_of_full(share) {
            return Err(Refused::busy_until(now, self.turn(now, first).max(self.enough(now, rank, patience))));
        }
        if self.turn(now, rank) > deadline {
            return Err(self.busy(now, rank, patience));
        }
        if self.queue.is_full() {
            let last = self.queue.len() - 1;
            if rank > last {
                return Err(Refused::busy_until(now, self.turn(now, 0).max(self.enough(now, rank, patience))));
            }
            if let Some(evicted) = self.queue.evict() {
                evicted.waiter.tell(Err(self.busy(now, last + 1, evicted.deadline - evicted.since)));
            }
        }
        Ok(())
    }

    /// What one of this rank is told that could wait for `patience`: to come back when that will be enough.
    fn busy(&self, now: Instant, rank: usize, patience: Duration) -> Refused {
        Refused::busy_until(now, self.enough(now, rank, patience))
    }

    /// From when on one of this rank would need no more patience than that. Less than the distance of two calls is enough only
    /// when nobody waits: even who is first may have to wait for so long.
    fn enough(&self, now: Instant, rank: usize, patience: Duration) -> Instant {
        let rank = if patience < distance(self.pace.rate()) { rank.max(self.queue.len()) } else { rank };
        self.turn(now, rank).checked_sub(patience).map_or(now, |enough| enough.max(now))
    }

    fn turn(&self, now: Instant, rank: usize) -> Instant {
        self.window.turn(rank, self.pace.rate(), self.pace.earliest(now))
    }

    fn grant(&mut self, now: Instant) -> Grant {
        let logged = self.window.record(now, self.pace.rate(), self.pace.ceiling());
        self.breaker.call_made(now);
        Grant { made: now, logged, period: self.breaker.period() }
    }
}
