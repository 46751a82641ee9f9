//! What queries have scanned, to reserve the bytes of similar ones.
//!
//! Owns the figures, in the memory of this process. INVARIANT: a tenant's figures come from its own queries alone, whose scanned
//! bytes its budget has counted already, so a reservation by them tells the tenant nothing that the budget does not.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::LazyLock;

use moka::ops::compute::Op;

use crate::auth::permit::Permit;
use crate::domain::name::TenantId;
use crate::domain::query::operations::StartQuery;
use crate::domain::time::Millis;

/// Figures that are kept, some 100 bytes each.
const MAX_FIGURES: u64 = 10_000;

/// Queries with the same key are similar: of one tenant, over the same groups, with ranges of which the longer is less than twice
/// the shorter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ScanKey {
    tenant: TenantId,
    groups: u64,
    /// The range is from 2 to the power of this, in milliseconds.
    magnitude: u32,
}

impl ScanKey {
    /// The key of a query that starts now.
    pub(super) fn of(permit: &Permit<StartQuery>, now: Millis) -> Self {
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let op = permit.op();
        let mut groups: Vec<_> = op.groups.iter().collect();
        groups.sort_unstable();
        Self { tenant: permit.tenant().clone(), groups: KEYS.hash_one(groups), magnitude: magnitude(op.start, op.end, now) }
    }
}

fn magnitude(start: Millis, end: Millis, now: Millis) -> u32 {
    let range = end.0.min(now.0).saturating_sub(start.0).max(1);
    range.unsigned_abs().ilog2()
}

/// The scanned bytes of complete queries.
#[derive(Debug)]
pub(super) struct EarlierScans(moka::sync::Cache<ScanKey, u64>);

impl EarlierScans {
    pub(super) fn new() -> Self {
        Self(moka::sync::Cache::new(MAX_FIGURES))
    }

    /// Records what a complete query has scanned. A larger figure of an earlier query fades by a quarter with each query.
    pub(super) fn record(&self, key: ScanKey, bytes: u64) {
        let _entry = self.0.entry(key).and_compute_with(|entry| {
            let before = entry.map_or(0, moka::Entry::into_value);
            Op::Put(bytes.max(before - before / 4))
        });
    }

    /// What similar queries have scanned.
    pub(super) fn similar(&self, key: &ScanKey) -> Option<u64> {
        self.0.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_similar_within_a_power_of_two_and_end_now() {
        let (now, hour) = (Millis(1_700_000_000_000), 3_600_000);
        let of = |start: i64, end: i64| magnitude(Millis(now.0 + start * hour), Millis(now.0 + end * hour), now);
        assert_eq!(of(-3, 0), of(-4, 0));
        assert_eq!(of(-3, 0), of(-3, 100), "the future has no events");
        assert_ne!(of(-3, 0), of(-6, 0));
        assert_eq!(of(0, 0), 0);
        assert_eq!(magnitude(Millis(i64::MIN), Millis(i64::MAX), now), 63 - 1);
    }

    #[test]
    fn the_largest_of_the_last_queries_counts() {
        let (scans, key) =
            (EarlierScans::new(), ScanKey { tenant: TenantId::try_from("acme").unwrap(), groups: 1, magnitude: 20 });
        let other = ScanKey { tenant: TenantId::try_from("globex").unwrap(), ..key.clone() };
        assert_eq!(scans.similar(&key), None);
        for (bytes, counted) in [(1000, 1000), (10, 750), (10, 563), (2000, 2000), (0, 1500)] {
            scans.record(key.clone(), bytes);
            assert_eq!(scans.similar(&key), Some(counted));
        }
        assert_eq!(scans.similar(&other), None, "of the tenant alone");
    }
}
