//! The running queries that this process knows: polled by one task at a time, and stopped if abandoned.
//!
//! Owns their life cycle. AWS bills a query to its end, so each known query has a task that stops it if it was not polled for
//! [`QuerySettings::abandoned_after`] or has run for [`QuerySettings::max_time`]. INVARIANT: a run leaves the list, its task ends
//! and its resources are released as soon as a response says that it has ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use logmark_quota::ConcurrencyPermit;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::calls::{GetQueryResults, StopQuery, StopQueryResponse};
use super::earlier::{EarlierScans, ScanKey};
use crate::auth::permit::Share;
use crate::domain::name::TenantId;
use crate::domain::query::operations::{QueryStatus, Statistics};
use crate::sources::SourceError;
use crate::sources::budget::QueryLease;
use crate::sources::cloudwatch::account_limits::AccountLimits;
use crate::sources::cloudwatch::client::Client;
use crate::sources::cloudwatch::errors::CallError;
use crate::sources::cloudwatch::settings::QuerySettings;
use crate::sources::scheduler_share;
use crate::telemetry::trace;

/// The first wait between two polls of a query.
const FIRST_POLL: Duration = Duration::from_millis(250);
/// The longest wait: forty waiting queries then use Logmark's eight calls a second of AWS's quota.
const LAST_POLL: Duration = Duration::from_secs(5);
/// How often a query without a waiting request is polled.
const OWN_POLL: Duration = Duration::from_secs(30);
/// Maximum known queries: more than AWS allows to run in an account, so only queries of other processes can reach it.
const MAX_TRACKED: usize = 1000;
/// Maximum cached queries whose groups were checked.
const MAX_COMPARED: u64 = 10_000;
/// The wait before the second attempt to stop a query; it doubles with each attempt.
const STOP_RETRY: Duration = Duration::from_secs(1);
const STOP_RETRY_MAX: Duration = Duration::from_secs(60);

/// The known queries of one source.
#[derive(Debug)]
pub(in crate::sources::cloudwatch) struct QueryTracker {
    pub(super) client: Client,
    pub(super) settings: QuerySettings,
    /// The account number, if known.
    pub(super) account: Option<String>,
    /// The ids of queries whose groups were checked against their permit.
    pub(super) compared: moka::sync::Cache<String, ()>,
    /// What complete queries of limited tenants have scanned.
    pub(super) earlier: EarlierScans,
    /// The account's budgets, including concurrent queries.
    account_limits: Arc<AccountLimits>,
    running: Mutex<HashMap<String, Arc<TrackedQuery>>>,
}

/// A running query.
#[derive(Debug)]
pub(super) struct TrackedQuery {
    id: String,
    share: Share,
    started: Instant,
    last_requested: Mutex<Instant>,
    /// Held by the task that polls; all others wait for its result.
    progress: tokio::sync::Mutex<Progress>,
    resources: Mutex<Option<QueryResources>>,
    /// Whether it is being stopped for its tenant's budget.
    is_over_budget: AtomicBool,
    ended: Notify,
}

/// The resources of a query that was started here, until it has ended.
#[derive(Debug)]
pub(super) struct QueryResources {
    /// The lease of the tenant's budget.
    pub(super) lease: QueryLease,
    /// Queries that are similar.
    pub(super) scan: ScanKey,
    /// The permit of the account's concurrent queries.
    pub(super) _permit: ConcurrencyPermit,
}

#[derive(Debug)]
struct Progress {
    status: QueryStatus,
    wait: Duration,
    next: Instant,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TrackedQuery {
    fn is_own(&self) -> bool {
        locked(&self.resources).is_some()
    }

    /// How often it is polled without a waiting request. One that may scan more than its tenant has reserved is polled often, so
    /// that it is stopped soon.
    fn own_poll(&self) -> Duration {
        let is_estimated = locked(&self.resources).as_ref().is_some_and(|resources| resources.lease.is_estimated());
        if is_estimated { LAST_POLL } else { OWN_POLL }
    }

    fn mark_requested(&self) {
        *locked(&self.last_requested) = Instant::now();
    }
}

impl QueryTracker {
    /// An empty tracker; queries hold permits of `account_limits` while they run.
    pub(in crate::sources::cloudwatch) fn new(
        client: Client,
        settings: QuerySettings,
        account: Option<String>,
        account_limits: Arc<AccountLimits>,
    ) -> Arc<Self> {
        let compared = moka::sync::Cache::new(MAX_COMPARED);
        let earlier = EarlierScans::new();
        Arc::new(Self { client, settings, account, compared, earlier, account_limits, running: Mutex::default() })
    }

