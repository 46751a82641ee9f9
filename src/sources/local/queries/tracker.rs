//! The queries that this process knows: running ones, and ended ones whose rows are kept for a while.
//!
//! Owns their life. A query that is not polled is cancelled; an ended one is forgotten after
//! [`LocalQuerySettings::results_kept`], or earlier when results take too much memory. What a query takes of its tenant's limits
//! is given back as soon as it has ended. Queries are kept in memory alone, so none is known after a restart.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use logmark_engine::error::{InputError, QueryError};
use logmark_engine::row::values_bytes;
use logmark_engine::run::{QueryHandle, QueryStatus as EngineStatus};
use logmark_quota::ConcurrencyPermit;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::domain::name::TenantId;
use crate::domain::query::operations::QueryStatus;
use crate::sources::SourceError;
use crate::sources::budget::Lease;
use crate::sources::local_settings::LocalQuerySettings;

/// The part of the memory of all queries that results of ended ones may take: 1/4.
const RESULTS_SHARE: usize = 4;
/// Ended queries that are kept at a time.
const MAX_ENDED: usize = 10_000;

/// The known queries of one source.
#[derive(Debug)]
pub(super) struct QueryTracker {
    settings: LocalQuerySettings,
    known: Mutex<HashMap<String, Arc<TrackedQuery>>>,
}

/// One query.
#[derive(Debug)]
pub(super) struct TrackedQuery {
    id: String,
    tenant: TenantId,
    pub(super) handle: QueryHandle,
    ended: watch::Receiver<bool>,
    last_requested: Mutex<Instant>,
    resources: Mutex<Option<QueryResources>>,
    /// Bytes of its rows, when it has ended.
    result_bytes: Mutex<Option<usize>>,
}

/// What a query takes up until it has ended.
#[derive(Debug)]
pub(super) struct QueryResources {
    /// Of the tenant's own limits.
    pub(super) lease: Lease,
    /// Of the queries that may run at a time.
    pub(super) _turn: ConcurrencyPermit,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TrackedQuery {
    /// The id; it cannot be guessed.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn mark_requested(&self) {
        *locked(&self.last_requested) = Instant::now();
    }

    fn last_requested(&self) -> Instant {
        *locked(&self.last_requested)
    }

    /// Where it stands, in CloudWatch's words.
    pub(super) fn status(&self) -> QueryStatus {
        match self.handle.status() {
            EngineStatus::Scheduled => QueryStatus::Scheduled,
            EngineStatus::Running => QueryStatus::Running,
            EngineStatus::Complete => QueryStatus::Complete,
            EngineStatus::Failed(error) => match *error {
                QueryError::Cancelled => QueryStatus::Cancelled,
                QueryError::TimeLimit(_) => QueryStatus::Timeout,
                _ => QueryStatus::Failed,
            },
        }
    }

    /// Why it failed, for its caller: nothing of files or of defects.
    pub(super) fn failure(&self) -> Option<String> {
        let EngineStatus::Failed(error) = self.handle.status() else { return None };
        match &*error {
            QueryError::Cancelled => None,
            QueryError::Input(InputError::NotFound(name)) => {
                Some(format!("there is no lookup table or log group `{name}` for this query"))
            }
            QueryError::Input(_) => Some("the events could not be read".to_owned()),
            QueryError::Bug(_) => Some("an internal error ended the query".to_owned()),
            told => Some(told.to_string()),
        }
    }

    /// Asks it to end.
    pub(super) fn cancel(&self, reason: &'static str) {
        if !self.handle.status().has_ended() {
            tracing::info!(tenant.id = %self.tenant, reason, "cancelling a query: {reason}");
            self.handle.cancel();
        }
    }

    /// Gives back what it took, once it has ended. Whether it has.
    fn settle(&self) -> bool {
        if !self.handle.status().has_ended() {
            return false;
        }
        if let Some(mut resources) = locked(&self.resources).take() {
            resources.lease.note_scanned(self.handle.statistics().bytes_scanned as f64);
            let rows = self.handle.rows();
            let bytes = rows.rows.iter().map(|row| values_bytes(&row.values) + row.pointer.as_ref().map_or(0, String::len)).sum();
            *locked(&self.result_bytes) = Some(bytes);
            if let EngineStatus::Failed(error) = self.handle.status()
                && let QueryError::Input(InputError::Failed(_)) | QueryError::Bug(_) = &*error
            {
                let cause = std::error::Error::source(&*error).map(ToString::to_string);
                tracing::error!(tenant.id = %self.tenant, error = %error, cause, "a query failed: {error}");
            }
        }
        true
    }
}

impl QueryTracker {
    pub(super) fn new(settings: LocalQuerySettings) -> Self {
        Self { settings, known: Mutex::default() }
    }

