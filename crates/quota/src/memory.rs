//! A memory pool: a budget of bytes, such as those of responses until clients have received them.
//!
//! Owns the futures of waiting requests, and the reservations. The rules are in `core`, which reads no clock.

mod core;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, Core, Lack, Waiter};
use crate::{QueueLimits, Rejected, Share};

/// The wait that a rejection states: how long others hold bytes is unknown.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A budget of bytes, shared by weight. Clones share the budget.
///
/// A tenant may hold as many bytes as it leaves free, times its weight, and never the last eighth: one tenant alone gets half,
/// two get a third each. A tenant that holds nothing may have everything that is free, so that its next request succeeds
/// regardless of other tenants. The waiting tenant with the fewest bytes for its weight is served first, then first come, first
/// served.
#[derive(Debug, Clone)]
pub struct MemoryPool(Arc<Mutex<Core<Arc<WaiterHandle>>>>);

/// The state of a pool, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryPoolState {
    /// Bytes in total.
    pub limit: u64,
    /// Bytes held.
    pub held: u64,
    /// Waiting requests.
    pub queued: usize,
    /// Tenants that hold bytes or wait.
    pub tenants: usize,
}

/// Reserved bytes, until this is dropped.
#[derive(Debug)]
#[must_use = "dropping a reservation returns its bytes"]
pub struct Reservation {
    memory: MemoryPool,
    share: Share,
    bytes: u64,
    /// Other reservations that it keeps alive.
    shared: Vec<Arc<Reservation>>,
}

impl MemoryPool {
    /// A pool of `limit` bytes, all free.
    #[must_use]
    pub fn new(bytes: u64, queue: QueueLimits) -> Self {
        Self(Arc::new(Mutex::new(Core::new(bytes, queue))))
    }

    /// Reserves the bytes if they are free now, even if other requests wait.
    ///
    /// # Errors
    /// [`Rejected::TenantLimit`] if the tenant holds its share, else [`Rejected::Busy`].
    pub fn try_reserve(&self, share: &Share, bytes: u64) -> Result<Reservation, Rejected> {
        let passed = self.lock().pass(share, bytes);
        passed.map(|()| self.reservation(share, bytes)).map_err(rejected)
    }

    /// Reserves the bytes if they are free now and no request with priority waits: for optional work.
    ///
    /// # Errors
    /// As for [`MemoryPool::try_reserve`].
    pub fn reserve_spare(&self, share: &Share, bytes: u64) -> Result<Reservation, Rejected> {
        match self.lock().reserve(share, bytes, None::<fn() -> Arc<WaiterHandle>>) {
            Admission::Decided(Ok(())) => Ok(self.reservation(share, bytes)),
            Admission::Decided(Err(lack)) => Err(rejected(lack)),
            Admission::Queued(_) => Err(rejected(Lack::Budget)),
        }
    }

    /// Waits for the bytes, at most until `deadline`. Dropping the future leaves the queue immediately, and returns bytes that
    /// were already granted.
    ///
    /// # Errors
    /// If the deadline passes or the queue is full: [`Rejected::TenantLimit`] if the tenant itself holds too much, else
    /// [`Rejected::Busy`].
    pub async fn reserve(&self, share: &Share, bytes: u64, deadline: Instant) -> Result<Reservation, Rejected> {
        let waiter = Arc::new(WaiterHandle::default());
        let admission = self.lock().reserve(share, bytes, Some(|| Arc::clone(&waiter)));
        let decision = match admission {
            Admission::Decided(decision) => decision,
            Admission::Queued(id) => {
                QueuedRequest { memory: self, share, id, bytes, waiter: Some(waiter) }.decision(deadline).await
            }
        };
        decision.map(|()| self.reservation(share, bytes)).map_err(rejected)
    }

    /// The current state.
    #[must_use]
    pub fn state(&self) -> MemoryPoolState {
        self.lock().state()
    }

    fn reservation(&self, share: &Share, bytes: u64) -> Reservation {
        Reservation { memory: self.clone(), share: share.clone(), bytes, shared: Vec::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Core<Arc<WaiterHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rejected(lack: Lack) -> Rejected {
    match lack {
        Lack::Share => Rejected::TenantLimit,
        Lack::Budget => Rejected::Busy { retry_after: RETRY_AFTER },
    }
}

impl Reservation {
    /// The reserved bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The tenant that holds it.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.share.tenant()
    }

    /// Changes the size to `bytes`. Returns false, without a change, if they are not free. Shrinking always succeeds.
    #[must_use]
    pub fn resize(&mut self, bytes: u64) -> bool {
        if bytes > self.bytes {
            let Ok(mut more) = self.memory.try_reserve(&self.share, bytes - self.bytes) else { return false };
            more.bytes = 0;
        } else if bytes < self.bytes {
            self.memory.lock().release(&self.share, self.bytes - bytes);
        }
        self.bytes = bytes;
        true
    }

    /// Adds another reservation of the same tenant to this one.
    pub fn join(&mut self, mut other: Self) {
        debug_assert!(Arc::ptr_eq(&self.memory.0, &other.memory.0) && self.share.tenant == other.share.tenant);
        self.bytes += std::mem::take(&mut other.bytes);
        self.shared.append(&mut other.shared);
    }

    /// Keeps another reservation alive with this one, for bytes that several reservations share. [`Reservation::bytes`] and
    /// [`Reservation::resize`] ignore it.
    pub fn keep(&mut self, shared: Arc<Self>) {
        self.shared.push(shared);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.memory.lock().release(&self.share, self.bytes);
        }
    }
}

/// The pool's handle to a waiting request.
#[derive(Debug, Default)]
struct WaiterHandle {
    decided: OnceLock<Result<(), Lack>>,
    woken: Notify,
}

impl Waiter for Arc<WaiterHandle> {
    fn notify(&self, decision: Result<(), Lack>) {
        // A decided request is no longer queued, so this is the first decision.
        let _first = self.decided.set(decision);
        self.woken.notify_one();
    }
}

/// A waiting request. If it is dropped before its decision is read, it leaves the queue and returns its bytes.
#[derive(Debug)]
struct QueuedRequest<'a> {
    memory: &'a MemoryPool,
    share: &'a Share,
    id: u64,
    bytes: u64,
    /// `None` after the decision was read.
    waiter: Option<Arc<WaiterHandle>>,
}

impl QueuedRequest<'_> {
    async fn decision(mut self, deadline: Instant) -> Result<(), Lack> {
        if let Some(waiter) = &self.waiter
            && timeout_at(deadline, waiter.woken.notified()).await.is_err()
        {
            // A request that was just granted its bytes is no longer queued, and keeps them.
            self.memory.lock().expire(self.share, self.id);
        }
        // A request that is not queued has a decision, so the default is never used.
        self.waiter.take().and_then(|waiter| waiter.decided.get().copied()).unwrap_or(Err(Lack::Budget))
    }
}

impl Drop for QueuedRequest<'_> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            let mut memory = self.memory.lock();
            memory.leave(self.share, self.id, self.bytes, waiter.decided.get().copied());
        }
    }
}
