//! How much there is to share, and how many may wait for it.
//!
//! Owns what counts as a sound limit. Where the figures come from (configuration, the provider's lists) is the caller's.

/// Slower than this a lane would not be worth the name: one call in a thousand seconds.
const MIN_PER_SECOND: f64 = 0.001;
/// Faster than this no quota is: the log of calls of the last second would grow with it.
const MAX_PER_SECOND: f64 = 100_000.0;

/// The budget of a [`Lane`](crate::Lane), checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub(crate) ceiling: f64,
    pub(crate) queue: Queue,
}

/// How many may wait. Beyond it the ones that would wait longest are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// All tenants together.
    pub total: usize,
    /// One tenant.
    pub per_tenant: usize,
}

/// 10,000 in all, 100 for one tenant.
impl Default for Queue {
    fn default() -> Self {
        Self { total: 10_000, per_tenant: 100 }
    }
}

/// Why figures are not a budget.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidLimits {
    /// The rate is not a number, or out of bounds.
    #[error("`{0}` calls per second: between {MIN_PER_SECOND} and {MAX_PER_SECOND} must remain after the reserve")]
    Rate(f64),
    /// The reserve is not a share of the rate.
    #[error("`{0}` is not a share to keep in reserve: 0 is nothing, less than 1 all")]
    Reserve(f64),
}

impl Limits {
    /// The provider's quota of calls per second, which need not be whole, less the share `reserve` of it (0.2 keeps a fifth
    /// for the operator's own use). The lane never makes more calls in any second than the whole number below what is left;
    /// where less than one is left, it makes one in as many seconds as that takes.
    ///
    /// # Errors
    /// If the rate is not positive and finite, or the reserve leaves nothing.
    pub fn new(per_second: f64, reserve: f64) -> Result<Self, InvalidLimits> {
        if !(0.0..1.0).contains(&reserve) {
            return Err(InvalidLimits::Reserve(reserve));
        }
        let ceiling = per_second * (1.0 - reserve);
        if !(MIN_PER_SECOND..=MAX_PER_SECOND).contains(&ceiling) {
            return Err(InvalidLimits::Rate(per_second));
        }
        Ok(Self { ceiling, queue: Queue::default() })
    }

    /// The same budget with other bounds for those who wait.
    #[must_use]
    pub fn with_queue(self, queue: Queue) -> Self {
        Self { queue, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_budget_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.0005, 1e9] {
            assert!(matches!(Limits::new(rate, 0.0), Err(InvalidLimits::Rate(_))), "{rate}");
        }
        for reserve in [-0.1, 1.0, f64::NAN] {
            assert!(matches!(Limits::new(10.0, reserve), Err(InvalidLimits::Reserve(_))), "{reserve}");
        }
    }

    #[test]
    fn the_reserve_is_taken_from_the_rate() {
        for (rate, left) in [(5.0, 4.0), (10.0, 8.0), (15.0, 12.0), (25.0, 20.0), (30.0, 24.0)] {
            let limits = Limits::new(rate, 0.2).unwrap();
            assert!((limits.ceiling - left).abs() < f64::EPSILON, "{limits:?}");
        }
    }
}
