//! A query's life: who polls, and who stops it.

use std::time::Duration;

use tokio::time::Instant;

use super::fake::queries::Script;
use super::{GROUP, NOW, Stage, group, permit_by};
use crate::auth::permit::Permit;
use crate::auth::tenant::Limits;
use crate::domain::query::LogQuery;
use crate::domain::query::run::{QueryStatus, ReadQuery, StartQuery};
use crate::domain::time::Millis;
use crate::sources::budget::{Lease, QueryBudgets};
use crate::sources::cloudwatch::settings::QuerySettings;
use crate::sources::queries::{Queries, Started};

/// No wait of these tests is longer, whatever happens.
const AT_MOST: Duration = Duration::from_secs(20);

fn start_permit() -> Permit<StartQuery> {
    let query = LogQuery::parse("fields @message").unwrap();
    let op = StartQuery { query, groups: vec![group()], start: Millis(NOW - 3_600_000), end: Millis(NOW) };
    permit_by(op, &["/acme/*"], "logs:*:*", None)
}

async fn stage(script: Script, queries: QuerySettings) -> (Stage, QueryBudgets) {
    let stage = Stage::with_queries(queries).await;
    stage.fake.state().logs.add_stream(GROUP, "web");
    stage.fake.state().queries.script = script;
    let budgets = QueryBudgets::new(std::sync::Arc::<super::TestClock>::clone(&stage.clock));
    (stage, budgets)
}

fn lease(budgets: &QueryBudgets) -> Lease {
    budgets.lease(start_permit().tenant(), &Limits::default()).unwrap()
}

fn running(budgets: &QueryBudgets) -> u32 {
    let limits = Limits { concurrent_queries: Some(100), ..Limits::default() };
    100 - budgets.left(start_permit().tenant(), &limits).queries.unwrap()
}

async fn started(stage: &Stage, budgets: &QueryBudgets) -> (Started, Permit<ReadQuery>) {
    let permit = start_permit();
    let started = stage.source.start(&permit, lease(budgets)).await.unwrap();
    let reading = permit.for_reading(started.query().clone());
    (started, reading)
}

fn count(stage: &Stage, operation: &str) -> usize {
    stage.fake.state().seen.iter().filter(|seen| seen.operation == operation).count()
}

/// Waits until it holds.
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
async fn a_query_that_nobody_takes_is_stopped() {
    let (stage, budgets) = stage(endless(), QuerySettings::default()).await;
    let (unclaimed, _) = started(&stage, &budgets).await;
    assert_eq!((count(&stage, "StopQuery"), running(&budgets)), (0, 1));
    drop(unclaimed);
    until("its client left", || stage.fake.state().queries.running() == 0 && running(&budgets) == 0).await;
    assert_eq!(count(&stage, "StopQuery"), 1);
}

#[tokio::test]
async fn a_client_that_leaves_while_a_query_is_being_started_leaves_none() {
    let (stage, budgets) = stage(endless(), QuerySettings::default()).await;
    let permit = start_permit();
    {
        let starting = stage.source.start(&permit, lease(&budgets));
        let mut starting = Box::pin(starting);
        // It is on its way, and its caller gone, before there is an answer.
        assert!(futures_util::poll!(starting.as_mut()).is_pending());
    }
    until("it was started", || count(&stage, "StartQuery") == 1).await;
    until("and stopped", || count(&stage, "StopQuery") == 1 && stage.fake.state().queries.running() == 0).await;
    until("and counted no more", || running(&budgets) == 0).await;
}

#[tokio::test]
async fn a_query_that_nobody_asks_for_is_stopped_and_one_that_is_asked_for_is_not() {
    let settings = QuerySettings { abandoned_after: Duration::from_millis(400), ..QuerySettings::default() };
    let (stage, budgets) = stage(endless(), settings).await;
    let (asked, reading) = started(&stage, &budgets).await;
    let (abandoned, _) = started(&stage, &budgets).await;
    asked.claim();
    abandoned.claim();
    let asking = async {
        while stage.fake.state().queries.running() > 1 {
            let page = stage.source.read(&reading, None, 10).await.unwrap();
            assert!(!page.status.has_ended());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(AT_MOST, asking).await.is_ok());
    assert_eq!(stage.source.read(&reading, None, 10).await.unwrap().status, QueryStatus::Running);
    until("asked for no more", || stage.fake.state().queries.running() == 0 && running(&budgets) == 0).await;
}

#[tokio::test]
async fn a_query_that_runs_for_too_long_is_stopped_while_it_is_asked_for() {
    let settings = QuerySettings { max_time: Duration::from_millis(600), ..QuerySettings::default() };
    let (stage, budgets) = stage(endless(), settings).await;
    let (claimed, reading) = started(&stage, &budgets).await;
    claimed.claim();
    let status = stage.source.wait(&reading, Instant::now() + AT_MOST).await.unwrap();
    assert_eq!(status, QueryStatus::Cancelled);
    assert_eq!((count(&stage, "StopQuery"), running(&budgets)), (1, 0));
}

#[tokio::test]
async fn those_who_wait_for_one_query_share_its_polls() {
    let (stage, budgets) = stage(Script { looks: 3, ..Script::default() }, QuerySettings::default()).await;
    let (claimed, reading) = started(&stage, &budgets).await;
    claimed.claim();
    let waits = (0..50).map(|_| stage.source.wait(&reading, Instant::now() + AT_MOST));
    let statuses = futures_util::future::join_all(waits).await;
    assert!(statuses.iter().all(|status| *status == Ok(QueryStatus::Complete)));
    assert_eq!(count(&stage, "GetQueryResults"), 4, "three looks, and the one that sees its end");
    assert_eq!((running(&budgets), count(&stage, "StopQuery")), (0, 0));
}

#[tokio::test]
async fn what_was_started_here_is_stopped_when_the_service_is() {
    let (stage, budgets) = stage(endless(), QuerySettings::default()).await;
    for _ in 0..3 {
        started(&stage, &budgets).await.0.claim();
    }
    stage.source.close().await;
    let left = stage.fake.state().queries.running();
    assert_eq!((left, count(&stage, "StopQuery"), running(&budgets)), (0, 3, 0));
}
