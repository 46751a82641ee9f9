//! Every fault under every operation: at its first call, midway, once and for good.
//!
//! Owns the table of faults. The operations are `operations`' table; what an answer may be is `oracle`'s. Each fault has a
//! service of its own, on which all operations fail at the same time, each in its own groups.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};

use super::operations::{Cell, Form, Operation, operations};
use super::oracle::{Verdict, begun, judge};
use super::stage::{Patience, Stage, Wrong};
use crate::contract::subject::{Subject, group_path, stream_path};
use crate::world::client::Answer;
use crate::world::cuts::{Cut, Cuts, End, Place};
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::moto::Moto;

/// Services at a time: each is a process.
const AT_A_TIME: usize = 6;

/// What must come of a fault, besides that the oracle finds every answer lawful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// It is no fault: every answer is whole.
    Whole,
    /// Once it is not seen; for good it is.
    Mended,
    /// For good it is seen.
    Seen,
    /// Either, since some operations don't meet it.
    Lawful,
}

/// When it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Once,
    OnceMidway,
    Lasting,
    Midway,
}

/// One kind of fault.
#[derive(Debug, Clone, Copy)]
struct Row {
    wrong: Wrong,
    expects: Expects,
    patience: Patience,
    /// So many calls go wrong at most, of each request.
    most: usize,
    /// So many of a hundred.
    percent: u64,
}

fn answer(fault: Fault, expects: Expects) -> Row {
    Row { wrong: Wrong::Answer(fault), expects, patience: Patience::Usual, most: usize::MAX, percent: 100 }
}

fn way(cut: Cut, expects: Expects) -> Row {
    Row { wrong: Wrong::Way(cut), ..answer(Fault::Empty, expects) }
}

fn hurried(row: Row) -> Row {
    Row { patience: Patience::Short, ..row }
}

impl Row {
    fn phases(self) -> (&'static [Phase], &'static [Phase]) {
        match self.expects {
            Expects::Whole => (&[], &[Phase::Lasting]),
            Expects::Mended => (&[Phase::Once, Phase::OnceMidway], &[Phase::Lasting, Phase::Midway]),
            Expects::Seen | Expects::Lawful => (&[], &[Phase::Once, Phase::Lasting, Phase::Midway]),
        }
    }

    fn plan(self, phase: Phase, mark: &str, seed: usize) -> Plan<()> {
        let plan = Plan::new(mark, ()).times(self.most).at_rate(self.percent, seed as u64);
        match phase {
            Phase::Once => plan.times(1),
            Phase::OnceMidway => plan.times(1).after(1),
            Phase::Lasting => plan,
            Phase::Midway => plan.after(1),
        }
    }

    fn is_answer_of(self, operation: &Operation) -> bool {
        matches!(self.wrong, Wrong::Answer(Fault::Error(_, error)) if operation.is_answered_by(error))
    }

    /// Is it certain that the upstream did not act on a call that went wrong so?
    fn is_refusal(self) -> bool {
        matches!(self.wrong, Wrong::Answer(Fault::RetryAfter(..) | Fault::Error(400, "ExpiredTokenException")))
    }

    fn allows(self, operation: &Operation, phase: Phase, verdict: Verdict, hits: usize) -> bool {
        let begins = matches!(operation.form, Form::Started { .. });
        match (self.expects, phase) {
            (Expects::Lawful, _) => true,
            // A wait that is over asks once more how things stand, and that call may go well.
            (Expects::Seen, Phase::Once) if self.patience == Patience::Short && operation.waits() => true,
            // What may have begun something is not asked for again, and its caller is told.
            (Expects::Mended, Phase::Once) if begins && !self.is_refusal() => verdict == Verdict::Problem && hits == 1,
            (Expects::Whole, _) | (Expects::Mended, Phase::Once | Phase::OnceMidway) => verdict == Verdict::Whole,
            (Expects::Mended | Expects::Seen, Phase::Lasting) => hits > 0 && verdict != Verdict::Whole,
            (Expects::Mended | Expects::Seen, _) => (hits == 0) == (verdict == Verdict::Whole),
        }
    }

