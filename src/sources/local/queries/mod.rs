//! Logs Insights queries on the local source, run by `logmark-engine`.
//!
//! Owns the steps from a permit to a running query and its rows. INVARIANT: the engine receives only events of the permit's
//! groups and streams, so rows, statistics, discovered fields and errors reveal nothing of others. See also `input` (the engine's
//! input), `tracker` (the life cycle of a query), `tables` (lookup tables), `record` (single events and fields).

mod estimate;
mod input;
mod record;
mod rows;
mod table_files;
mod tables;
mod tracker;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use logmark_engine::plan::{Plan, PlanOptions};
use logmark_engine::run::{Owner, QueryLimits, Runner};
use logmark_engine::values::call::QueryTimes;
use logmark_quota::{ConcurrencyLimiter, QueueLimits};
use tokio::sync::watch;
use tokio::time::Instant;

use self::input::{QueryGroup, StoreSource, TABLES_FOLDER};
pub(super) use self::table_files::TableFiles;
use self::tables::{TableCache, TableFolder};
use self::tracker::{QueryResources, QueryTracker, TrackedQuery};
use super::Local;
use crate::auth::permit::Permit;
use crate::domain::event::Position;
use crate::domain::name::TenantId;
use crate::domain::operation::Operation;
use crate::domain::query::QueryReach;
use crate::domain::query::masked::MaskedInput;
use crate::domain::query::operations::{
    CheckQuery, DescribeFields, FieldShare, FoundRecord, QueryPage, QueryStatus, ReadQuery, ReadRecord, RunningQuery,
    ScanEstimate, StartQuery, StopQuery,
};
use crate::sources::budget::{QueryLease, ScanBound};
use crate::sources::local_settings::LocalQuerySettings;
use crate::sources::queries::{Queries, StartedQuery};
use crate::sources::visible::check_masks;
use crate::sources::{SourceError, scheduler_share};

/// How long a request waits for a free query slot.
const TURN_WAIT: Duration = Duration::from_secs(10);
/// The `Retry-After` when no slot became free.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// A cancelled query ends within 50 ms of work; on a busy machine that takes a little longer.
const CANCEL_WAIT: Duration = Duration::from_secs(2);

/// The queries of one local source.
#[derive(Debug)]
pub(super) struct QueryService {
    runner: Arc<Runner>,
    limiter: ConcurrencyLimiter,
    tracker: Arc<QueryTracker>,
    settings: LocalQuerySettings,
    tables: PathBuf,
    table_cache: Arc<TableCache>,
    /// The same folder, for the operator.
    table_files: Arc<TableFiles>,
}

impl QueryService {
    /// Starts the engine with its own threads.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    pub(super) fn new(folder: &std::path::Path, settings: LocalQuerySettings) -> std::io::Result<Self> {
        Ok(Self {
            runner: Arc::new(Runner::new(settings.threads.get(), settings.memory)?),
            limiter: ConcurrencyLimiter::new(settings.concurrent, QueueLimits::default()),
            tracker: Arc::new(QueryTracker::new(settings)),
            settings,
            tables: folder.join(TABLES_FOLDER),
            table_cache: Arc::default(),
            table_files: Arc::new(TableFiles::new(folder.join(TABLES_FOLDER))),
        })
    }

    /// The lookup tables of all tenants.
    pub(super) fn table_files(&self) -> Arc<TableFiles> {
        Arc::clone(&self.table_files)
    }

    /// The query, if this process knows it and the permit's rules have not changed since its start.
    fn find<Op: Operation>(&self, permit: &Permit<Op>, query: &RunningQuery) -> Result<Arc<TrackedQuery>, SourceError> {
        if permit.rules_fingerprint() != query.rules {
            return Err(SourceError::NotFound);
        }
        self.tracker.find(&query.id, permit.tenant()).ok_or(SourceError::NotFound)
    }
}

#[async_trait]
impl Queries for Local {
    fn reach(&self) -> QueryReach {
        QueryReach::NamedGroups
    }

    /// The engine reads permitted streams alone.
    fn counts_hidden_streams(&self) -> bool {
        false
    }

    /// The engine counts exactly for as long as the memory of the query suffices.
    fn estimates_distinct(&self) -> bool {
        false
    }

    fn check(&self, permit: &Permit<StartQuery>) -> Result<(), SourceError> {
        check_masks(permit, MaskedInput::Before)?;
        plan(permit.op(), self.clock.now().0).map(drop)
    }

    async fn estimate(&self, permit: &Permit<CheckQuery>) -> Result<ScanEstimate, SourceError> {
        let permit = permit.clone();
        self.blocking(move |store| estimate::of(store, &permit)).await
    }

    async fn scan_bound(&self, permit: &Permit<StartQuery>) -> Result<ScanBound, SourceError> {
        Ok(match self.estimate(&permit.for_checking()).await? {
            ScanEstimate::Exact(bytes) => ScanBound::exactly(bytes),
            ScanEstimate::Stored(bytes) => ScanBound::Sized { likely: 0, most: bytes },
            ScanEstimate::Unknown => ScanBound::UNKNOWN,
        })
    }

