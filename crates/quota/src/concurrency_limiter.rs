//! A concurrency limiter: calls under way at the same time, such as queries, of which an account may run a fixed number.
//!
//! Owns the futures of waiting requests, and the permits that are held. The rules are in `core`, which reads no clock.

mod core;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, Core, Waiter};
use crate::{QueueLimits, Rejected, Share};

/// A budget of calls under way, shared fairly by weight. Clones are the same limiter.
///
/// Among waiting tenants the one with the fewest permits for its weight is served first, then the first to come. A tenth of the
/// permits, at least one of two or more, is only for tenants that hold none: calls may last for an hour and are never taken away,
/// so one tenant without a limit would otherwise shut out all others for as long. What this costs, a tenant alone pays.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimiter(Arc<Mutex<Core<Arc<WaiterHandle>>>>);

/// What is held and awaited, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyLimiterState {
    /// How many may be held.
    pub limit: u32,
    /// How many are.
    pub held: u32,
    /// How many wait.
    pub queued: usize,
    /// How many tenants they are of.
    pub tenants_queued: usize,
}

/// The permit to have one call under way, until it is dropped.
#[derive(Debug)]
#[must_use = "a dropped permit is free for others"]
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

    /// Waits for a permit, at most until `deadline`. `tenant_limit` bounds what this tenant holds and awaits together. Dropping
    /// the future leaves the queue at once, and frees a permit that was already granted.
    ///
    /// # Errors
    /// [`Rejected::TenantLimit`] at once when the tenant has as many as it may; [`Rejected::Busy`] when the queue is full or the
    /// deadline passes. Its wait is a guess from how long permits were held lately.
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

    /// What is held and awaited.
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
        // A request that was decided is no longer queued, so this is the first time.
        let _first = self.decided.set(decision);
        self.woken.notify_one();
    }
}

/// A waiting request. Dropped before its decision was taken, it leaves the queue without a trace.
#[derive(Debug)]
struct QueuedRequest<'a> {
    concurrency_limiter: &'a ConcurrencyLimiter,
    share: &'a Share,
    id: u64,
    /// None once the decision was taken.
    waiter: Option<Arc<WaiterHandle>>,
}

impl QueuedRequest<'_> {
    async fn decision(mut self, deadline: Instant) -> Result<Instant, Rejected> {
        if let Some(waiter) = &self.waiter
            && timeout_at(deadline, waiter.woken.notified()).await.is_err()
        {
            // A request that was granted a permit in this moment is not queued any more, and keeps it.
            self.concurrency_limiter.lock().expire(self.share, self.id);
        }
        // A request that is not queued was decided, so the default is never used.
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
