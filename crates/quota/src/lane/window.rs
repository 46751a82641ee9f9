//! The log of recent calls: what keeps any second within the budget, and tells when the next calls may be made.
//!
//! Owns the moments, and never a burst on top: a token bucket allows twice its rate in the second after a quiet one. Who gets
//! the turns, `queue` decides; the rate comes from `pace`.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// A call counts for a second and a millisecond: the timers' resolution. Calls that are a second apart by anyone's clock in
/// milliseconds are not in one second then.
pub(super) const SPAN: Duration = Duration::from_millis(1001);

/// So that 0.9999999999 × 10 made by a reserve is still 10.
const ROUNDING: f64 = 1e-9;

/// When calls were made, the oldest first: at most as many as a second may have, and those in it.
///
/// Calls made together after a quiet time are logged one after another, at the distance of the rate: later than they were made,
/// never earlier, so that the budget holds. Their turns come back one after another then. Logged as made, they would come back
/// together, and who comes while others are waiting would always wait for the next second's burst.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Instant>);

/// Where in the log a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Logged(Instant);

/// A rate as a rule: at most `calls` within `span`.
#[derive(Debug, Clone, Copy)]
struct Rule {
    calls: usize,
    span: Duration,
}

impl Rule {
    fn new(rate: f64) -> Self {
        if rate + ROUNDING < 1.0 {
            return Self { calls: 1, span: Duration::from_secs_f64(1.0 / rate).max(SPAN) };
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the highest rate of `Limits`")]
        let calls = (rate + ROUNDING) as usize;
        Self { calls, span: SPAN }
    }
}

impl Window {
    /// A call is made at `now`, at this rate. Gives the moment by which it is logged.
    pub(super) fn record(&mut self, now: Instant, rate: f64, ceiling: f64) -> Logged {
        let keep = Rule::new(ceiling).calls;
        while self.0.len() >= keep && self.0.front().is_some_and(|oldest| *oldest + SPAN <= now) {
            self.0.pop_front();
        }
        let Rule { calls, span } = Rule::new(rate);
        let distance = span / u32::try_from(calls).unwrap_or(u32::MAX);
        let at = self.0.back().map_or(now, |last| now.max(*last + distance));
        self.0.push_back(at);
        Logged(at)
    }

    /// A call that was logged was not made.
    pub(super) fn give_back(&mut self, Logged(at): Logged) {
        if let Ok(index) = self.0.binary_search(&at) {
            self.0.remove(index);
        }
    }

    /// When the call can be made before which `before` others wait, at this rate and not before `earliest`. Exact if the rate
    /// stays: call number n + calls comes a span after call number n.
    pub(super) fn turn(&self, before: usize, rate: f64, earliest: Instant) -> Instant {
        let Rule { calls, span } = Rule::new(rate);
        let logged = self.0.len() + before % calls;
        let first = logged.checked_sub(calls).and_then(|index| self.0.get(index)).map_or(earliest, |at| earliest.max(*at + span));
        let rounds = u32::try_from(before / calls).unwrap_or(u32::MAX);
        span.checked_mul(rounds).and_then(|more| first.checked_add(more)).unwrap_or(first)
    }
}
