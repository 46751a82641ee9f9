//! The queries that callers of this process have started: each is stopped when its caller's permission is withdrawn.
//!
//! Owns which queries those are, and the check. A query costs money and runs for minutes, and nothing else looks at its permission
//! until it is polled. See also [`super::authority`], for answers that are still being sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use http::HeaderValue;
use tokio::time::Instant;

use super::App;
use super::authorized::TokenTime;
use super::problem::ApiError;
use crate::auth::permit::Permit;
use crate::auth::tenant::Caller;
use crate::domain::name::SourceName;
use crate::domain::query::operations::{ReadQuery, RunningQuery, StopQuery};
use crate::sources::SourceError;

/// The longest time that a query can run: AWS ends it then, and every source's `max_time` is at most as long.
const MAX_TIME: Duration = Duration::from_secs(3600);
/// Queries that are watched at most. One more is not: at its next poll it is authorized as any request.
const MAX_WATCHED: usize = 50_000;

/// Queries that are stopped at a time.
const STOPS: usize = 16;

/// The queries.
#[derive(Debug, Default)]
pub struct RunningQueries(Mutex<HashMap<(SourceName, String), Watched>>);

/// A query and its permission.
#[derive(Debug, Clone)]
struct Watched {
    caller: Caller,
    credential: Option<HeaderValue>,
    reading: Arc<Permit<ReadQuery>>,
    stopping: Arc<Permit<StopQuery>>,
    until: Instant,
}

impl RunningQueries {
    fn lock(&self) -> MutexGuard<'_, HashMap<(SourceName, String), Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The query has ended.
    pub(in crate::http) fn ended(&self, query: &RunningQuery) {
        self.lock().remove(&(query.source.clone(), query.id.clone()));
    }

    fn insert(&self, query: &RunningQuery, watched: Watched) {
        let mut queries = self.lock();
        if queries.len() >= MAX_WATCHED {
            let now = Instant::now();
            queries.retain(|_, watched| now < watched.until);
        }
        if queries.len() < MAX_WATCHED {
            queries.insert((query.source.clone(), query.id.clone()), watched);
        }
    }

    /// Those that may still run.
    fn all(&self) -> Vec<Watched> {
        let now = Instant::now();
        let mut queries = self.lock();
        queries.retain(|_, watched| now < watched.until);
        queries.values().cloned().collect()
    }
}

impl App {
    /// Watches a query that was started now, until it has ended.
    ///
    /// # Errors
    /// If the permission was withdrawn meanwhile. The caller then stops the query.
    pub(in crate::http) async fn watch_query(
        &self,
        caller: &Caller,
        credential: Option<HeaderValue>,
        reading: &Permit<ReadQuery>,
        stopping: Permit<StopQuery>,
    ) -> Result<(), ApiError> {
        let watched = Watched {
            caller: caller.clone(),
            credential,
            reading: Arc::new(reading.clone()),
            stopping: Arc::new(stopping),
            until: Instant::now() + MAX_TIME,
        };
        // It is listed before it is checked: a change of the policy from now on finds it in the list.
        self.running_queries.insert(&reading.op().query, watched.clone());
        let checked = self.check_query(&watched.caller, watched.credential.as_ref(), reading).await;
        if checked.is_err() {
            self.running_queries.ended(&reading.op().query);
        }
        checked
    }

    /// Whether the caller may still read the query.
    ///
    /// # Errors
    /// The error with which reading it would be refused now.
    pub(in crate::http) async fn check_query(
        &self,
        caller: &Caller,
        credential: Option<&HeaderValue>,
        reading: &Permit<ReadQuery>,
    ) -> Result<(), ApiError> {
        let caller = match self.caller_again(caller, credential, TokenTime::Start).await {
            Err(ApiError::KeysUnavailable(_)) => return Ok(()),
            caller => caller?,
        };
        let permit = self.authorize_again(&caller, reading.op().clone())?;
        // As for a query that was started under other rules.
        if permit.rules_fingerprint() == reading.rules_fingerprint() { Ok(()) } else { Err(SourceError::NotFound.into()) }
    }

    /// Stops the queries whose callers have lost their permission.
    pub(in crate::http) async fn stop_withdrawn_queries(&self) {
        let all = futures_util::stream::iter(self.running_queries.all());
        all.for_each_concurrent(STOPS, |watched| async move { self.stop_if_withdrawn(&watched).await }).await;
    }

    async fn stop_if_withdrawn(&self, watched: &Watched) {
        let Watched { caller, credential, reading, stopping, .. } = watched;
        let query = &stopping.op().query;
        let Err(error) = self.check_query(caller, credential.as_ref(), reading).await else { return };
        self.running_queries.ended(query);
        tracing::info!(tenant.id = %caller.tenant.id, reason = %error, "stopping a query: its permission was withdrawn");
        let stopped = match self.sources.queries(stopping, &query.source) {
            Ok(queries) => queries.stop(stopping).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stopped {
            tracing::warn!(%error, "a query whose permission was withdrawn could not be stopped: {error}");
        }
    }
}
