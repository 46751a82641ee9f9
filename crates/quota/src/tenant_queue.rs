//! Tenants that hold or await something scarce, ordered by what they hold.
//!
//! Owns the sums and the order of service for the state machines of `concurrency_limiter` and `memory`, which decide who may hold
//! how much. See also `rate_limiter::queue`, which orders by virtual time instead.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::Share;

/// Bits of the fraction of a [`Load`]: enough to distinguish one unit at the largest weight.
const FRACTION_BITS: u32 = 32;

/// An amount for a tenant's weight, with [`FRACTION_BITS`].
pub(crate) type Load = u128;

pub(crate) fn load(amount: u64, weight: NonZeroU32) -> Load {
    (Load::from(amount) << FRACTION_BITS) / Load::from(weight.get())
}

/// A waiting request.
#[derive(Debug)]
pub(crate) struct QueueEntry<W> {
    pub(crate) id: u64,
    /// What it waits for: bytes, or one permit.
    pub(crate) amount: u64,
    pub(crate) waiter: W,
}

#[derive(Debug)]
pub(crate) struct Tenant<W> {
    pub(crate) weight: NonZeroU32,
    pub(crate) held: u64,
    pub(crate) waiting: VecDeque<QueueEntry<W>>,
}

/// The order of service: the lowest load, then first come, first served.
pub(crate) type Key = (Load, u64, Arc<str>);

impl<W> Tenant<W> {
    fn key(&self, name: &Arc<str>) -> Option<Key> {
        self.waiting.front().map(|first| (load(self.held, self.weight), first.id, Arc::clone(name)))
    }
}

/// All tenants that hold or wait.
///
/// INVARIANT: `order` has the key of every tenant with a waiting request; `held` and `waiting` are the sums over all tenants.
#[derive(Debug)]
pub(crate) struct TenantQueue<W> {
    tenants: HashMap<Arc<str>, Tenant<W>>,
    order: BTreeSet<Key>,
    held: u64,
    waiting: usize,
    next_id: u64,
}

impl<W> TenantQueue<W> {
    pub(crate) fn new() -> Self {
        Self { tenants: HashMap::new(), order: BTreeSet::new(), held: 0, waiting: 0, next_id: 0 }
    }

    /// What all tenants hold.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// The number of waiting requests.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The number of tenants with a waiting request.
    pub(crate) fn waiting_tenants(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn tenants(&self) -> &HashMap<Arc<str>, Tenant<W>> {
        &self.tenants
    }

    /// What the tenant holds, and the number of its waiting requests.
    pub(crate) fn counts(&self, share: &Share) -> (u64, usize) {
        self.tenants.get(&share.tenant).map_or((0, 0), |tenant| (tenant.held, tenant.waiting.len()))
    }

    /// The first tenant in the order of service, after `key` if that is given.
    pub(crate) fn next_after(&self, key: Option<&Key>) -> Option<(&Key, &Tenant<W>)> {
        let key = match key {
            None => self.order.first(),
            Some(key) => self.order.range((std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded)).next(),
        }?;
        Some((key, self.tenants.get(&key.2)?))
    }

    /// Adds a waiting request and returns its id.
    pub(crate) fn push(&mut self, share: &Share, amount: u64, waiter: W) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.waiting += 1;
        self.change(share, |tenant| tenant.waiting.push_back(QueueEntry { id, amount, waiter }));
        id
    }

    /// The tenant holds more.
    pub(crate) fn take(&mut self, share: &Share, amount: u64) {
        self.held += amount;
        self.change(share, |tenant| tenant.held += amount);
    }

    /// The tenant holds less.
    pub(crate) fn give_back(&mut self, share: &Share, amount: u64) {
        self.held = self.held.saturating_sub(amount);
        self.change(share, |tenant| tenant.held = tenant.held.saturating_sub(amount));
    }

    /// The tenant's first waiting request gets what it waits for.
    pub(crate) fn serve(&mut self, share: &Share) -> Option<QueueEntry<W>> {
        let served = self.change(share, |tenant| {
            let first = tenant.waiting.pop_front()?;
            tenant.held += first.amount;
            Some(first)
        })?;
        self.held += served.amount;
        self.waiting -= 1;
        Some(served)
    }

    /// Removes the tenant's last waiting request.
    pub(crate) fn evict(&mut self, share: &Share) -> Option<QueueEntry<W>> {
        let evicted = self.change(share, |tenant| tenant.waiting.pop_back())?;
        self.waiting -= 1;
        Some(evicted)
    }

    /// Removes the tenant's waiting request `id`, if it still waits.
    pub(crate) fn remove(&mut self, share: &Share, id: u64) -> Option<QueueEntry<W>> {
        let index = self.tenants.get(&share.tenant)?.waiting.binary_search_by_key(&id, |entry| entry.id).ok()?;
        self.waiting -= 1;
        self.change(share, |tenant| tenant.waiting.remove(index))
    }

    /// Changes a tenant, and updates its place in the order. A tenant that neither holds nor waits is forgotten.
    fn change<T>(&mut self, share: &Share, change: impl FnOnce(&mut Tenant<W>) -> T) -> T {
        let new = || Tenant { weight: share.weight, held: 0, waiting: VecDeque::new() };
        let tenant = self.tenants.entry(Arc::clone(&share.tenant)).or_insert_with(new);
        let before = tenant.key(&share.tenant);
        let changed = change(tenant);
        let (after, is_gone) = (tenant.key(&share.tenant), tenant.held == 0 && tenant.waiting.is_empty());
        if before != after {
            if let Some(key) = before {
                self.order.remove(&key);
            }
            self.order.extend(after);
        }
        if is_gone {
            self.tenants.remove(&share.tenant);
        }
        changed
    }
}