    /// All that is wrong with this row, told whole.
    async fn stories(self) -> Vec<String> {
        let stage = Stage::new(self.patience, matches!(self.wrong, Wrong::Way(_))).await;
        let (one_by_one, together) = self.phases();
        let mut outcomes = Vec::new();
        let cases = |phases: &'static [Phase]| {
            let concerned = operations().filter(|operation| !self.is_answer_of(operation));
            concerned.flat_map(|operation| phases.iter().map(move |phase| (operation, *phase)))
        };
        for (number, (operation, phase)) in cases(one_by_one).enumerate() {
            outcomes.push(self.outcome(&stage, operation, phase, number).await);
        }
        let together = cases(together).enumerate();
        outcomes.extend(
            join_all(together.map(|(number, (operation, phase))| self.outcome(&stage, operation, phase, 100 + number))).await,
        );
        stage.assert_discreet();
        assert_eq!(stage.elsewhere.visits(), 0, "{:?}: a redirect was followed", self.wrong);
        outcomes.into_iter().filter_map(Result::err).collect()
    }

    async fn outcome(self, stage: &Stage, operation: &Operation, phase: Phase, number: usize) -> Result<(), String> {
        let cell = Cell::of(operation, number, stage).await;
        let (before, _) = cell.queries(&stage.fake);
        stage.set(self.wrong, self.plan(phase, &cell.mark(), number));
        let answer = operation.ask(stage, &cell).await;
        let hits = stage.lift(&cell.mark());
        let story = |reason: &str, answer: &Answer| {
            let mut story = format!("{:?} {}%, {phase:?}, {}: {reason}\n", self.wrong, self.percent, operation.name);
            let text: String = answer.text().chars().take(1500).collect();
            let Answer { status, headers, trailers, broken, .. } = answer;
            let _infallible = write!(
                story,
                "{} ({hits} calls went wrong)\n{status} {headers:?}\n{text}\n{trailers:?} broken: {broken}\n{}\n",
                (operation.target)(&cell),
                stage.log_of(answer)
            );
            story
        };
        let verdict = judge(stage, operation, &cell, &answer).await.map_err(|reason| story(&reason, &answer))?;
        if let Form::Started { .. } = operation.form {
            // StopQuery says so of what does not run.
            let is_told_not_to_run = matches!(self.wrong, Wrong::Answer(Fault::Error(_, "InvalidParameterException")));
            let lost = is_told_not_to_run || matches!(phase, Phase::Once | Phase::Lasting) && self.percent == 100;
            begun(stage, &cell, before, verdict, lost).await.map_err(|reason| story(&reason, &answer))?;
        }
        if !self.allows(operation, phase, verdict, hits) {
            return Err(story(&format!("{verdict:?} is not what is expected"), &answer));
        }
        let afterwards = stage.settled_by(|| operation.ask(stage, &cell)).await;
        match judge(stage, operation, &cell, &afterwards).await {
            // With little time on a busy machine an answer may take two pages; the oracle has read both.
            Ok(Verdict::Whole | Verdict::Paused) => Ok(()),
            other => Err(story(&format!("and afterwards {other:?}"), &afterwards)),
        }
    }
}

async fn run(rows: Vec<Row>) {
    let stories: Vec<Vec<String>> = stream::iter(rows.into_iter().map(Row::stories)).buffer_unordered(AT_A_TIME).collect().await;
    let stories = stories.concat();
    assert!(stories.is_empty(), "{} stories\n{}", stories.len(), stories.join("\n"));
}

