//! A token bucket in constant space (GCRA): the time at which the bucket is full again.
//!
//! The bucket holds one second's worth of requests, so a burst has at most twice the rate in any second.

use std::num::NonZeroU32;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The bucket of one tenant. Times are since the start of the process.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct RateBucket {
    full_at: Duration,
}

/// The outcome of taking one request from the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// Requests left.
    pub(super) remaining: u32,
    /// The bucket was empty: the time until it has a request. Nothing was taken.
    pub(super) wait: Option<Duration>,
}

impl RateBucket {
    /// Takes one request.
    pub(super) fn take(&mut self, rate: NonZeroU32, now: Duration) -> Taken {
        let interval = SECOND / rate.get();
        // A bucket that was filled at a lower rate is never empty for longer than one request takes at this rate.
        let full_at = self.full_at.clamp(now, now + SECOND);
        let next = full_at + interval;
        if next > now + SECOND {
            return Taken { remaining: 0, wait: Some(next - now - SECOND) };
        }
        self.full_at = next;
        let remaining = (now + SECOND - next).as_nanos() / interval.as_nanos().max(1);
        Taken { remaining: u32::try_from(remaining).unwrap_or(u32::MAX), wait: None }
    }

    /// Whether it is full, so that it need not be kept.
    pub(super) fn is_full(&self, now: Duration) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_one_second_and_refills_evenly() {
        let rate = NonZeroU32::new(4).unwrap();
        let mut bucket = RateBucket::default();
        let at = Duration::from_millis;
        let remaining: Vec<u32> = (0..4).map(|_| bucket.take(rate, at(5000)).remaining).collect();
        assert_eq!(remaining, [3, 2, 1, 0]);
        assert_eq!(bucket.take(rate, at(5000)), Taken { remaining: 0, wait: Some(at(250)) });
        assert_eq!(bucket.take(rate, at(5249)).wait, Some(at(1)), "a refused request takes nothing");
        assert_eq!(bucket.take(rate, at(5250)), Taken { remaining: 0, wait: None });
        assert!(!bucket.is_full(at(6000)) && bucket.is_full(at(6250)));
    }

    #[test]
    fn a_second_never_has_more_than_two_seconds_worth() {
        for rate in [1, 3, 7, 20, 1000] {
            let rate = NonZeroU32::new(rate).unwrap();
            let mut bucket = RateBucket::default();
            let taken: Vec<u64> =
                (0..20_000u64).filter(|tenth| bucket.take(rate, Duration::from_micros(tenth * 100)).wait.is_none()).collect();
            for first in &taken {
                let within = taken.iter().filter(|at| (*first..first + 10_000).contains(at)).count();
                assert!(within <= 2 * rate.get() as usize, "{within} at {rate}");
            }
        }
    }

    #[test]
    fn a_rate_that_was_raised_does_not_wait_for_the_old_one() {
        let mut bucket = RateBucket::default();
        assert_eq!(bucket.take(NonZeroU32::MIN, Duration::ZERO).wait, None);
        let wait = bucket.take(NonZeroU32::new(1000).unwrap(), Duration::ZERO).wait;
        assert_eq!(wait, Some(Duration::from_millis(1)));
    }
}
