//! The activity of a connection: its running requests, or the time since it is idle.
//!
//! Owns the count of running requests and the waits between them. HTTP/1 and HTTP/2 are idle by the same rule: no request runs.
//! hyper's own timer for headers also runs between two requests, so it cannot tell a slow peer from an idle one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// The running requests of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    is_http2: AtomicBool,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Running now.
    requests: usize,
    /// Begun since the connection was accepted.
    begun: u64,
    /// When the last one ended, or when the connection was accepted.
    idle_since: Instant,
    /// The task that waits for bytes while a request runs. It must check the time again when the last request ends.
    reader: Option<Waker>,
}

/// A connection without a running request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Idle {
    /// When it became idle.
    pub(super) since: Instant,
    /// The number of requests before.
    pub(super) after: u64,
}

/// One running request, until this is dropped.
#[derive(Debug)]
pub(super) struct ActiveRequest(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State { requests: 0, begun: 0, idle_since: Instant::now(), reader: None };
        Arc::new(Self { state: Mutex::new(state), is_http2: AtomicBool::new(false), changed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no request runs, and since when.
    pub(super) fn idle(&self) -> Option<Idle> {
        let state = self.state();
        (state.requests == 0).then_some(Idle { since: state.idle_since, after: state.begun })
    }

    /// The same. While a request runs, the reader is woken when it ends: hyper reads while it answers, and does not read again by
    /// itself when the answer is sent.
    pub(super) fn idle_or_wake(&self, context: &Context<'_>) -> Option<Idle> {
        let mut state = self.state();
        if state.requests == 0 {
            return Some(Idle { since: state.idle_since, after: state.begun });
        }
        state.reader = Some(context.waker().clone());
        None
    }

    /// Notes that the connection speaks HTTP/2.
    pub(super) fn set_http2(&self) {
        self.is_http2.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Resolves when an HTTP/2 connection has had no request for this time. Between requests of HTTP/1 there are no bytes, so
    /// [`super::stall_guard`] measures that wait.
    pub(super) async fn idle_for(&self, time: Duration) {
        loop {
            let changed = self.changed.notified();
            match self.idle().filter(|_| self.is_http2.load(Ordering::Acquire)) {
                None => changed.await,
                Some(idle) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(idle.since + time) => {
                            if self.idle() == Some(idle) {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> ActiveRequest {
        {
            let mut state = self.state();
            state.requests += 1;
            state.begun += 1;
        }
        self.note_change();
        ActiveRequest(Arc::clone(self))
    }

    /// Wakes [`Activity::idle_for`], which waits for requests of HTTP/2 alone: over HTTP/1 each wake-up would poll the connection again.
    fn note_change(&self) {
        if self.is_http2.load(Ordering::Acquire) {
            self.changed.notify_waiters();
        }
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let reader = {
            let mut state = self.0.state();
            state.requests -= 1;
            state.idle_since = Instant::now();
            if state.requests == 0 { state.reader.take() } else { None }
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        self.0.note_change();
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
        assert!(activity.idle().is_none() && !waiting.is_finished());
        drop(first);
        tokio::time::sleep(Duration::from_secs(59)).await;
        drop(activity.begin());
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert!(!waiting.is_finished());
        waiting.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 600 + 59 + 60);
    }
}
