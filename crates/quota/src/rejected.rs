//! Why a call is rejected, and after how long a retry can succeed.
//!
//! Owns the rounding of the wait; the queues of `rate_limiter` and `concurrency_limiter` compute it.

use std::time::Duration;

use tokio::time::Instant;

/// The call may not be made. It took nothing from the budget, and is not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Too many are before it for the time it has, or the queue is full of those who rank before it.
    #[error("too many calls are waiting, try again in {} s", retry_after.as_secs())]
    Busy {
        /// Whole seconds, never zero: asking again after them, with the same time to wait, is enough if nobody else came
        /// meanwhile and the rate has not fallen.
        retry_after: Duration,
    },
    /// Nearly all recent calls failed, so none is made for a while.
    #[error("the upstream fails, try again in {} s", retry_after.as_secs())]
    Open {
        /// Whole seconds, never zero: after them a call is let through to see whether the upstream works again.
        retry_after: Duration,
    },
    /// The tenant holds or awaits as many permits as it may have: only the end of its own calls changes that.
    #[error("the tenant has as many calls under way as it may have")]
    TenantLimit,
}

impl Rejected {
    /// After how long a retry can succeed, if time alone can change the answer.
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
