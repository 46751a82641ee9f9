//! A sliding-window log of recent calls: keeps every second within the rate, and computes when the next calls may be made.
//!
//! Owns the times of calls. Does not allow bursts: a token bucket allows twice its rate in the second after a quiet one. `queue`
//! has the order of the calls; `aimd` has the rate.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// A call counts for a second and a millisecond: the timers' resolution. So calls that are a second apart on a millisecond clock
/// are never in the same second.
pub(super) const SPAN: Duration = Duration::from_millis(1001);

/// Tolerance, so that 9.999999999 calls left by a reserve count as 10.
const ROUNDING: f64 = 1e-9;

/// The times of calls, the oldest first: as many as a second may have.
///
/// Calls made together after a quiet time are logged one after another, at the distance of the rate: later than they were made,
/// never earlier, so that the budget holds. The calls become free again one after another then. Logged as made, they would
/// become free together, and a request that comes while others wait would always wait for the next second's burst.
#[derive(Debug, Default)]
pub(super) struct SlidingWindow(VecDeque<Instant>);

/// A call's entry in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LoggedCall(Instant);

/// A rate as a rule: at most `calls` within `span`.
#[derive(Debug, Clone, Copy)]
struct WindowLimit {
    calls: usize,
    span: Duration,
}

impl WindowLimit {
    fn new(rate: f64) -> Self {
        if rate + ROUNDING < 1.0 {
            return Self { calls: 1, span: Duration::from_secs_f64(1.0 / rate).max(SPAN) };
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the highest rate of `Limits`")]
        let calls = (rate + ROUNDING) as usize;
        Self { calls, span: SPAN }
    }

    fn spacing(self) -> Duration {
        self.span / u32::try_from(self.calls).unwrap_or(u32::MAX)
    }
}

/// The spacing of calls at this rate if many wait.
pub(super) fn spacing(rate: f64) -> Duration {
    WindowLimit::new(rate).spacing()
}

impl SlidingWindow {
    /// Logs a call at `now`, at this rate. Returns the time under which it is logged.
    pub(super) fn record(&mut self, now: Instant, rate: f64, ceiling: f64) -> LoggedCall {
        let keep = WindowLimit::new(ceiling).calls;
        // One more than the current rate needs, in case the last call is returned.
        while self.0.len() > keep && self.0.front().is_some_and(|oldest| *oldest + SPAN <= now) {
            self.0.pop_front();
        }
        let at = self.0.back().map_or(now, |last| now.max(*last + spacing(rate)));
        self.0.push_back(at);
        LoggedCall(at)
    }

    /// A logged call was not made.
    pub(super) fn cancel(&mut self, LoggedCall(at): LoggedCall) {
        if let Ok(index) = self.0.binary_search(&at) {
            self.0.remove(index);
        }
    }

    /// The time at which a call behind `before` others can be made, at this rate and not before `earliest`. Exact if the rate
    /// stays as it was for the last second.
    pub(super) fn admission_time(&self, before: usize, rate: f64, earliest: Instant) -> Instant {
        let limit = WindowLimit::new(rate);
        let free = |before: usize| {
            let logged = (self.0.len() + before).checked_sub(limit.calls).and_then(|index| self.0.get(index));
            logged.map_or(earliest, |at| earliest.max(*at + limit.span))
        };
        if before < limit.calls {
            return free(before);
        }
        // The others will be logged one spacing apart, after the last logged call.
        let first = self.0.back().map_or(earliest, |last| (*last + limit.spacing()).max(free(0)));
        let more = limit.spacing().checked_mul(u32::try_from(before).unwrap_or(u32::MAX));
        more.and_then(|more| first.checked_add(more)).unwrap_or(first)
    }
}
