//! Faults that affect all calls of a source: the clock, the credentials, an upstream that does not answer.

use futures_util::stream::{self, StreamExt as _};

use super::environment::{Deadlines, TestEnvironment};
use super::operations::{Cell, Form, Operation, operations};
use super::oracle::{Verdict, judge};
use crate::contract::subject::now;
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::faulty_proxy::ConnectionEnd;

/// Concurrent requests. Each may need a new signature, and a source starts with ten retries.
const AT_A_TIME: usize = 8;

/// Cells for every operation, numbered from `first`.
async fn cells(environment: &TestEnvironment, first: usize) -> Vec<(&'static Operation, Cell)> {
    let each = operations().enumerate();
    let each = each.map(|(number, operation)| async move { (operation, Cell::of(operation, first + number, environment).await) });
    stream::iter(each).buffered(AT_A_TIME).collect().await
}

/// Requests every operation, several at the same time, and judges the answers.
async fn all(environment: &TestEnvironment, cells: &[(&Operation, Cell)]) -> Vec<Verdict> {
    let each = cells.iter().map(|(operation, cell)| async move {
        let answer = operation.ask(environment, cell).await;
        judge(environment, operation, cell, &answer).await.unwrap_or_else(|reason| panic!("{}: {reason}", operation.name))
    });
    stream::iter(each).buffered(AT_A_TIME).collect().await
}

fn are(verdicts: &[Verdict], expected: Verdict) -> bool {
    verdicts.iter().all(|verdict| *verdict == expected)
}

#[tokio::test]
async fn a_clock_twenty_minutes_off_is_not_seen_and_one_hours_off_is() {
    for (minutes, expected) in [(20, Verdict::Whole), (-20, Verdict::Whole), (120, Verdict::Problem), (-120, Verdict::Problem)] {
        let environment = TestEnvironment::usual().await;
        let (early, late) = (cells(&environment, 0).await, cells(&environment, 100).await);
        environment.fake.state().now = now() + minutes * 60_000;
        let verdicts = all(&environment, &early).await;
        assert!(are(&verdicts, expected), "{minutes} minutes: {verdicts:?}");
        environment.fake.state().now = now();
        let verdicts = all(&environment, &late).await;
        assert!(are(&verdicts, Verdict::Whole), "{minutes} minutes, and corrected: {verdicts:?}");
        environment.assert_discreet();
    }
}

#[tokio::test]
async fn credentials_that_expire_midway_are_renewed_once_for_all() {
    let environment = TestEnvironment::usual().await;
    let cells = cells(&environment, 0).await;
    for (_, cell) in &cells {
        environment.fake.state().plans.set(Plan::new(&cell.mark(), Fault::ExpiredIfOld).after(1));
    }
    let verdicts = all(&environment, &cells).await;
    assert!(are(&verdicts, Verdict::Whole), "{verdicts:?}");
    assert_eq!(environment.keys.given(), 2);
    environment.assert_discreet();
}

#[tokio::test]
async fn an_upstream_that_takes_no_connection_is_a_problem_until_it_does() {
    for end in [ConnectionEnd::Close, ConnectionEnd::Reset, ConnectionEnd::Open] {
        let environment = TestEnvironment::new(Deadlines::Short, true).await;
        let cells = cells(&environment, 0).await;
        environment.faulty_proxy.state().at_accept = Some(end);
        let verdicts = all(&environment, &cells).await;
        assert!(are(&verdicts, Verdict::Problem), "{end:?}: {verdicts:?}");
        assert!(environment.faulty_proxy.state().refused > 0);
        environment.faulty_proxy.state().at_accept = None;
        let (operation, cell) = cells.iter().find(|(operation, _)| operation.form == Form::One).unwrap();
        let answer = environment.settled_by(|| operation.ask(&environment, cell)).await;
        assert_eq!(judge(&environment, operation, cell, &answer).await, Ok(Verdict::Whole), "{end:?}");
    }
}
