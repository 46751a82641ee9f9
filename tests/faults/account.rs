//! What concerns all calls of a source at once: its clock, its credentials, whether anybody is there.

use futures_util::future::join_all;

use super::operations::{Cell, OPERATIONS};
use super::oracle::{Verdict, judge};
use super::stage::{Patience, Stage};
use crate::contract::subject::now;
use crate::world::cuts::End;
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;

/// Asks for every operation at the same time, in cells from `first` on, and judges the answers.
async fn all(stage: &Stage, first: usize, prepare: impl Fn(&Cell)) -> Vec<Verdict> {
    let each = OPERATIONS.iter().enumerate().map(|(number, operation)| {
        let cell = Cell::fill(first + number, &stage.fake);
        prepare(&cell);
        async move {
            let answer = stage.acme.get(&(operation.target)(&cell)).await;
            judge(stage, operation, &cell, &answer).await.unwrap_or_else(|why| panic!("{}: {why}", operation.name))
        }
    });
    join_all(each).await
}

fn are(verdicts: &[Verdict], expected: Verdict) -> bool {
    verdicts.iter().all(|verdict| *verdict == expected)
}

#[tokio::test]
async fn a_clock_twenty_minutes_off_is_not_seen_and_one_hours_off_is() {
    for (minutes, expected) in [(20, Verdict::Whole), (-20, Verdict::Whole), (120, Verdict::Problem), (-120, Verdict::Problem)] {
        let stage = Stage::usual().await;
        stage.fake.state().now = now() + minutes * 60_000;
        let verdicts = all(&stage, 0, |_| ()).await;
        assert!(are(&verdicts, expected), "{minutes} minutes: {verdicts:?}");
        stage.fake.state().now = now();
        let verdicts = all(&stage, 100, |_| ()).await;
        assert!(are(&verdicts, Verdict::Whole), "{minutes} minutes, and set right: {verdicts:?}");
        stage.assert_discreet();
    }
}

#[tokio::test]
async fn credentials_that_expire_midway_are_renewed_once_for_all() {
    let stage = Stage::usual().await;
    let verdicts =
        all(&stage, 0, |cell| stage.fake.state().plans.set(Plan::new(&cell.mark(), Fault::ExpiredIfOld).after(1))).await;
    assert!(are(&verdicts, Verdict::Whole), "{verdicts:?}");
    assert_eq!(stage.keys.given(), 2);
    stage.assert_discreet();
}

#[tokio::test]
async fn an_upstream_that_takes_no_connection_is_a_problem_until_it_does() {
    for end in [End::Close, End::Reset, End::Open] {
        let stage = Stage::new(Patience::Short, true).await;
        stage.cuts.state().at_accept = Some(end);
        let verdicts = all(&stage, 0, |_| ()).await;
        assert!(are(&verdicts, Verdict::Problem), "{end:?}: {verdicts:?}");
        assert!(stage.cuts.state().refused > 0);
        stage.cuts.state().at_accept = None;
        let operation = &OPERATIONS[0];
        let cell = Cell::fill(100, &stage.fake);
        let answer = stage.settled(&(operation.target)(&cell)).await;
        assert_eq!(judge(&stage, operation, &cell, &answer).await, Ok(Verdict::Whole), "{end:?}");
    }
}
