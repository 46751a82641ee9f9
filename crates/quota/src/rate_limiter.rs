//! A rate limiter: the calls per second to one API of one account in one region.
//!
//! Owns the futures of waiting requests, and the outcomes that a caller reports. The rules are in `core`, which reads no clock:
//! rate and its changes (`aimd`, `window`), order (`queue`), failures (`breaker`).
//!
//! No task runs. Each waiter sleeps until its expected admission time, and a waiter that wakes admits all calls that are due, its
//! own or others'. The head is woken when its admission time moves forward. So a waiter that leaves, or is no longer polled,
//! delays the others at most until the next waiter's expected admission time.

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

/// A budget of calls per second, shared fairly by weight. Clones share the rate limiter.
///
/// - No second has more calls than the budget allows; throttled calls lower the rate, successes raise it again.
/// - If nearly all recent calls failed, all calls except single probes are refused for a while.
/// - While demand exceeds the rate, tenants are served in proportion to their weights; a tenant that was idle precedes tenants
///   that were served recently.
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Mutex<Core<Arc<WaiterHandle>>>>);

/// The state of a rate limiter, for metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimiterState {
    /// The current rate, in calls per second.
    pub rate: f64,
    /// The rate without throttling, in calls per second.
    pub ceiling: f64,
    /// Waiting requests.
    pub queued: usize,
    /// Tenants with waiting requests.
    pub tenants_queued: usize,
    /// Whether calls are allowed.
    pub breaker: BreakerState,
}

/// The permit to make one call now. The caller reports how the call ended; a permit that is dropped without a report counts as a
/// call, but not as evidence about the upstream.
#[derive(Debug)]
#[must_use = "dropping a permit wastes a call of the budget"]
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

    /// Waits for a permit, at most until `deadline`. Dropping the future leaves the queue immediately, and returns a permit that
    /// was already granted.
    ///
    /// # Errors
    /// [`Rejected::Busy`] as soon as the queue and the current rate show that the deadline cannot be met;
    /// [`Rejected::Open`] as soon as the upstream is known to fail.
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

    /// Replaces the limits. Waiting requests stay, unless they can no longer meet their deadlines.
    pub fn change_limits(&self, limits: RateLimits) {
        self.locked(|core, now| core.change_limits(now, limits));
    }

    /// The current state.
    pub fn state(&self) -> RateLimiterState {
        self.lock().state()
    }

    fn permit(&self, admitted: AdmittedCall) -> CallPermit {
        CallPermit { rate_limiter: self.clone(), admitted, outcome: Outcome::Unknown }
    }

    /// The time is read under the lock, so that it never goes back for the state machine.
    fn locked<T>(&self, action: impl FnOnce(&mut Core<Arc<WaiterHandle>>, Instant) -> T) -> T {
        let mut core = self.lock();
        action(&mut core, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Core<Arc<WaiterHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CallPermit {
    /// The upstream answered, even if it refused the request.
    pub fn succeeded(mut self) {
        self.outcome = Outcome::Succeeded;
    }

    /// The upstream throttled the call, and may have stated how long to wait.
    pub fn throttled(mut self, retry_after: Option<Duration>) {
        self.outcome = Outcome::Throttled(retry_after);
    }

    /// The upstream failed: a timeout or an internal error.
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
        // A decided request is no longer queued, so this is the first decision.
        let _first = self.decided.set(decision);
        self.woken.notify_one();
    }

    fn wake(&self) {
        self.woken.notify_one();
    }
}

/// A waiting request. If it is dropped before its decision is read, it leaves the queue and returns its permit.
#[derive(Debug)]
struct QueuedRequest<'a> {
    rate_limiter: &'a RateLimiter,
    tenant: &'a Arc<str>,
    id: u64,
    /// `None` after the decision was read.
    waiter: Option<Arc<WaiterHandle>>,
}

impl QueuedRequest<'_> {
    async fn decision(mut self) -> Decision {
        while let Some(check_at) = self.rate_limiter.locked(|core, now| core.poll_waiter(now, self.tenant, self.id))
            && let Some(waiter) = &self.waiter
        {
            // In both cases it polls again.
            let _woken = timeout_at(check_at, waiter.woken.notified()).await;
        }
        // A request that is not queued has a decision, so the default is never used.
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
