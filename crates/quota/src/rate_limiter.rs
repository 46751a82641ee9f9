//! A rate limiter: the calls per second to one API of one account in one region.
//!
//! Owns the futures of waiting requests, and the outcomes that a caller reports. The rules are in `core`, which reads no clock:
//! rate and its changes (`aimd`, `window`), order (`queue`), failures (`breaker`).
//!
//! No task runs. Each waiter sleeps until its expected admission time, and a waiter that wakes admits all calls that are due, its
//! own or others'. The head is woken when its admission time moves forward. So a waiter that leaves, or is no longer polled,
//! delays the others until the next waiter's expected admission time at most.

mod breaker;
mod core;
mod aimd;
mod queue;
mod window;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, AdmittedCall, Core, Decision, Outcome, Waiter};
use crate::{RateLimits, Rejected, Share};

pub use self::breaker::BreakerState;

/// A budget of calls per second, shared fairly by weight. Clones are the same rate limiter.
///
/// - In no second are more calls let through than the budget allows; throttled calls lower the rate, successes raise it
///   again.
/// - Nearly all recent calls failing, all are refused for a while, but for single probes.
/// - While demand exceeds the rate, tenants are served in proportion to their weights; a tenant that was idle goes before those
///   that were served lately.
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Mutex<Core<Arc<WaiterHandle>>>>);

/// What a rate limiter is doing, for metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimiterState {
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

/// The permit to make one call, now. The caller reports how the call ended; a permit that is dropped without a report counts as a
/// call made, and says nothing about the upstream.
#[derive(Debug)]
#[must_use = "a dropped permit is a lost call of the budget"]
pub struct CallPermit {
    rate_limiter: RateLimiter,
    admitted: AdmittedCall,
    outcome: Outcome,
}

impl RateLimiter {
    /// A rate limiter without past calls.
    pub fn new(limits: RateLimits) -> Self {
        Self(Arc::new(Mutex::new(Core::new(limits))))
    }

    /// Waits for a permit, at most until `deadline`. Dropping the future leaves the queue at once, and returns a permit that was
    /// already granted.
    ///
    /// # Errors
    /// [`Rejected::Busy`] as soon as the deadline can't be made, by what is queued and the present rate; [`Rejected::Open`] as
    /// soon as the upstream is known to fail.
    pub async fn admit(&self, share: &Share, deadline: Instant) -> Result<CallPermit, Rejected> {
        let waiter = Arc::new(WaiterHandle::default());
        let admission = self.locked(|core, now| core.admit(now, share, deadline, || Arc::clone(&waiter)));
        let decision = match admission {
            Admission::Decided(decision) => decision,
            Admission::Queued(id) => {
                QueuedRequest { rate_limiter: self, tenant: &share.tenant, id, waiter: Some(waiter) }.decision().await
            }
        };
        decision.map(|admitted| self.permit(admitted))
    }

    /// A permit, if no request waits, the rate allows it and the upstream is known to work: for optional calls such as
    /// prefetching.
    pub fn try_admit(&self) -> Option<CallPermit> {
        self.locked(Core::try_admit).map(|admitted| self.permit(admitted))
    }

    /// From now on other limits hold. Those who wait stay, unless they can't make their deadlines any more.
    pub fn change_limits(&self, limits: RateLimits) {
        self.locked(|core, now| core.change_limits(now, limits));
    }

    /// What the rate limiter is doing.
    pub fn state(&self) -> RateLimiterState {
        self.lock().state()
    }

    fn permit(&self, admitted: AdmittedCall) -> CallPermit {
        CallPermit { rate_limiter: self.clone(), admitted, outcome: Outcome::Unknown }
    }

    /// The time is taken under the lock, so that it never goes back for the machine.
    fn locked<T>(&self, action: impl FnOnce(&mut Core<Arc<WaiterHandle>>, Instant) -> T) -> T {
        let mut core = self.lock();
        action(&mut core, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Core<Arc<WaiterHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallPermit {
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

impl Drop for CallPermit {
    fn drop(&mut self) {
        self.rate_limiter.locked(|core, now| core.call_ended(now, self.admitted, self.outcome));
    }
}

/// The rate limiter's handle to a waiting request.
#[derive(Debug, Default)]
struct WaiterHandle {
    decided: OnceLock<Decision>,
    woken: Notify,
}

impl Waiter for Arc<WaiterHandle> {
    fn notify(&self, decision: Decision) {
        // A request that was decided is no longer queued, so this is the first time.
        let _first = self.decided.set(decision);
        self.woken.notify_one();
    }

    fn wake(&self) {
        self.woken.notify_one();
    }
}

/// A waiting request. Dropped before its decision was taken, it leaves the queue without a trace.
#[derive(Debug)]
struct QueuedRequest<'a> {
    rate_limiter: &'a RateLimiter,
    tenant: &'a Arc<str>,
    id: u64,
    /// None once the decision was taken.
    waiter: Option<Arc<WaiterHandle>>,
}

impl QueuedRequest<'_> {
    async fn decision(mut self) -> Decision {
        while let Some(check_at) = self.rate_limiter.locked(|core, now| core.poll_waiter(now, self.tenant, self.id))
            && let Some(waiter) = &self.waiter
        {
            // Either way it looks again.
            let _woken = timeout_at(check_at, waiter.woken.notified()).await;
        }
        // A request that is not queued was decided, so the default is never used.
        let decided = self.waiter.take().and_then(|waiter| waiter.decided.get().copied());
        decided.unwrap_or(Err(Rejected::Busy { retry_after: Duration::from_secs(1) }))
    }
}

impl Drop for QueuedRequest<'_> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            self.rate_limiter.locked(|core, now| core.leave(now, self.tenant, self.id, waiter.decided.get().copied()));
        }
    }
}