    /// Waits for a permit of the account's concurrent queries, at most for the time of a call.
    pub(super) async fn acquire_permit(&self, share: &Share) -> Result<ConcurrencyPermit, SourceError> {
        let permit =
            self.account_limits.queries.acquire(&scheduler_share(share), None, Instant::now() + self.client.deadline()).await;
        permit.map_err(|rejected| SourceError::Busy { retry_after: rejected.retry_after().unwrap_or(LAST_POLL) })
    }

    /// The run of a requested query. An unknown query is added, as if it had just started. `resources` is given if it was started
    /// here.
    pub(super) fn track(
        self: &Arc<Self>,
        id: &str,
        share: &Share,
        started: Instant,
        resources: Option<QueryResources>,
    ) -> Arc<TrackedQuery> {
        let mut running = locked(&self.running);
        if let Some(tracked) = running.get(id) {
            tracked.mark_requested();
            return Arc::clone(tracked);
        }
        let now = Instant::now();
        let first = if resources.is_some() { now + FIRST_POLL } else { now };
        let tracked = Arc::new(TrackedQuery {
            id: id.to_owned(),
            share: share.clone(),
            started,
            last_requested: Mutex::new(now),
            progress: tokio::sync::Mutex::new(Progress { status: QueryStatus::Scheduled, wait: FIRST_POLL, next: first }),
            resources: Mutex::new(resources),
            is_over_budget: AtomicBool::new(false),
            ended: Notify::new(),
        });
        // Beyond the maximum a query is polled only for waiting requests, and only its caller and AWS stop it.
        if running.len() < MAX_TRACKED {
            running.insert(id.to_owned(), Arc::clone(&tracked));
            tokio::spawn(watch(Arc::downgrade(self), Arc::clone(&tracked)));
        }
        tracked
    }

    /// Records a response about a query.
    pub(super) fn note(self: &Arc<Self>, id: &str, status: QueryStatus, statistics: Option<Statistics>) {
        let Some(tracked) = locked(&self.running).get(id).cloned() else { return };
        let mut is_over = false;
        if let (Some(resources), Some(statistics)) = (locked(&tracked.resources).as_mut(), statistics) {
            is_over = resources.lease.note_scanned(statistics.bytes_scanned);
            if status.has_ended() {
                resources.lease.mark_ended();
            }
            if status == QueryStatus::Complete && resources.lease.is_limited() {
                self.earlier.record(resources.scan.clone(), resources.lease.scanned());
            }
        }
        if status.has_ended() {
            self.forget(&tracked);
        } else if is_over && !tracked.is_over_budget.swap(true, Ordering::Relaxed) {
            let tracker = Arc::clone(self);
            tokio::spawn(trace::in_current_trace(async move {
                tracker.stop_unwanted(&tracked.id, &tracked.share, "its tenant's budget of scanned bytes is used up").await;
            }));
        }
    }

    fn forget(&self, tracked: &TrackedQuery) {
        locked(&self.running).remove(&tracked.id);
        drop(locked(&tracked.resources).take());
        // `notify_one` stores a permit if the task is not waiting now.
        tracked.ended.notify_one();
    }

    /// The status of the query, from a response that is at most as old as the wait between two polls.
    async fn poll(self: &Arc<Self>, tracked: &TrackedQuery) -> Result<(QueryStatus, Instant), CallError> {
        let mut progress = tracked.progress.lock().await;
        if !progress.status.has_ended() && Instant::now() >= progress.next {
            let request = GetQueryResults { query_id: &tracked.id, next_token: None, max_items: 1 };
            let answer = self.client.call(&tracked.share, &request).await?;
            progress.status = answer.status();
            progress.wait = progress.wait.mul_f64(1.5).min(LAST_POLL);
            progress.next = Instant::now() + progress.wait;
            self.note(&tracked.id, progress.status, answer.statistics());
        }
        Ok((progress.status, progress.next))
    }

    /// Waits until the query has ended, at most until `until`.
    pub(super) async fn wait(self: &Arc<Self>, tracked: &TrackedQuery, until: Instant) -> Result<QueryStatus, SourceError> {
        loop {
            tracked.mark_requested();
            let polled = tokio::time::timeout_at(until, self.poll(tracked)).await;
            let Ok(polled) = polled else { return Ok(QueryStatus::Running) };
            let (status, next) = polled.map_err(CallError::plain)?;
            if status.has_ended() || Instant::now() >= until {
                return Ok(status);
            }
            sleep_until(next.min(until)).await;
        }
    }