    async fn start(&self, permit: &Permit<StartQuery>, lease: QueryLease) -> Result<StartedQuery, SourceError> {
        let (op, share, now) = (permit.op(), permit.share(), self.clock.now());
        let service = &self.queries;
        check_masks(permit, MaskedInput::Before)?;
        let plan = plan(op, now.0)?;
        let groups = QueryGroup::of(permit.visibility(), &op.groups)?;
        self.check_groups(&groups).await?;
        let turn = service.limiter.acquire(&scheduler_share(share), None, Instant::now() + TURN_WAIT).await;
        let turn = turn.map_err(|rejected| SourceError::Busy { retry_after: rejected.retry_after().unwrap_or(RETRY_AFTER) })?;
        let tables = TableFolder::new(service.tables.clone(), permit.tenant(), Arc::clone(&service.table_cache));
        let source = Arc::new(StoreSource::new(self.store.clone(), groups, op.own_groups, tables));
        let owner = Owner::new(share.tenant.as_str(), NonZeroU32::new(share.weight).unwrap_or(NonZeroU32::MIN));
        let limits = QueryLimits { memory: service.settings.memory_per_query, time: service.settings.max_time };
        let (tell, ended) = watch::channel(false);
        // The receiver is gone when the query is not tracked any more.
        let handle = service.runner.start(&owner, plan, source, limits, move || _ = tell.send(true));
        let tracked = service.tracker.track(permit.tenant().clone(), handle, ended, QueryResources { lease, _turn: turn })?;
        let query = RunningQuery {
            source: self.name.clone(),
            id: tracked.id().to_owned(),
            groups: op.groups.clone(),
            rules: permit.rules_fingerprint(),
            started: now,
            // The engine uses the column names of the caller.
            headings: Vec::new(),
        };
        Ok(StartedQuery::new(query, move || tracked.cancel("its client disconnected")))
    }

    async fn wait(&self, permit: &Permit<ReadQuery>, until: Instant) -> Result<QueryStatus, SourceError> {
        let tracked = self.queries.find(permit, &permit.op().query)?;
        Ok(self.queries.tracker.wait(&tracked, until).await)
    }

    async fn read(&self, permit: &Permit<ReadQuery>, from: Option<&Position>, limit: usize) -> Result<QueryPage, SourceError> {
        let tracked = self.queries.find(permit, &permit.op().query)?;
        let from = from.map(|position| position.0.parse()).transpose().map_err(|_| SourceError::InvalidPosition)?;
        // Formatting thousands of rows takes too long for a thread that serves other requests.
        let reading = tokio::task::spawn_blocking(move || rows::page(&tracked, from.unwrap_or(0), limit));
        reading.await.unwrap_or_else(|_panicked| Err(SourceError::Store("reading the rows panicked".to_owned())))
    }

    async fn stop(&self, permit: &Permit<StopQuery>) -> Result<(), SourceError> {
        let tracked = self.queries.find(permit, &permit.op().query)?;
        tracked.cancel("its client stopped it");
        // Its status is known when it has ended.
        let _status = self.queries.tracker.wait(&tracked, Instant::now() + CANCEL_WAIT).await;
        Ok(())
    }

    async fn describe_fields(&self, permit: &Permit<DescribeFields>) -> Result<Vec<FieldShare>, SourceError> {
        let (permit, now) = (permit.clone(), self.clock.now());
        self.blocking(move |store| record::describe_fields(store, &permit, now)).await
    }

    async fn read_record(&self, permit: &Permit<ReadRecord>) -> Result<FoundRecord, SourceError> {
        let permit = permit.clone();
        self.blocking(move |store| record::read(store, &permit)).await
    }

    async fn poll_all(&self, tenant: &TenantId) {
        self.queries.tracker.settle_all(tenant);
    }

    async fn close(&self) {
        self.queries.tracker.cancel_all();
    }
}

impl Local {
    /// A missing group is reported at the start.
    async fn check_groups(&self, groups: &[QueryGroup]) -> Result<(), SourceError> {
        let names: Vec<Arc<str>> = groups.iter().map(|group| Arc::clone(&group.name)).collect();
        self.blocking(move |store| {
            for name in names {
                store.group(&name)?.ok_or(SourceError::NotFound)?;
            }
            Ok(())
        })
        .await
    }
}

/// The plan of a query; unsupported features are reported with their span.
fn plan(op: &StartQuery, now: i64) -> Result<Plan, SourceError> {
    let options = PlanOptions {
        text: op.query.text(),
        times: QueryTimes { start: op.start.0, end: op.end.0, now },
        max_rows: usize::try_from(op.query.max_rows()).unwrap_or(usize::MAX),
    };
    Plan::compile(op.query.tree(), &options).map_err(SourceError::QueryUnsupported)
}

#[cfg(test)]
mod tests;
