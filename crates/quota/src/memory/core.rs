//! The memory pool's state machine: each event is a method.
//!
//! Owns the held bytes, the waiters and their order. Never reads a clock and never sleeps: `memory` wraps it in a lock and
//! futures.

use super::MemoryPoolState;
use crate::tenant_queue::{Key, QueueEntry, TenantQueue, load};
use crate::{QueueLimits, Share};

/// A tenant that holds bytes must leave this part of the budget free for tenants that hold none.
const RESERVED_DIVISOR: u64 = 8;

/// Why bytes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// The tenant has its share.
    Share,
    /// Other tenants hold the rest.
    Budget,
}

/// A waiting request, as the state machine sees it.
pub(super) trait Waiter {
    /// The request is decided: it holds the bytes, or is refused.
    fn notify(&self, decision: Result<(), Lack>);
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Decided(Result<(), Lack>),
    Queued(u64),
}

#[derive(Debug)]
pub(super) struct Core<W> {
    limit: u64,
    bounds: QueueLimits,
    queue: TenantQueue<W>,
}

impl<W: Waiter> Core<W> {
    pub(super) fn new(limit: u64, bounds: QueueLimits) -> Self {
        Self { limit, bounds, queue: TenantQueue::new() }
    }

    pub(super) fn state(&self) -> MemoryPoolState {
        let queue = &self.queue;
        MemoryPoolState { limit: self.limit, held: queue.held(), queued: queue.waiting(), tenants: queue.tenants().len() }
    }

    /// A request arrives. If it has to wait, `waiter` is called; without a `waiter` it is refused.
    pub(super) fn reserve(&mut self, share: &Share, bytes: u64, waiter: Option<impl FnOnce() -> W>) -> Admission {
        let (held, waiting) = self.queue.counts(share);
        let lack = match self.lack(held, share, bytes) {
            // Earlier requests of the same tenant have priority, and so do those of tenants that hold less.
            None if waiting == 0 && !self.is_behind(held, share) => {
                self.queue.take(share, bytes);
                return Admission::Decided(Ok(()));
            }
            lack => lack.unwrap_or(Lack::Budget),
        };
        let Some(waiter) = waiter else { return Admission::Decided(Err(lack)) };
        // More than the whole budget can never become free.
        if bytes > self.limit || waiting >= self.bounds.per_tenant || self.queue.waiting() >= self.bounds.total {
            return Admission::Decided(Err(lack));
        }
        Admission::Queued(self.queue.push(share, bytes, waiter()))
    }

    /// A request arrives that overtakes waiting requests or is refused.
    pub(super) fn pass(&mut self, share: &Share, bytes: u64) -> Result<(), Lack> {
        match self.lack(self.queue.counts(share).0, share, bytes) {
            Some(lack) => Err(lack),
            None => {
                self.queue.take(share, bytes);
                Ok(())
            }
        }
    }

    /// Held bytes are released.
    pub(super) fn release(&mut self, share: &Share, bytes: u64) {
        self.queue.give_back(share, bytes);
        self.dispatch();
    }

    /// A waiter leaves without using the bytes that it may have been granted.
    pub(super) fn leave(&mut self, share: &Share, id: u64, bytes: u64, decided: Option<Result<(), Lack>>) {
        match decided {
            Some(Ok(())) => self.release(share, bytes),
            Some(Err(_)) => {}
            None => {
                drop(self.queue.remove(share, id));
                // Later waiters may need fewer bytes.
                self.dispatch();
            }
        }
    }

    /// A waiter's deadline passed.
    pub(super) fn expire(&mut self, share: &Share, id: u64) {
        if let Some(QueueEntry { amount, waiter, .. }) = self.queue.remove(share, id) {
            let lack = self.lack(self.queue.counts(share).0, share, amount).unwrap_or(Lack::Budget);
            waiter.notify(Err(lack));
            self.dispatch();
        }
    }

    /// Why a tenant that holds `held` bytes may not have `bytes` more.
    ///
    /// A tenant that holds nothing may have all free bytes. Any other tenant must leave free as much as it then holds, for its
    /// weight, and at least an eighth of the budget: so one tenant alone gets half, two get a third each, and a part always
    /// remains for the next tenant.
    fn lack(&self, held: u64, share: &Share, bytes: u64) -> Option<Lack> {
        let Some(free) = self.limit.checked_sub(self.queue.held().saturating_add(bytes)) else {
            let others = self.queue.held().saturating_sub(held);
            return Some(if held > 0 && held >= others { Lack::Share } else { Lack::Budget });
        };
        if held == 0 {
            return None;
        }
        let allowed = free.saturating_mul(u64::from(share.weight.get()));
        (held.saturating_add(bytes) > allowed || free < self.limit / RESERVED_DIVISOR).then_some(Lack::Share)
    }

    /// Whether another tenant with fewer bytes for its weight waits.
    fn is_behind(&self, held: u64, share: &Share) -> bool {
        self.queue.next_after(None).is_some_and(|((least, ..), _)| *least < load(held, share.weight))
    }

    /// Grants free bytes in order. A waiter whose tenant has its share is skipped; a waiter that needs more than is free is not,
    /// so that many small requests do not starve a large one.
    fn dispatch(&mut self) {
        let mut skipped: Option<Key> = None;
        while let Some((key, tenant)) = self.queue.next_after(skipped.as_ref())
            && let Some(first) = tenant.waiting.front()
        {
            let share = Share { tenant: key.2.clone(), weight: tenant.weight };
            match self.lack(tenant.held, &share, first.amount) {
                Some(Lack::Share) => skipped = Some(key.clone()),
                Some(Lack::Budget) => return,
                None => {
                    self.queue.serve(&share).into_iter().for_each(|served| served.waiter.notify(Ok(())));
                    skipped = None;
                }
            }
        }
    }
}
