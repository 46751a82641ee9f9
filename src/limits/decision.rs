//! What each decision needs: the day, the part of a limit that this process may use, and the report to the store.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::limit::{Budget, Limit, LimitExceeded, LimitState};
use super::local::TenantUsage;
use super::usage::Allowance;
use super::{DAY_MILLIS, Inner, RESERVED_RETRY};
use crate::domain::name::TenantId;
#[cfg(feature = "redis")]
use crate::telemetry::metrics;

impl Inner {
    pub(super) fn id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Milliseconds since 1970: by the store's clock if there is one, so that all replicas agree on midnight.
    pub(super) fn now_millis(&self) -> i64 {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            return self.local.now_millis().saturating_add(shared.clock_offset());
        }
        self.local.now_millis()
    }

    pub(super) fn day(&self) -> i64 {
        self.now_millis().div_euclid(DAY_MILLIS)
    }

    /// The part of each limit that this process may decide about.
    pub(super) fn allowance(&self) -> Allowance {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            metrics::limit_store_missed();
            return Allowance::Share(shared.fallback_share());
        }
        Allowance::Whole
    }

    /// The part for a decision, if there is a limit to decide about.
    pub(super) fn allowance_of(&self, is_limited: bool) -> Allowance {
        if is_limited { self.allowance() } else { Allowance::Whole }
    }

    #[cfg_attr(not(feature = "redis"), expect(clippy::unused_async, reason = "with the feature it asks the store"))]
    pub(super) async fn take_request(&self, tenant: &TenantId, rate: NonZeroU32) -> Result<LimitState, LimitExceeded> {
        let usage = self.local.of(tenant, self.day());
        let decided = |remaining: u32, wait: Option<Duration>| {
            let (limit, most) = (Limit::RequestsPerSecond, u64::from(rate.get()));
            match wait {
                None => Ok(LimitState { limit, most, remaining: remaining.into(), reset: Duration::from_secs(1) }),
                Some(retry_after) => Err(LimitExceeded { limit, most, left: 0, retry_after }),
            }
        };
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared
            && let Ok((remaining, wait)) = shared.take_request(tenant, rate).await
        {
            return decided(remaining, wait);
        }
        let taken = usage.lock().take_request(self.allowance().of_rate(rate), self.local.elapsed());
        decided(taken.remaining, taken.wait)
    }

    /// The time until the next day begins.
    pub(super) fn to_midnight(&self) -> Duration {
        Duration::from_millis((DAY_MILLIS - self.now_millis().rem_euclid(DAY_MILLIS)).unsigned_abs())
    }

    pub(super) fn budget_exceeded(&self, budget: Budget, most: u64, left: u64, is_reserved: bool) -> LimitExceeded {
        let retry_after = if is_reserved { RESERVED_RETRY } else { self.to_midnight() };
        LimitExceeded { limit: Limit::Budget(budget), most, left, retry_after }
    }

    /// Queues the tenant for the next report to the store.
    pub(super) fn has_news(&self, usage: &Arc<TenantUsage>) {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            shared.queue(usage);
            return;
        }
        // Nothing is reported, so nothing is collected.
        usage.lock().forget_news();
    }
}
