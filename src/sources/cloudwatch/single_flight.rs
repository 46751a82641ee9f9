//! Single flight: equal concurrent calls are made once, and all waiters get the same result.
//!
//! Owns the waiters of each call. Does not cache results: `response_cache` does. Work runs as long as it has a waiter: waiters
//! can leave independently, and the work is dropped with the last one.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::Notify;

/// Work in progress; all clones get the same result.
pub(super) type SharedCall<T> = Shared<BoxFuture<'static, T>>;

type Entries<K, T> = Arc<Mutex<HashMap<K, Entry<T>>>>;

/// The work in progress, by key.
pub(super) struct SingleFlight<K, T>(Entries<K, T>);

struct Entry<T> {
    waiters: usize,
    in_flight: Option<WeakShared<BoxFuture<'static, T>>>,
    started: Arc<Notify>,
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SingleFlight({})", lock(&self.0).len())
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> SingleFlight<K, T> {
    /// Registers a waiter. Starts nothing.
    pub(super) fn waiter(&self, key: K) -> Waiter<K, T> {
        let entry = Entry { waiters: 0, in_flight: None, started: Arc::default() };
        lock(&self.0).entry(key.clone()).or_insert(entry).waiters += 1;
        Waiter { entries: Arc::clone(&self.0), key }
    }
}

/// A waiter. The entry is removed with its last waiter.
pub(super) struct Waiter<K: Eq + Hash, T> {
    entries: Entries<K, T>,
    key: K,
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> Waiter<K, T> {
    /// The work, if it is in progress.
    pub(super) fn in_flight(&self) -> Option<SharedCall<T>> {
        lock(&self.entries).get(&self.key)?.in_flight.as_ref()?.upgrade()
    }

    /// Resolves when another waiter starts the work after this call.
    pub(super) fn started(&self) -> impl Future<Output = ()> + Send + use<K, T> {
        let started = lock(&self.entries).get(&self.key).map(|entry| Arc::clone(&entry.started)).unwrap_or_default();
        let mut told = Box::pin(started.notified_owned());
        told.as_mut().enable();
        told
    }

    /// The work in progress, or `work`, which is started.
    pub(super) fn join_or_start(&self, work: impl FnOnce() -> BoxFuture<'static, T>) -> SharedCall<T> {
        let mut entries = lock(&self.entries);
        // The entry exists as long as this waiter. Without it the work would run unshared.
        let Some(entry) = entries.get_mut(&self.key) else { return work().shared() };
        if let Some(in_flight) = entry.in_flight.as_ref().and_then(WeakShared::upgrade) {
            return in_flight;
        }
        let guard = CompletionGuard { entries: Arc::clone(&self.entries), key: self.key.clone() };
        let work = work();
        let in_flight = async move {
            let _landing = guard;
            work.await
        };
        let in_flight = in_flight.boxed().shared();
        entry.in_flight = in_flight.downgrade();
        entry.started.notify_waiters();
        in_flight
    }
}

impl<K: Eq + Hash, T> Drop for Waiter<K, T> {
    fn drop(&mut self) {
        let mut entries = lock(&self.entries);
        let left = entries.get_mut(&self.key).map(|entry| {
            entry.waiters -= 1;
            entry.waiters
        });
        if left == Some(0) {
            entries.remove(&self.key);
        }
    }
}

/// Clears the entry when the work is done or dropped.
struct CompletionGuard<K: Eq + Hash, T> {
    entries: Entries<K, T>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for CompletionGuard<K, T> {
    fn drop(&mut self) {
        if let Some(entry) = lock(&self.entries).get_mut(&self.key) {
            entry.in_flight = None;
        }
    }
}

/// The guarded data is consistent after every change, so a panic elsewhere does no harm.
fn lock<K, T>(entries: &Entries<K, T>) -> MutexGuard<'_, HashMap<K, Entry<T>>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    type Numbers = SingleFlight<&'static str, usize>;

    /// Work that counts its starts and ends on request.
    fn work(runs: &Arc<AtomicUsize>, end: oneshot::Receiver<usize>) -> impl FnOnce() -> BoxFuture<'static, usize> + use<> {
        let runs = Arc::clone(runs);
        move || {
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                end.await.unwrap_or(0)
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn a_waiter_that_joins_a_running_call_gets_the_same_answer() {
        let (single_flight, runs) = (Numbers::default(), Arc::default());
        let (end, ended) = oneshot::channel();
        let first = single_flight.waiter("key");
        let in_flight = first.join_or_start(work(&runs, ended));
        let others: Vec<_> = (0..100).map(|_| single_flight.waiter("key")).collect();
        let waiting: Vec<_> = others.iter().map(|other| tokio::spawn(other.in_flight().unwrap())).collect();
        let another_key = single_flight.waiter("other");
        assert!(another_key.in_flight().is_none());
        end.send(7).unwrap();
        assert_eq!(in_flight.await, 7);
        for one in waiting {
            assert_eq!(one.await.unwrap(), 7);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert!(first.in_flight().is_none(), "it is over");
        drop((first, others, another_key));
        assert_eq!(format!("{single_flight:?}"), "SingleFlight(0)");
    }

    #[tokio::test]
    async fn a_call_runs_while_a_waiter_is_left_and_is_dropped_with_the_last() {
        let (single_flight, runs) = (Numbers::default(), Arc::default());
        let (end, ended) = oneshot::channel();
        let (first, second) = (single_flight.waiter("key"), single_flight.waiter("key"));
        let mut in_flight = first.join_or_start(work(&runs, ended));
        assert!((&mut in_flight).now_or_never().is_none());
        let joined = tokio::spawn(second.in_flight().unwrap());
        tokio::task::yield_now().await;
        drop((in_flight, first));
        assert!(!end.is_closed(), "somebody waits");
        joined.abort();
        assert!(joined.await.is_err());
        assert!(end.is_closed(), "nobody waits");
        assert!(second.in_flight().is_none());
        let (_end, ended) = oneshot::channel();
        let again = second.join_or_start(work(&runs, ended));
        assert!(again.now_or_never().is_none());
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_waiter_is_notified_when_the_call_starts() {
        let (single_flight, runs) = (Numbers::default(), Arc::default());
        let (early, late) = (single_flight.waiter("key"), single_flight.waiter("key"));
        let started = early.started();
        let (_end, ended) = oneshot::channel();
        let in_flight = late.join_or_start(work(&runs, ended));
        started.await;
        assert!(early.in_flight().is_some());
        assert!(early.started().now_or_never().is_none(), "it began before");
        drop(in_flight);
    }
}
