//! The limits of tenants: requests per second, concurrent work, and bytes per UTC day.
//!
//! Owns the counters and every decision by them. Counts in memory, or with other replicas in Redis (`[limits] store`); while the
//! store is away, this process allows a share of each limit by itself, never more. Never counts across tenants, so one tenant's load
//! changes no decision about another.
//!
//! Reading order: [`limit`] (the limits and their refusals), `usage` (the accounting of one tenant), `local` (all tenants),
//! [`lease`] (what callers hold), `shared` (the store).

pub mod limit;
pub mod lease;
pub mod settings;
mod decision;
mod local;
mod rate;
mod usage;
#[cfg(feature = "redis")]
mod shared;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lease::{ByteReservation, Lease};
use limit::{Budget, Limit, LimitExceeded, LimitState, Work, bytes_of, gigabytes};
use local::{LocalUsage, TenantUsage};
use settings::LimitStore;
pub use usage::Need;

use crate::auth::tenant::{Limits, Tenant};
use crate::domain::name::TenantId;
use crate::domain::time::Clock;
use crate::telemetry::metrics;

const DAY_MILLIS: i64 = 24 * 3600 * 1000;
/// When to try again if running work may return reserved bytes.
const RESERVED_RETRY: Duration = Duration::from_secs(5);

/// The limits of all tenants. Clones share the counters.
#[derive(Debug, Clone)]
pub struct TenantLimits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    local: LocalUsage,
    next_id: AtomicU64,
    #[cfg(feature = "redis")]
    shared: Option<Arc<shared::SharedStore>>,
}

/// An admitted request.
#[derive(Debug)]
pub struct Admission {
    /// The place of the request, if the tenant has a limit of concurrent requests.
    pub lease: Option<Lease>,
    /// The states of the limits that were asked.
    pub states: Vec<LimitState>,
}

/// What is left of the limits. `None`: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Remaining {
    /// Places for queries, exports and tails.
    pub queries: Option<u32>,
    /// As `queries`.
    pub exports: Option<u32>,
    /// As `queries`.
    pub tails: Option<u32>,
    /// Gigabytes of today. `None` also while the figure would reveal hidden streams.
    pub scanned_gb: Option<f64>,
    /// Gigabytes of today.
    pub sent_gb: Option<f64>,
}

/// Whether the limits are shared with other replicas now.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreState {
    /// No store is configured.
    InMemory,
    /// The store answers.
    Shared,
    /// The store is away: this process allows the share of each limit.
    Away {
        /// Why.
        problem: String,
        /// The share.
        share: f64,
    },
}

/// Reserved bytes, and what is left of the budget then.
#[derive(Debug, Clone, Copy)]
struct Granted {
    bytes: u64,
    left: u64,
}

/// The outcome of an exchange about one budget.
#[cfg(feature = "redis")]
#[derive(Debug, Clone, Copy)]
struct BudgetAnswer {
    /// Granted bytes; `None`: too few are left.
    granted: Option<u64>,
    settled: u64,
    reserved: u64,
    withheld: bool,
}

