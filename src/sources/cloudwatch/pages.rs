//! What is kept of CloudWatch's answers, and for how long it holds.
//!
//! Owns the cache, bounded in bytes, and the rules by which an answer is final, is a beginning, or holds for a moment. It
//! stands behind authorization: an answer is kept as it came, by the request that it answers, and what a permit hides is
//! taken out of it each time. Never keeps an error.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::time::Instant;

use super::budget::Leases;
use super::quotas::Api;
use super::settings::CacheSettings;
use crate::domain::event::Direction;
use crate::domain::time::Millis;

/// Tokens in a page expire after 24 hours, and cursors with them after as long: a kept page must leave most of that.
const FINAL: Duration = Duration::from_secs(3600);
/// A page that brought events is a true beginning of what is there, even when more has come behind it. So long a follower may
/// be behind the others and still go the way that they went, from token to token, instead of asking for pages of its own.
const BEGINNING_IN_LIVES: u32 = 5;

/// A call that is worth keeping: the operation and its body as sent.
pub(super) type Key = (Api, Bytes);

/// What of a request decides how long its answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Something that is never kept.
    Once,
    /// A page of a list of groups or streams.
    List,
    /// A page of events.
    Events {
        /// Which way.
        way: Direction,
        /// From a token on, not from the end of what there is.
        resumed: bool,
        /// Only events of this time or later, epoch milliseconds.
        since: Option<i64>,
        /// Only events before this, epoch milliseconds.
        before: Option<i64>,
        /// At most so many.
        limit: usize,
    },
}

/// What of an answer decides how long it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Events in it.
    pub(super) events: usize,
    /// The newest one's time, epoch milliseconds.
    pub(super) newest: Option<i64>,
    /// It says itself that there is more behind it.
    pub(super) goes_on: bool,
}

/// How long an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It can't change any more.
    Final,
    /// It has events, and there may be more behind them by now.
    Beginning,
    /// For as long as a live edge does.
    Live,
    /// For as long as lists do.
    List,
    /// Not at all.
    Not,
}

impl Hold {
    /// Judges an answer. Final is what lies wholly in a time in which nothing arrives any more: because the request ends
    /// there, or because there are newer events behind the page, and those are as old.
    pub(super) fn of(asked: Asked, extent: Extent, now: Millis, delay: Duration) -> Self {
        let Asked::Events { way, resumed, since, before, limit } = asked else {
            return if asked == Asked::List { Self::List } else { Self::Not };
        };
        let settled = now.0.saturating_sub(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        let has_more_behind = extent.goes_on || extent.events >= limit;
        let from_a_place = way == Direction::Forward || resumed;
        // One who follows asks again from the time of the last event on: that one again is nothing to go on from.
        let leads_on = resumed || extent.newest > since;
        let is_old = extent.newest.is_some_and(|newest| newest <= settled);
        if before.is_some_and(|before| before <= settled) || (from_a_place && has_more_behind && is_old) {
            Self::Final
        } else if way == Direction::Forward && extent.events > 0 && leads_on {
            Self::Beginning
        } else {
            Self::Live
        }
    }
}

/// An answer that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    answer: Arc<dyn Any + Send + Sync>,
    /// When it came.
    pub(super) fetched: Instant,
    /// How long it holds.
    pub(super) hold: Hold,
    bytes: u32,
    /// Who holds it besides the cache.
    pub(super) leases: Leases,
}

impl Kept {
    pub(super) fn new<T: Any + Send + Sync>(answer: T, hold: Hold, bytes: usize) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { answer: Arc::new(answer), fetched: Instant::now(), hold, bytes, leases: Leases::default() }
    }

    /// The memory it takes.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.bytes)
    }

    /// The answer, as what it was put in.
    pub(super) fn answer<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.answer).downcast().ok()
    }
}

/// The answers that are kept.
#[derive(Debug)]
pub(super) struct Pages {
    settings: CacheSettings,
    kept: Cache<Key, Arc<Kept>>,
}

impl Pages {
    pub(super) fn new(settings: CacheSettings) -> Self {
        let weight = |(_, body): &Key, kept: &Arc<Kept>| {
            u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(kept.bytes).saturating_add(ENTRY_BYTES)
        };
        Self { settings, kept: Cache::builder().max_capacity(settings.bytes).weigher(weight).time_to_live(FINAL).build() }
    }

    /// Is anything kept at all?
    pub(super) fn are_kept(&self) -> bool {
        self.settings.bytes > 0
    }

    pub(super) fn settings(&self) -> &CacheSettings {
        &self.settings
    }

