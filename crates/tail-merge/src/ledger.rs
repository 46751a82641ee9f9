//! What a viewer has received, in constant memory: a count and sums of powers of fingerprints.
//!
//! From the sums of the received events and the sums of all events the missing ones can be computed, up to [`SUMS`] of them
//! (Newton's identities). Owns the sums; [`mod@super::reconcile`] solves for the missing events.

use std::collections::BTreeMap;

use crate::field::{add, element, mul, sub};

/// Sums of powers that a position holds: as many undelivered events can be identified among the delivered ones.
pub const SUMS: usize = 6;
/// The ingestion times that one group of sums covers, in milliseconds: a ledger forgets in these steps.
const BUCKET: i64 = 1000;

/// The sums of the first [`SUMS`] powers of a multiset of elements, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// How many events.
    pub count: u64,
    /// Sums of the first, second, … powers, modulo 2⁶¹ − 1.
    pub powers: [u64; SUMS],
}

impl Sums {
    /// Adds an event.
    pub fn add(&mut self, fingerprint: u128) {
        self.add_element(element(fingerprint));
    }

    pub(crate) fn add_element(&mut self, element: u64) {
        self.count += 1;
        let mut power = 1;
        for sum in &mut self.powers {
            power = mul(power, element);
            *sum = add(*sum, power);
        }
    }

    /// Removes a part.
    #[must_use]
    pub fn without(mut self, part: &Self) -> Self {
        self.count = self.count.saturating_sub(part.count);
        for (sum, part) in self.powers.iter_mut().zip(part.powers) {
            *sum = sub(*sum, part);
        }
        self
    }
}

/// A position in a feed: everything with an ingestion time up to `through` was delivered or named in a gap, and of the later
/// events those that `sums` stands for.
///
/// Marks of one viewer are ordered: first by `through`, then by the number of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Ingestion time.
    pub through: i64,
    /// The largest ingestion time among the delivered events, at least `through`.
    pub last: i64,
    /// The delivered events with an ingestion time above `through`.
    pub sums: Sums,
}

impl Mark {
    /// The position of a viewer that has received nothing and wants what is ingested after `through`.
    #[must_use]
    pub fn starting(through: i64) -> Self {
        Self { through, last: through, sums: Sums::default() }
    }
}

/// What a viewer has received since the moment up to which its feed is complete.
#[derive(Debug, Clone)]
pub struct Ledger {
    mark: Mark,
    /// The sums by ingestion time divided by [`BUCKET`]. INVARIANT: they add up to those of the mark.
    buckets: BTreeMap<i64, Sums>,
}

impl Ledger {
    /// A ledger of a viewer that has everything up to `through`, and nothing later.
    #[must_use]
    pub fn new(through: i64) -> Self {
        Self { mark: Mark::starting(through), buckets: BTreeMap::new() }
    }

    /// Notes a delivered event.
    pub fn deliver(&mut self, ingestion: i64, fingerprint: u128) {
        // A later reading asks for what was ingested after `through` alone, so older events do not count.
        if ingestion <= self.mark.through {
            return;
        }
        self.mark.last = self.mark.last.max(ingestion);
        self.mark.sums.add(fingerprint);
        self.buckets.entry(ingestion.div_euclid(BUCKET)).or_default().add(fingerprint);
    }

    /// The feed is complete through this ingestion time: forgets the events up to it, in whole steps of a second.
    pub fn advance(&mut self, through: i64) {
        let first = (through + 1).div_euclid(BUCKET);
        let through = first * BUCKET - 1;
        if through <= self.mark.through {
            return;
        }
        let kept = self.buckets.split_off(&first);
        for forgotten in std::mem::replace(&mut self.buckets, kept).values() {
            self.mark.sums = self.mark.sums.without(forgotten);
        }
        self.mark.through = through;
        self.mark.last = self.mark.last.max(through);
    }

    /// The position after the last delivered event.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_forgets_whole_seconds() {
        let mut ledger = Ledger::new(1_999);
        for (ingestion, fingerprint) in [(2_000, 1), (2_999, 2), (3_000, 3), (1_500, 4)] {
            ledger.deliver(ingestion, fingerprint);
        }
        assert_eq!((ledger.mark().sums.count, ledger.mark().last), (3, 3_000));
        ledger.advance(2_998);
        assert_eq!(ledger.mark().through, 1_999);
        ledger.advance(2_999);
        let mut expected = Sums::default();
        expected.add(3);
        assert_eq!(ledger.mark(), Mark { through: 2_999, last: 3_000, sums: expected });
        ledger.advance(9_500);
        assert_eq!(ledger.mark(), Mark { through: 8_999, last: 8_999, sums: Sums::default() });
    }
}
