//! The life cycle of a query: polling and stopping.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::fake::queries::Script;
use super::{GROUP, NOW, TestEnvironment, group, permit_by};
use crate::auth::permit::Permit;
use crate::auth::tenant::Limits;
use crate::domain::query::LogQuery;
use crate::domain::query::operations::{QueryStatus, ReadQuery, StartQuery};
use crate::domain::time::Millis;
use crate::limits::TenantLimits;
use crate::limits::limit::Work;
use crate::sources::budget::{QueryLease, ScanBound};
use crate::sources::cloudwatch::settings::QuerySettings;
use crate::sources::queries::{Queries, StartedQuery};

/// The longest wait in these tests.
const AT_MOST: Duration = Duration::from_secs(20);

fn start_permit() -> Permit<StartQuery> {
    let query = LogQuery::parse("fields @message").unwrap();
    let op = StartQuery::new(query, vec![group()], Millis(NOW - 3_600_000), Millis(NOW));
    permit_by(op, &["/acme/*"], "logs:*:*", None)
}

async fn environment(script: Script, queries: QuerySettings) -> (TestEnvironment, TenantLimits) {
    let environment = TestEnvironment::with_queries(queries).await;
    environment.fake.state().logs.add_stream(GROUP, "web");
    environment.fake.state().queries.script = script;
    let budgets = TenantLimits::in_memory(std::sync::Arc::<super::HeldClock>::clone(&environment.clock));
    (environment, budgets)
}

async fn lease(budgets: &TenantLimits) -> QueryLease {
    let (permit, limits) = (start_permit(), Limits::default());
    let place = budgets.begin(permit.tenant(), Work::Queries, None).await.unwrap();
    QueryLease::new(budgets, permit.tenant(), &limits, place, ScanBound::UNKNOWN).await.unwrap()
}

fn running(budgets: &TenantLimits) -> u32 {
    let limits = Limits { concurrent_queries: Some(100), ..Limits::default() };
    // Counters in memory are read without waiting.
    100 - budgets.remaining(start_permit().tenant(), &limits).now_or_never().unwrap().queries.unwrap()
}

async fn started(environment: &TestEnvironment, budgets: &TenantLimits) -> (StartedQuery, Permit<ReadQuery>) {
    let permit = start_permit();
    let started = environment.source.start(&permit, lease(budgets).await).await.unwrap();
    let reading = permit.for_reading(started.query().clone());
    (started, reading)
}

fn count(environment: &TestEnvironment, operation: &str) -> usize {
    environment.fake.state().seen.iter().filter(|seen| seen.operation == operation).count()
}

/// Waits until the condition holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(AT_MOST, waiting).await.is_ok(), "{what}");
}

fn endless() -> Script {
    Script { looks: usize::MAX, ..Script::default() }
}

#[tokio::test]
async fn an_unclaimed_query_is_stopped() {
    let (environment, budgets) = environment(endless(), QuerySettings::default()).await;
    let (unclaimed, _) = started(&environment, &budgets).await;
    assert_eq!((count(&environment, "StopQuery"), running(&budgets)), (0, 1));
    drop(unclaimed);
    until("its client disconnected", || environment.fake.state().queries.running() == 0 && running(&budgets) == 0).await;
    assert_eq!(count(&environment, "StopQuery"), 1);
}

#[tokio::test]
async fn a_client_that_leaves_while_a_query_is_being_started_leaves_none() {
    let (environment, budgets) = environment(endless(), QuerySettings::default()).await;
    let permit = start_permit();
    {
        let starting = environment.source.start(&permit, lease(&budgets).await);
        let mut starting = Box::pin(starting);
        // The caller disconnects before the response arrives.
        assert!(futures_util::poll!(starting.as_mut()).is_pending());
    }
    until("it was started", || count(&environment, "StartQuery") == 1).await;
    until("and stopped", || count(&environment, "StopQuery") == 1 && environment.fake.state().queries.running() == 0).await;
    until("and is no longer counted", || running(&budgets) == 0).await;
}

#[tokio::test]
async fn a_query_that_is_not_polled_is_stopped_and_a_polled_one_is_not() {
    let settings = QuerySettings { abandoned_after: Duration::from_millis(400), ..QuerySettings::default() };
    let (environment, budgets) = environment(endless(), settings).await;
    let (asked, reading) = started(&environment, &budgets).await;
    let (abandoned, _) = started(&environment, &budgets).await;
    asked.claim();
    abandoned.claim();
    let asking = async {
        while environment.fake.state().queries.running() > 1 {
            let page = environment.source.read(&reading, None, 10).await.unwrap();
            assert!(!page.status.has_ended());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(AT_MOST, asking).await.is_ok());
    assert_eq!(environment.source.read(&reading, None, 10).await.unwrap().status, QueryStatus::Running);
    until("no longer polled", || environment.fake.state().queries.running() == 0 && running(&budgets) == 0).await;
}

#[tokio::test]
async fn a_query_that_runs_for_too_long_is_stopped_while_it_is_asked_for() {
    let settings = QuerySettings { max_time: Duration::from_millis(600), ..QuerySettings::default() };
    let (environment, budgets) = environment(endless(), settings).await;
    let (claimed, reading) = started(&environment, &budgets).await;
    claimed.claim();
    let status = environment.source.wait(&reading, Instant::now() + AT_MOST).await.unwrap();
    assert_eq!(status, QueryStatus::Cancelled);
    assert_eq!((count(&environment, "StopQuery"), running(&budgets)), (1, 0));
}

#[tokio::test]
async fn waiters_for_one_query_share_its_polls() {
    let (environment, budgets) = environment(Script { looks: 3, ..Script::default() }, QuerySettings::default()).await;
    let (claimed, reading) = started(&environment, &budgets).await;
    claimed.claim();
    let waits = (0..50).map(|_| environment.source.wait(&reading, Instant::now() + AT_MOST));
    let statuses = futures_util::future::join_all(waits).await;
    assert!(statuses.iter().all(|status| *status == Ok(QueryStatus::Complete)));
    assert_eq!(count(&environment, "GetQueryResults"), 4, "three polls, and the one that sees its end");
    assert_eq!((running(&budgets), count(&environment, "StopQuery")), (0, 0));
}

#[tokio::test]
async fn queries_started_here_are_stopped_with_the_service() {
    let (environment, budgets) = environment(endless(), QuerySettings::default()).await;
    for _ in 0..3 {
        started(&environment, &budgets).await.0.claim();
    }
    environment.source.close().await;
    let left = environment.fake.state().queries.running();
    assert_eq!((left, count(&environment, "StopQuery"), running(&budgets)), (0, 3, 0));
}
