//! Order of service: start-time fair queueing over tenants, after Goyal, Vin and Cheng (1996).
//!
//! Each request is a *position* with a tag in virtual time: the start of its service if all tenants were served at once, each at
//! its weight. A tenant's next position begins where its last ended, 1/weight later, or now if that is past. The lowest tag is
//! served first, and virtual time is the tag served last. So a tenant that was idle begins now, however many requests a
//! busy tenant has queued; tenants that always wait are served in proportion to their weights.
//!
//! All positions are in one sorted list: the rank of a position is its index, from which the wait follows. A tenant's waiters
//! take its positions first come, first served. A waiter that leaves moves those behind it forward and frees the tenant's *last*
//! position, so that leaving costs the tenant nothing.
//!
//! Owns order and bounds. Does not know the rate: `window` tells `core` when the first waiter is admitted.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::{QueueLimits, Share};

/// Virtual time for one call of weight 1. An integer, so that nothing drifts; 64 bits suffice for 10^12 calls in one busy period.
const VIRTUAL_CALL: u64 = 1 << 24;

/// Up to this number of tenants, idle ones are not removed.
const MIN_TENANTS_TO_FORGET: usize = 64;

/// A waiting request.
#[derive(Debug)]
pub(super) struct QueueEntry<W> {
    pub(super) id: u64,
    /// Arrival and deadline.
    pub(super) since: Instant,
    pub(super) deadline: Instant,
    /// When it next checks by itself whether it is admitted.
    pub(super) next_check: Instant,
    pub(super) waiter: W,
}

/// A request's position in the order of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueuePosition {
    tag: u64,
    /// Among equal tags, tenants that were not served recently come first, so that a rejected request that retries late does not
    /// wait for a whole round of the others.
    activity: TenantActivity,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TenantActivity {
    Idle,
    Busy,
}

#[derive(Debug)]
struct Tenant<W> {
    /// The virtual end of the tenant's last position.
    finish: u64,
    /// One for each waiter: the n-th position is for the n-th waiter.
    positions: VecDeque<QueuePosition>,
    waiting: VecDeque<QueueEntry<W>>,
}

/// All waiting requests of one rate limiter. A tenant is known while it waits or its last service is ahead of virtual time.
#[derive(Debug)]
pub(super) struct Queue<W> {
    bounds: QueueLimits,
    order: VecDeque<(QueuePosition, Arc<str>)>,
    tenants: HashMap<Arc<str>, Tenant<W>>,
    virtual_time: u64,
    next_number: u64,
    /// The number of known tenants at which idle ones are removed.
    forget_at: usize,
}

impl<W> Queue<W> {
    pub(super) fn new(bounds: QueueLimits) -> Self {
        Self {
            bounds,
            order: VecDeque::new(),
            tenants: HashMap::new(),
            virtual_time: 0,
            next_number: 0,
            forget_at: MIN_TENANTS_TO_FORGET,
        }
    }

    pub(super) fn change_bounds(&mut self, bounds: QueueLimits) {
        self.bounds = bounds;
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.order.len() >= self.bounds.total
    }

    /// The number of tenants with a waiting request.
    pub(super) fn tenants(&self) -> usize {
        self.tenants.values().filter(|tenant| !tenant.waiting.is_empty()).count()
    }

    /// The position that a request of this tenant would have now.
    pub(super) fn position(&self, share: &Share) -> QueuePosition {
        let tenant = self.tenants.get(&share.tenant);
        let finish = tenant.map_or(0, |tenant| tenant.finish);
        let idle = finish <= self.virtual_time && tenant.is_none_or(|tenant| tenant.waiting.is_empty());
        QueuePosition {
            tag: self.virtual_time.max(finish),
            activity: if idle { TenantActivity::Idle } else { TenantActivity::Busy },
            number: self.next_number,
        }
    }

    /// The number of positions before it.
    pub(super) fn rank(&self, position: QueuePosition) -> usize {
        self.order.partition_point(|(other, _)| *other < position)
    }

    /// The rank of a tenant's first waiter, if the tenant has its maximum of waiters.
    pub(super) fn first_of_full(&self, share: &Share) -> Option<usize> {
        let full = self.tenants.get(&share.tenant).filter(|tenant| tenant.waiting.len() >= self.bounds.per_tenant)?;
        Some(full.positions.front().map_or(0, |position| self.rank(*position)))
    }

    /// Takes the position that [`Self::position`] returned for this share.
    pub(super) fn insert(&mut self, share: &Share, position: QueuePosition, waiting: QueueEntry<W>) {
        self.next_number += 1;
        self.order.insert(self.rank(position), (position, Arc::clone(&share.tenant)));
        let tenant = self.tenants.entry(Arc::clone(&share.tenant)).or_insert_with(|| Tenant {
            finish: 0,
            positions: VecDeque::new(),
            waiting: VecDeque::new(),
        });
        tenant.finish = position.tag + (VIRTUAL_CALL / u64::from(share.weight.get())).max(1);
        tenant.positions.push_back(position);
        tenant.waiting.push_back(waiting);
    }

