//! The limit of all open live tails of the process, shared between tenants by weight.
//!
//! Owns that, and telling open tails that the service stops. [`crate::limits`] counts the tails of each tenant.

use std::num::NonZeroU32;
use std::time::Duration;

use logmark_quota::{MemoryPool, QueueLimits, Rejected, Reservation, Share};
use tokio::sync::watch;

use super::problem::{ApiError, Problem};
use super::problem_code::ProblemCode;
use crate::auth::tenant::Tenant;
use crate::domain::name::TenantId;
use crate::limits::TenantLimits;
use crate::limits::lease::Lease;
use crate::limits::limit::Work;
use crate::telemetry::metrics;

/// The `Retry-After`. The service does not know when another tail ends.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// A tail is refused at once, not queued.
const NO_QUEUE: QueueLimits = QueueLimits { total: 0, per_tenant: 0 };

/// The open tails.
#[derive(Debug)]
pub struct TailLimits {
    /// All tails, one unit each. A tenant can have as many as it leaves free, for its weight.
    total: MemoryPool,
    drain: watch::Sender<bool>,
}

/// An open tail, until this is dropped.
#[derive(Debug)]
pub struct TailGuard {
    place: Lease,
    _unit: Reservation,
}

/// Why no further tail can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TailsExceeded {
    /// The tenant has its share of the service's tails.
    #[error("the tenant has its share of the live tails")]
    Share,
    /// The service's limit is reached.
    #[error("all live tails of the service are open")]
    Total,
}

impl TailsExceeded {
    /// The problem document.
    #[must_use]
    pub fn problem(self) -> Problem {
        let (code, detail) = match self {
            Self::Share => (
                ProblemCode::RateLimited,
                "The tenant has its share of the service's live tails. Close one, or try again later.".to_owned(),
            ),
            Self::Total => (
                ProblemCode::Overloaded,
                "The service has no free live tail at the moment. Try again after `Retry-After`.".to_owned(),
            ),
        };
        Problem { retry_after: Some(RETRY_AFTER), ..Problem::new(code, detail) }
    }
}

impl TailLimits {
    /// Limits for a process with this many tails.
    #[must_use]
    pub fn new(total: usize) -> Self {
        Self { total: MemoryPool::new(total as u64, NO_QUEUE), drain: watch::channel(false).0 }
    }

    /// Opens a tail of the tenant.
    ///
    /// # Errors
    /// The limit that is reached: the tenant's, or [`TailsExceeded`].
    pub async fn open(&self, limits: &TenantLimits, tenant: &Tenant) -> Result<TailGuard, ApiError> {
        let place = limits.begin(&tenant.id, Work::Tails, tenant.limits.tails).await?;
        let unit = self.reserve(tenant)?;
        metrics::tail_opened();
        Ok(TailGuard { place, _unit: unit })
    }

    fn reserve(&self, tenant: &Tenant) -> Result<Reservation, TailsExceeded> {
        let share = Share::new(tenant.id.as_str(), NonZeroU32::new(tenant.weight).unwrap_or(NonZeroU32::MIN));
        self.total.try_reserve(&share, 1).map_err(|rejected| match rejected {
            Rejected::TenantLimit => TailsExceeded::Share,
            _ => TailsExceeded::Total,
        })
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
        self.place.tenant()
    }
}

impl Drop for TailGuard {
    fn drop(&mut self) {
        metrics::tail_closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tenant::Limits;

    fn tenant(id: &str, weight: u32) -> Tenant {
        Tenant { id: TenantId::try_from(id).unwrap(), weight, limits: Limits::default(), grants: Vec::new() }
    }

    #[test]
    fn all_tails_are_shared_by_weight_and_a_tenant_without_any_gets_one() {
        let limits = TailLimits::new(80);
        let (heavy, light) = (tenant("heavy", 3), tenant("light", 1));
        let open = |tenant: &Tenant| {
            let mut open = Vec::new();
            let refused = loop {
                match limits.reserve(tenant) {
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
        assert!(limits.reserve(&tenant("late", 1)).is_ok());
    }
}
