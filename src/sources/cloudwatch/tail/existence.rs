//! Whether the streams that viewers have named still exist: looked up now and then, once for all viewers of a group.
//!
//! Neither a session nor a sweep tells that a stream was deleted: both only show no more of its events. Owns when to look a stream
//! up. INVARIANT: a stream counts as deleted after two lookups some time apart, so that one wrong answer ends no tail.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Of the interval between two lookups: the time from the first lookup that does not find a stream to the second.
const CONFIRM: u32 = 6;
/// Streams of a group that are remembered, before those that no viewer asks for are forgotten.
const MAX_STREAMS: usize = 1024;

/// Lookups in a row without the stream, after which it counts as deleted.
const MISSES: u32 = 2;

#[derive(Debug)]
struct Known {
    at: Instant,
    /// Lookups in a row that did not find the stream.
    misses: u32,
}

/// What is known of the streams of one group.
#[derive(Debug, Default)]
pub(super) struct Existence(Mutex<HashMap<Box<str>, Known>>);

impl Existence {
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the viewer looks the stream up now, for all viewers.
    pub(super) fn begin_lookup(&self, stream: &str, interval: Duration) -> bool {
        let mut streams = self.known();
        let now = Instant::now();
        if let Some(known) = streams.get_mut(stream) {
            let is_due = known.misses < MISSES && now.duration_since(known.at) >= known.wait(interval);
            if is_due {
                known.at = now;
            }
            return is_due;
        }
        if streams.len() >= MAX_STREAMS {
            streams.retain(|_, known| now.duration_since(known.at) < 2 * interval);
        }
        streams.insert(stream.into(), Known { at: now, misses: 0 });
        true
    }

    /// A lookup has found the stream, or not.
    pub(super) fn looked_up(&self, stream: &str, is_found: bool) {
        if let Some(known) = self.known().get_mut(stream) {
            known.misses = if is_found { 0 } else { known.misses + 1 };
        }
    }

    pub(super) fn is_deleted(&self, stream: &str) -> bool {
        self.known().get(stream).is_some_and(|known| known.misses >= MISSES)
    }

    /// The time from a lookup to the next.
    pub(super) fn wait(&self, stream: &str, interval: Duration) -> Duration {
        self.known().get(stream).map_or(interval, |known| known.wait(interval))
    }
}

impl Known {
    fn wait(&self, interval: Duration) -> Duration {
        if self.misses == 0 { interval } else { interval / CONFIRM }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn one_viewer_looks_a_stream_up_and_two_misses_delete_it() {
        let existence = Existence::default();
        let begin = || existence.begin_lookup("web-1", INTERVAL);
        assert_eq!((begin(), begin()), (true, false));
        existence.looked_up("web-1", true);
        tokio::time::advance(INTERVAL).await;
        assert_eq!((begin(), begin()), (true, false));
        existence.looked_up("web-1", false);
        assert_eq!((begin(), existence.wait("web-1", INTERVAL)), (false, INTERVAL / CONFIRM));
        tokio::time::advance(INTERVAL / CONFIRM).await;
        assert_eq!((begin(), begin(), existence.is_deleted("web-1")), (true, false, false));
        existence.looked_up("web-1", false);
        assert_eq!((begin(), existence.is_deleted("web-1")), (false, true));
        // A viewer that joins has found a new stream of that name.
        existence.looked_up("web-1", true);
        assert!(!existence.is_deleted("web-1"));
    }

    #[tokio::test(start_paused = true)]
    async fn streams_that_no_viewer_names_are_forgotten() {
        let existence = Existence::default();
        for round in 0..4 {
            assert!((0..MAX_STREAMS).all(|number| existence.begin_lookup(&format!("{round}/{number}"), INTERVAL)));
            tokio::time::advance(2 * INTERVAL).await;
        }
        assert!(existence.known().len() <= MAX_STREAMS);
    }
}
