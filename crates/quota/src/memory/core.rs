//! The memory pool's state machine: each event is a method.
//!
//! Owns the held bytes, the waiters and their order. Never reads a clock and never sleeps: `memory` wraps it in a lock and
//! futures.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::MemoryPoolState;
use crate::{QueueLimits, Share};

/// A tenant that holds bytes must leave this part of the budget free for tenants that hold none.
const RESERVED_DIVISOR: u64 = 8;
/// Scales bytes per weight to integers.
const WEIGHT_UNIT: u64 = 1 << 10;

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
struct Waiting<W> {
    id: u64,
    bytes: u64,
    waiter: W,
}

#[derive(Debug)]
struct Tenant<W> {
    weight: u64,
    held: u64,
    waiting: VecDeque<Waiting<W>>,
}

/// The order of service: the fewest bytes per weight, then first come, first served. A tenant's key changes with its bytes, so it
/// is removed from the order before each change and inserted again afterwards.
type Key = (u64, u64, Arc<str>);

impl<W> Tenant<W> {
    fn key(&self, name: &Arc<str>) -> Option<Key> {
        let load = self.held.saturating_mul(WEIGHT_UNIT) / self.weight;
        self.waiting.front().map(|first| (load, first.id, Arc::clone(name)))
    }
}

#[derive(Debug)]
pub(super) struct Core<W> {
    limit: u64,
    bounds: QueueLimits,
    held: u64,
    waiting: usize,
    /// Tenants that hold bytes or wait.
    tenants: HashMap<Arc<str>, Tenant<W>>,
    order: BTreeSet<Key>,
    next_id: u64,
}

impl<W: Waiter> Core<W> {
    pub(super) fn new(limit: u64, bounds: QueueLimits) -> Self {
        Self { limit, bounds, held: 0, waiting: 0, tenants: HashMap::new(), order: BTreeSet::new(), next_id: 0 }
    }

    pub(super) fn state(&self) -> MemoryPoolState {
        MemoryPoolState { limit: self.limit, held: self.held, queued: self.waiting, tenants: self.tenants.len() }
    }

