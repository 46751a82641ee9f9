//! Why a call is rejected, and after how long a retry can succeed.
//!
//! Owns the rounding of the wait; the queues of `rate_limiter` and `concurrency_limiter` compute it.

use std::time::Duration;

use tokio::time::Instant;

/// The call is rejected. It used nothing of the budget, and is not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It cannot be served before its deadline, or the queue is full of requests with a better rank.
    #[error("too many calls are waiting, try again in {} s", retry_after.as_secs())]
    Busy {
        /// Whole seconds, never zero. A retry after them that waits as long succeeds if no other request arrived and the rate has
        /// not changed from a second before the rejection on.
        retry_after: Duration,
    },
    /// Nearly all recent calls failed, so calls are paused.
    #[error("the upstream fails, try again in {} s", retry_after.as_secs())]
    Open {
        /// Whole seconds, never zero. After them a probe checks whether the upstream works again.
        retry_after: Duration,
    },
    /// The tenant has reached its own limit, counting permits and waiting requests. It must wait for its own calls to end.
    #[error("the tenant has reached its limit of concurrent calls")]
    TenantLimit,
}

impl Rejected {
    /// After how long a retry can succeed; `None` if waiting alone does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::Open { retry_after } => Some(*retry_after),
            Self::TenantLimit => None,
        }
    }

    /// Rejected at `now`, to retry at `then` or later.
    pub(crate) fn busy_until(now: Instant, then: Instant) -> Self {
        Self::Busy { retry_after: whole_seconds(then.saturating_duration_since(now)) }
    }
}

/// Rounded up, and at least one: the unit of the HTTP field `Retry-After`. What the rounding adds also covers the timers'
/// millisecond for each second of a long queue.
pub(crate) fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1))
}
