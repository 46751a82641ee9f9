//! When another attempt is worth its call: backoff, the budget for it, and the clock's offset.
//!
//! Owns the numbers. Never sends anything: `client` asks it between attempts.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
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

/// Tokens that one retry costs.
const RETRY_COST: u32 = 10;
/// Tokens that each call brings: 0.4 retries per call, so that with the reserve amplification stays below 1.5 from the
/// hundredth call on, however much fails.
const CALL_INCOME: u32 = 4;
/// The bucket's size, and what it holds at first: ten retries.
const RESERVE: u32 = 100;

/// How much retrying one source may do, over all its callers: when everything fails, retries must not double the load.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(RESERVE))
    }
}

impl Budget {
    /// A call begins.
    pub(super) fn earn(&self) {
        self.change(|tokens| Some(tokens.saturating_add(CALL_INCOME).min(RESERVE)));
    }

    /// A retry is wanted: true if it may be.
    pub(super) fn spend(&self) -> bool {
        self.change(|tokens| tokens.checked_sub(RETRY_COST))
    }

    fn change(&self, new: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, new).is_ok()
    }
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
    fn the_budget_bounds_amplification_whatever_happens() {
        let budget = Budget::default();
        let mut retries = 0;
        for _ in 0..1000 {
            budget.earn();
            retries += (1..MAX_ATTEMPTS).filter(|_| budget.spend()).count();
        }
        assert!((390..=410).contains(&retries), "{retries}");
    }

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
