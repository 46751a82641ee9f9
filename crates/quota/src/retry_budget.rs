//! The retry budget: bounds retries, so that they do not double the load when everything fails.
//!
//! Owns the balance. The caller decides whether a retry makes sense and how long to wait; the retry passes the
//! [`RateLimiter`](crate::RateLimiter) like every other call.

use std::sync::atomic::{AtomicU32, Ordering};

/// The cost of one retry.
const RETRY_COST: u32 = 10;
/// The deposit of each call: 0.4 retries. With the initial balance, n calls allow at most 2 + 0.4 n retries, which is at most
/// half of n from the twentieth call on.
const CALL_INCOME: u32 = 4;
/// The initial balance: the very first call can be tried three times.
const INITIAL: u32 = 20;
/// The maximum balance: ten retries, so that a long quiet period does not pay for a retry storm.
const MAX: u32 = 100;

/// A budget of retries for all callers of one upstream: from its twentieth call on, attempts are at most 1.5 times the calls.
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

    /// Requests a retry. Returns true if it may be made, and charges the budget.
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
            // A period without failures fills the budget, then everything fails.
            if calls % 1000 > 300 {
                retries += (0..5).filter(|_| budget.try_withdraw()).count();
            }
            assert!(calls < 20 || 2 * retries <= calls, "{retries} retries on {calls} calls");
        }
        assert!(retries > 20_000, "too few retries: {retries}");
    }

    #[test]
    fn the_first_call_may_be_tried_three_times() {
        let budget = RetryBudget::default();
        budget.deposit();
        assert_eq!([budget.try_withdraw(), budget.try_withdraw(), budget.try_withdraw()], [true, true, false]);
    }
}
