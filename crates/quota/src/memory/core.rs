//! The memory budget as a machine: everything that happens is a method, and nothing waits here.
//!
//! Owns who holds how much, who waits and who is next. Never looks at a clock: `memory` wraps it in a lock and futures.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::MemoryPoolState;
use crate::{QueueLimits, Share};

/// A tenant that holds something must leave this part of the budget free: it is for tenants that hold nothing.
const RESERVED_DIVISOR: u64 = 8;
/// So that bytes held for a weight compare in integers.
const WEIGHT_UNIT: u64 = 1 << 10;

/// Why bytes are not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lack {
    /// The tenant has its share.
    Share,
    /// Others have the rest.
    Budget,
}

/// What the machine needs of one who waits.
pub(super) trait Waiter {
    /// It waits no longer: it holds the bytes, or is refused.
    fn notify(&self, decision: Result<(), Lack>);
}

/// What became of a request.
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

/// Who is served first: the tenant that holds the fewest bytes for its weight, then the first to come. A tenant's key changes
/// with what it holds, so that it is taken out of the order before each change and put in again after.
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
    /// Those that hold or wait.
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

    /// A request comes. `waiter`, if there is one, is made when it has to wait.
    pub(super) fn reserve(&mut self, share: &Share, bytes: u64, waiter: Option<impl FnOnce() -> W>) -> Admission {
        let (held, waiting) = self.tenants.get(&share.tenant).map_or((0, 0), |tenant| (tenant.held, tenant.waiting.len()));
        let lack = match self.lack(held, u64::from(share.weight.get()), bytes) {
            // Those of the same tenant who came before go before it, and so do those of others who hold less.
            None if waiting == 0 && !self.is_behind(held, share) => {
                self.take(share, bytes);
                return Admission::Decided(Ok(()));
            }
            lack => lack.unwrap_or(Lack::Budget),
        };
        let Some(waiter) = waiter else { return Admission::Decided(Err(lack)) };
        // More than all of it never comes free.
        if bytes > self.limit || waiting >= self.bounds.per_tenant || self.waiting >= self.bounds.total {
            return Admission::Decided(Err(lack));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.waiting += 1;
        self.change(share, |tenant| tenant.waiting.push_back(Waiting { id, bytes, waiter: waiter() }));
        Admission::Queued(id)
    }

    /// A request comes that goes before those who wait, or not at all.
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

    /// Bytes that were held are free again.
    pub(super) fn release(&mut self, share: &Share, bytes: u64) {
        self.change(share, |tenant| tenant.held = tenant.held.saturating_sub(bytes));
        self.held = self.held.saturating_sub(bytes);
        self.dispatch();
    }

    /// One who waits does so no more, without having taken what it was given.
    pub(super) fn leave(&mut self, share: &Share, id: u64, bytes: u64, decided: Option<Result<(), Lack>>) {
        match decided {
            Some(Ok(())) => self.release(share, bytes),
            Some(Err(_)) => {}
            None => {
                drop(self.remove(share, id));
                // Those behind it may need less.
                self.dispatch();
            }
        }
    }

    /// One who waits has no time left.
    pub(super) fn expire(&mut self, share: &Share, id: u64) {
        if let Some(expired) = self.remove(share, id) {
            let held = self.tenants.get(&share.tenant).map_or(0, |tenant| tenant.held);
            let lack = self.lack(held, u64::from(share.weight.get()), expired.bytes).unwrap_or(Lack::Budget);
            expired.waiter.notify(Err(lack));
            self.dispatch();
        }
    }

    /// Why a tenant that holds so much may not have so many bytes more.
    ///
    /// One that holds nothing may have all that is free. Another must leave free as much as it holds then, for its weight, and an
    /// eighth of the budget: so one tenant alone gets half of it, two a third each, and there is always some for the next.
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

    /// Does another tenant wait that holds less, for its weight?
    fn is_behind(&self, held: u64, share: &Share) -> bool {
        let load = held.saturating_mul(WEIGHT_UNIT) / u64::from(share.weight.get());
        self.order.first().is_some_and(|(least, _, _)| *least < load)
    }

    /// Gives what is free to those who are next. One whose tenant has its share is passed over; one for whom the budget lacks is
    /// not, so that many small requests do not keep a large one waiting.
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

    /// Changes what a tenant holds and awaits, and keeps its place in the order true.
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