#[tokio::test]
async fn errors_of_the_upstream() {
    let mended = [
        Fault::RetryAfter(400, "ThrottlingException", 0),
        Fault::RetryAfter(429, "TooManyRequestsException", 0),
        Fault::RetryAfter(400, "LimitExceededException", 0),
        // With new credentials.
        Fault::Error(400, "ExpiredTokenException"),
        Fault::Error(500, "InternalFailure"),
        Fault::Error(503, "ServiceUnavailableException"),
        Fault::Html(500),
        Fault::Html(502),
        Fault::Html(504),
    ];
    let seen = [
        Fault::Error(400, "AccessDeniedException"),
        Fault::Error(400, "InvalidParameterException"),
        Fault::Error(400, "SomethingNewException"),
        Fault::Error(403, "SignatureDoesNotMatch"),
        Fault::Html(400),
        Fault::Html(403),
        Fault::Html(404),
    ];
    let rows = mended.map(|fault| answer(fault, Expects::Mended)).into_iter();
    run(rows.chain(seen.map(|fault| answer(fault, Expects::Seen))).collect()).await;
}

#[tokio::test]
async fn answers_that_are_none() {
    let mut rows: Vec<Row> =
        [Fault::Reset, Fault::Truncated, Fault::NotHttp].map(|fault| answer(fault, Expects::Mended)).to_vec();
    let texts = [
        "{}",
        "[]",
        "null",
        "\"events\"",
        r#"{"events":null,"logGroups":null,"logStreams":null}"#,
        r#"{"events":{},"logGroups":{},"logStreams":{},"nextForwardToken":"f","nextBackwardToken":"b"}"#,
        r#"{"events":[{}],"logGroups":[{}],"logStreams":[{}],"nextForwardToken":"f","nextBackwardToken":"b"}"#,
        r#"{"__type":"ThrottlingException","message":"arn:aws:iam::123456789012:role/canary"}"#,
    ];
    let others =
        [Fault::Html(200), Fault::Html(206), Fault::Html(204), Fault::Empty, Fault::HalfJson, Fault::OtherJson, Fault::Endless];
    let redirects = [301, 302, 303, 307, 308].map(Fault::Redirect);
    let seen = texts.map(Fault::Json).into_iter().chain(others).chain(redirects);
    rows.extend(seen.map(|fault| answer(fault, Expects::Seen)));
    rows.push(hurried(answer(Fault::Hang, Expects::Seen)));
    run(rows).await;
}

#[tokio::test]
async fn pages_that_lie_and_rates_of_throttling() {
    let mut rows = vec![
        answer(Fault::SameToken, Expects::Lawful),
        // A page may take 50 calls; an export takes as many as there are.
        Row { most: 60, ..answer(Fault::EmptyPage, Expects::Lawful) },
    ];
    let throttled = answer(Fault::RetryAfter(400, "ThrottlingException", 0), Expects::Lawful);
    rows.extend([10, 30, 60, 90].map(|percent| Row { percent, ..throttled }));
    let broken = answer(Fault::Error(500, "InternalFailure"), Expects::Lawful);
    rows.extend([20, 60].map(|percent| Row { percent, ..broken }));
    run(rows).await;
}

#[tokio::test]
async fn connections_that_end_at_every_place() {
    let mut rows = Vec::new();
    for end in [End::Close, End::Reset] {
        for place in [Place::Nothing, Place::Headers, Place::Body(50), Place::All] {
            rows.push(way(Cut::Request(place, end), Expects::Mended));
        }
        for place in
            [Place::Nothing, Place::FirstLine, Place::Headers, Place::Head, Place::Body(1), Place::Body(50), Place::AllButOne]
        {
            rows.push(way(Cut::Answer(place, end), Expects::Mended));
        }
    }
    rows.push(way(Cut::Answer(Place::All, End::Close), Expects::Whole));
    // What arrived before a RST may be lost with it.
    rows.push(way(Cut::Answer(Place::All, End::Reset), Expects::Lawful));
    run(rows).await;
}

