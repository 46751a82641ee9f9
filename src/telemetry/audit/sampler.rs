//! Limits the rate of lines about refusals, and counts those that it leaves out.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time until one more line is allowed after a burst: 20 per second.
const INTERVAL: Duration = Duration::from_millis(50);
/// Burst of refusals without a known caller.
pub(super) const ANONYMOUS_BURST: u32 = 200;
/// Burst of refusals of one tenant.
pub(super) const TENANT_BURST: u32 = 1000;

/// Limits the rate of lines.
#[derive(Debug)]
pub(super) struct Sampler {
    burst: u32,
    state: Mutex<Option<Sampled>>,
}

#[derive(Debug, Clone, Copy)]
struct Sampled {
    left: u32,
    since: Instant,
    suppressed: u64,
}

impl Sampler {
    pub(super) const fn new(burst: u32) -> Self {
        Self { burst, state: Mutex::new(None) }
    }

    /// Whether a line may be written now, and how many were left out since the last one.
    pub(super) fn take(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let sampled = state.get_or_insert(Sampled { left: self.burst, since: now, suppressed: 0 });
        let due = now.saturating_duration_since(sampled.since).as_nanos() / INTERVAL.as_nanos();
        let due = u32::try_from(due).unwrap_or(u32::MAX).min(self.burst);
        if due > 0 {
            sampled.left = sampled.left.saturating_add(due).min(self.burst);
            sampled.since = now;
        }
        if sampled.left == 0 {
            sampled.suppressed += 1;
            return None;
        }
        sampled.left -= 1;
        Some(std::mem::take(&mut sampled.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_sampled_and_counted() {
        let sampler = Sampler::new(3);
        let begun = Instant::now();
        let at = |millis: u64| sampler.take(begun + Duration::from_millis(millis));
        assert_eq!([at(0), at(0), at(0), at(0), at(49)], [Some(0), Some(0), Some(0), None, None]);
        assert_eq!([at(51), at(52)], [Some(2), None]);
        assert_eq!([at(100_000), at(100_000), at(100_000), at(100_000)], [Some(1), Some(0), Some(0), None]);
    }
}
