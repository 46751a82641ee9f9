//! The concurrency limiter's state machine: each event is a method that takes the time of the event.
//!
//! Owns the holders, the waiters and their order. Never reads a clock and never sleeps: `concurrency_limiter` wraps it in a lock
//! and futures.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::ConcurrencyLimiterState;
use crate::tenant_queue::{Tenant, TenantQueue, load};
use crate::{QueueLimits, Rejected, Share};

/// One permit in this many is reserved for tenants that hold none.
const RESERVED_DIVISOR: u32 = 10;
/// The weight of the latest holding time in the mean: 1/8.
const MEAN_WEIGHT: u32 = 8;
/// The mean holding time before any permit was released.
const DEFAULT_HOLD: Duration = Duration::from_secs(5);
/// Longest wait that a rejection states, because holding times are only estimated.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// A waiting request, as the state machine sees it.
pub(super) trait Waiter {
    /// The request is decided: it holds a permit since the given time, or is rejected.
    fn notify(&self, decision: Result<Instant, Rejected>);
}

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Decided(Result<Instant, Rejected>),
    Queued(u64),
}

/// What the tenant holds and awaits.
fn demand<W>(tenant: &Tenant<W>) -> u64 {
    tenant.held + tenant.waiting.len() as u64
}

#[derive(Debug)]
pub(super) struct Core<W> {
    limit: u32,
    bounds: QueueLimits,
    queue: TenantQueue<W>,
    mean_hold: Option<Duration>,
}

impl<W: Waiter> Core<W> {
    pub(super) fn new(limit: NonZeroU32, bounds: QueueLimits) -> Self {
        Self { limit: limit.get(), bounds, queue: TenantQueue::new(), mean_hold: None }
    }

    pub(super) fn state(&self) -> ConcurrencyLimiterState {
        ConcurrencyLimiterState {
            limit: self.limit,
            // At most `limit`.
            held: u32::try_from(self.queue.held()).unwrap_or(u32::MAX),
            queued: self.queue.waiting(),
            tenants_queued: self.queue.waiting_tenants(),
        }
    }

    /// A request arrives; `waiter` is called if it has to wait.
    pub(super) fn acquire(
        &mut self,
        now: Instant,
        share: &Share,
        tenant_limit: Option<NonZeroU32>,
        deadline: Instant,
        waiter: impl FnOnce() -> W,
    ) -> Admission {
        let (held, waiting) = self.queue.counts(share);
        if tenant_limit.is_some_and(|limit| held + waiting as u64 >= u64::from(limit.get())) {
            return Admission::Decided(Err(Rejected::TenantLimit));
        }
        // No waiter can use a free permit, or it would have it already, so this request overtakes no waiter.
        if waiting == 0 && self.is_free_for(held) {
            self.queue.take(share, 1);
            return Admission::Decided(Ok(now));
        }
        if deadline <= now || waiting >= self.bounds.per_tenant || !self.make_room(share) {
            return Admission::Decided(Err(self.rejection()));
        }
        Admission::Queued(self.queue.push(share, 1, waiter()))
    }

    /// A permit that was held since `since` is released.
    pub(super) fn release(&mut self, now: Instant, share: &Share, since: Instant) {
        let hold = now.saturating_duration_since(since);
        self.mean_hold = Some(self.mean_hold.map_or(hold, |mean| (mean * (MEAN_WEIGHT - 1) + hold) / MEAN_WEIGHT));
        self.free(now, share);
    }

    /// A waiter leaves without using the permit that it may have been granted.
    pub(super) fn leave(&mut self, now: Instant, share: &Share, id: u64, decided: Option<Result<Instant, Rejected>>) {
        match decided {
            Some(Ok(_)) => self.free(now, share),
            Some(Err(_)) => {}
            None => drop(self.queue.remove(share, id)),
        }
    }

    /// A waiter's deadline passed.
    pub(super) fn expire(&mut self, share: &Share, id: u64) {
        let rejected = self.rejection();
        if let Some(expired) = self.queue.remove(share, id) {
            expired.waiter.notify(Err(rejected));
        }
    }

    fn free(&mut self, now: Instant, share: &Share) {
        self.queue.give_back(share, 1);
        self.dispatch(now);
    }

    /// Grants free permits to the next waiters.
    fn dispatch(&mut self, now: Instant) {
        while let Some(((.., name), tenant)) = self.queue.next_after(None)
            && self.is_free_for(tenant.held)
        {
            let share = Share { tenant: name.clone(), weight: tenant.weight };
            self.queue.serve(&share).into_iter().for_each(|served| served.waiter.notify(Ok(now)));
        }
    }

    /// Whether a tenant that holds `held` permits may have one more.
    fn is_free_for(&self, held: u64) -> bool {
        let reserve = if held == 0 || self.limit == 1 { 0 } else { (self.limit / RESERVED_DIVISOR).max(1) };
        self.queue.held() + u64::from(reserve) < u64::from(self.limit)
    }

    /// Makes room in the queue for one more waiter of this tenant, if necessary by evicting one of the tenant with the most
    /// waiters per weight.
    fn make_room(&mut self, share: &Share) -> bool {
        if self.queue.waiting() < self.bounds.total {
            return true;
        }
        let own = self.queue.tenants().get(&share.tenant).map_or(0, |tenant| load(demand(tenant) + 1, tenant.weight));
        let waiting = self.queue.tenants().iter().filter(|(_, tenant)| !tenant.waiting.is_empty());
        // The last arrival among equals, so that the choice does not depend on the order of a hash map.
        let heaviest = waiting
            .map(|(name, tenant)| (load(demand(tenant), tenant.weight), tenant.waiting.back().map(|last| last.id), name, tenant))
            .max_by_key(|(load, last, ..)| (*load, *last));
        let Some((.., name, tenant)) = heaviest.filter(|(load, ..)| *load > own) else { return false };
        let heaviest = Share { tenant: name.clone(), weight: tenant.weight };
        let rejected = self.rejection();
        self.queue.evict(&heaviest).into_iter().for_each(|evicted| evicted.waiter.notify(Err(rejected)));
        true
    }

    /// When all current waiters will have been served, by the mean holding time.
    fn rejection(&self) -> Rejected {
        let mean = self.mean_hold.unwrap_or(DEFAULT_HOLD);
        let rounds = (self.queue.waiting() + 1).div_ceil(self.limit as usize);
        let wait = mean.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)).min(MAX_WAIT);
        Rejected::Busy { retry_after: crate::rejected::whole_seconds(wait) }
    }
}