    /// A request arrives. If it has to wait, `waiter` is called; without a `waiter` it is refused.
    pub(super) fn reserve(&mut self, share: &Share, bytes: u64, waiter: Option<impl FnOnce() -> W>) -> Admission {
        let (held, waiting) = self.tenants.get(&share.tenant).map_or((0, 0), |tenant| (tenant.held, tenant.waiting.len()));
        let lack = match self.lack(held, u64::from(share.weight.get()), bytes) {
            // Earlier requests of the same tenant have priority, and so do those of tenants that hold less.
            None if waiting == 0 && !self.is_behind(held, share) => {
                self.take(share, bytes);
                return Admission::Decided(Ok(()));
            }
            lack => lack.unwrap_or(Lack::Budget),
        };
        let Some(waiter) = waiter else { return Admission::Decided(Err(lack)) };
        // More than the whole budget can never become free.
        if bytes > self.limit || waiting >= self.bounds.per_tenant || self.waiting >= self.bounds.total {
            return Admission::Decided(Err(lack));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.waiting += 1;
        self.change(share, |tenant| tenant.waiting.push_back(Waiting { id, bytes, waiter: waiter() }));
        Admission::Queued(id)
    }

    /// A request arrives that overtakes waiting requests or is refused.
    pub(super) fn pass(&mut self, share: &Share, bytes: u64) -> Result<(), Lack> {
        let held = self.tenants.get(&share.tenant).map_or(0, |tenant| tenant.held);
        match self.lack(held, u64::from(share.weight.get()), bytes) {
            Some(lack) => Err(lack),
            None => {
                self.take(share, bytes);
                Ok(())
            }
        }
    }

    /// Held bytes are released.
    pub(super) fn release(&mut self, share: &Share, bytes: u64) {
        self.change(share, |tenant| tenant.held = tenant.held.saturating_sub(bytes));
        self.held = self.held.saturating_sub(bytes);
        self.dispatch();
    }

    /// A waiter leaves without using the bytes that it may have been granted.
    pub(super) fn leave(&mut self, share: &Share, id: u64, bytes: u64, decided: Option<Result<(), Lack>>) {
        match decided {
            Some(Ok(())) => self.release(share, bytes),
            Some(Err(_)) => {}
            None => {
                drop(self.remove(share, id));
                // Later waiters may need fewer bytes.
                self.dispatch();
            }
        }
    }

    /// A waiter's deadline passed.
    pub(super) fn expire(&mut self, share: &Share, id: u64) {
        if let Some(expired) = self.remove(share, id) {
            let held = self.tenants.get(&share.tenant).map_or(0, |tenant| tenant.held);
            let lack = self.lack(held, u64::from(share.weight.get()), expired.bytes).unwrap_or(Lack::Budget);
            expired.waiter.notify(Err(lack));
            self.dispatch();
        }
    }

    /// Why a tenant that holds `held` bytes may not have `bytes` more.
    ///
    /// A tenant that holds nothing may have all free bytes. Any other tenant must leave free as much as it then holds, for its
    /// weight, and at least an eighth of the budget: so one tenant alone gets half, two get a third each, and a part always
    /// remains for the next tenant.
    fn lack(&self, held: u64, weight: u64, bytes: u64) -> Option<Lack> {
        let Some(free) = self.limit.checked_sub(self.held.saturating_add(bytes)) else {
            let others = self.held.saturating_sub(held);
            return Some(if held > 0 && held >= others { Lack::Share } else { Lack::Budget });
        };
        if held == 0 {
            return None;
        }
        let has_its_share = held.saturating_add(bytes) > free.saturating_mul(weight) || free < self.limit / RESERVED_DIVISOR;
        has_its_share.then_some(Lack::Share)
    }

    /// Whether another tenant with fewer bytes for its weight waits.
    fn is_behind(&self, held: u64, share: &Share) -> bool {
        let load = held.saturating_mul(WEIGHT_UNIT) / u64::from(share.weight.get());
        self.order.first().is_some_and(|(least, _, _)| *least < load)
    }

    /// Grants free bytes in order. A waiter whose tenant has its share is skipped; a waiter that needs more than is free is not,
    /// so that many small requests do not starve a large one.
    fn dispatch(&mut self) {
        let mut passed: Option<Key> = None;
        loop {
            let next = match &passed {
                None => self.order.first(),
                Some(key) => self.order.range((std::ops::Bound::Excluded(key.clone()), std::ops::Bound::Unbounded)).next(),
            };
            let Some(key) = next.cloned() else { return };
            let Some(tenant) = self.tenants.get(&key.2) else { return };
            let Some(bytes) = tenant.waiting.front().map(|first| first.bytes) else { return };
            match self.lack(tenant.held, tenant.weight, bytes) {
                Some(Lack::Share) => passed = Some(key),
                Some(Lack::Budget) => return,
                None => {
                    let weight = tenant.weight;
                    let next = self.change_named(&key.2, weight, |tenant| {
                        tenant.held += bytes;
                        tenant.waiting.pop_front()
                    });
                    self.held += bytes;
                    self.waiting -= 1;
                    next.into_iter().for_each(|next| next.waiter.notify(Ok(())));
                    passed = None;
                }
            }
        }
    }

    fn take(&mut self, share: &Share, bytes: u64) {
        self.held += bytes;
        self.change(share, |tenant| tenant.held += bytes);
    }

    fn remove(&mut self, share: &Share, id: u64) -> Option<Waiting<W>> {
        let index = self.tenants.get(&share.tenant)?.waiting.binary_search_by_key(&id, |waiting| waiting.id).ok()?;
        self.waiting -= 1;
        self.change(share, |tenant| tenant.waiting.remove(index))
    }

    fn change<T>(&mut self, share: &Share, change: impl FnOnce(&mut Tenant<W>) -> T) -> T {
        self.change_named(&share.tenant, u64::from(share.weight.get()), change)
    }

    /// Changes a tenant's bytes and waiters, and updates its place in the order.
    fn change_named<T>(&mut self, name: &Arc<str>, weight: u64, change: impl FnOnce(&mut Tenant<W>) -> T) -> T {
        let tenant = self.tenants.entry(Arc::clone(name)).or_insert_with(|| Tenant { weight, held: 0, waiting: VecDeque::new() });
        let before = tenant.key(name);
        let changed = change(tenant);
        let (after, is_gone) = (tenant.key(name), tenant.held == 0 && tenant.waiting.is_empty());
        if let Some(key) = before {
            self.order.remove(&key);
        }
        self.order.extend(after);
        if is_gone {
            self.tenants.remove(name);
        }
        changed
    }
}
