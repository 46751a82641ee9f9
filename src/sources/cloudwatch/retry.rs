//! When another attempt is worth its call: how many, after how long, and with which time.
//!
//! Owns the numbers, but for the budget over all calls (`account_limits`). Never sends anything: `upstream` asks it between
//! attempts.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Attempts of one call, the first included, as in AWS's standard retry mode.
pub(super) const MAX_ATTEMPTS: u32 = 3;
/// The first wait is at most this, the next twice that, and so on.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// No wait is longer, unless the source asks for it.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// A wait before attempt number `attempt` + 1, at random from nothing up to an exponentially growing bound ("full jitter"):
/// callers that failed together do not come back together.
pub(super) fn backoff(attempt: u32) -> Duration {
    let bound = FIRST_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(MAX_BACKOFF);
    let mut random = [0; 4];
    // Without randomness the wait is the whole bound.
    let share = aws_lc_rs::rand::fill(&mut random).map_or(1.0, |()| f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX));
    bound.mul_f64(share)
}

/// Beyond this a `Date` is not believed: a machine so far off needs an operator, and an answer that says so may be forged.
const MAX_SKEW_MILLIS: i64 = 60 * 60 * 1000;
/// Below this a wrong signature is not the clock's: AWS allows minutes.
const MIN_SKEW_MILLIS: i64 = 60 * 1000;

/// By how much our clock is behind the source's, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Skew(AtomicI64);

impl Skew {
    /// What to add to our time.
    pub(super) fn offset(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Learns from the date of an answer to a request that was signed with the offset `used`; `now` is our uncorrected time.
    /// True if the two differ so much that a retry is worth it, even if another call has learnt the same meanwhile.
    pub(super) fn learn(&self, used: i64, now: i64, date: i64) -> bool {
        let offset = date.saturating_sub(now);
        let worth = offset.saturating_abs() <= MAX_SKEW_MILLIS && offset.abs_diff(used) >= MIN_SKEW_MILLIS.unsigned_abs();
        if worth {
            self.0.store(offset, Ordering::Relaxed);
        }
        worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_within_their_bounds() {
        for (attempt, bound) in [(1, 50), (2, 100), (3, 200), (30, 2000)] {
            for _ in 0..100 {
                assert!(backoff(attempt) <= Duration::from_millis(bound));
            }
        }
    }

    #[test]
    fn an_offset_is_learnt_within_an_hour_and_not_for_seconds() {
        let skew = Skew::default();
        let now = 1_795_168_800_000;
        assert!(!skew.learn(0, now, now + 59_000));
        assert!(!skew.learn(0, now, now + MAX_SKEW_MILLIS + 1));
        assert!(!skew.learn(0, now, i64::MIN));
        assert!(skew.learn(0, now, now - 20 * 60_000));
        assert_eq!(skew.offset(), -20 * 60_000);
        assert!(!skew.learn(skew.offset(), now, now - 20 * 60_000), "signed with it already");
    }
}
