//! The part of a tenant's limits that a query takes: a place among its concurrent queries, and bytes of the day.
//!
//! Owns the rule by which scanned bytes are reserved and settled (docs/decisions/015). Bytes are reserved before a query starts, so
//! that queries that start together cannot overrun the budget; the query's statistics settle them at its end. Without statistics
//! at its end, all reserved bytes count, because the query may have scanned them. Never reads a query.

use crate::auth::tenant::Limits;
use crate::domain::name::TenantId;
use crate::limits::lease::{ByteReservation, Lease};
use crate::limits::limit::{Budget, LimitExceeded, bytes_of};
use crate::limits::{Need, TenantLimits};

/// The part of the budget that a query of unknown size reserves: so many can run at a time.
const UNKNOWN_PART: u64 = 4;
/// The least part that a query reserves if a similar one has ended.
const SIMILAR_PART: u64 = 16;
/// A query reserves so many times the bytes of a similar one: twice for a range up to twice as long, and twice for denser data.
const SIMILAR_FACTOR: u64 = 4;

/// The bytes that a query can scan, as far as they are known before its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanBound {
    /// The size of the data is known.
    Sized {
        /// The expected bytes. A query is refused if fewer are left.
        likely: u64,
        /// The most that it can scan. So many are reserved, or all that are left.
        most: u64,
    },
    /// The size is unknown, or counts events that the caller may not see. INVARIANT: the reservation then depends only on the
    /// tenant's limit and on its earlier queries, so that neither it nor a refusal tells anything about the data.
    Unknown {
        /// What a similar query of the tenant scanned.
        similar: Option<u64>,
    },
}

impl ScanBound {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self::Unknown { similar: None };

    /// The size is exactly this.
    #[must_use]
    pub fn exactly(bytes: u64) -> Self {
        Self::Sized { likely: bytes, most: bytes }
    }

    /// The bytes to reserve of a budget.
    fn need(self, budget: u64) -> Need {
        match self {
            Self::Sized { likely, most } => Need { least: likely.min(most), most },
            Self::Unknown { similar: None } => Need { least: 0, most: (budget / UNKNOWN_PART).max(1) },
            Self::Unknown { similar: Some(bytes) } => {
                let most = bytes.saturating_mul(SIMILAR_FACTOR).clamp(budget / SIMILAR_PART, budget);
                Need { least: 0, most: most.max(1) }
            }
        }
    }
}

/// One query of a tenant, counted until this is dropped.
#[derive(Debug)]
pub struct QueryLease {
    _place: Lease,
    scanned: ByteReservation,
    /// Bytes that are settled.
    noted: u64,
    /// Whether the bytes count streams that the tenant may not see.
    withholds: bool,
    /// Whether it may scan bytes that no statistics have reported.
    is_open: bool,
    /// Whether it may scan more than it has reserved.
    is_estimated: bool,
}

impl QueryLease {
    /// Reserves the bytes of a query that has a place.
    ///
    /// # Errors
    /// [`LimitExceeded`] if too few are left of today.
    pub async fn new(
        limits: &TenantLimits,
        tenant: &TenantId,
        configured: &Limits,
        place: Lease,
        bound: ScanBound,
    ) -> Result<Self, LimitExceeded> {
        let most = configured.scanned_gb_per_day.map(bytes_of);
        let need = most.map_or(Need::exactly(0), |most| bound.need(most));
        let scanned = limits.reserve(tenant, Budget::Scanned, most, need).await?;
        let is_estimated = most.is_some() && matches!(bound, ScanBound::Unknown { .. });
        Ok(Self { _place: place, scanned, noted: 0, withholds: false, is_open: false, is_estimated })
    }

    /// The query scans streams that the tenant may not see: the remaining budget is hidden for the rest of the day, but the bytes
    /// count.
    #[must_use]
    pub fn withholding(mut self) -> Self {
        self.withholds = true;
        self.scanned.withhold();
        self
    }

