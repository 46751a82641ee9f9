//! What concerns all calls of a source at once: its clock, its credentials, whether anybody is there.

use futures_util::stream::{self, StreamExt as _};

use super::operations::{Cell, Form, Operation, operations};
use super::oracle::{Verdict, judge};
use super::stage::{Patience, Stage};
use crate::contract::subject::now;
use crate::world::cuts::End;
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;

/// Requests at a time. Each may have to be signed anew, and a source has ten retries to spend at first.
const AT_A_TIME: usize = 8;

/// Cells for every operation, numbered from `first` on.
async fn cells(stage: &Stage, first: usize) -> Vec<(&'static Operation, Cell)> {
    let each = operations().enumerate();
    let each = each.map(|(number, operation)| async move { (operation, Cell::of(operation, first + number, stage).await) });
    stream::iter(each).buffered(AT_A_TIME).collect().await
}

/// Asks for every operation, several at the same time, and judges the answers.
async fn all(stage: &Stage, cells: &[(&Operation, Cell)]) -> Vec<Verdict> {
    let each = cells.iter().map(|(operation, cell)| async move {
        let answer = operation.ask(stage, cell).await;
        judge(stage, operation, cell, &answer).await.unwrap_or_else(|reason| panic!("{}: {reason}", operation.name))
    });
    stream::iter(each).buffered(AT_A_TIME).collect().await
}

fn are(verdicts: &[Verdict], expected: Verdict) -> bool {
    verdicts.iter().all(|verdict| *verdict == expected)
}

#[tokio::test]
async fn a_clock_twenty_minutes_off_is_not_seen_and_one_hours_off_is() {
    for (minutes, expected) in [(20, Verdict::Whole), (-20, Verdict::Whole), (120, Verdict::Problem), (-120, Verdict::Problem)] {
        let stage = Stage::usual().await;
        let (early, late) = (cells(&stage, 0).await, cells(&stage, 100).await);
        stage.fake.state().now = now() + minutes * 60_000;
        let verdicts = all(&stage, &early).await;
        assert!(are(&verdicts, expected), "{minutes} minutes: {verdicts:?}");
        stage.fake.state().now = now();
        let verdicts = all(&stage, &late).await;
        assert!(are(&verdicts, Verdict::Whole), "{minutes} minutes, and set right: {verdicts:?}");
        stage.assert_discreet();
    }
}

#[tokio::test]
async fn credentials_that_expire_midway_are_renewed_once_for_all() {
    let stage = Stage::usual().await;
    let cells = cells(&stage, 0).await;
    for (_, cell) in &cells {
        stage.fake.state().plans.set(Plan::new(&cell.mark(), Fault::ExpiredIfOld).after(1));
    }
    let verdicts = all(&stage, &cells).await;
    assert!(are(&verdicts, Verdict::Whole), "{verdicts:?}");
    assert_eq!(stage.keys.given(), 2);
    stage.assert_discreet();
}

#[tokio::test]
async fn an_upstream_that_takes_no_connection_is_a_problem_until_it_does() {
    for end in [End::Close, End::Reset, End::Open] {
        let stage = Stage::new(Patience::Short, true).await;
        let cells = cells(&stage, 0).await;
        stage.cuts.state().at_accept = Some(end);
        let verdicts = all(&stage, &cells).await;
        assert!(are(&verdicts, Verdict::Problem), "{end:?}: {verdicts:?}");
        assert!(stage.cuts.state().refused > 0);
        stage.cuts.state().at_accept = None;
        let (operation, cell) = cells.iter().find(|(operation, _)| operation.form == Form::One).unwrap();
        let answer = stage.settled_by(|| operation.ask(&stage, cell)).await;
        assert_eq!(judge(&stage, operation, cell, &answer).await, Ok(Verdict::Whole), "{end:?}");
    }
}
