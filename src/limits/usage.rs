//! What one tenant uses in this process: the rate, running work, and the bytes of the day. Pure: no clock, no I/O.
//!
//! INVARIANT: settled and reserved bytes together never exceed the limit by a reservation, and a reservation that ends returns what
//! was not used of it. Days are UTC days since 1970; at midnight the settled bytes begin at zero, and reservations stay.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use super::limit::{Budget, MAX_BYTES, Work};
use super::rate::{RateBucket, Taken};

/// Which part of a limit this process may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Allowance {
    /// All of it: no other process counts.
    Whole,
    /// This share, since the other replicas cannot be counted.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "only a shared store needs it"))]
    Share(f64),
}

impl Allowance {
    /// The part of a number of places. A limit above zero leaves at least one, so that a small limit does not stop the tenant.
    pub(super) fn of_places(self, most: u32) -> u32 {
        match self {
            Self::Whole => most,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32 is one")]
            Self::Share(share) => ((f64::from(most) * share) as u32).max(most.min(1)),
        }
    }

    /// The part of a rate.
    pub(super) fn of_rate(self, rate: NonZeroU32) -> NonZeroU32 {
        NonZeroU32::new(self.of_places(rate.get())).unwrap_or(NonZeroU32::MIN)
    }
}

/// How many bytes a reservation needs. It gets as many of them as are left, if these are not fewer than `least`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// With fewer bytes left it is refused. It is also refused if none are left.
    pub least: u64,
    /// The most that can be used.
    pub most: u64,
}

impl Need {
    /// An unknown number: all that are left.
    pub const UNKNOWN: Self = Self { least: 0, most: MAX_BYTES };

    /// Exactly so many.
    #[must_use]
    pub fn exactly(bytes: u64) -> Self {
        Self { least: bytes, most: bytes }
    }
}

/// A budget with too few bytes left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Short {
    /// Bytes left.
    pub(super) left: u64,
    /// Whether reserved bytes are a part of the reason: they may be returned before the end of the day.
    pub(super) is_reserved: bool,
}

/// What all replicas use, when the shared store last told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SharedView {
    /// The part of this process.
    own: u64,
    /// Settled and reserved bytes of all.
    total: u64,
}

/// The use of one budget.
#[derive(Debug, Default)]
pub(super) struct BudgetUsage {
    day: i64,
    settled: u64,
    /// Reserved bytes by reservation. An entry of zero bytes is a reservation that may grow.
    reservations: BTreeMap<u64, u64>,
    reserved: u64,
    shared: Option<SharedView>,
    /// Whether some of these bytes are of streams that the tenant may not see.
    pub(super) withheld: bool,
    /// Reservations that changed since the shared store was told.
    pub(super) changed: BTreeSet<u64>,
    /// Whether settled bytes changed since the shared store was told.
    pub(super) is_dirty: bool,
}

#[cfg(feature = "redis")]
/// The figures of a budget for the shared store. `reservations` have their bytes now; zero: it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) day: i64,
    pub(super) settled: u64,
    pub(super) withheld: bool,
    pub(super) reservations: Vec<(u64, u64)>,
    /// Settled and reserved bytes.
    own: u64,
}

impl BudgetUsage {
    /// Begins a new day. An earlier day is ignored: a clock went back.
    pub(super) fn roll(&mut self, day: i64) {
        if day > self.day {
            *self = Self {
                day,
                reservations: std::mem::take(&mut self.reservations),
                reserved: self.reserved,
                changed: std::mem::take(&mut self.changed),
                ..Self::default()
            };
        }
    }

    fn own(&self) -> u64 {
        self.settled + self.reserved
    }

    /// Bytes that this process may use in all, of a limit.
    fn allowed(&self, most: u64, allowance: Allowance) -> u64 {
        match (allowance, self.shared) {
            (Allowance::Whole, _) => most,
            (Allowance::Share(share), view) => {
                let SharedView { own, total } = view.unwrap_or(SharedView { own: 0, total: 0 });
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of bytes below 2⁵³")]
                let part = (most.saturating_sub(total) as f64 * share) as u64;
                own + part
            }
        }
    }

    /// Bytes that can be reserved.
    pub(super) fn left(&self, most: u64, allowance: Allowance) -> u64 {
        self.allowed(most, allowance).saturating_sub(self.own())
    }

    /// Reserves bytes for a reservation, in addition to those that it has. Returns how many.
    pub(super) fn reserve(&mut self, id: u64, need: Need, most: Option<u64>, allowance: Allowance) -> Result<u64, Short> {
        let bytes = match most {
            None if need == Need::UNKNOWN => 0,
            None => need.most,
            Some(most) => {
                let left = self.left(most, allowance);
                if left == 0 || need.least > left {
                    let is_reserved = self.fits_without_others(id, need, self.settled, self.allowed(most, allowance));
                    return Err(Short { left, is_reserved });
                }
                need.most.min(left)
            }
        };
        self.add(id, bytes);
        Ok(bytes)
    }

    /// Whether the bytes would be left if all other reservations ended. `settled`: those of all replicas.
    pub(super) fn fits_without_others(&self, id: u64, need: Need, settled: u64, most: u64) -> bool {
        let own = self.reservations.get(&id).copied().unwrap_or(0);
        settled.saturating_add(own).saturating_add(need.least.max(1)) <= most
    }

    fn add(&mut self, id: u64, bytes: u64) {
        *self.reservations.entry(id).or_default() += bytes;
        self.reserved += bytes;
        self.changed.insert(id);
    }