    /// Begins to track a query that was started.
    ///
    /// # Errors
    /// When no random bytes can be had for its id. The query is cancelled then.
    pub(super) fn track(
        self: &Arc<Self>,
        tenant: TenantId,
        handle: QueryHandle,
        ended: watch::Receiver<bool>,
        resources: QueryResources,
    ) -> Result<Arc<TrackedQuery>, SourceError> {
        let id = random_id()?;
        let tracked = Arc::new(TrackedQuery {
            id: id.clone(),
            tenant,
            handle,
            ended,
            last_requested: Mutex::new(Instant::now()),
            resources: Mutex::new(Some(resources)),
            result_bytes: Mutex::new(None),
        });
        locked(&self.known).insert(id, Arc::clone(&tracked));
        tokio::spawn(watch_over(Arc::downgrade(self), Arc::downgrade(&tracked)));
        Ok(tracked)
    }

    /// A query of the tenant.
    pub(super) fn find(&self, id: &str, tenant: &TenantId) -> Option<Arc<TrackedQuery>> {
        let found = locked(&self.known).get(id).filter(|tracked| tracked.tenant == *tenant).cloned()?;
        found.mark_requested();
        found.settle();
        Some(found)
    }

    /// Waits until the query has ended, but not beyond the moment.
    pub(super) async fn wait(&self, tracked: &TrackedQuery, until: Instant) -> QueryStatus {
        let mut ended = tracked.ended.clone();
        // An error says that the query is gone without a word, and so does the end of the time: its status tells.
        let _outcome = tokio::time::timeout_at(until, ended.wait_for(|ended| *ended)).await;
        tracked.mark_requested();
        if tracked.settle() {
            self.make_room(tracked);
        }
        tracked.status()
    }

    /// Gives back what ended queries of the tenant took.
    pub(super) fn settle_all(&self, tenant: &TenantId) {
        let all: Vec<_> = locked(&self.known).values().filter(|tracked| tracked.tenant == *tenant).cloned().collect();
        for tracked in all {
            tracked.settle();
        }
    }

    #[cfg(test)]
    pub(super) fn known_queries(&self) -> usize {
        locked(&self.known).len()
    }

    /// Cancels all queries.
    pub(super) fn cancel_all(&self) {
        locked(&self.known).values().for_each(|tracked| tracked.cancel("the service stops"));
    }

    /// Forgets results while they take too much memory: those of the tenant whose results take most, the oldest first. Never
    /// those of the query that has just ended.
    fn make_room(&self, newest: &TrackedQuery) {
        let most = self.settings.memory / RESULTS_SHARE;
        let mut known = locked(&self.known);
        loop {
            let ended: Vec<(&Arc<TrackedQuery>, usize)> =
                known.values().filter_map(|tracked| Some((tracked, (*locked(&tracked.result_bytes))?))).collect();
            let bytes: usize = ended.iter().map(|(_, bytes)| bytes).sum();
            if bytes <= most && ended.len() <= MAX_ENDED {
                return;
            }
            let mut by_tenant: HashMap<&TenantId, usize> = HashMap::new();
            ended.iter().for_each(|(tracked, bytes)| *by_tenant.entry(&tracked.tenant).or_default() += bytes + 1);
            let others = ended.iter().filter(|(tracked, _)| tracked.id != newest.id);
            let largest = others.max_by_key(|(tracked, _)| {
                (by_tenant.get(&tracked.tenant).copied(), std::cmp::Reverse(tracked.last_requested()))
            });
            let Some(id) = largest.map(|(tracked, _)| tracked.id.clone()) else { return };
            drop(ended);
            known.remove(&id);
        }
    }
}

/// 128 random bits as hexadecimal digits.
fn random_id() -> Result<String, SourceError> {
    let mut bytes = [0u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SourceError::Store("no random bytes for the id of a query".to_owned()))?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        // Writing to a string does not fail.
        let _ok = write!(id, "{byte:02x}");
        id
    }))
}

/// Cancels the query when it is not polled, gives back what it took when it has ended, and forgets it when its rows were kept
/// for long enough. Ends with the query, or with the source.
async fn watch_over(tracker: Weak<QueryTracker>, query: Weak<TrackedQuery>) {
    let Some(settings) = tracker.upgrade().map(|tracker| tracker.settings) else { return };
    let Some(mut ended) = query.upgrade().map(|tracked| tracked.ended.clone()) else { return };
    loop {
        let Some(deadline) = query.upgrade().map(|tracked| tracked.last_requested() + settings.abandoned_after) else { return };
        tokio::select! {
            _outcome = ended.wait_for(|ended| *ended) => break,
            () = sleep_until(deadline) => {}
        }
        let Some(tracked) = query.upgrade() else { return };
        if Instant::now() >= tracked.last_requested() + settings.abandoned_after {
            tracked.cancel("it was not polled");
            drop(tracked);
            let _outcome = ended.wait_for(|ended| *ended).await;
            break;
        }
    }
    if let (Some(tracker), Some(tracked)) = (tracker.upgrade(), query.upgrade()) {
        tracked.settle();
        tracker.make_room(&tracked);
    }
    loop {
        let Some(forget_at) = query.upgrade().map(|tracked| tracked.last_requested() + settings.results_kept) else { return };
        if Instant::now() >= forget_at {
            break;
        }
        sleep_until(forget_at).await;
    }
    if let (Some(tracker), Some(tracked)) = (tracker.upgrade(), query.upgrade()) {
        locked(&tracker.known).remove(&tracked.id);
    }
}
