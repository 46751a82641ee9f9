//! The concurrency limiter's state machine: each event is a method that takes the time of the event.
//!
//! Owns the holders, the waiters and their order. Never reads a clock and never sleeps: `concurrency_limiter` wraps it in a lock
//! and futures.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ConcurrencyLimiterState;
use crate::{QueueLimits, Rejected, Share};

/// One permit in this many is reserved for tenants that hold none.
const RESERVED_DIVISOR: u32 = 10;
/// The weight of the latest holding time in the mean: 1/8.
const MEAN_WEIGHT: u32 = 8;
/// The mean holding time before any permit was released.
const DEFAULT_HOLD: Duration = Duration::from_secs(5);
/// Longest wait that a rejection states, because holding times are only estimated.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Scales permits per weight to integers.
const WEIGHT_UNIT: u64 = 1 << 24;

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

#[derive(Debug)]
struct QueueEntry<W> {
    id: u64,
    waiter: W,
}

#[derive(Debug)]
struct Tenant<W> {
    weight: NonZeroU32,
    held: u32,
    waiting: VecDeque<QueueEntry<W>>,
}

/// The order of service: the fewest permits per weight, then first come, first served. A tenant's key changes with its permits,
/// so it is removed from the order before each change and inserted again afterwards.
type Key = (u64, u64, Arc<str>);

impl<W> Tenant<W> {
    fn load(&self, count: usize) -> u64 {
        u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(WEIGHT_UNIT) / u64::from(self.weight.get())
    }

    fn key(&self, name: &Arc<str>) -> Option<Key> {
        self.waiting.front().map(|first| (self.load(self.held as usize), first.id, Arc::clone(name)))
    }

    fn all(&self) -> usize {
        self.held as usize + self.waiting.len()
    }
}

#[derive(Debug)]
pub(super) struct Core<W> {
    limit: u32,
    bounds: QueueLimits,
    held: u32,
    waiting: usize,
    /// Tenants that hold permits or wait.
    tenants: HashMap<Arc<str>, Tenant<W>>,
    order: BTreeSet<Key>,
    next_id: u64,
    mean_hold: Option<Duration>,
}

impl<W: Waiter> Core<W> {
    pub(super) fn new(limit: NonZeroU32, bounds: QueueLimits) -> Self {
        Self {
            limit: limit.get(),
            bounds,
            held: 0,
            waiting: 0,
            tenants: HashMap::new(),
            order: BTreeSet::new(),
            next_id: 0,
            mean_hold: None,
        }
    }

    pub(super) fn state(&self) -> ConcurrencyLimiterState {
        ConcurrencyLimiterState { limit: self.limit, held: self.held, queued: self.waiting, tenants_queued: self.order.len() }
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
        let (held, waiting) = self.tenants.get(&share.tenant).map_or((0, 0), |tenant| (tenant.held, tenant.waiting.len()));
        if tenant_limit.is_some_and(|limit| held as usize + waiting >= limit.get() as usize) {
            return Admission::Decided(Err(Rejected::TenantLimit));
        }
        // No waiter can use a free permit, or it would have it already, so this request overtakes no waiter.
        if waiting == 0 && self.is_free_for(held) {
            self.tenant(share).held += 1;
            self.held += 1;
            return Admission::Decided(Ok(now));
        }
        if deadline <= now || waiting >= self.bounds.per_tenant || !self.make_room(share) {
            return Admission::Decided(Err(self.rejection()));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.waiting += 1;
        self.change(share, |tenant| tenant.waiting.push_back(QueueEntry { id, waiter: waiter() }));
        Admission::Queued(id)
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
            None => drop(self.remove(share, id)),
        }
    }

    /// A waiter's deadline passed.
    pub(super) fn expire(&mut self, share: &Share, id: u64) {
        let rejected = self.rejection();
        if let Some(expired) = self.remove(share, id) {
            expired.waiter.notify(Err(rejected));
        }
    }

