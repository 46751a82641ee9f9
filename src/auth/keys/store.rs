//! The current keys of one issuer: loaded on first use, refreshed in the background, kept while the issuer fails.
//!
//! - One attempt at a time; everyone who needs its outcome waits for that one.
//! - The last good set stays in use while the issuer is down or sends an invalid set. A key that is missing in a newly
//!   read valid set is removed at once.
//! - A set older than `refresh` is refreshed in the background; one older than twice that (unused for
//!   long) is refreshed before it is used again. So a withdrawn key is refused after `2 * refresh` at the
//!   latest, as long as its issuer answers.
//! - An unknown `kid` asks the issuer at most once per [`FORCED_INTERVAL_MS`].
//! - Without any good set ever: [`KeyError::Unavailable`], a fault of the service or the issuer, not of the caller.
//!
//! It never judges a token. Attempts are made by `source`; `token::verifier` is the user.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::algorithm::Algorithm;
use super::fetch::KeyFetcher;
use super::jwk::VerificationKey;
use super::set::{KeySelectionError, KeySet};
use super::source::{self, KeyLocation, LoadError};
use crate::domain::time::Clock;
use crate::telemetry::metrics;

/// Milliseconds between two attempts that unknown key ids ask for.
const FORCED_INTERVAL_MS: i64 = 30_000;

/// Milliseconds between two attempts while an issuer fails: doubled from the first to the last.
const RETRY_MS: (i64, i64) = (1_000, 30_000);

/// The reason for a missing key of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The issuer's set has no such key.
    #[error(transparent)]
    KeySelectionError(#[from] KeySelectionError),
    /// There has never been a good set.
    #[error("no key set of this issuer could be read yet")]
    Unavailable,
}

/// One issuer's part of the answer to "can tokens be verified?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerReadiness {
    /// The issuer, as configured.
    pub issuer: String,
    /// Usable keys; 0 when no good set was read yet.
    pub keys: usize,
    /// Attempts that failed since the last good one.
    pub failures: u32,
}

/// The keys of one issuer; a cheap handle, to be cloned.
#[derive(Clone)]
pub struct KeyStore {
    inner: Arc<Inner>,
}

struct Inner {
    location: KeyLocation,
    refresh_ms: i64,
    fetcher: Arc<dyn KeyFetcher>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    set: Option<Arc<KeySet>>,
    loaded_at_ms: i64,
    attempted_at_ms: i64,
    forced_at_ms: Option<i64>,
    failures: u32,
    /// The last failure that was logged; `None`: the last attempt succeeded.
    reported: Option<String>,
    /// Open while an attempt runs: its task holds the sender and drops it, even by a panic, when done.
    running: Option<watch::Receiver<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RefreshReason {
    Start,
    Missing,
    Aged,
    UnknownKid,
}

enum KeySetAge {
    Missing,
    Fresh(Arc<KeySet>),
    Aged(Arc<KeySet>),
    Stale(Arc<KeySet>),
}

impl KeyStore {
    /// A store that has read nothing yet. `refresh` is the age at which a set is read again.
    pub fn new(location: KeyLocation, refresh: Duration, fetcher: Arc<dyn KeyFetcher>, clock: Arc<dyn Clock>) -> Self {
        let refresh_ms = i64::try_from(refresh.as_millis()).unwrap_or(i64::MAX / 2);
        let state = Mutex::default();
        Self { inner: Arc::new(Inner { location, refresh_ms, fetcher, clock, state }) }
    }

    /// Where it reads the keys.
    pub fn location(&self) -> &KeyLocation {
        &self.inner.location
    }

    /// Reads the set now, or waits for the attempt that is under way; the outcome shows in `readiness`.
    pub async fn refresh(&self) {
        self.attempt(RefreshReason::Start).await;
    }

    /// What is known now, for the readiness probe.
    pub fn readiness(&self) -> IssuerReadiness {
        let state = self.inner.state();
        let keys = state.set.as_ref().map_or(0, |set| set.keys().len());
        IssuerReadiness { issuer: self.inner.location.issuer.clone(), keys, failures: state.failures }
    }

    /// The set to verify with now, refreshed according to its age.
    pub async fn current(&self) -> Result<Arc<KeySet>, KeyError> {
        match self.inner.key_set_age() {
            KeySetAge::Fresh(set) => Ok(set),
            KeySetAge::Aged(set) => {
                // Detached: the attempt runs in a separate task, and this caller does not wait for it.
                self.start(RefreshReason::Aged);
                Ok(set)
            }
            KeySetAge::Stale(set) => {
                self.attempt(RefreshReason::Aged).await;
                Ok(self.inner.state().set.clone().unwrap_or(set))
            }
            KeySetAge::Missing => {
                self.attempt(RefreshReason::Missing).await;
                self.inner.state().set.clone().ok_or(KeyError::Unavailable)
            }
        }
    }

    /// The key for a token's `kid` and `alg`. For an unknown `kid`, the issuer's keys are fetched again.
    pub async fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Arc<VerificationKey>, KeyError> {
        let set = self.current().await?;
        match set.select(kid, algorithm) {
            Err(KeySelectionError::UnknownKid) => {}
            known => return Ok(Arc::clone(known?)),
        }
        self.attempt(RefreshReason::UnknownKid).await;
        let set = self.inner.state().set.clone().unwrap_or(set);
        Ok(Arc::clone(set.select(kid, algorithm)?))
    }

