//! The query budgets of tenants: concurrent queries, and bytes scanned per day.
//!
//! Owns the counters. Each process counts its own queries: so does each replica, and each container of a function. Does not read
//! queries. Days are in UTC.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::auth::tenant::Limits;
use crate::domain::name::TenantId;
use crate::domain::time::Clock;

/// Tenants with counters at a time; the counters of an evicted tenant start from zero.
const MAX_TENANTS: u64 = 100_000;
/// The `Retry-After` for concurrent queries: a running query is polled at least this often.
const QUERY_END_RETRY: Duration = Duration::from_secs(5);
const DAY_MILLIS: i64 = 24 * 3600 * 1000;
/// Bytes of a gigabyte, as AWS bills them.
pub const GIGABYTE: f64 = 1e9;

/// The limit that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryBudget {
    /// Concurrent queries.
    Queries(u32),
    /// Bytes per day.
    ScannedBytes(u64),
}

impl fmt::Display for QueryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queries(most) => write!(f, "{most} concurrent queries"),
            Self::ScannedBytes(most) => write!(f, "{} GB scanned by queries in a day", *most as f64 / GIGABYTE),
        }
    }
}

/// A budget that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryBudgetExceeded {
    /// The limit.
    pub budget: QueryBudget,
    /// When to retry.
    pub retry_after: Duration,
}

/// The remaining budget of a tenant; `None` without a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemainingBudget {
    /// Queries that may be started now.
    pub queries: Option<u32>,
    /// Gigabytes that may be scanned today; `None` also while the figure would reveal hidden streams.
    pub scanned_gb: Option<f64>,
}

/// The counters.
#[derive(Debug)]
pub struct QueryBudgets {
    used: moka::sync::Cache<TenantId, Arc<Mutex<TenantUsage>>>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct TenantUsage {
    running: u32,
    /// Days since 1970.
    day: i64,
    /// Bytes scanned on this day.
    scanned: f64,
    /// Whether some of these bytes are of streams that the tenant may not see.
    withheld: bool,
}

impl QueryBudgets {
    /// Counters of zero.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let used = moka::sync::Cache::builder().max_capacity(MAX_TENANTS).time_to_idle(Duration::from_secs(48 * 3600)).build();
        Self { used, clock }
    }

    /// Counts one more query until the lease is dropped.
    ///
    /// # Errors
    /// [`QueryBudgetExceeded`] if a limit of the tenant is used up.
    pub fn lease(&self, tenant: &TenantId, limits: &Limits) -> Result<Lease, QueryBudgetExceeded> {
        let used = self.used.get_with(tenant.clone(), Arc::default);
        let mut now_used = today(&used, &*self.clock);
        if let Some(most) = limits.concurrent_queries.filter(|most| now_used.running >= *most) {
            return Err(QueryBudgetExceeded { budget: QueryBudget::Queries(most), retry_after: QUERY_END_RETRY });
        }
        if let Some(most) = limits.scanned_gb_per_day.filter(|most| now_used.scanned >= most * GIGABYTE) {
            let left = DAY_MILLIS - self.clock.now().0.rem_euclid(DAY_MILLIS);
            let retry_after = Duration::from_millis(left.unsigned_abs());
            return Err(QueryBudgetExceeded { budget: QueryBudget::ScannedBytes((most * GIGABYTE) as u64), retry_after });
        }
        now_used.running += 1;
        drop(now_used);
        Ok(Lease { used, clock: Arc::clone(&self.clock), noted: 0.0, withheld: false })
    }

    /// The remaining budget.
    #[must_use]
    pub fn left(&self, tenant: &TenantId, limits: &Limits) -> RemainingBudget {
        let used = self.used.get(tenant).unwrap_or_default();
        let used = today(&used, &*self.clock);
        RemainingBudget {
            queries: limits.concurrent_queries.map(|most| most.saturating_sub(used.running)),
            scanned_gb: limits
                .scanned_gb_per_day
                .filter(|_| !used.withheld)
                .map(|most| (most - used.scanned / GIGABYTE).max(0.0)),
        }
    }
}