    /// An answer to the call that holds now.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        let kept = self.kept.get(key)?;
        (kept.fetched.elapsed() < self.holds_for(kept.hold)).then_some(kept)
    }

    /// Keeps the answer to the call for as long as it holds.
    pub(super) fn put(&self, key: Key, kept: &Arc<Kept>) {
        if kept.hold != Hold::Not {
            self.kept.insert(key, Arc::clone(kept));
            // The cache lets go of what is too much when it gets to it; large pages would pile up until then.
            if kept.bytes >= LARGE {
                self.kept.run_pending_tasks();
            }
        }
    }

    fn holds_for(&self, hold: Hold) -> Duration {
        match hold {
            Hold::Final => FINAL,
            Hold::Beginning => self.settings.live * BEGINNING_IN_LIVES,
            Hold::Live => self.settings.live,
            Hold::List => self.settings.lists,
            Hold::Not => Duration::ZERO,
        }
    }
}

/// Bytes from which an answer is large.
const LARGE: u32 = 64 * 1024;
/// About what an entry takes besides its key and its answer.
const ENTRY_BYTES: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_795_168_800_000);
    const MINUTE: i64 = 60_000;
    const DELAY: Duration = Duration::from_secs(15 * 60);

    fn events(way: Direction, resumed: bool, before: Option<i64>) -> Asked {
        Asked::Events {
            way,
            resumed,
            since: Some(NOW.0 - 14 * MINUTE),
            before: before.map(|ago| NOW.0 - ago * MINUTE),
            limit: 100,
        }
    }

    #[test]
    fn an_answer_holds_by_what_may_still_happen_to_it() {
        use Direction::{Backward, Forward};
        let old = Some(NOW.0 - 16 * MINUTE);
        let young = Some(NOW.0 - 14 * MINUTE);
        let extent = |events, newest, goes_on| Extent { events, newest, goes_on };
        for (asked, extent, expected) in [
            (events(Forward, false, Some(15)), extent(0, None, false), Hold::Final),
            (events(Backward, false, Some(15)), extent(3, old, true), Hold::Final),
            (events(Forward, false, Some(14)), extent(0, None, false), Hold::Live),
            (events(Forward, true, None), extent(100, old, false), Hold::Final),
            (events(Forward, true, None), extent(3, old, true), Hold::Final),
            (events(Forward, true, None), extent(99, old, false), Hold::Beginning),
            (events(Forward, false, None), extent(1, young, false), Hold::Live),
            (events(Forward, false, None), extent(2, Some(NOW.0), false), Hold::Beginning),
            (events(Forward, true, None), extent(100, young, false), Hold::Beginning),
            (events(Forward, false, None), extent(0, None, true), Hold::Live),
            (events(Backward, false, None), extent(100, old, true), Hold::Live),
            (events(Backward, true, None), extent(100, old, true), Hold::Final),
            (events(Backward, true, None), extent(100, young, true), Hold::Live),
            (Asked::List, Extent::default(), Hold::List),
            (Asked::Once, extent(100, old, true), Hold::Not),
        ] {
            assert_eq!(Hold::of(asked, extent, NOW, DELAY), expected, "{asked:?} {extent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_given_again_while_it_holds() {
        let pages = Pages::new(CacheSettings::default());
        for (hold, seconds) in [(Hold::Final, 3600), (Hold::Beginning, 5), (Hold::Live, 1), (Hold::List, 5), (Hold::Not, 0)] {
            let key = (Api::GetLogEvents, Bytes::from(format!("{hold:?}")));
            pages.put(key.clone(), &Arc::new(Kept::new(7_u8, hold, 1)));
            let ends = Duration::from_secs(seconds);
            assert_eq!(pages.get(&key).is_some(), seconds > 0);
            tokio::time::advance(ends.saturating_sub(Duration::from_millis(1))).await;
            assert_eq!(pages.get(&key).and_then(|kept| kept.answer()), (seconds > 0).then(|| Arc::new(7_u8)), "{hold:?}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(pages.get(&key).is_none(), "{hold:?}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let pages = Pages::new(CacheSettings { bytes: 10_000, ..CacheSettings::default() });
        for number in 0..100 {
            let key = (Api::GetLogEvents, Bytes::from(format!("{number}")));
            pages.put(key, &Arc::new(Kept::new(number, Hold::Final, 1000)));
        }
        pages.kept.run_pending_tasks();
        assert!(pages.kept.weighted_size() <= 10_000, "{}", pages.kept.weighted_size());
        assert!(pages.kept.entry_count() > 0);
    }
}