    async fn attempt(&self, reason: RefreshReason) {
        if let Some(mut running) = self.start(reason) {
            // Nothing is ever sent: the only change is the end of the task.
            while running.changed().await.is_ok() {}
        }
    }

    /// Joins the attempt under way, or starts one if `reason` may do so now.
    ///
    /// The attempt is a task of its own: a caller that goes away must not take it along, or the next callers
    /// would find it counted but without outcome.
    fn start(&self, reason: RefreshReason) -> Option<watch::Receiver<()>> {
        let mut state = self.inner.state();
        let running = state.running.as_ref().filter(|running| running.has_changed().is_ok());
        if let Some(running) = running {
            return Some(running.clone());
        }
        let now = self.inner.clock.now().0;
        if !state.may_attempt(reason, now) {
            return None;
        }
        state.attempted_at_ms = now;
        if reason == RefreshReason::UnknownKid {
            state.forced_at_ms = Some(now);
        }
        let (done, running) = watch::channel(());
        state.running = Some(running.clone());
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let attempt = Arc::clone(&inner);
            if tokio::spawn(async move { attempt.load().await }).await.is_err() {
                // A fetcher that panics is one more way to fail, and must slow down the attempts like any other.
                inner.install(&LoadError::Panicked);
            }
            drop(done);
        });
        Some(running)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_set_age(&self) -> KeySetAge {
        let now = self.clock.now().0;
        let state = self.state();
        let Some(set) = state.set.clone() else {
            return KeySetAge::Missing;
        };
        // A clock that was set back says nothing about the age, so the set counts as due.
        let age = now.checked_sub(state.loaded_at_ms).filter(|age| *age >= 0).unwrap_or(self.refresh_ms);
        if age < self.refresh_ms {
            KeySetAge::Fresh(set)
        } else if age < self.refresh_ms.saturating_mul(2) || state.failures > 0 {
            // Callers do not wait for an issuer that is known to fail.
            KeySetAge::Aged(set)
        } else {
            KeySetAge::Stale(set)
        }
    }

    async fn load(&self) {
        let outcome = source::load(&self.location, self.fetcher.as_ref()).await;
        match outcome {
            Ok(set) => self.replace(set),
            Err(error) => self.install(&error),
        }
    }

    fn replace(&self, set: KeySet) {
        for refused in set.refused() {
            tracing::warn!(
                auth.issuer = self.location.issuer,
                key.index = refused.index,
                key.refusal = %refused.reason,
                "a key of the issuer's set is not used"
            );
        }
        let now = self.clock.now().0;
        let (issuer, keys) = (&self.location.issuer, set.keys().len());
        let mut state = self.state();
        state.set = Some(Arc::new(set));
        state.loaded_at_ms = now;
        state.failures = 0;
        let was_failing = state.reported.take().is_some();
        drop(state);
        metrics::issuer_keys(issuer, keys, 0);
        if was_failing {
            tracing::info!(auth.issuer = issuer, keys, "the keys of issuer `{issuer}` can be read again");
        }
    }

    /// Keeps the set there is. The log has one line for a failure, and no more while attempts fail in the same way.
    fn install(&self, error: &LoadError) {
        let why = chain(error);
        let issuer = &self.location.issuer;
        let (failures, keys, is_known) = {
            let mut state = self.state();
            state.failures = state.failures.saturating_add(1);
            let is_known = state.reported.as_ref() == Some(&why);
            state.reported = Some(why.clone());
            (state.failures, state.set.as_ref().map_or(0, |set| set.keys().len()), is_known)
        };
        metrics::issuer_keys(issuer, keys, failures);
        if is_known {
            tracing::debug!(
                auth.issuer = issuer,
                cause = why,
                failures,
                "the keys of issuer `{issuer}` still cannot be read: {why}"
            );
        } else if keys == 0 {
            tracing::error!(
                auth.issuer = issuer,
                cause = why,
                "the keys of issuer `{issuer}` cannot be read, so its tokens are answered with 503: {why}; check the address, the \
                 network and the issuer"
            );
        } else {
            tracing::warn!(
                auth.issuer = issuer,
                cause = why,
                "the keys of issuer `{issuer}` cannot be read again, so the keys read before stay in use: {why}"
            );
        }
    }
}

/// The error and its causes in one line.
fn chain(error: &LoadError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        // Some errors repeat their cause in their own text.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

impl State {
    fn may_attempt(&self, reason: RefreshReason, now: i64) -> bool {
        // A negative distance means that the clock was set back: waiting until it catches up could take very long.
        let passed = |since: i64, interval: i64| !(0..interval).contains(&now.saturating_sub(since));
        let backoff = RETRY_MS.0.saturating_mul(1 << self.failures.saturating_sub(1).min(10)).min(RETRY_MS.1);
        let retry = self.failures == 0 || passed(self.attempted_at_ms, backoff);
        match reason {
            RefreshReason::Start => true,
            RefreshReason::Missing | RefreshReason::Aged => retry,
            RefreshReason::UnknownKid => retry && self.forced_at_ms.is_none_or(|at| passed(at, FORCED_INTERVAL_MS)),
        }
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore").field("readiness", &self.readiness()).finish_non_exhaustive()
    }
}
