//! The life cycle of a query: cancellation, release of its resources, and eviction of its rows.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
use logmark_engine::run::{Owner, QueryLimits, Runner};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;
use logmark_quota::{ConcurrencyLimiter, QueueLimits, Share};
use tokio::sync::watch;
use tokio::time::Instant;

use super::tracker::{QueryResources, QueryTracker, TrackedQuery};
use crate::auth::tenant::Limits;
use crate::domain::name::TenantId;
use crate::domain::query::operations::QueryStatus;
use crate::domain::time::SystemClock;
use crate::limits::TenantLimits;
use crate::limits::limit::Work;
use crate::sources::budget::{QueryLease, ScanBound};
use crate::sources::local_settings::LocalQuerySettings;

/// The longest wait in these tests.
const AT_MOST: Duration = Duration::from_secs(60);
/// Takes about 2^14 steps per event, because a back-reference needs backtracking.
const SLOW: &str = "filter @message like /^(a+)+\\1b/ | stats count(*)";

struct Environment {
    runner: Runner,
    limiter: ConcurrencyLimiter,
    limits: TenantLimits,
    tracker: Arc<QueryTracker>,
}

impl Environment {
    fn with(settings: LocalQuerySettings) -> Self {
        Self {
            runner: Runner::new(1, settings.memory).unwrap(),
            limiter: ConcurrencyLimiter::new(NonZeroU32::new(10).unwrap(), QueueLimits::default()),
            limits: TenantLimits::in_memory(Arc::new(SystemClock)),
            tracker: Arc::new(QueryTracker::new(settings)),
        }
    }

    /// A query of the tenant over events with this message.
    async fn start(&self, tenant: &str, text: &str, message: &str) -> Arc<TrackedQuery> {
        let event = |timestamp| MemoryEvent {
            timestamp,
            ingestion_time: timestamp,
            stream: "s".into(),
            group: "g".into(),
            message: message.to_owned(),
            pointer: String::new(),
        };
        let source = Arc::new(MemorySource::new((0..20_000).map(event).collect(), 100));
        let times = QueryTimes { start: 0, end: 100_000, now: 0 };
        let plan = Plan::compile(&Query::parse(text).unwrap(), &PlanOptions { text, times, max_rows: DEFAULT_ROWS }).unwrap();
        let (tell, ended) = watch::channel(false);
        let owner = Owner::new(tenant, NonZeroU32::MIN);
        let handle = self.runner.start(&owner, plan, source, QueryLimits::default(), move || _ = tell.send(true));
        let tenant = TenantId::try_from(tenant).unwrap();
        let place = self.limits.begin(&tenant, Work::Queries, None).await.unwrap();
        let lease = QueryLease::new(&self.limits, &tenant, &Limits::default(), place, ScanBound::UNKNOWN).await.unwrap();
        let share = Share::new(tenant.as_str(), NonZeroU32::MIN);
        let turn = self.limiter.acquire(&share, None, Instant::now() + AT_MOST).await.unwrap();
        self.tracker.track(tenant, handle, ended, QueryResources { lease, _turn: turn }).unwrap()
    }

    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(AT_MOST, waiting).await.is_ok(), "{what}");
    }
}

fn tenant(name: &str) -> TenantId {
    TenantId::try_from(name).unwrap()
}

#[tokio::test]
async fn a_query_that_is_not_polled_is_cancelled_and_gives_back_what_it_took() {
    let settings = LocalQuerySettings { abandoned_after: Duration::from_millis(50), ..LocalQuerySettings::default() };
    let environment = Environment::with(settings);
    let query = environment.start("acme", SLOW, &"a".repeat(14)).await;
    assert_eq!(environment.limiter.state().held, 1);
    environment.until("it is cancelled", || query.status() == QueryStatus::Cancelled).await;
    environment.until("its slot is free", || environment.limiter.state().held == 0).await;
}

#[tokio::test]
async fn a_query_that_is_polled_runs_on() {
    let settings = LocalQuerySettings { abandoned_after: Duration::from_millis(200), ..LocalQuerySettings::default() };
    let environment = Environment::with(settings);
    let query = environment.start("acme", SLOW, &"a".repeat(14)).await;
    for _ in 0..20 {
        let status = environment.tracker.wait(&query, Instant::now() + Duration::from_millis(20)).await;
        assert!(!status.has_ended(), "{status:?}");
    }
    environment.tracker.cancel_all();
    assert_eq!(environment.tracker.wait(&query, Instant::now() + AT_MOST).await, QueryStatus::Cancelled);
}

#[tokio::test]
async fn a_query_is_known_to_its_tenant_and_forgotten_when_its_rows_were_kept_for_long_enough() {
    let settings = LocalQuerySettings { results_kept: Duration::from_millis(50), ..LocalQuerySettings::default() };
    let environment = Environment::with(settings);
    let query = environment.start("acme", "stats count(*)", "x").await;
    let id = query.id().to_owned();
    assert!(environment.tracker.find(&id, &tenant("globex")).is_none());
    assert_eq!(environment.tracker.wait(&query, Instant::now() + AT_MOST).await, QueryStatus::Complete);
    assert_eq!(environment.limiter.state().held, 0, "returned by the first task that sees the end");
    drop(query);
    // A lookup would keep it.
    environment.until("it is evicted", || environment.tracker.known_queries() == 0).await;
    assert!(environment.tracker.find(&id, &tenant("acme")).is_none());
}

#[tokio::test]
async fn results_that_take_too_much_memory_are_forgotten_largest_tenant_first() {
    let settings = LocalQuerySettings { memory: 64 << 20, ..LocalQuerySettings::default() };
    let environment = Environment::with(settings);
    let message = "x".repeat(500);
    let small = environment.start("globex", "limit 10", &message).await;
    environment.tracker.wait(&small, Instant::now() + AT_MOST).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        // About 5 MB of rows: three fit into a quarter of the memory.
        let large = environment.start("acme", "fields @message | limit 10000", &message).await;
        assert_eq!(environment.tracker.wait(&large, Instant::now() + AT_MOST).await, QueryStatus::Complete);
        ids.push(large.id().to_owned());
    }
    let is_known = |id: &str, name: &str| environment.tracker.find(id, &tenant(name)).is_some();
    assert!(!is_known(&ids[0], "acme") && is_known(&ids[3], "acme") && is_known(small.id(), "globex"));
}
