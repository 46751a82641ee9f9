//! When to sweep, and how far back: as often and as deep as the group's own delays make worth a call.
//!
//! A *deep* sweep reaches back over all of the lateness, and only it completes the feed. Where that takes one call, each sweep is
//! deep. Elsewhere most sweeps are shallow: they reach back as far as nearly all events of the group are late.

use crate::Bounds;

/// The shortest reach of a sweep, in milliseconds.
const MIN_REACH: i64 = 15_000;
/// Between deep sweeps that take several calls, in milliseconds.
const DEEP_INTERVAL: i64 = 20_000;
/// Classes of delay: class n holds delays below 2ⁿ seconds.
const CLASSES: usize = 9;
/// Counts are halved when there are so many, so that old delays lose weight.
const MAX_COUNT: u32 = 50_000;

/// The intervals between the beginnings of sweeps, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceSettings {
    /// Beside a session.
    pub with_session: i64,
    /// Without a session, for a group whose events arrive at once.
    pub without_session: i64,
    /// Without a session, at most, for a group whose events arrive late.
    pub max_without_session: i64,
}

impl Default for PaceSettings {
    fn default() -> Self {
        Self { with_session: 10_000, without_session: 1_000, max_without_session: 3_000 }
    }
}

/// A sweep to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepPlan {
    /// The timestamp to read from.
    pub from: i64,
    /// Does it reach back over all of the lateness?
    pub is_deep: bool,
}

/// Decides about the sweeps of one group.
#[derive(Debug)]
pub struct Pace {
    bounds: Bounds,
    settings: PaceSettings,
    /// When the last deep sweep began.
    deep: Option<i64>,
    /// Calls that the last deep sweep took.
    deep_calls: u32,
    delays: [u32; CLASSES],
}

impl Pace {
    /// For a group of which nothing is known.
    #[must_use]
    pub fn new(bounds: Bounds, settings: PaceSettings) -> Self {
        Self { bounds, settings, deep: None, deep_calls: 1, delays: [0; CLASSES] }
    }

    /// Notes how long after its timestamp an event was ingested.
    pub fn observe(&mut self, delay: i64) {
        let seconds = u64::try_from(delay / 1000).unwrap_or(0);
        let class = usize::try_from(u64::BITS - seconds.leading_zeros()).unwrap_or(CLASSES).min(CLASSES - 1);
        if let Some(count) = self.delays.get_mut(class) {
            *count += 1;
        }
        if self.delays.iter().sum::<u32>() >= MAX_COUNT {
            self.delays.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// A delay that `thousandths` of the observed ones are below, in milliseconds.
    fn quantile(&self, thousandths: u64) -> i64 {
        let total: u64 = self.delays.iter().copied().map(u64::from).sum();
        let mut below = 0;
        for (class, count) in self.delays.iter().enumerate() {
            below += u64::from(*count);
            if below * 1000 >= total * thousandths {
                return 1000 << class;
            }
        }
        1000 << CLASSES
    }

    /// Milliseconds from the beginning of a sweep to the beginning of the next. `wanted`: events may be missing.
    ///
    /// The caller counts them by a timer, not by the service's clock: a correction of that clock must not delay a sweep.
    #[must_use]
    pub fn interval(&self, has_session: bool, wanted: bool) -> i64 {
        let PaceSettings { with_session, without_session, max_without_session } = self.settings;
        let late = (self.quantile(500) / 2).clamp(without_session, max_without_session.max(without_session));
        match (has_session, wanted) {
            (true, true) => with_session.min(max_without_session),
            (true, false) => with_session,
            (false, _) => late,
        }
    }

    /// The sweep that begins now.
    #[must_use]
    pub fn begin(&self, now: i64) -> SweepPlan {
        let Bounds { lateness, settling } = self.bounds;
        let deepest = lateness + settling;
        let is_deep = self.deep_calls <= 1 || self.deep.is_none_or(|deep| now < deep || now - deep >= DEEP_INTERVAL);
        let reach = if is_deep { deepest } else { (2 * self.quantile(999) + settling).clamp(MIN_REACH, deepest) };
        SweepPlan { from: now - reach, is_deep }
    }

    /// The group has more events than sweeps can read back over the whole lateness: halves it, and returns the new one.
    pub fn halve_lateness(&mut self) -> i64 {
        self.bounds.lateness = (self.bounds.lateness / 2).max(MIN_REACH);
        self.bounds.lateness
    }

    /// The sweep that began at `begun` has ended, after so many calls.
    pub fn ended(&mut self, plan: SweepPlan, begun: i64, calls: u32) {
        if plan.is_deep {
            self.deep = Some(begun);
            self.deep_calls = calls;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000_000;

    fn pace() -> Pace {
        Pace::new(Bounds { lateness: 150_000, settling: 15_000 }, PaceSettings::default())
    }

    #[test]
    fn each_sweep_of_a_quiet_group_is_deep() {
        let mut pace = pace();
        for round in 0..5 {
            let now = NOW + round * 1000;
            let plan = pace.begin(now);
            assert_eq!(plan, SweepPlan { from: now - 165_000, is_deep: true });
            pace.ended(plan, now, 1);
        }
    }

    #[test]
    fn a_busy_group_is_read_as_far_back_as_its_events_are_late() {
        let mut pace = pace();
        let plan = pace.begin(NOW);
        pace.ended(plan, NOW, 12);
        (0..10_000).for_each(|_| pace.observe(700));
        assert_eq!(pace.begin(NOW + 1000), SweepPlan { from: NOW + 1000 - 17_000, is_deep: false });
        (0..100).for_each(|_| pace.observe(30_000));
        assert_eq!(pace.begin(NOW + 2000), SweepPlan { from: NOW + 2000 - 79_000, is_deep: false });
        assert!(pace.begin(NOW + 20_000).is_deep);
    }

    #[test]
    fn sweeps_are_rarer_beside_a_session_and_where_events_arrive_late() {
        let mut pace = pace();
        assert_eq!((pace.interval(false, false), pace.interval(true, false), pace.interval(true, true)), (1000, 10_000, 3000));
        (0..100).for_each(|_| pace.observe(5_000));
        assert_eq!(pace.interval(false, false), 3000);
    }

    #[test]
    fn a_clock_that_is_corrected_backwards_delays_no_deep_sweep() {
        let mut pace = pace();
        let plan = pace.begin(NOW);
        pace.ended(plan, NOW, 12);
        assert!(pace.begin(NOW - 3_600_000).is_deep);
    }
}
