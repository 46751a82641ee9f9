//! The rate of a rate limiter, and the bounds of a queue.
//!
//! Validates limits. The caller gets the figures from the configuration or from the provider.

/// The slowest rate: one call in a thousand seconds.
const MIN_PER_SECOND: f64 = 0.001;
/// The fastest rate. The log of calls of the last second grows with it.
const MAX_PER_SECOND: f64 = 100_000.0;

/// The budget of a [`RateLimiter`](crate::RateLimiter), checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimits {
    pub(crate) ceiling: f64,
    pub(crate) queue: QueueLimits,
}

/// How many requests may wait. Beyond that the requests that would wait longest are rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// All tenants together.
    pub total: usize,
    /// One tenant.
    pub per_tenant: usize,
}

/// 10,000 in all, 100 for one tenant.
impl Default for QueueLimits {
    fn default() -> Self {
        Self { total: 10_000, per_tenant: 100 }
    }
}

/// Why a budget is invalid.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidRateLimits {
    /// The rate is not a number, or out of bounds.
    #[error(
        "`{0}` calls per second is out of range: between {MIN_PER_SECOND} and {MAX_PER_SECOND} must remain after the reserve"
    )]
    Rate(f64),
    /// The reserve is not a share from 0 to less than 1.
    #[error("`{0}` is not a reserve: use a share from 0 to less than 1")]
    Reserve(f64),
}

impl RateLimits {
    /// The provider's quota of calls per second, which need not be whole, less the share `reserve` of it (0.2 keeps a fifth for
    /// the operator's own use). In any second the rate limiter makes at most the remaining rate rounded down; if less than one
    /// call a second remains, it makes one call in the corresponding number of seconds.
    ///
    /// # Errors
    /// If the rate is not positive and finite, or the reserve leaves nothing.
    pub fn new(per_second: f64, reserve: f64) -> Result<Self, InvalidRateLimits> {
        if !(0.0..1.0).contains(&reserve) {
            return Err(InvalidRateLimits::Reserve(reserve));
        }
        let ceiling = per_second * (1.0 - reserve);
        if !(MIN_PER_SECOND..=MAX_PER_SECOND).contains(&ceiling) {
            return Err(InvalidRateLimits::Rate(per_second));
        }
        Ok(Self { ceiling, queue: QueueLimits::default() })
    }

    /// The same budget with other bounds for waiting requests.
    #[must_use]
    pub fn with_queue(self, queue: QueueLimits) -> Self {
        Self { queue, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_budget_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.0005, 1e9] {
            assert!(matches!(RateLimits::new(rate, 0.0), Err(InvalidRateLimits::Rate(_))), "{rate}");
        }
        for reserve in [-0.1, 1.0, f64::NAN] {
            assert!(matches!(RateLimits::new(10.0, reserve), Err(InvalidRateLimits::Reserve(_))), "{reserve}");
        }
    }

    #[test]
    fn the_reserve_is_taken_from_the_rate() {
        for (rate, left) in [(5.0, 4.0), (10.0, 8.0), (15.0, 12.0), (25.0, 20.0), (30.0, 24.0)] {
            let limits = RateLimits::new(rate, 0.2).unwrap();
            assert!((limits.ceiling - left).abs() < f64::EPSILON, "{limits:?}");
        }
    }
}
