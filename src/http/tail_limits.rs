//! The limits of open live tails: `limits.tails` of a tenant, and all tails of the process, shared between tenants by weight.
//!
//! Owns the counters, and telling open tails that the service stops. Each process counts its own tails.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use logmark_quota::{MemoryPool, QueueLimits, Rejected, Reservation, Share};
use tokio::sync::watch;

use crate::auth::tenant::Tenant;
use crate::domain::name::TenantId;
use crate::telemetry::metrics;

/// The `Retry-After`. The service does not know when another tail ends.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
/// A tail is refused at once, not queued.
const NO_QUEUE: QueueLimits = QueueLimits { total: 0, per_tenant: 0 };

/// The open tails.
#[derive(Debug)]
pub struct TailLimits {
    tenants: Arc<Mutex<HashMap<TenantId, u32>>>,
    /// All tails, one unit each. A tenant can have as many as it leaves free, for its weight.
    total: MemoryPool,
    drain: watch::Sender<bool>,
}

/// An open tail, until this is dropped.
#[derive(Debug)]
pub struct TailGuard {
    tenants: Arc<Mutex<HashMap<TenantId, u32>>>,
    tenant: TenantId,
    _unit: Reservation,
}

/// Why no further tail can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TailsExceeded {
    /// The tenant's limit is reached.
    #[error("{0} live tails of the tenant")]
    Tenant(u32),
    /// The tenant has its share of the service's tails.
    #[error("the tenant has its share of the live tails")]
    Share,
    /// The service's limit is reached.
    #[error("all live tails of the service are open")]
    Total,
}

impl TailLimits {
    /// Limits for a process with so many tails.
    #[must_use]
    pub fn new(total: usize) -> Self {
        Self { tenants: Arc::default(), total: MemoryPool::new(total as u64, NO_QUEUE), drain: watch::channel(false).0 }
    }

    /// Opens a tail of the tenant.
    ///
    /// # Errors
    /// [`TailsExceeded`], with the limit that is reached.
    pub fn open(&self, tenant: &Tenant) -> Result<TailGuard, TailsExceeded> {
        let mut tenants = lock(&self.tenants);
        let count = tenants.get(&tenant.id).copied().unwrap_or(0);
        if let Some(limit) = tenant.limits.tails.filter(|limit| count >= *limit) {
            return Err(TailsExceeded::Tenant(limit));
        }
        let share = Share::new(tenant.id.as_str(), NonZeroU32::new(tenant.weight).unwrap_or(NonZeroU32::MIN));
        let unit = self.total.try_reserve(&share, 1).map_err(|rejected| match rejected {
            Rejected::TenantLimit => TailsExceeded::Share,
            _ => TailsExceeded::Total,
        })?;
        tenants.insert(tenant.id.clone(), count.saturating_add(1));
        drop(tenants);
        metrics::tail_opened();
        Ok(TailGuard { tenants: Arc::clone(&self.tenants), tenant: tenant.id.clone(), _unit: unit })
    }

    /// How many further tails the tenant's limit allows; `None`: it has no limit.
    #[must_use]
    pub fn remaining(&self, tenant: &Tenant) -> Option<u32> {
        let open = lock(&self.tenants).get(&tenant.id).copied().unwrap_or(0);
        tenant.limits.tails.map(|limit| limit.saturating_sub(open))
    }

    /// Tells all tails, also those that are opened later, that the service stops.
    pub fn drain(&self) {
        self.drain.send_replace(true);
    }

    /// Becomes true when the service stops.
    #[must_use]
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.drain.subscribe()
    }
}

impl TailGuard {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

impl Drop for TailGuard {
    fn drop(&mut self) {
        let mut tenants = lock(&self.tenants);
        if let Some(count) = tenants.get_mut(&self.tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                tenants.remove(&self.tenant);
            }
        }
        drop(tenants);
        metrics::tail_closed();
    }
}

fn lock(tenants: &Mutex<HashMap<TenantId, u32>>) -> MutexGuard<'_, HashMap<TenantId, u32>> {
    tenants.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tenant::Limits;

    fn tenant(id: &str, tails: Option<u32>, weight: u32) -> Tenant {
        let limits = Limits { tails, ..Limits::default() };
        Tenant { id: TenantId::try_from(id).unwrap(), weight, limits, grants: Vec::new() }
    }

    #[test]
    fn a_tenant_has_its_limit_and_a_tail_that_ended_is_free_at_once() {
        let limits = TailLimits::new(100);
        let (acme, globex) = (tenant("acme", Some(2), 1), tenant("globex", Some(2), 1));
        let first = limits.open(&acme).unwrap();
        let _second = limits.open(&acme).unwrap();
        assert_eq!(limits.open(&acme).unwrap_err(), TailsExceeded::Tenant(2));
        assert_eq!((limits.remaining(&acme), limits.remaining(&globex)), (Some(0), Some(2)));
        assert!(limits.open(&globex).is_ok(), "the limit of one tenant is not that of another");
        drop(first);
        assert_eq!(limits.remaining(&acme), Some(1));
        assert!(limits.open(&acme).is_ok());
    }

    #[test]
    fn all_tails_are_shared_by_weight_and_a_tenant_without_any_gets_one() {
        let limits = TailLimits::new(80);
        let (heavy, light) = (tenant("heavy", None, 3), tenant("light", None, 1));
        let open = |tenant: &Tenant| {
            let mut open = Vec::new();
            let refused = loop {
                match limits.open(tenant) {
                    Ok(guard) => open.push(guard),
                    Err(refused) => break refused,
                }
            };
            (open, refused)
        };
        let (heavy, refused) = open(&heavy);
        assert_eq!(refused, TailsExceeded::Share);
        let (light, _) = open(&light);
        assert!(heavy.len() > 2 * light.len() && !light.is_empty(), "{} and {}", heavy.len(), light.len());
        assert!(heavy.len() + light.len() < 80);
        let late = tenant("late", None, 1);
        assert!(limits.open(&late).is_ok());
    }

    #[test]
    fn counters_of_tenants_without_tails_are_removed() {
        let limits = TailLimits::new(10);
        drop(limits.open(&tenant("acme", Some(2), 1)).unwrap());
        assert!(lock(&limits.tenants).is_empty());
    }
}
