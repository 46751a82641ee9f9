//! The tenants that this process counts.
//!
//! A tenant is forgotten when that changes no decision: nothing runs, its bucket is full, and no bytes of the day are counted. So
//! the memory is bounded by the tenants of one day.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::usage::Usage;
use crate::domain::name::TenantId;
use crate::domain::time::Clock;

/// Parts of the table, so that requests of different tenants seldom wait for each other.
const SHARDS: usize = 16;
/// Tenants of a part before idle ones are searched for the first time.
const FIRST_SWEEP: usize = 256;

/// One tenant's use. Leases and reservations keep it.
#[derive(Debug)]
pub(super) struct TenantUsage {
    pub(super) tenant: TenantId,
    usage: Mutex<Usage>,
    /// Held for each exchange about a budget with the shared store, so that absolute figures arrive in order.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "only a shared store needs it"))]
    pub(super) order: tokio::sync::Mutex<()>,
}

impl TenantUsage {
    pub(super) fn lock(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Shard {
    tenants: HashMap<TenantId, Arc<TenantUsage>>,
    sweep_at: usize,
}

/// The tenants.
#[derive(Debug)]
pub(super) struct LocalUsage {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    began: Instant,
    clock: Arc<dyn Clock>,
}

impl LocalUsage {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let shard = |_| Mutex::new(Shard { tenants: HashMap::new(), sweep_at: FIRST_SWEEP });
        Self { shards: std::array::from_fn(shard), hasher: RandomState::new(), began: Instant::now(), clock }
    }

    /// The time since the start of the process, for rates.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Milliseconds since 1970 by the local clock.
    pub(super) fn now_millis(&self) -> i64 {
        self.clock.now().0
    }

    fn shard(&self, tenant: &TenantId) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(self.hasher.hash_one(tenant) % SHARDS as u64).unwrap_or(0);
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The use of the tenant.
    pub(super) fn of(&self, tenant: &TenantId, day: i64) -> Arc<TenantUsage> {
        let mut shard = self.shard(tenant);
        if let Some(known) = shard.tenants.get(tenant) {
            return Arc::clone(known);
        }
        if shard.tenants.len() >= shard.sweep_at {
            let now = self.elapsed();
            shard.tenants.retain(|_, known| Arc::strong_count(known) > 1 || !known.lock().is_idle(now, day));
            shard.sweep_at = FIRST_SWEEP.max(shard.tenants.len() * 2);
        }
        let usage = TenantUsage { tenant: tenant.clone(), usage: Mutex::default(), order: tokio::sync::Mutex::default() };
        let usage = Arc::new(usage);
        shard.tenants.insert(tenant.clone(), Arc::clone(&usage));
        usage
    }

    /// All tenants.
    #[cfg(feature = "redis")]
    pub(super) fn all(&self) -> Vec<Arc<TenantUsage>> {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner));
        shards.flat_map(|shard| shard.tenants.values().cloned().collect::<Vec<_>>()).collect()
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).tenants.len()).sum()
    }
}