    /// Polls the tenant's queries.
    pub(super) async fn poll_all(self: &Arc<Self>, tenant: &TenantId) {
        let all: Vec<_> = locked(&self.running).values().filter(|tracked| tracked.share.tenant == *tenant).cloned().collect();
        for tracked in all {
            // If the poll fails, the query is assumed to be running.
            let _known_later = self.poll(&tracked).await;
        }
    }

    /// Stops a query. Succeeds for a query that has ended or does not exist.
    pub(super) async fn stop(self: &Arc<Self>, id: &str, share: &Share) -> Result<(), SourceError> {
        match self.client.call(share, &StopQuery { query_id: id }).await {
            Ok(StopQueryResponse { success: false }) => Err(SourceError::Upstream("StopQuery did not stop the query".to_owned())),
            Ok(StopQueryResponse { success: true }) | Err(CallError::InvalidParameter | CallError::NotFound(_)) => {
                self.note(id, QueryStatus::Cancelled, self.last_statistics(id).await);
                Ok(())
            }
            Err(error) => Err(error.plain()),
        }
    }

    /// What a stopped query has scanned, if its tenant has a budget for that. Without an answer its reserved bytes count.
    async fn last_statistics(&self, id: &str) -> Option<Statistics> {
        let tracked = locked(&self.running).get(id).cloned()?;
        locked(&tracked.resources).as_ref().filter(|resources| resources.lease.is_limited())?;
        let request = GetQueryResults { query_id: id, next_token: None, max_items: 1 };
        self.client.call(&tracked.share, &request).await.ok()?.statistics()
    }

    /// Stops an abandoned query, and logs it. Retries for as long as a query may run, because AWS bills each minute.
    pub(super) async fn stop_unwanted(self: &Arc<Self>, id: &str, share: &Share, reason: &'static str) {
        tracing::info!(tenant.id = %share.tenant, reason, "stopping a query: {reason}");
        let (until, mut wait) = (Instant::now() + self.settings.max_time, STOP_RETRY);
        while let Err(error) = self.stop(id, share).await {
            tracing::warn!(error = %error, "a query could not be stopped: {error}");
            if Instant::now() + wait >= until {
                break;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(STOP_RETRY_MAX);
        }
        // Stopped or not, it is no longer counted: AWS ends it after at most an hour.
        if let Some(tracked) = locked(&self.running).get(id).cloned() {
            self.forget(&tracked);
        }
    }

    /// Stops the running queries that were started here.
    pub(super) async fn close(self: &Arc<Self>) {
        let all: Vec<_> = locked(&self.running).values().filter(|tracked| tracked.is_own()).cloned().collect();
        let stops = all.iter().map(|tracked| self.stop_unwanted(&tracked.id, &tracked.share, "the service stops"));
        futures_util::future::join_all(stops).await;
    }
}

/// Stops the query at its time limit, and polls it periodically, so that its resources are released at its end without a waiting
/// request. Ends with the query, or with the source.
async fn watch(tracker: Weak<QueryTracker>, tracked: Arc<TrackedQuery>) {
    let Some(QuerySettings { abandoned_after, max_time, .. }) = tracker.upgrade().map(|tracker| tracker.settings) else { return };
    let too_long = tracked.started + max_time;
    let own_poll = tracked.own_poll();
    let mut check_at = Instant::now() + own_poll;
    loop {
        let deadline = (*locked(&tracked.last_requested) + abandoned_after).min(too_long).min(check_at);
        tokio::select! {
            () = tracked.ended.notified() => return,
            () = sleep_until(deadline) => {}
        }
        let Some(tracker) = tracker.upgrade() else { return };
        let now = Instant::now();
        if now >= too_long {
            return tracker.stop_unwanted(&tracked.id, &tracked.share, "it ran for too long").await;
        }
        if now >= *locked(&tracked.last_requested) + abandoned_after {
            return tracker.stop_unwanted(&tracked.id, &tracked.share, "it was not polled").await;
        }
        if now >= check_at {
            // A failed poll is repeated the next time.
            let _known_later = tracker.poll(&tracked).await;
            check_at = now + own_poll;
        }
    }
}
