//! What a connection is doing: serving requests, or idle since when.
//!
//! Owns the count of requests under way and the waits between them. HTTP/1 and HTTP/2 are idle by the same rule: no request is
//! under way. hyper's own timer for headers also runs between two requests, so it cannot tell a peer that is slow from one that
//! has nothing to ask.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// The requests of one connection that are under way.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    is_http2: AtomicBool,
    changed: Notify,
}

#[derive(Debug, Clone, Copy)]
struct State {
    requests: usize,
    /// Since when there have been none, or the moment when the connection was accepted.
    idle_since: Instant,
}

/// One request under way, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State { requests: 0, idle_since: Instant::now() };
        Arc::new(Self { state: Mutex::new(state), is_http2: AtomicBool::new(false), changed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when no request has been under way; `None`: one is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = *self.state();
        (state.requests == 0).then_some(state.idle_since)
    }

    /// Notes that the connection speaks HTTP/2.
    pub(super) fn set_http2(&self) {
        self.is_http2.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Resolves when a connection of HTTP/2 has had no request for so long. Between requests of HTTP/1 there are no bytes, so
    /// [`super::stall`] measures that wait.
    pub(super) async fn idle_for(&self, time: Duration) {
        loop {
            let changed = self.changed.notified();
            match self.idle_since().filter(|_| self.is_http2.load(Ordering::Acquire)) {
                None => changed.await,
                Some(since) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(since + time) => {
                            if self.idle_since().is_some_and(|now| now == since) {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.state().requests += 1;
        self.changed.notify_waiters();
        UnderWay(Arc::clone(self))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        {
            let mut state = self.0.state();
            state.requests -= 1;
            state.idle_since = Instant::now();
        }
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_only_between_requests() {
        let activity = Activity::new();
        activity.set_http2();
        let begun = Instant::now();
        let first = activity.begin();
        let waiting = tokio::spawn({
            let activity = Arc::clone(&activity);
            async move { activity.idle_for(Duration::from_secs(60)).await }
        });
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(activity.idle_since().is_none() && !waiting.is_finished());
        drop(first);
        tokio::time::sleep(Duration::from_secs(59)).await;
        drop(activity.begin());
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert!(!waiting.is_finished());
        waiting.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 600 + 59 + 60);
    }
}
