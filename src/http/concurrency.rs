//! The concurrent requests of each tenant: `limits.concurrent_requests`.
//!
//! Owns the counters. A request counts until the last byte of its answer is sent, or its answer is aborted. Each process counts its
//! own requests; so does each container of a function, which handles one request at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::auth::tenant::Tenant;
use crate::domain::name::TenantId;

/// The `Retry-After`. The service does not know when the tenant's other requests end.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The counters of tenants with a limit and a running request.
#[derive(Debug, Default)]
pub struct TenantConcurrency(Arc<Mutex<HashMap<TenantId, u32>>>);

/// A running request, until this is dropped.
#[derive(Debug)]
pub struct ConcurrencyGuard {
    counters: Arc<Mutex<HashMap<TenantId, u32>>>,
    tenant: TenantId,
    /// How many further requests the tenant could have when this one began.
    pub remaining: u32,
}

/// The tenant's limit of concurrent requests is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyExceeded(pub u32);

impl TenantConcurrency {
    /// Counts a request of the tenant. `None`: the tenant has no limit.
    ///
    /// # Errors
    /// [`ConcurrencyExceeded`] if the limit is reached.
    pub fn acquire(&self, tenant: &Tenant) -> Result<Option<ConcurrencyGuard>, ConcurrencyExceeded> {
        let Some(limit) = tenant.limits.concurrent_requests.map(std::num::NonZeroU32::get) else { return Ok(None) };
        let mut counters = lock(&self.0);
        let count = counters.get(&tenant.id).copied().unwrap_or(0);
        if count >= limit {
            return Err(ConcurrencyExceeded(limit));
        }
        counters.insert(tenant.id.clone(), count + 1);
        drop(counters);
        Ok(Some(ConcurrencyGuard { counters: Arc::clone(&self.0), tenant: tenant.id.clone(), remaining: limit - count - 1 }))
    }
}

impl Drop for ConcurrencyGuard {
    fn drop(&mut self) {
        let mut counters = lock(&self.counters);
        if let Some(count) = counters.get_mut(&self.tenant) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counters.remove(&self.tenant);
            }
        }
    }
}

fn lock(counters: &Mutex<HashMap<TenantId, u32>>) -> MutexGuard<'_, HashMap<TenantId, u32>> {
    counters.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::auth::tenant::Limits;

    #[test]
    fn requests_count_while_they_are_under_way_and_for_their_tenant_alone() {
        let tenant = |id: &str, limit| Tenant {
            id: TenantId::try_from(id).unwrap(),
            weight: 1,
            limits: Limits { concurrent_requests: NonZeroU32::new(limit), ..Limits::default() },
            grants: Vec::new(),
        };
        let (acme, globex, free) = (tenant("acme", 2), tenant("globex", 2), tenant("free", 0));
        let counters = TenantConcurrency::default();
        let first = counters.acquire(&acme).unwrap().unwrap();
        let second = counters.acquire(&acme).unwrap().unwrap();
        assert_eq!((first.remaining, second.remaining), (1, 0));
        assert_eq!(counters.acquire(&acme).unwrap_err(), ConcurrencyExceeded(2));
        assert!(counters.acquire(&globex).is_ok(), "another tenant's are its own");
        assert!(counters.acquire(&free).unwrap().is_none());
        drop(first);
        assert!(counters.acquire(&acme).is_ok());
        drop(second);
        assert!(lock(&counters.0).is_empty(), "nothing is kept of those who left");
    }
}