    /// Whether the tenant has a limit of scanned bytes, so that exact statistics matter.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.scanned.is_limited()
    }

    /// Whether the query may scan more than it has reserved, so that its statistics must be read often.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        self.is_estimated
    }

    /// Marks that the query runs where only its statistics tell what it scans.
    pub fn mark_started(&mut self) {
        self.is_open = true;
    }

    /// The bytes that its statistics have told.
    #[must_use]
    pub fn scanned(&self) -> u64 {
        self.noted
    }

    /// Marks that the noted bytes are final.
    pub fn mark_ended(&mut self) {
        self.is_open = false;
    }

    /// Records the total bytes that the query has scanned. Returns whether the tenant's budget is exceeded now.
    pub fn note_scanned(&mut self, bytes: f64) -> bool {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and NaN is zero")]
        let bytes = bytes as u64;
        if let Some(more) = bytes.checked_sub(self.noted).filter(|more| *more > 0) {
            self.scanned.note(more);
            self.noted = bytes;
            if self.withholds {
                // On the next day too, if the query runs past midnight.
                self.scanned.withhold();
            }
        }
        self.scanned.is_exceeded()
    }
}

impl Drop for QueryLease {
    fn drop(&mut self) {
        if self.is_open {
            self.scanned.note(self.scanned.left());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::*;
    use crate::domain::time::{HeldClock, Millis};
    use crate::limits::limit::{Limit, Work};

    /// 2025-11-20T10:00:00Z: fourteen hours to midnight.
    const TEN: i64 = 1_763_632_800_000;

    struct Tenant {
        limits: TenantLimits,
        id: TenantId,
        configured: Limits,
        clock: Arc<HeldClock>,
    }

    impl Tenant {
        fn new(configured: Limits) -> Self {
            let clock = Arc::new(HeldClock::at(Millis(TEN)));
            let limits = TenantLimits::in_memory(Arc::<HeldClock>::clone(&clock));
            Self { limits, id: TenantId::try_from("acme").unwrap(), configured, clock }
        }

        async fn lease(&self, bound: ScanBound) -> Result<QueryLease, LimitExceeded> {
            let place = self.limits.begin(&self.id, Work::Queries, self.configured.concurrent_queries).await?;
            QueryLease::new(&self.limits, &self.id, &self.configured, place, bound).await
        }

        async fn left(&self) -> (Option<u32>, Option<f64>) {
            let left = self.limits.remaining(&self.id, &self.configured).await;
            (left.queries, left.scanned_gb)
        }
    }

    fn bytes(bytes: u64) -> ScanBound {
        ScanBound::exactly(bytes)
    }

    #[tokio::test]
    async fn queries_are_counted_while_they_run_and_bytes_until_midnight() {
        let acme = Tenant::new(Limits { concurrent_queries: Some(2), scanned_gb_per_day: Some(1.5), ..Limits::default() });
        let mut first = acme.lease(bytes(0)).await.unwrap();
        let second = acme.lease(bytes(0)).await.unwrap();
        let refused = acme.lease(bytes(0)).await.unwrap_err();
        assert_eq!((refused.limit, refused.most), (Limit::Work(Work::Queries), 2));
        drop(second);
        first.note_scanned(1e9);
        assert!(!first.note_scanned(1e9));
        assert_eq!(acme.left().await, (Some(1), Some(0.5)));
        assert!(first.note_scanned(2e9), "the budget is exceeded");
        let refused = acme.lease(bytes(0)).await.unwrap_err();
        assert_eq!((refused.most, refused.retry_after), (1_500_000_000, Duration::from_secs(14 * 3600)));
        acme.clock.0.fetch_add(14 * 3_600_000, Ordering::Relaxed);
        assert_eq!(acme.left().await, (Some(1), Some(1.5)));
        assert!(acme.lease(bytes(1)).await.is_ok());
        assert_eq!(acme.left().await, (Some(1), Some(1.5)), "a query that did not start gives its bytes back");
    }

    #[tokio::test]
    async fn queries_that_start_together_cannot_overrun_the_budget() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(5.0), ..Limits::default() });
        let mut first = acme.lease(bytes(2_000_000_000)).await.unwrap();
        let _second = acme.lease(bytes(2_000_000_000)).await.unwrap();
        let refused = acme.lease(bytes(2_000_000_000)).await.unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(5), "reserved bytes may be returned soon");
        assert_eq!(acme.left().await.1, Some(1.0));
        first.note_scanned(5e8);
        drop(first);
        assert_eq!(acme.left().await.1, Some(2.5));
        assert!(acme.lease(bytes(2_000_000_000)).await.is_ok());
        let refused = acme.lease(bytes(5_000_000_001)).await.unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(14 * 3600));
    }

    #[tokio::test]
    async fn queries_of_unknown_size_reserve_a_quarter_of_the_budget_each() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(4.0), ..Limits::default() });
        let mut running = Vec::new();
        for left in [3.0, 2.0, 1.0, 0.0] {
            running.push(acme.lease(ScanBound::UNKNOWN).await.unwrap());
            assert_eq!(acme.left().await.1, Some(left));
        }
        assert_eq!(acme.lease(ScanBound::UNKNOWN).await.unwrap_err().retry_after, Duration::from_secs(5));
        // The bytes that are left after three of them have ended are enough for the fourth.
        running.truncate(1);
        assert!(!running[0].note_scanned(3.9e9));
        let small = acme.lease(ScanBound::UNKNOWN).await.unwrap();
        assert!((acme.left().await.1.unwrap()).abs() < 1e-9, "what is left is enough");
        assert!(running[0].note_scanned(4e9), "the budget counts what the other has reserved");
        drop(small);
    }

    #[tokio::test]
    async fn a_query_reserves_four_times_what_a_similar_one_scanned() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(16.0), ..Limits::default() });
        let similar = |gigabytes: f64| ScanBound::Unknown { similar: Some(bytes_of(gigabytes)) };
        for (scanned, reserved) in [(0.0, 1.0), (0.25, 1.0), (1.0, 4.0), (3.5, 14.0), (5.0, 16.0), (1e6, 16.0)] {
            let lease = acme.lease(similar(scanned)).await.unwrap();
            assert_eq!(acme.left().await.1, Some(16.0 - reserved), "{scanned} GB");
            drop(lease);
        }
    }

    #[tokio::test]
    async fn a_query_reserves_what_is_left_if_more_is_stored_and_less_is_expected() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(5.0), ..Limits::default() });
        let likely = acme.lease(ScanBound::Sized { likely: 1_000_000_000, most: 9_000_000_000 }).await.unwrap();
        assert_eq!(acme.left().await.1, Some(0.0));
        drop(likely);
        assert!(acme.lease(ScanBound::Sized { likely: 6_000_000_000, most: 9_000_000_000 }).await.is_err());
    }

    /// The bound on an overrun that docs/decisions/015 states: what the running queries scan beyond what they have reserved, between
    /// two of their statistics.
    #[tokio::test]
    async fn an_overrun_is_what_running_queries_scan_between_two_statistics() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(4.0), ..Limits::default() });
        let mut running = Vec::new();
        while let Ok(lease) = acme.lease(ScanBound::UNKNOWN).await {
            running.push((lease, 0.0));
        }
        assert_eq!(running.len(), 4);
        let step = 3e8;
        let mut total = 0.0;
        // Each query is stopped when its statistics say that the budget is exceeded.
        while let Some((mut lease, scanned)) = running.pop() {
            total += step;
            let scanned = scanned + step;
            if !lease.note_scanned(scanned) {
                running.insert(0, (lease, scanned));
            }
        }
        assert!(total <= 4e9 + 4.0 * step, "{total}");
    }

    #[tokio::test]
    async fn a_query_that_ends_without_statistics_counts_as_reserved() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(5.0), ..Limits::default() });
        let mut lost = acme.lease(bytes(2_000_000_000)).await.unwrap();
        lost.mark_started();
        lost.note_scanned(5e8);
        drop(lost);
        assert_eq!(acme.left().await.1, Some(3.0));
        let mut told = acme.lease(bytes(2_000_000_000)).await.unwrap();
        told.mark_started();
        told.note_scanned(5e8);
        told.mark_ended();
        drop(told);
        assert_eq!(acme.left().await.1, Some(2.5));
    }

    #[tokio::test]
    async fn what_is_left_is_not_told_while_it_counts_hidden_streams() {
        let acme = Tenant::new(Limits { scanned_gb_per_day: Some(1.0), ..Limits::default() });
        let mut hiding = acme.lease(bytes(0)).await.unwrap().withholding();
        assert_eq!(acme.left().await.1, None);
        acme.clock.0.fetch_add(14 * 3_600_000, Ordering::Relaxed);
        assert_eq!(acme.left().await.1, Some(1.0), "the next day begins with nothing used");
        hiding.note_scanned(5e8);
        assert_eq!(acme.left().await.1, None, "the query ran past midnight");
        hiding.note_scanned(1e9);
        assert!(acme.lease(bytes(0)).await.is_err(), "the bytes count all the same");
    }
}
