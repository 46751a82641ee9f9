//! The response cache: CloudWatch's responses, and how long each is fresh.
//!
//! Owns the cache, bounded in bytes, and the rules of freshness. It is used after authorization: responses are stored unchanged,
//! by request, and the permit filters each use. Errors are not cached.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::time::Instant;

use super::answer_memory::AnswerLeases;
use super::quotas::Api;
use super::settings::CacheSettings;
use crate::domain::event::Direction;
use crate::domain::time::Millis;

/// Tokens in a page, and cursors with them, expire after 24 hours: a cached page must leave most of that time.
const IMMUTABLE_TTL: Duration = Duration::from_secs(3600);
/// A page with events stays a correct prefix when more events arrive. A follower that is at most this far behind the others can
/// reuse their pages, token by token, instead of requesting its own.
const EXTENDABLE_LIVE_PERIODS: u32 = 5;

/// A cacheable call: the operation and its body as sent.
pub(super) type Key = (Api, Bytes);

/// The part of a request that determines the freshness of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CacheClass {
    /// A response that is not cached.
    Uncacheable,
    /// A page of a list of groups or streams.
    List,
    /// A page of events.
    Events {
        /// The direction.
        direction: Direction,
        /// Whether it starts at a token, not at the end of the data.
        resumed: bool,
        /// The first time, in epoch milliseconds.
        since: Option<i64>,
        /// The end, exclusive, in epoch milliseconds.
        before: Option<i64>,
        /// The limit.
        limit: usize,
    },
}

/// The part of a response that determines its freshness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ResponseSummary {
    /// The number of events.
    pub(super) events: usize,
    /// The newest event's time, in epoch milliseconds.
    pub(super) newest: Option<i64>,
    /// Whether it has a token for more.
    pub(super) has_more: bool,
}

/// How long a response is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It can't change any more.
    Immutable,
    /// It has events, and later ones may have arrived since.
    Extendable,
    /// For the configured time of a live edge.
    Live,
    /// For the configured time of lists.
    List,
    /// Never.
    Uncacheable,
}

impl Freshness {
    /// The freshness of a response. A response is final if it lies completely in a time in which no events arrive any more:
    /// because the request ends there, or because the page has newer events after it that are also that old.
    pub(super) fn of(cache_class: CacheClass, summary: ResponseSummary, now: Millis, delay: Duration) -> Self {
        let CacheClass::Events { direction, resumed, since, before, limit } = cache_class else {
            return if cache_class == CacheClass::List { Self::List } else { Self::Uncacheable };
        };
        let settled = now.0.saturating_sub(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        let has_more_behind = summary.has_more || summary.events >= limit;
        let from_a_place = direction == Direction::Forward || resumed;
        // A follower requests events from the time of its last event on: a response with only that event has nothing new.
        let leads_on = resumed || summary.newest > since;
        let is_old = summary.newest.is_some_and(|newest| newest <= settled);
        if before.is_some_and(|before| before <= settled) || (from_a_place && has_more_behind && is_old) {
            Self::Immutable
        } else if direction == Direction::Forward && summary.events > 0 && leads_on {
            Self::Extendable
        } else {
            Self::Live
        }
    }
}

/// A cached response.
#[derive(Debug)]
pub(super) struct CacheEntry {
    answer: Arc<dyn Any + Send + Sync>,
    /// When it was received.
    pub(super) fetched: Instant,
    /// How long it is fresh.
    pub(super) freshness: Freshness,
    bytes: u32,
    /// The reservations of requests that hold it.
    pub(super) leases: AnswerLeases,
}

impl CacheEntry {
    pub(super) fn new<T: Any + Send + Sync>(answer: T, freshness: Freshness, bytes: usize) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self { answer: Arc::new(answer), fetched: Instant::now(), freshness, bytes, leases: AnswerLeases::default() }
    }

    /// Its memory in bytes.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.bytes)
    }

    /// The response in its original type.
    pub(super) fn answer<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.answer).downcast().ok()
    }
}

/// The cached responses.
#[derive(Debug)]
pub(super) struct ResponseCache {
    settings: CacheSettings,
    entries: Cache<Key, Arc<CacheEntry>>,
}

impl ResponseCache {
    pub(super) fn new(settings: CacheSettings) -> Self {
        let weight = |(_, body): &Key, entry: &Arc<CacheEntry>| {
            u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(entry.bytes).saturating_add(ENTRY_BYTES)
        };
        Self {
            settings,
            entries: Cache::builder().max_capacity(settings.bytes).weigher(weight).time_to_live(IMMUTABLE_TTL).build(),
        }
    }

    /// Whether caching is configured.
    pub(super) fn is_enabled(&self) -> bool {
        self.settings.bytes > 0
    }

    pub(super) fn settings(&self) -> &CacheSettings {
        &self.settings
    }

