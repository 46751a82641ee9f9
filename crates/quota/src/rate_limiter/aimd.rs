//! The AIMD controller: additive increase and multiplicative decrease of the calls per second.
//!
//! Owns the rate between floor and ceiling. `window` keeps calls within the rate.

use std::time::Duration;

use tokio::time::Instant;

/// What a throttled call leaves of the rate.
const DECREASE: f64 = 0.5;
/// One overload throttles many calls in flight: it counts once.
const DECREASE_PAUSE: Duration = Duration::from_secs(1);
/// A rate fully used grows by this share of its ceiling in a second: from the floor to the top in about four.
const INCREASE: f64 = 0.25;
/// A single success adds no more: the first call after a long throttling must not open the gates.
const LARGEST_STEP: f64 = 1.0;
/// However much is throttled, this many calls a second go on: they find out when it ends.
const FLOOR: f64 = 1.0;
/// An upstream that asks for a longer pause is asked again after this: with more, the rate limiter could not be back within ten
/// seconds of the throttling's end.
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

    /// Calls per second now.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Calls per second when nothing is throttled.
    pub(super) fn ceiling(&self) -> f64 {
        self.ceiling
    }

    /// From now on this much is allowed. A rate that stood at the old ceiling goes along.
    pub(super) fn change_ceiling(&mut self, ceiling: f64) {
        self.rate = if self.rate < self.ceiling { self.rate.min(ceiling) } else { ceiling };
        self.ceiling = ceiling;
    }

    /// `now`, or when the upstream wants calls again.
    pub(super) fn earliest(&self, now: Instant) -> Instant {
        self.held_until.map_or(now, |until| until.max(now))
    }

    /// A call made at `made` was answered. Those made before the last decrease say nothing of the rate since.
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