    /// The waiter that is served next.
    pub(super) fn head(&mut self) -> Option<&mut QueueEntry<W>> {
        let (_, name) = self.order.front()?;
        self.tenants.get_mut(name)?.waiting.front_mut()
    }

    /// Removes the head without serving it.
    pub(super) fn remove_head(&mut self) -> Option<QueueEntry<W>> {
        let name = Arc::clone(&self.order.front()?.1);
        self.remove_at(&name, 0)
    }

    /// Serves the head: virtual time advances to its position.
    pub(super) fn serve_head(&mut self) -> Option<QueueEntry<W>> {
        let (position, name) = self.order.pop_front()?;
        self.virtual_time = self.virtual_time.max(position.tag);
        let tenant = self.tenants.get_mut(&name)?;
        tenant.positions.pop_front();
        let served = tenant.waiting.pop_front();
        self.forget(&name);
        served
    }

    /// Removes the waiter that would be served last.
    pub(super) fn evict(&mut self) -> Option<QueueEntry<W>> {
        let (_, name) = self.order.back()?;
        let (name, tenant) = (Arc::clone(name), self.tenants.get(name)?);
        self.remove_at(&name, tenant.waiting.len().checked_sub(1)?)
    }

    /// Removes the tenant's waiter `id`, if it still waits.
    pub(super) fn remove(&mut self, tenant: &Arc<str>, id: u64) -> Option<QueueEntry<W>> {
        let index = self.index(tenant, id)?;
        self.remove_at(tenant, index)
    }

    /// The tenant's waiter `id` with its rank, if it still waits.
    pub(super) fn find(&mut self, tenant: &Arc<str>, id: u64) -> Option<(usize, &mut QueueEntry<W>)> {
        let index = self.index(tenant, id)?;
        let rank = self.rank(*self.tenants.get(tenant)?.positions.get(index)?);
        Some((rank, self.tenants.get_mut(tenant)?.waiting.get_mut(index)?))
    }

    /// Removes the waiters for which `keep` returns false, in order. `keep` gets the rank that each has once those removed before
    /// it are gone.
    pub(super) fn remove_unless(&mut self, mut keep: impl FnMut(usize, &QueueEntry<W>) -> bool) -> Vec<(usize, QueueEntry<W>)> {
        let mut out = Vec::new();
        // The number of waiters seen and kept, for each tenant.
        let mut stay: HashMap<Arc<str>, usize> = HashMap::new();
        let mut rank = 0;
        self.order.retain(|(_, name)| {
            let Some(tenant) = self.tenants.get_mut(name) else { return false };
            let seen = stay.entry(Arc::clone(name)).or_default();
            while let Some(waiting) = tenant.waiting.get(*seen) {
                if keep(rank, waiting) {
                    *seen += 1;
                    rank += 1;
                    return true;
                }
                out.extend(tenant.waiting.remove(*seen).map(|waiting| (rank, waiting)));
                tenant.finish = tenant.positions.pop_back().map_or(tenant.finish, |position| position.tag);
            }
            // The tenant's last positions were released one by one as waiters were removed.
            false
        });
        for name in stay.keys() {
            self.forget(name);
        }
        out
    }

    fn index(&self, tenant: &Arc<str>, id: u64) -> Option<usize> {
        // Ids rise with time, so a tenant's waiters are sorted by id.
        self.tenants.get(tenant)?.waiting.binary_search_by_key(&id, |waiting| waiting.id).ok()
    }

    fn remove_at(&mut self, name: &Arc<str>, index: usize) -> Option<QueueEntry<W>> {
        let tenant = self.tenants.get_mut(name)?;
        let removed = tenant.waiting.remove(index)?;
        let last = tenant.positions.pop_back()?;
        tenant.finish = last.tag;
        self.order.remove(self.rank(last));
        self.forget(name);
        Some(removed)
    }

    /// Forgets an idle tenant whose service virtual time has passed, and all tenants if the queue is empty, because the busy
    /// period ends.
    fn forget(&mut self, name: &Arc<str>) {
        if self.order.is_empty() {
            self.tenants.clear();
            self.virtual_time = 0;
        } else if self.tenants.get(name).is_some_and(|tenant| tenant.waiting.is_empty() && tenant.finish <= self.virtual_time) {
            self.tenants.remove(name);
        } else if self.tenants.len() >= self.forget_at {
            self.forget_idle();
        }
    }

    /// Forgets all idle tenants whose service virtual time has passed, or all idle tenants if they exceed the queue's bound. The
    /// next time is when twice as many are known, so the cost per request is constant.
    fn forget_idle(&mut self) {
        let idle = self.tenants.values().filter(|tenant| tenant.waiting.is_empty() && tenant.finish > self.virtual_time).count();
        let (now, many) = (self.virtual_time, idle > self.bounds.total);
        self.tenants.retain(|_, tenant| !tenant.waiting.is_empty() || (tenant.finish > now && !many));
        self.forget_at = MIN_TENANTS_TO_FORGET.max(2 * self.tenants.len());
    }
}
