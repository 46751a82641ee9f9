//! A concurrency limiter: bounds concurrent calls, such as queries, of which an account may run a fixed number.
//!
//! Owns the futures of waiting requests, and the permits that are held. The rules are in `core`, which reads no clock.

mod core;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, Core, Waiter};
use crate::{QueueLimits, Rejected, Share};

/// A budget of concurrent calls, shared fairly by weight. Clones share the limiter.
///
/// Among waiting tenants the one with the fewest permits for its weight is served first, then the first to come. A tenth of the
/// permits (at least one, if there are two or more) is reserved for tenants that hold none: calls may last for an hour and are
/// never preempted, so without the reserve one tenant without a limit could exclude all others for that long. The cost is that a
/// single tenant cannot use the reserve.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimiter(Arc<Mutex<Core<Arc<WaiterHandle>>>>);

/// The state of a limiter, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyLimiterState {
    /// Permits in total.
    pub limit: u32,
    /// Permits held.
    pub held: u32,
    /// Waiting requests.
    pub queued: usize,
    /// Tenants with waiting requests.
    pub tenants_queued: usize,
}

/// The permit for one concurrent call, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping a permit returns it to the limiter"]
pub struct ConcurrencyPermit {
    concurrency_limiter: ConcurrencyLimiter,
    share: Share,
    since: Instant,
}

impl ConcurrencyLimiter {
    /// A limiter of `limit` permits, all free.
    pub fn new(limit: NonZeroU32, queue: QueueLimits) -> Self {
        Self(Arc::new(Mutex::new(Core::new(limit, queue))))
    }

    /// Waits for a permit, at most until `deadline`. `tenant_limit` bounds the sum of the tenant's permits and waiting requests.
    /// Dropping the future leaves the queue immediately, and returns a permit that was already granted.
    ///
    /// # Errors
    /// [`Rejected::TenantLimit`] immediately if the tenant has reached its limit; [`Rejected::Busy`] if the queue is
    /// full or the deadline passes. Its wait is an estimate from recent holding times.
    pub async fn acquire(
        &self,
        share: &Share,
        tenant_limit: Option<NonZeroU32>,
        deadline: Instant,
    ) -> Result<ConcurrencyPermit, Rejected> {
        let waiter = Arc::new(WaiterHandle::default());
        let admission = {
            let mut core = self.lock();
            core.acquire(Instant::now(), share, tenant_limit, deadline, || Arc::clone(&waiter))
        };
        let decision = match admission {
            Admission::Decided(decision) => decision,
            Admission::Queued(id) => {
                QueuedRequest { concurrency_limiter: self, share, id, waiter: Some(waiter) }.decision(deadline).await
            }
        };
        decision.map(|since| ConcurrencyPermit { concurrency_limiter: self.clone(), share: share.clone(), since })
    }

    /// The current state.
    pub fn state(&self) -> ConcurrencyLimiterState {
        self.lock().state()
    }

    fn lock(&self) -> MutexGuard<'_, Core<Arc<WaiterHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        let mut core = self.concurrency_limiter.lock();
        core.release(Instant::now(), &self.share, self.since);
    }
}

/// The limiter's handle to a waiting request.
#[derive(Debug, Default)]
struct WaiterHandle {
    decided: OnceLock<Result<Instant, Rejected>>,
    woken: Notify,
}

impl Waiter for Arc<WaiterHandle> {
    fn notify(&self, decision: Result<Instant, Rejected>) {
        // A decided request is no longer queued, so this is the first decision.
        let _first = self.decided.set(decision);
        self.woken.notify_one();
    }
}

/// A waiting request. If it is dropped before its decision is read, it leaves the queue and returns its permit.
#[derive(Debug)]
struct QueuedRequest<'a> {
    concurrency_limiter: &'a ConcurrencyLimiter,
    share: &'a Share,
    id: u64,
    /// `None` after the decision was read.
    waiter: Option<Arc<WaiterHandle>>,
}

impl QueuedRequest<'_> {
    async fn decision(mut self, deadline: Instant) -> Result<Instant, Rejected> {
        if let Some(waiter) = &self.waiter
            && timeout_at(deadline, waiter.woken.notified()).await.is_err()
        {
            // A request that was just granted a permit is no longer queued, and keeps the permit.
            self.concurrency_limiter.lock().expire(self.share, self.id);
        }
        // A request that is not queued has a decision, so the default is never used.
        self.waiter.take().and_then(|waiter| waiter.decided.get().copied()).unwrap_or(Err(Rejected::TenantLimit))
    }
}

impl Drop for QueuedRequest<'_> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            let mut concurrency_limiter = self.concurrency_limiter.lock();
            concurrency_limiter.leave(Instant::now(), self.share, self.id, waiter.decided.get().copied());
        }
    }
}
