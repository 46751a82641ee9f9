//! The retry policy: how many attempts, after which wait, and with which clock offset.
//!
//! Owns the numbers, except the budget over all calls (`account_limits`). `upstream` makes the attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::domain::time::{Clock, Millis};

/// Attempts of one call, including the first, as in AWS's standard retry mode.
pub(super) const MAX_ATTEMPTS: u32 = 3;
/// The maximum first wait; it doubles with each attempt.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// The longest wait, unless the source requests a longer one.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// The wait before attempt `attempt` + 1: random between zero and an exponentially growing bound ("full jitter"), so that callers
/// that failed together do not retry together.
pub(super) fn backoff(attempt: u32) -> Duration {
    let bound = FIRST_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(MAX_BACKOFF);
    let mut random = [0; 4];
    // Without random bytes the wait is the whole bound.
    let share = aws_lc_rs::rand::fill(&mut random).map_or(1.0, |()| f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX));
    bound.mul_f64(share)
}

/// A `Date` that differs by more is ignored: the operator must fix such a clock, and the response may be forged.
const MAX_SKEW_MILLIS: i64 = 60 * 60 * 1000;
/// A smaller difference does not explain a refused signature: AWS allows minutes.
const MIN_SKEW_MILLIS: i64 = 60 * 1000;

/// A `Date` tells whole seconds: a smaller difference says nothing about a clock.
const DATE_MILLIS: i64 = 1000;

/// The measured offset to the source's clock, in milliseconds; positive if the local clock is behind.
#[derive(Debug, Default)]
pub(super) struct Skew {
    /// For signatures, from a refusal.
    offset: AtomicI64,
    /// From the last answer.
    observed: AtomicI64,
}

impl Skew {
    /// The offset to add to the local time.
    pub(super) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// What to add to our time to compare it with times that the source reports.
    pub(super) fn observed(&self) -> i64 {
        self.observed.load(Ordering::Relaxed)
    }

    /// Learns from the date of an answer. When the source wrote it, its time was between the date and a second later, and ours
    /// between `sent` and `now`.
    pub(super) fn observe(&self, sent: i64, now: i64, date: i64) {
        let offset = date.saturating_sub(now);
        let is_believed = offset.saturating_abs() <= MAX_SKEW_MILLIS;
        let latest = date.saturating_add(DATE_MILLIS).saturating_sub(sent);
        // Both clocks may agree: an answer that was long under way says nothing about a clock.
        let offset = if offset <= DATE_MILLIS && latest >= 0 { 0 } else { offset };
        if is_believed {
            self.observed.store(offset, Ordering::Relaxed);
        }
    }

    /// Updates the offset from the date of a response to a request that was signed with the offset `used`; `now` is the
    /// uncorrected local time. Returns true if the difference justifies a retry, even if another call has updated the offset
    /// meanwhile.
    pub(super) fn learn(&self, used: i64, now: i64, date: i64) -> bool {
        let offset = date.saturating_sub(now);
        let worth = offset.saturating_abs() <= MAX_SKEW_MILLIS && offset.abs_diff(used) >= MIN_SKEW_MILLIS.unsigned_abs();
        if worth {
            self.offset.store(offset, Ordering::Relaxed);
        }
        worth
    }
}

/// Our clock, corrected by what was learnt of the source's.
#[derive(Debug)]
pub(super) struct CorrectedClock {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) skew: Arc<Skew>,
}

impl Clock for CorrectedClock {
    fn now(&self) -> Millis {
        Millis(self.clock.now().0.saturating_add(self.skew.offset()))
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
    fn the_time_of_the_source_is_told_by_its_dates() {
        let skew = Skew::default();
        let now = 1_795_168_800_500;
        for (date, offset) in [(500, 0), (-500, 0), (-1000, 0), (30_000, 30_000), (-30_000, -30_000)] {
            skew.observe(now, now, now + date);
            assert_eq!(skew.observed(), offset, "{date}");
        }
        // An answer that took five seconds, dated within them.
        for date in [-1000, 0, 4999] {
            skew.observe(now, now + 5000, now + date);
            assert_eq!(skew.observed(), 0, "{date}");
        }
        skew.observe(now, now + 5000, now - 30_000);
        assert_eq!(skew.observed(), -35_000);
        skew.observe(now, now, now - 30_000);
        skew.observe(now, now, now + MAX_SKEW_MILLIS + 1);
        assert_eq!(skew.observed(), -30_000, "not believed");
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
