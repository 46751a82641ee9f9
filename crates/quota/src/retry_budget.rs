//! How many second attempts may be made: when everything fails, retries must not double the load.
//!
//! Owns the account. Whether another attempt makes sense, and how long to wait before it, the caller knows; it then goes
//! through its [`RateLimiter`](crate::RateLimiter) like every other call.

use std::sync::atomic::{AtomicU32, Ordering};

/// What one retry costs.
const RETRY_COST: u32 = 10;
/// What each call brings: 0.4 retries. With what is there at first, at most 2 + 0.4 n retries come on n calls, which is
/// half of n or less from the twentieth call on.
const CALL_INCOME: u32 = 4;
/// What is there at first: enough for the very first call to be tried three times.
const INITIAL: u32 = 20;
/// What can be saved up: ten retries, so that a long quiet time doesn't pay for a storm.
const MAX: u32 = 100;

/// A budget of retries over all callers of one upstream: from its twentieth call on, attempts are at most 1.5 times the
/// calls, however much fails.
#[derive(Debug)]
pub struct RetryBudget(AtomicU32);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(INITIAL))
    }
}

impl RetryBudget {
    /// A call begins: its first attempt.
    pub fn deposit(&self) {
        self.change(|saved| Some(saved.saturating_add(CALL_INCOME).min(MAX)));
    }

    /// A retry is wanted: true if it may be made, and it is then paid for.
    #[must_use]
    pub fn try_withdraw(&self) -> bool {
        self.change(|saved| saved.checked_sub(RETRY_COST))
    }

    fn change(&self, new: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, new).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_stay_below_one_and_a_half_times_the_calls_at_every_count() {
        let budget = RetryBudget::default();
        let mut retries = 0;
        for calls in 1..=100_000_usize {
            budget.deposit();
            // A stretch without failures saves up, and is followed by one in which everything fails for good.
            if calls % 1000 > 300 {
                retries += (0..5).filter(|_| budget.try_withdraw()).count();
            }
            assert!(calls < 20 || 2 * retries <= calls, "{retries} retries on {calls} calls");
        }
        assert!(retries > 20_000, "the budget is there to be used: {retries}");
    }

    #[test]
    fn the_first_call_may_be_tried_three_times() {
        let budget = RetryBudget::default();
        budget.deposit();
        assert_eq!([budget.try_withdraw(), budget.try_withdraw(), budget.try_withdraw()], [true, true, false]);
    }
}
