//! Equal work at the same time is done once: whoever wants it while it is under way waits for the same answer.
//!
//! Owns who waits for what. Never says what the work is, and keeps no answer: that is `pages`. A piece of work runs as long as
//! somebody waits for it: one of several may leave without harm, and when the last one leaves, it is dropped.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::sync::Notify;

/// A piece of work under way; all clones get the same answer.
pub(super) type Flight<T> = Shared<BoxFuture<'static, T>>;

type Entries<K, T> = Arc<Mutex<HashMap<K, Entry<T>>>>;

/// What is under way, by its key.
pub(super) struct Flights<K, T>(Entries<K, T>);

struct Entry<T> {
    interested: usize,
    flight: Option<WeakShared<BoxFuture<'static, T>>>,
    begun: Arc<Notify>,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", lock(&self.0).len())
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> Flights<K, T> {
    /// Says that the work is wanted; nothing begins by it.
    pub(super) fn interest(&self, key: K) -> Interest<K, T> {
        let entry = Entry { interested: 0, flight: None, begun: Arc::default() };
        lock(&self.0).entry(key.clone()).or_insert(entry).interested += 1;
        Interest { entries: Arc::clone(&self.0), key }
    }
}

/// Somebody who wants the work; it is forgotten when nobody does.
pub(super) struct Interest<K: Eq + Hash, T> {
    entries: Entries<K, T>,
    key: K,
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> Interest<K, T> {
    /// The work, when it is under way.
    pub(super) fn flight(&self) -> Option<Flight<T>> {
        lock(&self.entries).get(&self.key)?.flight.as_ref()?.upgrade()
    }

    /// Resolves when somebody begins the work after this was called.
    pub(super) fn begun(&self) -> impl Future<Output = ()> + Send + use<K, T> {
        let begun = lock(&self.entries).get(&self.key).map(|entry| Arc::clone(&entry.begun)).unwrap_or_default();
        let mut told = Box::pin(begun.notified_owned());
        told.as_mut().enable();
        told
    }

    /// The work: what is under way, or else `work`, which then is.
    pub(super) fn join(&self, work: impl FnOnce() -> BoxFuture<'static, T>) -> Flight<T> {
        let mut entries = lock(&self.entries);
        // The entry is there while this interest is: without one the work would be done, and not shared.
        let Some(entry) = entries.get_mut(&self.key) else { return work().shared() };
        if let Some(flight) = entry.flight.as_ref().and_then(WeakShared::upgrade) {
            return flight;
        }
        let landing = Landing { entries: Arc::clone(&self.entries), key: self.key.clone() };
        let work = work();
        let flight = async move {
            let _landing = landing;
            work.await
        };
        let flight = flight.boxed().shared();
        entry.flight = flight.downgrade();
        entry.begun.notify_waiters();
        flight
    }
}

impl<K: Eq + Hash, T> Drop for Interest<K, T> {
    fn drop(&mut self) {
        let mut entries = lock(&self.entries);
        let left = entries.get_mut(&self.key).map(|entry| {
            entry.interested -= 1;
            entry.interested
        });
        if left == Some(0) {
            entries.remove(&self.key);
        }
    }
}

/// Ends the flight in the books when the work is done, or dropped.
struct Landing<K: Eq + Hash, T> {
    entries: Entries<K, T>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        if let Some(entry) = lock(&self.entries).get_mut(&self.key) {
            entry.flight = None;
        }
    }
}

/// What is guarded is whole after every change, so a panic elsewhere spoils nothing.
fn lock<K, T>(entries: &Entries<K, T>) -> MutexGuard<'_, HashMap<K, Entry<T>>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    type Numbers = Flights<&'static str, usize>;

    /// Work that counts its beginnings and ends when told.
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
    async fn whoever_comes_while_it_runs_gets_the_same_answer() {
        let (flights, runs) = (Numbers::default(), Arc::default());
        let (end, ended) = oneshot::channel();
        let first = flights.interest("key");
        let flight = first.join(work(&runs, ended));
        let others: Vec<_> = (0..100).map(|_| flights.interest("key")).collect();
        let waiting: Vec<_> = others.iter().map(|other| tokio::spawn(other.flight().unwrap())).collect();
        let another_key = flights.interest("other");
        assert!(another_key.flight().is_none());
        end.send(7).unwrap();
        assert_eq!(flight.await, 7);
        for one in waiting {
            assert_eq!(one.await.unwrap(), 7);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert!(first.flight().is_none(), "it is over");
        drop((first, others, another_key));
        assert_eq!(format!("{flights:?}"), "Flights(0)");
    }

    #[tokio::test]
    async fn it_goes_on_while_one_waits_and_is_dropped_when_the_last_one_leaves() {
        let (flights, runs) = (Numbers::default(), Arc::default());
        let (end, ended) = oneshot::channel();
        let (first, second) = (flights.interest("key"), flights.interest("key"));
        let mut flight = first.join(work(&runs, ended));
        assert!((&mut flight).now_or_never().is_none());
        let joined = tokio::spawn(second.flight().unwrap());
        tokio::task::yield_now().await;
        drop((flight, first));
        assert!(!end.is_closed(), "somebody waits");
        joined.abort();
        assert!(joined.await.is_err());
        assert!(end.is_closed(), "nobody waits");
        assert!(second.flight().is_none());
        let (_end, ended) = oneshot::channel();
        let again = second.join(work(&runs, ended));
        assert!(again.now_or_never().is_none());
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn one_who_waits_for_a_beginning_hears_of_it() {
        let (flights, runs) = (Numbers::default(), Arc::default());
        let (early, late) = (flights.interest("key"), flights.interest("key"));
        let begun = early.begun();
        let (_end, ended) = oneshot::channel();
        let flight = late.join(work(&runs, ended));
        begun.await;
        assert!(early.flight().is_some());
        assert!(early.begun().now_or_never().is_none(), "it began before");
        drop(flight);
    }
}