    /// Adds reserved bytes that the shared store has granted, and knows.
    #[cfg(feature = "redis")]
    pub(super) fn grant(&mut self, id: u64, bytes: u64) {
        let is_news = self.changed.contains(&id);
        self.add(id, bytes);
        if !is_news {
            self.changed.remove(&id);
        }
    }

    /// Whether the bytes of this process, or of all as last told, exceed the limit.
    pub(super) fn is_over(&self, most: u64) -> bool {
        let others = self.shared.map_or(0, |view| view.total.saturating_sub(view.own));
        self.own().saturating_add(others) > most
    }

    /// Settles bytes that were used, from those of the reservation as far as it has them.
    pub(super) fn note(&mut self, id: u64, bytes: u64) {
        if let Some(left) = self.reservations.get_mut(&id) {
            let of_reservation = bytes.min(*left);
            *left -= of_reservation;
            self.reserved -= of_reservation;
            self.changed.insert(id);
        }
        self.settled = self.settled.saturating_add(bytes);
        self.is_dirty = true;
    }

    /// Ends a reservation and returns the rest of its bytes.
    pub(super) fn end(&mut self, id: u64) {
        self.reserved -= self.reservations.remove(&id).unwrap_or(0);
        // Also without an entry: the shared store may have granted bytes in an answer that was lost.
        self.changed.insert(id);
    }

    /// The figures for the shared store. `all`: every reservation, not only those that have changed.
    #[cfg(feature = "redis")]
    pub(super) fn publish(&mut self, all: bool) -> Published {
        let mut ids = std::mem::take(&mut self.changed);
        if all {
            ids.extend(self.reservations.keys());
        }
        self.is_dirty = false;
        let reservations = ids.into_iter().map(|id| (id, self.reservations.get(&id).copied().unwrap_or(0))).collect();
        Published { day: self.day, settled: self.settled, withheld: self.withheld, reservations, own: self.own() }
    }

    /// The store did not get these figures.
    #[cfg(feature = "redis")]
    pub(super) fn unpublish(&mut self, published: &Published) {
        self.changed.extend(published.reservations.iter().map(|(id, _)| *id));
        self.is_dirty = true;
    }

    /// The answer of the store to published figures.
    #[cfg(feature = "redis")]
    pub(super) fn observe(&mut self, published: &Published, day: i64, total: u64) {
        self.roll(day);
        if self.day == day {
            self.shared = Some(SharedView { own: published.own, total });
        }
    }

    /// Whether the shared store has something to be told.
    pub(super) fn has_news(&self) -> bool {
        self.is_dirty || !self.changed.is_empty()
    }

    fn is_idle(&self, day: i64) -> bool {
        self.reservations.is_empty() && (self.day < day || self.settled == 0) && !self.has_news()
    }

    #[cfg(test)]
    pub(super) fn figures(&self) -> (u64, u64) {
        (self.settled, self.reserved)
    }
}

/// The use of one tenant in this process.
#[derive(Debug, Default)]
pub(super) struct Usage {
    rate: RateBucket,
    running: [BTreeSet<u64>; Work::ALL.len()],
    /// Work that has ended since the shared store was told.
    pub(super) ended: Vec<(Work, u64)>,
    budgets: [BudgetUsage; Budget::ALL.len()],
    /// Whether the tenant waits for the next report to the shared store.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "only a shared store needs it"))]
    pub(super) is_queued: bool,
}

impl Usage {
    pub(super) fn take_request(&mut self, rate: NonZeroU32, now: Duration) -> Taken {
        self.rate.take(rate, now)
    }

    pub(super) fn running(&self, work: Work) -> u32 {
        u32::try_from(self.running[work.index()].len()).unwrap_or(u32::MAX)
    }

    #[cfg(feature = "redis")]
    pub(super) fn running_ids(&self, work: Work) -> &BTreeSet<u64> {
        &self.running[work.index()]
    }

    /// Begins work if the limit leaves a place. Returns whether it did.
    pub(super) fn begin(&mut self, work: Work, id: u64, most: Option<u32>) -> bool {
        let is_free = most.is_none_or(|most| self.running(work) < most);
        if is_free {
            self.running[work.index()].insert(id);
        }
        is_free
    }

    pub(super) fn finish(&mut self, work: Work, id: u64) {
        self.running[work.index()].remove(&id);
    }

    /// The use of a budget on this day.
    pub(super) fn budget(&mut self, budget: Budget, day: i64) -> &mut BudgetUsage {
        let usage = &mut self.budgets[budget.index()];
        usage.roll(day);
        usage
    }

    /// Nothing is reported, so nothing is collected for a report.
    pub(super) fn forget_news(&mut self) {
        self.ended.clear();
        for budget in &mut self.budgets {
            budget.changed.clear();
            budget.is_dirty = false;
        }
    }

    /// Whether the shared store is to be told of the budget. `all`: also of what it was told before.
    #[cfg(feature = "redis")]
    pub(super) fn has_figures(&self, budget: Budget, all: bool) -> bool {
        let budget = &self.budgets[budget.index()];
        budget.has_news() || (all && (budget.settled > 0 || !budget.reservations.is_empty()))
    }

    /// Whether forgetting the tenant changes nothing.
    pub(super) fn is_idle(&self, now: Duration, day: i64) -> bool {
        self.rate.is_full(now)
            && self.running.iter().all(BTreeSet::is_empty)
            && self.ended.is_empty()
            && self.budgets.iter().all(|budget| budget.is_idle(day))
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
