//! The circuit breaker: rejects calls while nearly all of them fail.
//!
//! Owns the recent outcomes. Throttling is an answer, so it counts as working. Does not count calls: `core` asks it before each
//! call.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::Rejected;
use crate::rejected::whole_seconds;

/// The number of recent calls that are considered.
const RECENT_CALLS: usize = 20;
/// Older outcomes are ignored.
const RECENT: Duration = Duration::from_secs(60);
/// Minimum number of outcomes.
const MIN_CALLS: usize = 10;
/// Seven in ten must fail. At a failure rate of one fifth, which retries overcome, this happens by chance once in a million
/// calls.
const FAILING_TENTHS: usize = 7;
/// The first pause; each failed probe doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Whether calls are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// All calls are allowed.
    Closed,
    /// No call is allowed: nearly all recent calls failed.
    Open,
    /// One probe is in progress; its outcome decides.
    HalfOpen,
}

/// How a call ended, as evidence about the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Works,
    Fails,
    Unknown,
}

/// The time between two openings of the breaker. An outcome counts only in the period in which its call was made, so that the
/// many calls in progress at an opening cannot close or open it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(u64);

#[derive(Debug)]
pub(super) struct Breaker {
    period: Period,
    /// The latest outcomes, true for a failure. Empty while tripped.
    recent: VecDeque<(Instant, bool)>,
    tripped: Option<Tripped>,
}

#[derive(Debug)]
struct Tripped {
    pause: Duration,
    /// When the next probe may be made: after the pause, or when the last probe has taken too long.
    until: Instant,
    probing: bool,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { period: Period(0), recent: VecDeque::new(), tripped: None }
    }

    pub(super) fn state(&self) -> BreakerState {
        match &self.tripped {
            None => BreakerState::Closed,
            Some(tripped) if tripped.probing => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }

    pub(super) fn period(&self) -> Period {
        self.period
    }

    /// Whether a call may be made at `now`; while open, only as a probe.
    pub(super) fn check(&self, now: Instant) -> Result<(), Rejected> {
        match &self.tripped {
            Some(tripped) if now < tripped.until => {
                let wait = tripped.until.duration_since(now).min(tripped.pause);
                Err(Rejected::Open { retry_after: whole_seconds(wait) })
            }
            _ => Ok(()),
        }
    }

    /// A checked call is made.
    pub(super) fn call_made(&mut self, now: Instant) {
        if let Some(tripped) = &mut self.tripped {
            tripped.until = now + MAX_PAUSE;
            tripped.probing = true;
        }
    }

    /// A call of `period` ended. Returns true if this opened the breaker.
    pub(super) fn call_ended(&mut self, now: Instant, period: Period, health: Health) -> bool {
        if period != self.period {
            return false;
        }
        match (self.tripped.take(), health) {
            (Some(tripped), Health::Fails) => self.open(now, tripped.pause.saturating_mul(2).min(MAX_PAUSE)),
            (Some(tripped), Health::Unknown) => self.tripped = Some(Tripped { until: now, probing: false, ..tripped }),
            (Some(_), Health::Works) | (None, Health::Unknown) => {}
            (None, Health::Works | Health::Fails) => {
                self.recent.push_back((now, health == Health::Fails));
                if self.is_failing(now) {
                    self.open(now, FIRST_PAUSE);
                    return true;
                }
            }
        }
        false
    }

    fn is_failing(&mut self, now: Instant) -> bool {
        while self.recent.len() > RECENT_CALLS || self.recent.front().is_some_and(|(at, _)| *at + RECENT < now) {
            self.recent.pop_front();
        }
        let failures = self.recent.iter().filter(|(_, failed)| *failed).count();
        self.recent.len() >= MIN_CALLS && 10 * failures >= FAILING_TENTHS * self.recent.len()
    }

    fn open(&mut self, now: Instant, pause: Duration) {
        self.period.0 += 1;
        self.recent.clear();
        self.tripped = Some(Tripped { pause, until: now + pause, probing: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tripped(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        let opened = (0..MIN_CALLS).filter(|_| breaker.call_ended(now, breaker.period(), Health::Fails)).count();
        assert_eq!((opened, breaker.state()), (1, BreakerState::Open));
        breaker
    }

    #[test]
    fn it_opens_at_seven_failures_in_ten_and_not_at_fewer() {
        let now = Instant::now();
        for (working, opens) in [(3, true), (4, false), (10, false)] {
            let mut breaker = Breaker::new();
            let period = breaker.period();
            for call in 0..RECENT_CALLS {
                let health = if call % 10 < working { Health::Works } else { Health::Fails };
                breaker.call_ended(now, period, health);
            }
            assert_eq!(breaker.state() == BreakerState::Open, opens, "{working} of ten work");
        }
    }

    #[test]
    fn failures_of_an_hour_ago_say_nothing() {
        let mut now = Instant::now();
        let mut breaker = Breaker::new();
        for _ in 0..1000 {
            now += Duration::from_secs(7);
            breaker.call_ended(now, breaker.period(), Health::Fails);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn pauses_double_up_to_their_bound_and_one_success_closes() {
        let mut now = Instant::now();
        let mut breaker = tripped(now);
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(breaker.check(now), Err(Rejected::Open { retry_after: Duration::from_secs(pause) }));
            now += Duration::from_secs(pause);
            assert_eq!(breaker.check(now), Ok(()));
            breaker.call_made(now);
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            assert!(breaker.check(now).is_err(), "one probe at a time");
            breaker.call_ended(now, breaker.period(), Health::Fails);
        }
        now += MAX_PAUSE;
        breaker.call_made(now);
        breaker.call_ended(now, breaker.period(), Health::Works);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_probe_given_back_lets_the_next_through_at_once() {
        let now = Instant::now();
        let mut breaker = tripped(now);
        let later = now + FIRST_PAUSE;
        breaker.call_made(later);
        breaker.call_ended(later, breaker.period(), Health::Unknown);
        assert_eq!((breaker.state(), breaker.check(later)), (BreakerState::Open, Ok(())));
    }

    #[test]
    fn a_probe_that_never_ends_is_followed_by_another() {
        let now = Instant::now();
        let mut breaker = tripped(now);
        breaker.call_made(now + FIRST_PAUSE);
        assert_eq!(breaker.check(now + FIRST_PAUSE + MAX_PAUSE), Ok(()));
    }

    #[test]
    fn calls_made_before_it_opened_are_not_heard_after() {
        let now = Instant::now();
        let before = Breaker::new().period();
        let mut breaker = tripped(now);
        breaker.call_ended(now, before, Health::Works);
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker.call_made(now + FIRST_PAUSE);
        breaker.call_ended(now + FIRST_PAUSE, breaker.period(), Health::Works);
        for _ in 0..MIN_CALLS {
            breaker.call_ended(now + FIRST_PAUSE, before, Health::Fails);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
