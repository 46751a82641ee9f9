//! The requests per second of each tenant.
//!
//! Owns the token buckets and the `RateLimit` headers. Never limits across tenants, so one tenant's load does not affect another.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::auth::tenant::Tenant;
use crate::domain::name::TenantId;

/// Tenants with a bucket at most. An evicted tenant begins again with a full bucket.
const REMEMBERED: u64 = 100_000;

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// The counters.
#[derive(Debug)]
pub struct TenantRateLimiters(moka::sync::Cache<(TenantId, NonZeroU32), Arc<Limiter>>);

impl Default for TenantRateLimiters {
    fn default() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(REMEMBERED).time_to_idle(Duration::from_secs(3600)).build())
    }
}

/// The state of a tenant's bucket after a request, for `RateLimit` and `RateLimit-Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateState {
    /// Requests per second.
    pub quota: u32,
    /// Requests that can be sent now.
    pub remaining: u32,
}

impl RateState {
    /// The two header values of draft-ietf-httpapi-ratelimit-headers.
    #[must_use]
    pub fn headers(self) -> [(&'static str, String); 2] {
        let Self { quota, remaining } = self;
        [("ratelimit-policy", format!("\"requests\";q={quota};w=1")), ("ratelimit", format!("\"requests\";r={remaining};t=1"))]
    }
}

impl TenantRateLimiters {
    fn limiter(&self, tenant: &Tenant) -> Option<(NonZeroU32, Arc<Limiter>)> {
        let quota = tenant.limits.requests_per_second?;
        let make = || Arc::new(RateLimiter::direct(Quota::per_second(quota)).with_middleware());
        Some((quota, self.0.get_with((tenant.id.clone(), quota), make)))
    }

    /// Counts a request of the tenant. Returns the state of its bucket, and the wait if the bucket was empty. `None` if the tenant
    /// has no limit.
    #[must_use]
    pub fn count(&self, tenant: &Tenant) -> Option<(RateState, Option<Duration>)> {
        let (quota, limiter) = self.limiter(tenant)?;
        let (remaining, wait) = match limiter.check() {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(DefaultClock::default().now()))),
        };
        Some((RateState { quota: quota.get(), remaining }, wait))
    }
}