#[tokio::test]
async fn lengths_that_are_wrong_and_bodies_without_one() {
    let mut rows = vec![
        way(Cut::Length(100, End::Close), Expects::Mended),
        hurried(way(Cut::Length(100, End::Open), Expects::Seen)),
        way(Cut::Length(-10, End::Close), Expects::Seen),
        way(Cut::Length(-10, End::Open), Expects::Seen),
        way(Cut::Announced("0"), Expects::Seen),
        way(Cut::Announced("99999999999"), Expects::Seen),
        way(Cut::Endless, Expects::Seen),
        way(Cut::Chunked(Place::All), Expects::Whole),
        // Every byte of the text, and no last chunk.
        way(Cut::Chunked(Place::Body(100)), Expects::Mended),
        way(Cut::Chunked(Place::Body(50)), Expects::Mended),
        way(Cut::Unframed(Place::All), Expects::Whole),
        way(Cut::Unframed(Place::Body(50)), Expects::Seen),
        way(Cut::Unframed(Place::AllButOne), Expects::Seen),
        way(Cut::Interim, Expects::Whole),
    ];
    let nonsense = ["-1", "abc", "18446744073709551616", "12, 13"];
    rows.extend(nonsense.map(|length| way(Cut::Announced(length), Expects::Mended)));
    run(rows).await;
}

#[tokio::test]
async fn bytes_that_come_slowly_or_one_by_one() {
    const SECOND: Duration = Duration::from_secs(1);
    const MILLISECOND: Duration = Duration::from_millis(1);
    let mut rows = vec![
        way(Cut::Bytewise, Expects::Whole),
        way(Cut::Late(20 * MILLISECOND), Expects::Whole),
        way(Cut::Pace(Place::Nothing, 256, MILLISECOND), Expects::Whole),
        hurried(way(Cut::Pace(Place::Nothing, 1, SECOND), Expects::Seen)),
        hurried(way(Cut::Pace(Place::Head, 1, SECOND), Expects::Seen)),
    ];
    for place in [Place::Nothing, Place::Headers, Place::Head, Place::Body(50), Place::AllButOne] {
        rows.push(hurried(way(Cut::Answer(place, End::Open), Expects::Seen)));
    }
    run(rows).await;
}

/// An upstream that others wrote, through the same hop: what passes soon is not seen there either.
#[tokio::test]
async fn moto_behind_a_way_that_fails_once() {
    let cuts = Cuts::before(Moto::shared().await.address).await;
    let subject = Subject::moto_by(cuts.address).await;
    let (group, mark, begin) = (subject.group("cut"), format!("\"{}", subject.group("")), Subject::begin());
    let messages: Vec<String> = (0..30).map(|number| format!("event {number:02}")).collect();
    let events: Vec<(i64, &str)> = messages.iter().zip(begin..).map(|(message, at)| (at, message.as_str())).collect();
    subject.put(&group, "web", &events).await;
    for cut in [
        Cut::Request(Place::Body(50), End::Reset),
        Cut::Request(Place::All, End::Close),
        Cut::Answer(Place::Nothing, End::Close),
        Cut::Answer(Place::FirstLine, End::Reset),
        Cut::Answer(Place::Headers, End::Close),
        Cut::Answer(Place::Body(50), End::Reset),
        Cut::Answer(Place::AllButOne, End::Close),
        Cut::Length(100, End::Close),
        Cut::Chunked(Place::Body(100)),
        Cut::Bytewise,
    ] {
        for path in [stream_path(&group, "web"), group_path(&group)] {
            let target = format!("{path}?from=head&limit=1000");
            cuts.state().plans.set(Plan::new(&mark, cut).times(1));
            assert_eq!(subject.get(&target).await.messages(), messages, "{cut:?} {path}");
            assert_eq!(cuts.state().plans.lift(&mark), 1, "{cut:?} {path}");
            assert_eq!(subject.get(&target).await.messages(), messages, "after {cut:?} {path}");
        }
    }
}
