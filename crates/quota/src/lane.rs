//! One budget of calls per second, for one account, region and API: the way in to all its calls.
//!
//! Owns the futures of those who wait, and what a caller may say of a call. The rules are in `core`, which knows no clock:
//! rate and its changes (`pace`, `window`), order (`queue`), failures (`breaker`).
//!
//! No task runs. Each who waits sleeps until its own expected turn, and whoever wakes makes all calls that are due, its own or
//! others'. When the head's turn comes sooner than it expects, it is woken. So one that leaves, or is no longer polled, holds
//! nobody up for longer than until the next one's expected turn.

mod breaker;
mod core;
mod pace;
mod queue;
mod window;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, Core, Grant, Outcome, Verdict, Waiter};
use crate::{Limits, Refused, Share};

pub use self::breaker::BreakerState;

/// A budget of calls per second, shared fairly by weight. Clones are the same lane.
///
/// - In no second are more calls let through than the budget allows; throttled calls lower the rate, successes raise it
///   again.
/// - Nearly all recent calls failing, all are refused for a while, but for single probes.
/// - While more is wanted than can be had, tenants get turns by weight; a tenant that was idle goes before those that had
///   turns already.
#[derive(Debug, Clone)]
pub struct Lane(Arc<Mutex<Core<Arc<Waker>>>>);

/// What a lane is doing, for metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaneState {
    /// Calls per second at the moment.
    pub rate: f64,
    /// Calls per second when nothing is throttled.
    pub ceiling: f64,
    /// How many wait.
    pub queued: usize,
    /// How many tenants they are of.
    pub tenants_queued: usize,
    /// Whether calls are let through.
    pub breaker: BreakerState,
}

/// Leave to make one call, now. Say how it ended; dropped without a word, it says nothing of the upstream, but the call counts
/// as made.
#[derive(Debug)]
#[must_use = "a turn dropped is a call of the budget lost"]
pub struct Turn {
    lane: Lane,
    grant: Grant,
    outcome: Outcome,
}

impl Lane {
    /// A lane on which nothing happened yet.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(Core::new(limits))))
    }

    /// Waits for a turn, at most until `deadline`. Dropping the future leaves the queue at once, and gives back a turn that it
    /// was already given.
    ///
    /// # Errors
    /// [`Refused::Busy`] as soon as the deadline can't be made, by what is queued and the present rate; [`Refused::Open`] as
    /// soon as the upstream is known to fail.
    pub async fn admit(&self, share: &Share, deadline: Instant) -> Result<Turn, Refused> {
        let waker = Arc::new(Waker::default());
        let admission = self.locked(|core, now| core.admit(now, share, deadline, || Arc::clone(&waker)));
        let verdict = match admission {
            Admission::Decided(verdict) => verdict,
            Admission::Waits(id) => Ticket { lane: self, tenant: &share.tenant, id, waker: Some(waker) }.verdict().await,
        };
        verdict.map(|grant| self.turn(grant))
    }

    /// A turn, if nobody waits, the rate allows it and the upstream is known to work: for calls that can as well be left out.
    pub fn try_admit(&self) -> Option<Turn> {
        self.locked(Core::try_admit).map(|grant| self.turn(grant))
    }

    /// From now on other limits hold. Those who wait stay, unless they can't make their deadlines any more.
    pub fn change_limits(&self, limits: Limits) {
        self.locked(|core, now| core.change_limits(now, limits));
    }

    /// What the lane is doing.
    pub fn state(&self) -> LaneState {
        self.lock().state()
    }

    fn turn(&self, grant: Grant) -> Turn {
        Turn { lane: self.clone(), grant, outcome: Outcome::Unknown }
    }

    /// The time is taken under the lock, so that it never goes back for the machine.
    fn locked<T>(&self, action: impl FnOnce(&mut Core<Arc<Waker>>, Instant) -> T) -> T {
        let mut core = self.lock();
        action(&mut core, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Core<Arc<Waker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The upstream answered, if only to refuse what was asked.
    pub fn succeeded(mut self) {
        self.outcome = Outcome::Succeeded;
    }

    /// The upstream refused for lack of quota, and may have said how long to wait.
    pub fn throttled(mut self, retry_after: Option<Duration>) {
        self.outcome = Outcome::Throttled(retry_after);
    }

    /// The upstream failed: no answer in time, or one of its own faults.
    pub fn failed(mut self) {
        self.outcome = Outcome::Failed;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.lane.locked(|core, now| core.call_ended(now, self.grant, self.outcome));
    }
}

/// The side of one who waits that the lane knows.
#[derive(Debug, Default)]
struct Waker {
    told: OnceLock<Verdict>,
    woken: Notify,
}

impl Waiter for Arc<Waker> {
    fn tell(&self, verdict: Verdict) {
        // Who was told is no longer queued, so this is the first time.
        let _first = self.told.set(verdict);
        self.woken.notify_one();
    }

    fn wake(&self) {
        self.woken.notify_one();
    }
}

/// One who waits. Dropped before its verdict was taken, it leaves as if it had never come.
#[derive(Debug)]
struct Ticket<'a> {
    lane: &'a Lane,
    tenant: &'a Arc<str>,
    id: u64,
    /// None once the verdict was taken.
    waker: Option<Arc<Waker>>,
}

impl Ticket<'_> {
    async fn verdict(mut self) -> Verdict {
        while let Some(look) = self.lane.locked(|core, now| core.attend(now, self.tenant, self.id))
            && let Some(waker) = &self.waker
        {
            // Either way it looks again.
            let _woken = timeout_at(look, waker.woken.notified()).await;
        }
        // Not queued any more means told; the alternative is never taken.
        let told = self.waker.take().and_then(|waker| waker.told.get().copied());
        told.unwrap_or(Err(Refused::Busy { retry_after: Duration::from_secs(1) }))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(waker) = self.waker.take() {
            self.lane.locked(|core, now| core.leave(now, self.tenant, self.id, waker.told.get().copied()));
        }
    }
}