impl TenantLimits {
    /// Limits that this process counts alone.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            local: LocalUsage::new(clock),
            next_id: AtomicU64::new(1),
            #[cfg(feature = "redis")]
            shared: None,
        }))
    }

    /// Limits by the configuration. Connects in the background, so this needs a running runtime.
    ///
    /// # Errors
    /// If the connection to the store cannot be set up, with the reason.
    pub fn new(clock: Arc<dyn Clock>, store: Option<&LimitStore>) -> Result<Self, String> {
        let Some(store) = store else { return Ok(Self::in_memory(clock)) };
        Self::with_store(clock, store)
    }

    #[cfg(feature = "redis")]
    fn with_store(clock: Arc<dyn Clock>, store: &LimitStore) -> Result<Self, String> {
        let shared = shared::SharedStore::new(store)?;
        let inner = Arc::new(Inner { local: LocalUsage::new(clock), next_id: AtomicU64::new(1), shared: Some(Arc::new(shared)) });
        shared::spawn(&inner);
        Ok(Self(inner))
    }

    #[cfg(not(feature = "redis"))]
    fn with_store(_clock: Arc<dyn Clock>, _store: &LimitStore) -> Result<Self, String> {
        Err("this build cannot share limits: build with the feature `redis`".to_owned())
    }

    /// Checks that the store answers, takes the user and the password, and takes writes. Returns what was found, in words.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn check_store(store: &LimitStore) -> Result<String, String> {
        #[cfg(feature = "redis")]
        return shared::SharedStore::check(store).await;
        #[cfg(not(feature = "redis"))]
        Self::with_store(Arc::new(crate::domain::time::SystemClock), store).map(|_unreachable| String::new())
    }

    /// Creates the metrics, and waits until the store answers, or until its first failure. Without it the first requests would
    /// use the local share.
    pub async fn connect(&self) {
        metrics::limits_begin(Limit::ALL.map(Limit::key), Budget::ALL.map(Budget::key));
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.0.shared {
            shared.first_attempt().await;
        }
    }

    /// Tells the store what has ended, at shutdown.
    pub async fn close(&self) {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.0.shared {
            shared.flush().await;
        }
    }

    /// Whether the limits are shared now.
    #[must_use]
    pub fn store_state(&self) -> StoreState {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.0.shared {
            return shared.state();
        }
        StoreState::InMemory
    }

    /// Admits a request of the tenant, by its rate and its concurrent requests.
    ///
    /// # Errors
    /// The limit that is reached, with the states of the limits that were asked before.
    pub async fn admit(&self, tenant: &Tenant) -> Result<Admission, (LimitExceeded, Vec<LimitState>)> {
        let Limits { requests_per_second: rate, concurrent_requests, .. } = tenant.limits;
        let mut states = Vec::new();
        if rate.is_none() && concurrent_requests.is_none() {
            return Ok(Admission { lease: None, states });
        }
        if let Some(rate) = rate {
            match self.0.take_request(&tenant.id, rate).await {
                Ok(state) => states.push(state),
                Err(exceeded) => {
                    states.push(exceeded.state());
                    return Err((exceeded, states));
                }
            }
        }
        let Some(most) = concurrent_requests.map(NonZeroU32::get) else { return Ok(Admission { lease: None, states }) };
        match self.begin(&tenant.id, Work::Requests, Some(most)).await {
            Ok(lease) => {
                let remaining = lease.remaining.unwrap_or(0).into();
                let limit = Limit::Work(Work::Requests);
                states.push(LimitState { limit, most: most.into(), remaining, reset: Duration::ZERO });
                Ok(Admission { lease: Some(lease), states })
            }
            Err(exceeded) => {
                states.push(exceeded.state());
                Err((exceeded, states))
            }
        }
    }

    /// Begins work of the tenant.
    ///
    /// # Errors
    /// [`LimitExceeded`] if as much work runs as `most`.
    pub async fn begin(&self, tenant: &TenantId, work: Work, most: Option<u32>) -> Result<Lease, LimitExceeded> {
        let inner = &self.0;
        let usage = inner.local.of(tenant, inner.day());
        let id = inner.id();
        let mut lease = Lease { inner: Arc::clone(inner), usage, work, id, remaining: None, is_shared: false };
        let Some(most) = most else {
            lease.usage.lock().begin(work, id, None);
            return Ok(lease);
        };
        #[cfg(feature = "redis")]
        if let Some(shared) = &inner.shared {
            // Also after a timeout, since the store may have counted the work.
            lease.is_shared = true;
            if let Ok((granted, running)) = shared.begin(&lease.usage, work, id, most).await {
                if !granted {
                    lease.is_shared = false;
                    return Err(LimitExceeded::work(work, most));
                }
                lease.usage.lock().begin(work, id, None);
                lease.remaining = Some(most.saturating_sub(running));
                return Ok(lease);
            }
        }
        let allowed = inner.allowance().of_places(most);
        let mut usage = lease.usage.lock();
        if !usage.begin(work, id, Some(allowed)) {
            drop(usage);
            return Err(LimitExceeded::work(work, most));
        }
        lease.remaining = Some(allowed.saturating_sub(usage.running(work)));
        drop(usage);
        Ok(lease)
    }

    /// Reserves bytes of today.
    ///
    /// # Errors
    /// [`LimitExceeded`] if fewer are left of `most`, or none.
    pub async fn reserve(
        &self,
        tenant: &TenantId,
        budget: Budget,
        most: Option<u64>,
        need: Need,
    ) -> Result<ByteReservation, LimitExceeded> {
        let inner = &self.0;
        let usage = inner.local.of(tenant, inner.day());
        let mut reservation =
            ByteReservation { inner: Arc::clone(inner), usage, budget, id: inner.id(), most, left: 0, budget_left: 0 };
        let granted = self.extend(&reservation.usage, budget, reservation.id, need, most).await;
        let Granted { bytes, left } = granted?;
        (reservation.left, reservation.budget_left) = (bytes, left);
        Ok(reservation)
    }

    /// Reserves more bytes for a reservation.
    async fn extend(
        &self,
        usage: &Arc<TenantUsage>,
        budget: Budget,
        id: u64,
        need: Need,
        most: Option<u64>,
    ) -> Result<Granted, LimitExceeded> {
        let inner = &self.0;
        #[cfg(feature = "redis")]
        if let (Some(shared), Some(most)) = (&inner.shared, most)
            && let Ok(answer) = shared.reserve(usage, budget, most, Some((id, need))).await
        {
            let BudgetAnswer { granted, settled, reserved, .. } = answer;
            let left = most.saturating_sub(settled + reserved);
            let is_reserved = usage.lock().budget(budget, inner.day()).fits_without_others(id, need, settled, most);
            let granted = granted.map(|bytes| Granted { bytes, left });
            return granted.ok_or_else(|| inner.budget_exceeded(budget, most, left, is_reserved));
        }
        let (allowance, mut usage) = (inner.allowance_of(most.is_some()), usage.lock());
        let figures = usage.budget(budget, inner.day());
        match figures.reserve(id, need, most, allowance) {
            Ok(bytes) => Ok(Granted { bytes, left: most.map_or(u64::MAX, |most| figures.left(most, allowance)) }),
            Err(short) => Err(inner.budget_exceeded(budget, most.unwrap_or(u64::MAX), short.left, short.is_reserved)),
        }
    }

    /// What is left of the tenant's limits, without using any.
    pub async fn remaining(&self, tenant: &TenantId, limits: &Limits) -> Remaining {
        let exports = limits.concurrent_exports;
        Remaining {
            queries: self.free(tenant, Work::Queries, limits.concurrent_queries).await,
            exports: self.free(tenant, Work::Exports, exports).await,
            tails: self.free(tenant, Work::Tails, limits.tails).await,
            scanned_gb: self.left(tenant, Budget::Scanned, limits.scanned_gb_per_day).await,
            sent_gb: self.left(tenant, Budget::Sent, limits.sent_gb_per_day).await,
        }
    }

    /// Free places for work; `None` without a limit.
    async fn free(&self, tenant: &TenantId, work: Work, most: Option<u32>) -> Option<u32> {
        let (inner, most) = (&self.0, most?);
        let usage = inner.local.of(tenant, inner.day());
        #[cfg(feature = "redis")]
        if let Some(shared) = &inner.shared
            && let Ok(running) = shared.running(&usage, work).await
        {
            return Some(most.saturating_sub(running));
        }
        let running = usage.lock().running(work);
        Some(inner.allowance().of_places(most).saturating_sub(running))
    }

    /// Gigabytes left of today; `None` without a limit, and while the figure is withheld.
    pub async fn left(&self, tenant: &TenantId, budget: Budget, most: Option<f64>) -> Option<f64> {
        let (inner, most) = (&self.0, bytes_of(most?));
        let usage = inner.local.of(tenant, inner.day());
        #[cfg(feature = "redis")]
        if let Some(shared) = &inner.shared
            && let Ok(answer) = shared.reserve(&usage, budget, most, None).await
        {
            let left = most.saturating_sub(answer.settled + answer.reserved);
            return (!answer.withheld).then(|| gigabytes(left));
        }
        let (allowance, mut usage) = (inner.allowance(), usage.lock());
        let budget = usage.budget(budget, inner.day());
        let left = budget.left(most, allowance);
        (!budget.withheld).then(|| gigabytes(left))
    }
}

#[cfg(test)]
mod tests;
