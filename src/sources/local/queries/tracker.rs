//! The queries of this process: running queries, and ended queries whose rows are kept for a limited time.
//!
//! Owns their life cycle. A query that is not polled is cancelled; an ended query is evicted after
//! [`LocalQuerySettings::results_kept`], or earlier if results use too much memory. A query's share of its tenant's limits is
//! released as soon as it ends. Queries are kept only in memory, so a restart loses them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use logmark_engine::error::{InputError, QueryError};
use logmark_engine::row::values_bytes;
use logmark_engine::run::{QueryHandle, QueryStatus as EngineStatus};
use logmark_quota::ConcurrencyPermit;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::domain::name::TenantId;
use crate::domain::query::operations::QueryStatus;
use crate::sources::SourceError;
use crate::sources::budget::QueryLease;
use crate::sources::local_settings::LocalQuerySettings;

/// The part of the query memory for the results of ended queries: 1/4.
const RESULTS_SHARE: usize = 4;
/// How often the scanned bytes of a query with a budget are counted while it runs.
const BUDGET_CHECK: Duration = Duration::from_millis(100);
/// Maximum number of ended queries that are kept.
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
    /// Bytes of its rows, after its end.
    result_bytes: Mutex<Option<usize>>,
}

/// The resources of a query, until it has ended.
#[derive(Debug)]
pub(super) struct QueryResources {
    /// The lease of the tenant's budget.
    pub(super) lease: QueryLease,
    /// The permit of the source's concurrent queries.
    pub(super) _turn: ConcurrencyPermit,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TrackedQuery {
    /// The id, which cannot be guessed.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn mark_requested(&self) {
        *locked(&self.last_requested) = Instant::now();
    }

    fn last_requested(&self) -> Instant {
        *locked(&self.last_requested)
    }

    /// Its status, by CloudWatch's names.
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

    /// The error for the caller, without file names or internal details.
    pub(super) fn failure(&self) -> Option<String> {
        let EngineStatus::Failed(error) = self.handle.status() else { return None };
        match &*error {
            QueryError::Cancelled => None,
            QueryError::Input(InputError::NotFound(name)) => {
                Some(format!("the query cannot find the lookup table or log group `{name}`"))
            }
            QueryError::Input(_) => Some("the events could not be read".to_owned()),
            QueryError::Bug(_) => Some("an internal error ended the query".to_owned()),
            told => Some(told.to_string()),
        }
    }

    /// Requests cancellation.
    pub(super) fn cancel(&self, reason: &'static str) {
        if !self.handle.status().has_ended() {
            tracing::info!(tenant.id = %self.tenant, reason, "cancelling a query: {reason}");
            self.handle.cancel();
        }
    }

    /// Counts what a running query has scanned, and cancels it if that exceeds its tenant's budget.
    fn check_budget(&self) {
        let scanned = self.handle.statistics().bytes_scanned as f64;
        let is_over = locked(&self.resources).as_mut().is_some_and(|resources| resources.lease.note_scanned(scanned));
        if is_over {
            self.cancel("its tenant's budget of scanned bytes is used up");
        }
    }

    fn is_limited(&self) -> bool {
        locked(&self.resources).as_ref().is_some_and(|resources| resources.lease.is_limited())
    }

    /// Releases its resources if it has ended. Returns whether it has ended.
    fn settle(&self) -> bool {
        if !self.handle.status().has_ended() {
            return false;
        }
        if let Some(mut resources) = locked(&self.resources).take() {
            let _is_over = resources.lease.note_scanned(self.handle.statistics().bytes_scanned as f64);
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

    /// Starts to track a started query.
    ///
    /// # Errors
    /// If the system gives no random bytes for its id. The query is then cancelled.
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
        // An error means that the query was dropped; after a timeout or an error the caller reads its status.
        let _outcome = tokio::time::timeout_at(until, ended.wait_for(|ended| *ended)).await;
        tracked.mark_requested();
        if tracked.settle() {
            self.make_room(tracked);
        }
        tracked.status()
    }

    /// Releases the resources of the tenant's ended queries.
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

    /// Evicts results while they use too much memory: those of the tenant whose results use most, the oldest first. Never those
    /// of the query that has just ended.
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
        // Writing to a string cannot fail.
        let _ok = write!(id, "{byte:02x}");
        id
    }))
}

/// Cancels the query if it is not polled, releases its resources at its end, and evicts it when its rows expire. Ends with the
/// query, or with the source.
async fn watch_over(tracker: Weak<QueryTracker>, query: Weak<TrackedQuery>) {
    let Some(settings) = tracker.upgrade().map(|tracker| tracker.settings) else { return };
    let Some(mut ended) = query.upgrade().map(|tracked| tracked.ended.clone()) else { return };
    loop {
        let Some(tracked) = query.upgrade() else { return };
        let mut deadline = tracked.last_requested() + settings.abandoned_after;
        if tracked.is_limited() {
            deadline = deadline.min(Instant::now() + BUDGET_CHECK);
        }
        drop(tracked);
        tokio::select! {
            _outcome = ended.wait_for(|ended| *ended) => break,
            () = sleep_until(deadline) => {}
        }
        let Some(tracked) = query.upgrade() else { return };
        tracked.check_budget();
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
