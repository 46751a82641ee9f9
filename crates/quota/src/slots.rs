//! One budget of calls that go on at the same time, such as queries, of which an account may run so many at once.
//!
//! Owns the futures of those who wait, and the slots that are held. The rules are in `core`, which knows no clock.

mod core;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, Core, Waiter};
use crate::{Queue, Refused, Share};

/// A budget of calls under way, shared fairly by weight. Clones are the same slots.
///
/// Of those who wait, the tenant is served first that holds the fewest for its weight, then who came first. A tenth of the slots,
/// at least one of two or more, is only for tenants that hold none: calls may last for an hour and are never taken away, so one
/// tenant without a limit would otherwise shut out all others for as long. What this costs, a tenant alone pays.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Mutex<Core<Arc<Waker>>>>);

/// What is held and awaited, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotsState {
    /// How many may be held.
    pub limit: u32,
    /// How many are.
    pub held: u32,
    /// How many wait.
    pub queued: usize,
    /// How many tenants they are of.
    pub tenants_queued: usize,
}

/// Leave to have one call under way, until it is dropped.
#[derive(Debug)]
#[must_use = "a slot dropped is free for others"]
pub struct Slot {
    slots: Slots,
    share: Share,
    since: Instant,
}

impl Slots {
    /// So many slots, all free.
    pub fn new(limit: NonZeroU32, queue: Queue) -> Self {
        Self(Arc::new(Mutex::new(Core::new(limit, queue))))
    }

    /// Waits for a slot, at most until `deadline`. `tenant_limit` bounds what this tenant holds and awaits together. Dropping
    /// the future leaves the queue at once, and frees a slot that it was already given.
    ///
    /// # Errors
    /// [`Refused::TenantLimit`] at once when the tenant has as many as it may; [`Refused::Busy`] when the queue is full or the
    /// deadline passes. Its wait is a guess from how long slots were held of late.
    pub async fn acquire(&self, share: &Share, tenant_limit: Option<NonZeroU32>, deadline: Instant) -> Result<Slot, Refused> {
        let waker = Arc::new(Waker::default());
        let admission = {
            let mut core = self.lock();
            core.acquire(Instant::now(), share, tenant_limit, deadline, || Arc::clone(&waker))
        };
        let verdict = match admission {
            Admission::Decided(verdict) => verdict,
            Admission::Waits(id) => Ticket { slots: self, share, id, waker: Some(waker) }.verdict(deadline).await,
        };
        verdict.map(|since| Slot { slots: self.clone(), share: share.clone(), since })
    }

    /// What is held and awaited.
    pub fn state(&self) -> SlotsState {
        self.lock().state()
    }

    fn lock(&self) -> MutexGuard<'_, Core<Arc<Waker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut core = self.slots.lock();
        core.release(Instant::now(), &self.share, self.since);
    }
}

/// The side of one who waits that the slots know.
#[derive(Debug, Default)]
struct Waker {
    told: OnceLock<Result<Instant, Refused>>,
    woken: Notify,
}

impl Waiter for Arc<Waker> {
    fn tell(&self, verdict: Result<Instant, Refused>) {
        // Who was told is no longer queued, so this is the first time.
        let _first = self.told.set(verdict);
        self.woken.notify_one();
    }
}

/// One who waits. Dropped before its verdict was taken, it leaves as if it had never come.
#[derive(Debug)]
struct Ticket<'a> {
    slots: &'a Slots,
    share: &'a Share,
    id: u64,
    /// None once the verdict was taken.
    waker: Option<Arc<Waker>>,
}

impl Ticket<'_> {
    async fn verdict(mut self, deadline: Instant) -> Result<Instant, Refused> {
        if let Some(waker) = &self.waker
            && timeout_at(deadline, waker.woken.notified()).await.is_err()
        {
            // One that was given a slot in this very moment is not queued any more, and keeps it.
            self.slots.lock().expire(self.share, self.id);
        }
        // Not queued any more means told; the alternative is never taken.
        self.waker.take().and_then(|waker| waker.told.get().copied()).unwrap_or(Err(Refused::TenantLimit))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(waker) = self.waker.take() {
            let mut slots = self.slots.lock();
            slots.leave(Instant::now(), self.share, self.id, waker.told.get().copied());
        }
    }
}
