//! One budget of bytes, such as those that answers hold until their clients have taken them.
//!
//! Owns the futures of those who wait, and the reservations. The rules are in `core`, which knows no clock.

mod core;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::core::{Admission, Core, Lack, Waiter};
use crate::{QueueLimits, Rejected, Share};

/// How long bytes are held is up to those who hold them: after this time it is worth asking again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A budget of bytes, shared by weight. Clones are the same budget.
///
/// A tenant may hold as much as it leaves free, for its weight, and never the last eighth: one tenant alone gets half, two get a
/// third each. A tenant that holds nothing may have anything that is free, so that whatever others hold, its next request gets
/// through. Of those who wait, the tenant is served first that holds the least for its weight, then who came first.
#[derive(Debug, Clone)]
pub struct MemoryPool(Arc<Mutex<Core<Arc<WaiterHandle>>>>);

/// What is held and awaited, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryPoolState {
    /// Bytes that may be held.
    pub limit: u64,
    /// Bytes that are.
    pub held: u64,
    /// How many requests wait.
    pub queued: usize,
    /// How many tenants hold or wait.
    pub tenants: usize,
}

/// Bytes of the budget, until this is dropped.
#[derive(Debug)]
#[must_use = "a reservation dropped is free for others"]
pub struct Reservation {
    memory: MemoryPool,
    share: Share,
    bytes: u64,
    /// Others that it keeps alive.
    shared: Vec<Arc<Reservation>>,
}

impl MemoryPool {
    /// A budget of so many bytes, all free.
    #[must_use]
    pub fn new(bytes: u64, queue: QueueLimits) -> Self {
        Self(Arc::new(Mutex::new(Core::new(bytes, queue))))
    }

    /// Reserves the bytes if they are free now, before those who wait for more.
    ///
    /// # Errors
    /// [`Rejected::TenantLimit`] when the tenant holds its share, else [`Rejected::Busy`].
    pub fn try_reserve(&self, share: &Share, bytes: u64) -> Result<Reservation, Rejected> {
        let passed = self.lock().pass(share, bytes);
        passed.map(|()| self.reservation(share, bytes)).map_err(rejected)
    }

    /// Reserves the bytes if they are free now and no request waits that goes before: for what could be left out.
    ///
    /// # Errors
    /// As of [`MemoryPool::try_reserve`].
    pub fn reserve_spare(&self, share: &Share, bytes: u64) -> Result<Reservation, Rejected> {
        match self.lock().reserve(share, bytes, None::<fn() -> Arc<WaiterHandle>>) {
            Admission::Decided(Ok(())) => Ok(self.reservation(share, bytes)),
            Admission::Decided(Err(lack)) => Err(rejected(lack)),
            Admission::Queued(_) => Err(rejected(Lack::Budget)),
        }
    }

    /// Waits for the bytes, at most until `deadline`. Dropping the future leaves the queue at once, and frees what it was already
    /// given.
    ///
    /// # Errors
    /// When the deadline passes or the queue is full: [`Rejected::TenantLimit`] when the tenant itself holds too much, else
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

    /// What is held and awaited.
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
    /// How many bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.share.tenant()
    }

    /// Changes it to so many bytes. False, and unchanged, when there are not so many: less is always possible.
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

    /// Keeps another reservation for as long as this one, for bytes that several hold together. [`Reservation::bytes`] and
    /// [`Reservation::resize`] leave it out.
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

/// The side of one who waits that the budget knows.
#[derive(Debug, Default)]
struct WaiterHandle {
    decided: OnceLock<Result<(), Lack>>,
    woken: Notify,
}

impl Waiter for Arc<WaiterHandle> {
    fn notify(&self, decision: Result<(), Lack>) {
        // Who was told is no longer queued, so this is the first time.
        let _first = self.decided.set(decision);
        self.woken.notify_one();
    }
}

/// One who waits. Dropped before its verdict was taken, it leaves as if it had never come.
#[derive(Debug)]
struct QueuedRequest<'a> {
    memory: &'a MemoryPool,
    share: &'a Share,
    id: u64,
    bytes: u64,
    /// None once the verdict was taken.
    waiter: Option<Arc<WaiterHandle>>,
}

impl QueuedRequest<'_> {
    async fn decision(mut self, deadline: Instant) -> Result<(), Lack> {
        if let Some(waiter) = &self.waiter
            && timeout_at(deadline, waiter.woken.notified()).await.is_err()
        {
            // One that was given its bytes in this very moment is not queued any more, and keeps them.
            self.memory.lock().expire(self.share, self.id);
        }
        // Not queued any more means told; the alternative is never taken.
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