    fn free(&mut self, now: Instant, share: &Share) {
        self.change(share, |tenant| tenant.held = tenant.held.saturating_sub(1));
        self.held = self.held.saturating_sub(1);
        self.dispatch(now);
    }

    /// Grants free permits to the next waiters.
    fn dispatch(&mut self, now: Instant) {
        while let Some((_, _, name)) = self.order.first().cloned()
            && let Some(tenant) = self.tenants.get(&name)
            && self.is_free_for(tenant.held)
        {
            let share = Share { tenant: name, weight: tenant.weight };
            let next = self.change(&share, |tenant| {
                tenant.held += 1;
                tenant.waiting.pop_front()
            });
            self.held += 1;
            self.waiting -= 1;
            next.into_iter().for_each(|next| next.waiter.notify(Ok(now)));
        }
    }

    /// Whether a tenant that holds `held` permits may have one more.
    fn is_free_for(&self, held: u32) -> bool {
        let kept = if held == 0 || self.limit == 1 { 0 } else { (self.limit / RESERVED_DIVISOR).max(1) };
        self.held + kept < self.limit
    }

    /// Makes room in the queue for one more waiter of this tenant, if necessary by evicting one of the tenant with the most
    /// waiters per weight.
    fn make_room(&mut self, share: &Share) -> bool {
        if self.waiting < self.bounds.total {
            return true;
        }
        let own = self.tenants.get(&share.tenant).map_or(0, |tenant| tenant.load(tenant.all() + 1));
        let heaviest = self.tenants.iter().filter(|(_, tenant)| !tenant.waiting.is_empty());
        // The last arrival among equals, so that the choice does not depend on the order of a hash map.
        let heaviest = heaviest.max_by_key(|(_, tenant)| (tenant.load(tenant.all()), tenant.waiting.back().map(|last| last.id)));
        let Some((name, tenant)) = heaviest.filter(|(_, tenant)| tenant.load(tenant.all()) > own) else { return false };
        let heaviest = Share { tenant: Arc::clone(name), weight: tenant.weight };
        let rejected = self.rejection();
        let evicted = self.change(&heaviest, |tenant| tenant.waiting.pop_back());
        self.waiting -= 1;
        evicted.into_iter().for_each(|evicted| evicted.waiter.notify(Err(rejected)));
        true
    }

    fn remove(&mut self, share: &Share, id: u64) -> Option<QueueEntry<W>> {
        let index = self.tenants.get(&share.tenant)?.waiting.binary_search_by_key(&id, |waiting| waiting.id).ok()?;
        self.waiting -= 1;
        self.change(share, |tenant| tenant.waiting.remove(index))
    }

    /// Changes a tenant's permits and waiters, and updates its place in the order.
    fn change<T>(&mut self, share: &Share, change: impl FnOnce(&mut Tenant<W>) -> T) -> T {
        let before = self.tenants.get(&share.tenant).and_then(|tenant| tenant.key(&share.tenant));
        let tenant = self.tenant(share);
        let changed = change(tenant);
        let (after, gone) = (tenant.key(&share.tenant), tenant.all() == 0);
        if let Some(key) = before {
            self.order.remove(&key);
        }
        self.order.extend(after);
        if gone {
            self.tenants.remove(&share.tenant);
        }
        changed
    }

    fn tenant(&mut self, share: &Share) -> &mut Tenant<W> {
        self.tenants.entry(Arc::clone(&share.tenant)).or_insert_with(|| Tenant {
            weight: share.weight,
            held: 0,
            waiting: VecDeque::new(),
        })
    }

    /// When all current waiters will have been served, by the mean holding time.
    fn rejection(&self) -> Rejected {
        let mean = self.mean_hold.unwrap_or(DEFAULT_HOLD);
        let rounds = (self.waiting + 1).div_ceil(self.limit as usize);
        let wait = mean.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)).min(MAX_WAIT);
        Rejected::Busy { retry_after: crate::rejected::whole_seconds(wait) }
    }
}