    /// The call's cached response, if it is still fresh.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<CacheEntry>> {
        let entry = self.entries.get(key)?;
        (entry.fetched.elapsed() < self.ttl(entry.freshness)).then_some(entry)
    }

    /// Caches the response to the call while it is fresh.
    pub(super) fn put(&self, key: Key, entry: &Arc<CacheEntry>) {
        if entry.freshness != Freshness::Uncacheable {
            self.entries.insert(key, Arc::clone(entry));
            // The cache evicts in the background; large pages would accumulate until then.
            if entry.bytes >= LARGE_BYTES {
                self.entries.run_pending_tasks();
            }
        }
    }

    fn ttl(&self, freshness: Freshness) -> Duration {
        match freshness {
            Freshness::Immutable => IMMUTABLE_TTL,
            Freshness::Extendable => self.settings.live * EXTENDABLE_LIVE_PERIODS,
            Freshness::Live => self.settings.live,
            Freshness::List => self.settings.lists,
            Freshness::Uncacheable => Duration::ZERO,
        }
    }
}

/// The size from which a response is large.
const LARGE_BYTES: u32 = 64 * 1024;
/// Approximate bytes of an entry without its key and response.
const ENTRY_BYTES: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_795_168_800_000);
    const MINUTE: i64 = 60_000;
    const DELAY: Duration = Duration::from_secs(15 * 60);

    fn events(direction: Direction, resumed: bool, before: Option<i64>) -> CacheClass {
        CacheClass::Events {
            direction,
            resumed,
            since: Some(NOW.0 - 14 * MINUTE),
            before: before.map(|ago| NOW.0 - ago * MINUTE),
            limit: 100,
        }
    }

    #[test]
    fn freshness_follows_from_request_and_answer() {
        use Direction::{Backward, Forward};
        let old = Some(NOW.0 - 16 * MINUTE);
        let young = Some(NOW.0 - 14 * MINUTE);
        let summary = |events, newest, has_more| ResponseSummary { events, newest, has_more };
        for (cache_class, summary, expected) in [
            (events(Forward, false, Some(15)), summary(0, None, false), Freshness::Immutable),
            (events(Backward, false, Some(15)), summary(3, old, true), Freshness::Immutable),
            (events(Forward, false, Some(14)), summary(0, None, false), Freshness::Live),
            (events(Forward, true, None), summary(100, old, false), Freshness::Immutable),
            (events(Forward, true, None), summary(3, old, true), Freshness::Immutable),
            (events(Forward, true, None), summary(99, old, false), Freshness::Extendable),
            (events(Forward, false, None), summary(1, young, false), Freshness::Live),
            (events(Forward, false, None), summary(2, Some(NOW.0), false), Freshness::Extendable),
            (events(Forward, true, None), summary(100, young, false), Freshness::Extendable),
            (events(Forward, false, None), summary(0, None, true), Freshness::Live),
            (events(Backward, false, None), summary(100, old, true), Freshness::Live),
            (events(Backward, true, None), summary(100, old, true), Freshness::Immutable),
            (events(Backward, true, None), summary(100, young, true), Freshness::Live),
            (CacheClass::List, ResponseSummary::default(), Freshness::List),
            (CacheClass::Uncacheable, summary(100, old, true), Freshness::Uncacheable),
        ] {
            assert_eq!(Freshness::of(cache_class, summary, NOW, DELAY), expected, "{cache_class:?} {summary:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cached_answer_is_returned_while_it_is_fresh() {
        let response_cache = ResponseCache::new(CacheSettings::default());
        for (freshness, seconds) in [
            (Freshness::Immutable, 3600),
            (Freshness::Extendable, 5),
            (Freshness::Live, 1),
            (Freshness::List, 5),
            (Freshness::Uncacheable, 0),
        ] {
            let key = (Api::GetLogEvents, Bytes::from(format!("{freshness:?}")));
            response_cache.put(key.clone(), &Arc::new(CacheEntry::new(7_u8, freshness, 1)));
            let ends = Duration::from_secs(seconds);
            assert_eq!(response_cache.get(&key).is_some(), seconds > 0);
            tokio::time::advance(ends.saturating_sub(Duration::from_millis(1))).await;
            assert_eq!(
                response_cache.get(&key).and_then(|entry| entry.answer()),
                (seconds > 0).then(|| Arc::new(7_u8)),
                "{freshness:?}"
            );
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(response_cache.get(&key).is_none(), "{freshness:?}");
        }
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let response_cache = ResponseCache::new(CacheSettings { bytes: 10_000, ..CacheSettings::default() });
        for number in 0..100 {
            let key = (Api::GetLogEvents, Bytes::from(format!("{number}")));
            response_cache.put(key, &Arc::new(CacheEntry::new(number, Freshness::Immutable, 1000)));
        }
        response_cache.entries.run_pending_tasks();
        assert!(response_cache.entries.weighted_size() <= 10_000, "{}", response_cache.entries.weighted_size());
        assert!(response_cache.entries.entry_count() > 0);
    }
}
