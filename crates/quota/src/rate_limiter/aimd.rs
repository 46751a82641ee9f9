//! The AIMD controller: additive increase and multiplicative decrease of the calls per second.
//!
//! Owns the rate between floor and ceiling. `window` keeps calls within the rate.

use std::time::Duration;

use tokio::time::Instant;

/// A throttled call multiplies the rate by this factor.
const DECREASE: f64 = 0.5;
/// One overload throttles many concurrent calls, so throttled calls within this time count once.
const DECREASE_PAUSE: Duration = Duration::from_secs(1);
/// A fully used rate grows by this share of its ceiling per second: from floor to ceiling in about four seconds.
const INCREASE: f64 = 0.25;
/// Maximum increase of a single success, so that the first call after long throttling does not restore the full rate.
const LARGEST_STEP: f64 = 1.0;
/// The minimum rate while calls are throttled: these calls detect the end of the throttling.
const FLOOR: f64 = 1.0;
/// Longest pause that an upstream can request: with a longer one, the rate limiter could not recover within ten seconds of the
/// throttling's end.
const MAX_HOLD: Duration = Duration::from_secs(4);

/// The rate of a rate limiter.
#[derive(Debug)]
pub(super) struct AimdController {
    ceiling: f64,
    rate: f64,
    decreased: Option<Instant>,
    held_until: Option<Instant>,
}

impl AimdController {
    pub(super) fn new(ceiling: f64) -> Self {
        Self { ceiling, rate: ceiling, decreased: None, held_until: None }
    }

    /// The current rate, in calls per second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// The rate without throttling, in calls per second.
    pub(super) fn ceiling(&self) -> f64 {
        self.ceiling
    }

    /// Changes the ceiling. A rate at the old ceiling moves to the new one.
    pub(super) fn change_ceiling(&mut self, ceiling: f64) {
        self.rate = if self.rate < self.ceiling { self.rate.min(ceiling) } else { ceiling };
        self.ceiling = ceiling;
    }

    /// `now`, or the end of the pause that the upstream requested.
    pub(super) fn earliest(&self, now: Instant) -> Instant {
        self.held_until.map_or(now, |until| until.max(now))
    }

    /// A call made at `made` was answered. Calls from before the last decrease do not count, because they had another rate.
    pub(super) fn succeeded(&mut self, made: Instant) {
        if self.decreased.is_none_or(|at| made > at) {
            let step = (self.ceiling * INCREASE / self.rate).min(LARGEST_STEP);
            self.rate = (self.rate + step).min(self.ceiling);
        }
    }

    /// A call made at `made` was throttled. True if the rate is lower now, or calls are held.
    pub(super) fn throttled(&mut self, now: Instant, made: Instant, retry_after: Option<Duration>) -> bool {
        if let Some(wait) = retry_after {
            self.held_until = Some(self.earliest(now).max(now + wait.min(MAX_HOLD)));
        }
        let news = self.decreased.is_none_or(|at| made > at && now.duration_since(at) >= DECREASE_PAUSE);
        if news {
            self.rate = (self.rate * DECREASE).max(FLOOR.min(self.ceiling));
            self.decreased = Some(now);
        }
        news || retry_after.is_some()
    }
}