/// The counters of the tenant for this day.
fn today<'a>(used: &'a Mutex<TenantUsage>, clock: &dyn Clock) -> MutexGuard<'a, TenantUsage> {
    let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
    let day = clock.now().0.div_euclid(DAY_MILLIS);
    if used.day != day {
        *used = TenantUsage { running: used.running, day, scanned: 0.0, withheld: false };
    }
    used
}

/// One query of a tenant, counted until this is dropped.
#[derive(Debug)]
pub struct Lease {
    used: Arc<Mutex<TenantUsage>>,
    clock: Arc<dyn Clock>,
    noted: f64,
    withheld: bool,
}

impl Lease {
    /// The query scans streams that the tenant may not see: the remaining bytes are not shown for the rest of the day, but the
    /// bytes count.
    #[must_use]
    pub fn withholding(mut self) -> Self {
        today(&self.used, &*self.clock).withheld = true;
        self.withheld = true;
        self
    }

    /// Records the total bytes that the query has scanned.
    pub fn note_scanned(&mut self, bytes: f64) {
        let more = bytes - self.noted;
        if more > 0.0 {
            let mut used = today(&self.used, &*self.clock);
            used.scanned += more;
            used.withheld |= self.withheld;
            self.noted = bytes;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.running = used.running.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Millis;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[derive(Debug)]
    struct Held(AtomicI64);

    impl Clock for Held {
        fn now(&self) -> Millis {
            Millis(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn queries_are_counted_while_they_run_and_bytes_until_midnight() {
        let clock = Arc::new(Held(AtomicI64::new(1_763_632_800_000)));
        let budgets = QueryBudgets::new(Arc::<Held>::clone(&clock));
        let (acme, globex) = (TenantId::try_from("acme").unwrap(), TenantId::try_from("globex").unwrap());
        let limits = Limits { concurrent_queries: Some(2), scanned_gb_per_day: Some(1.5), ..Limits::default() };
        let mut first = budgets.lease(&acme, &limits).unwrap();
        let second = budgets.lease(&acme, &limits).unwrap();
        let refused = budgets.lease(&acme, &limits).unwrap_err();
        assert_eq!(refused, QueryBudgetExceeded { budget: QueryBudget::Queries(2), retry_after: QUERY_END_RETRY });
        assert!(budgets.lease(&globex, &limits).is_ok(), "another tenant's are its own");
        drop(second);
        first.note_scanned(1e9);
        first.note_scanned(1e9);
        assert_eq!(budgets.left(&acme, &limits), RemainingBudget { queries: Some(1), scanned_gb: Some(0.5) });
        first.note_scanned(2e9);
        let refused = budgets.lease(&acme, &limits).unwrap_err();
        // 2025-11-20T10:00:00Z: fourteen hours to midnight.
        let midnight = Duration::from_secs(14 * 3600);
        assert_eq!(refused, QueryBudgetExceeded { budget: QueryBudget::ScannedBytes(1_500_000_000), retry_after: midnight });
        clock.0.fetch_add(14 * 3_600_000, Ordering::Relaxed);
        assert_eq!(budgets.left(&acme, &limits), RemainingBudget { queries: Some(1), scanned_gb: Some(1.5) });
        assert!(budgets.lease(&acme, &limits).is_ok());
        assert!(budgets.lease(&acme, &Limits::default()).is_ok(), "without limits every query is allowed");
    }

    #[test]
    fn what_is_left_is_not_told_while_it_counts_hidden_streams() {
        let clock = Arc::new(Held(AtomicI64::new(1_763_632_800_000)));
        let budgets = QueryBudgets::new(Arc::<Held>::clone(&clock));
        let acme = TenantId::try_from("acme").unwrap();
        let limits = Limits { scanned_gb_per_day: Some(1.0), ..Limits::default() };
        let mut hiding = budgets.lease(&acme, &limits).unwrap().withholding();
        assert_eq!(budgets.left(&acme, &limits).scanned_gb, None);
        clock.0.fetch_add(14 * 3_600_000, Ordering::Relaxed);
        assert_eq!(budgets.left(&acme, &limits).scanned_gb, Some(1.0), "the next day begins with nothing used");
        hiding.note_scanned(5e8);
        assert_eq!(budgets.left(&acme, &limits).scanned_gb, None, "the query went on after midnight");
        hiding.note_scanned(1e9);
        assert!(budgets.lease(&acme, &limits).is_err(), "the bytes count all the same");
    }
}
