//! Every fault with every operation: at its first call, midway, once and permanently.
//!
//! Owns the table of faults. `operations` has the table of operations, `oracle` the rules for answers. Each fault has a separate
//! service, on which all operations fail at the same time, each in its own groups.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};

use super::environment::{Deadlines, InjectedFault, TestEnvironment};
use super::operations::{Cell, Form, Operation, operations};
use super::oracle::{Verdict, begun, judge};
use crate::contract::subject::{Subject, group_path, stream_path};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::faulty_proxy::{ConnectionEnd, CutPoint, FaultyProxy, ProxyFault};
use crate::world::moto::Moto;

/// Concurrent services, each a process.
const AT_A_TIME: usize = 6;

/// The required result of a fault, in addition to the rules of the oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expectation {
    /// Not a fault: every answer is complete.
    Whole,
    /// Corrected if it happens once; visible if it is permanent.
    Mended,
    /// Visible if it is permanent.
    Seen,
    /// Either, since some operations are not affected.
    Lawful,
}

/// The time of the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Once,
    OnceMidway,
    Lasting,
    Midway,
}

/// One kind of fault.
#[derive(Debug, Clone, Copy)]
struct FaultCase {
    injected: InjectedFault,
    expectation: Expectation,
    deadlines: Deadlines,
    /// At most this many calls of each request fail.
    most: usize,
    /// The percentage of calls that fail.
    percent: u64,
}

fn answer(fault: Fault, expectation: Expectation) -> FaultCase {
    FaultCase { injected: InjectedFault::Answer(fault), expectation, deadlines: Deadlines::Usual, most: usize::MAX, percent: 100 }
}

fn way(cut: ProxyFault, expectation: Expectation) -> FaultCase {
    FaultCase { injected: InjectedFault::Proxy(cut), ..answer(Fault::Empty, expectation) }
}

fn hurried(row: FaultCase) -> FaultCase {
    FaultCase { deadlines: Deadlines::Short, ..row }
}

impl FaultCase {
    fn phases(self) -> (&'static [Phase], &'static [Phase]) {
        match self.expectation {
            // One byte at a time is much work: all cases together would exceed the time limit of a call on a loaded machine.
            Expectation::Whole if matches!(self.injected, InjectedFault::Proxy(ProxyFault::Bytewise)) => (&[Phase::Lasting], &[]),
            Expectation::Whole => (&[], &[Phase::Lasting]),
            Expectation::Mended => (&[Phase::Once, Phase::OnceMidway], &[Phase::Lasting, Phase::Midway]),
            Expectation::Seen | Expectation::Lawful => (&[], &[Phase::Once, Phase::Lasting, Phase::Midway]),
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
        matches!(self.injected, InjectedFault::Answer(Fault::Error(_, error)) if operation.is_answered_by(error))
    }

    /// Whether the upstream certainly did not act on a call with this fault.
    fn is_refusal(self) -> bool {
        matches!(self.injected, InjectedFault::Answer(Fault::RetryAfter(..) | Fault::Error(400, "ExpiredTokenException")))
    }

    fn allows(self, operation: &Operation, phase: Phase, verdict: Verdict, hits: usize) -> bool {
        let begins = matches!(operation.form, Form::Started { .. });
        match (self.expectation, phase) {
            (Expectation::Lawful, _) => true,
            // At its end, a wait reads the state once more, and that call may succeed.
            (Expectation::Seen, Phase::Once) if self.deadlines == Deadlines::Short && operation.waits() => true,
            // A call that may have started a query is not retried, and its caller gets an error.
            (Expectation::Mended, Phase::Once) if begins && !self.is_refusal() => verdict == Verdict::Problem && hits == 1,
            (Expectation::Whole, _) | (Expectation::Mended, Phase::Once | Phase::OnceMidway) => verdict == Verdict::Whole,
            (Expectation::Mended | Expectation::Seen, Phase::Lasting) => hits > 0 && verdict != Verdict::Whole,
            (Expectation::Mended | Expectation::Seen, _) => (hits == 0) == (verdict == Verdict::Whole),
        }
    }

    /// Runs this row and describes every failure.
    async fn stories(self) -> Vec<String> {
        let environment = TestEnvironment::new(self.deadlines, matches!(self.injected, InjectedFault::Proxy(_))).await;
        let (one_by_one, together) = self.phases();
        let mut outcomes = Vec::new();
        let cases = |phases: &'static [Phase]| {
            let concerned = operations().filter(|operation| !self.is_answer_of(operation));
            concerned.flat_map(|operation| phases.iter().map(move |phase| (operation, *phase)))
        };
        for (number, (operation, phase)) in cases(one_by_one).enumerate() {
            outcomes.push(self.outcome(&environment, operation, phase, number).await);
        }
        let together = cases(together).enumerate();
        outcomes.extend(
            join_all(together.map(|(number, (operation, phase))| self.outcome(&environment, operation, phase, 100 + number)))
                .await,
        );
        environment.assert_discreet();
        assert_eq!(environment.other_host.visits(), 0, "{:?}: a redirect was followed", self.injected);
        outcomes.into_iter().filter_map(Result::err).collect()
    }

    /// The answer, and the number of its failed calls. The cases of a row share one upstream: while most of their calls fail, the
    /// circuit breaker rejects all calls. A case that was rejected before any fault of its own is tried again.
    async fn ask(
        self,
        environment: &TestEnvironment,
        operation: &Operation,
        phase: Phase,
        cell: &Cell,
        number: usize,
    ) -> (Answer, usize) {
        const ATTEMPTS: usize = 20;
        for _ in 0..ATTEMPTS {
            environment.set(self.injected, self.plan(phase, &cell.mark(), number));
            let answer = operation.ask(environment, cell).await;
            let hits = environment.lift(&cell.mark());
            if hits > 0 || !environment.log_of(&answer).contains("\"source: down\"") {
                return (answer, hits);
            }
            // A stream that ended midway has no such header.
            let seconds = answer.headers.get("retry-after").map_or(1, |value| value.to_str().unwrap().parse().unwrap());
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        panic!("{} of {:?} was refused {ATTEMPTS} times before its first fault", operation.name, self.injected)
    }

    async fn outcome(
        self,
        environment: &TestEnvironment,
        operation: &Operation,
        phase: Phase,
        number: usize,
    ) -> Result<(), String> {
        let cell = Cell::of(operation, number, environment).await;
        let (before, _) = cell.queries(&environment.fake);
        let (answer, hits) = self.ask(environment, operation, phase, &cell, number).await;
        let story = |reason: &str, answer: &Answer| {
            let mut story = format!("{:?} {}%, {phase:?}, {}: {reason}\n", self.injected, self.percent, operation.name);
            let text: String = answer.text().chars().take(1500).collect();
            let Answer { status, headers, trailers, broken, .. } = answer;
            let _infallible = write!(
                story,
                "{} ({hits} calls failed)\n{status} {headers:?}\n{text}\n{trailers:?} broken: {broken}\n{}\n",
                (operation.target)(&cell),
                environment.log_of(answer)
            );
            story
        };
        let verdict = judge(environment, operation, &cell, &answer).await.map_err(|reason| story(&reason, &answer))?;
        if let Form::Started { .. } = operation.form {
            // StopQuery returns this error for a query that does not run.
            let is_told_not_to_run = matches!(self.injected, InjectedFault::Answer(Fault::Error(_, "InvalidParameterException")));
            let lost = is_told_not_to_run || matches!(phase, Phase::Once | Phase::Lasting) && self.percent == 100;
            begun(environment, &cell, before, verdict, lost).await.map_err(|reason| story(&reason, &answer))?;
        }
        if !self.allows(operation, phase, verdict, hits) {
            return Err(story(&format!("{verdict:?} is not what is expected"), &answer));
        }
        let afterwards = environment.settled_by(|| operation.ask(environment, &cell)).await;
        match judge(environment, operation, &cell, &afterwards).await {
            // With short time limits on a busy machine, an answer may take two pages; the oracle has read both.
            Ok(Verdict::Whole | Verdict::Paused) => Ok(()),
            other => Err(story(&format!("and afterwards {other:?}"), &afterwards)),
        }
    }
}

async fn run(rows: Vec<FaultCase>) {
    let stories: Vec<Vec<String>> =
        stream::iter(rows.into_iter().map(FaultCase::stories)).buffer_unordered(AT_A_TIME).collect().await;
    let stories = stories.concat();
    assert!(stories.is_empty(), "{} stories\n{}", stories.len(), stories.join("\n"));
}

#[tokio::test]
async fn errors_of_the_upstream() {
    let mended = [
        Fault::RetryAfter(400, "ThrottlingException", 0),
        Fault::RetryAfter(429, "TooManyRequestsException", 0),
        Fault::RetryAfter(400, "LimitExceededException", 0),
        // Retried with new credentials.
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
    let rows = mended.map(|fault| answer(fault, Expectation::Mended)).into_iter();
    run(rows.chain(seen.map(|fault| answer(fault, Expectation::Seen))).collect()).await;
}

#[tokio::test]
async fn answers_that_are_none() {
    let mut rows: Vec<FaultCase> =
        [Fault::Reset, Fault::Truncated, Fault::NotHttp].map(|fault| answer(fault, Expectation::Mended)).to_vec();
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
    rows.extend(seen.map(|fault| answer(fault, Expectation::Seen)));
    rows.push(hurried(answer(Fault::Hang, Expectation::Seen)));
    run(rows).await;
}

#[tokio::test]
async fn pages_that_lie_and_rates_of_throttling() {
    let mut rows = vec![
        answer(Fault::SameToken, Expectation::Lawful),
        // A page may take 50 calls; an export takes as many as it needs.
        FaultCase { most: 60, ..answer(Fault::EmptyPage, Expectation::Lawful) },
    ];
    let throttled = answer(Fault::RetryAfter(400, "ThrottlingException", 0), Expectation::Lawful);
    rows.extend([10, 30, 60, 90].map(|percent| FaultCase { percent, ..throttled }));
    let broken = answer(Fault::Error(500, "InternalFailure"), Expectation::Lawful);
    rows.extend([20, 60].map(|percent| FaultCase { percent, ..broken }));
    run(rows).await;
}

#[tokio::test]
async fn connections_that_end_at_every_place() {
    let mut rows = Vec::new();
    for end in [ConnectionEnd::Close, ConnectionEnd::Reset] {
        for cut_point in [CutPoint::Nothing, CutPoint::Headers, CutPoint::Body(50), CutPoint::All] {
            rows.push(way(ProxyFault::Request(cut_point, end), Expectation::Mended));
        }
        for cut_point in [
            CutPoint::Nothing,
            CutPoint::FirstLine,
            CutPoint::Headers,
            CutPoint::Head,
            CutPoint::Body(1),
            CutPoint::Body(50),
            CutPoint::AllButOne,
        ] {
            rows.push(way(ProxyFault::Answer(cut_point, end), Expectation::Mended));
        }
    }
    rows.push(way(ProxyFault::Answer(CutPoint::All, ConnectionEnd::Close), Expectation::Whole));
    // Data that arrived before a RST may be lost with it.
    rows.push(way(ProxyFault::Answer(CutPoint::All, ConnectionEnd::Reset), Expectation::Lawful));
    run(rows).await;
}

#[tokio::test]
async fn lengths_that_are_wrong_and_bodies_without_one() {
    let mut rows = vec![
        way(ProxyFault::Length(100, ConnectionEnd::Close), Expectation::Mended),
        hurried(way(ProxyFault::Length(100, ConnectionEnd::Open), Expectation::Seen)),
        way(ProxyFault::Length(-10, ConnectionEnd::Close), Expectation::Seen),
        way(ProxyFault::Length(-10, ConnectionEnd::Open), Expectation::Seen),
        way(ProxyFault::Announced("0"), Expectation::Seen),
        way(ProxyFault::Announced("99999999999"), Expectation::Seen),
        way(ProxyFault::Endless, Expectation::Seen),
        way(ProxyFault::Chunked(CutPoint::All), Expectation::Whole),
        // Every byte of the text, without the last chunk.
        way(ProxyFault::Chunked(CutPoint::Body(100)), Expectation::Mended),
        way(ProxyFault::Chunked(CutPoint::Body(50)), Expectation::Mended),
        way(ProxyFault::Unframed(CutPoint::All), Expectation::Whole),
        way(ProxyFault::Unframed(CutPoint::Body(50)), Expectation::Seen),
        way(ProxyFault::Unframed(CutPoint::AllButOne), Expectation::Seen),
        way(ProxyFault::Interim, Expectation::Whole),
    ];
    let nonsense = ["-1", "abc", "18446744073709551616", "12, 13"];
    rows.extend(nonsense.map(|length| way(ProxyFault::Announced(length), Expectation::Mended)));
    run(rows).await;
}

#[tokio::test]
async fn bytes_that_come_slowly_or_one_by_one() {
    const SECOND: Duration = Duration::from_secs(1);
    const MILLISECOND: Duration = Duration::from_millis(1);
    let mut rows = vec![
        way(ProxyFault::Bytewise, Expectation::Whole),
        way(ProxyFault::Late(20 * MILLISECOND), Expectation::Whole),
        way(ProxyFault::Pace(CutPoint::Nothing, 256, MILLISECOND), Expectation::Whole),
        hurried(way(ProxyFault::Pace(CutPoint::Nothing, 1, SECOND), Expectation::Seen)),
        hurried(way(ProxyFault::Pace(CutPoint::Head, 1, SECOND), Expectation::Seen)),
    ];
    for cut_point in [CutPoint::Nothing, CutPoint::Headers, CutPoint::Head, CutPoint::Body(50), CutPoint::AllButOne] {
        rows.push(hurried(way(ProxyFault::Answer(cut_point, ConnectionEnd::Open), Expectation::Seen)));
    }
    run(rows).await;
}

/// The same faults with an independent upstream: short faults are not visible there either.
#[tokio::test]
async fn moto_behind_a_way_that_fails_once() {
    let faulty_proxy = FaultyProxy::before(Moto::shared().await.address).await;
    let subject = Subject::moto_by(faulty_proxy.address).await;
    let (group, mark, begin) = (subject.group("cut"), format!("\"{}", subject.group("")), Subject::begin());
    let messages: Vec<String> = (0..30).map(|number| format!("event {number:02}")).collect();
    let events: Vec<(i64, &str)> = messages.iter().zip(begin..).map(|(message, at)| (at, message.as_str())).collect();
    subject.put(&group, "web", &events).await;
    for cut in [
        ProxyFault::Request(CutPoint::Body(50), ConnectionEnd::Reset),
        ProxyFault::Request(CutPoint::All, ConnectionEnd::Close),
        ProxyFault::Answer(CutPoint::Nothing, ConnectionEnd::Close),
        ProxyFault::Answer(CutPoint::FirstLine, ConnectionEnd::Reset),
        ProxyFault::Answer(CutPoint::Headers, ConnectionEnd::Close),
        ProxyFault::Answer(CutPoint::Body(50), ConnectionEnd::Reset),
        ProxyFault::Answer(CutPoint::AllButOne, ConnectionEnd::Close),
        ProxyFault::Length(100, ConnectionEnd::Close),
        ProxyFault::Chunked(CutPoint::Body(100)),
        ProxyFault::Bytewise,
    ] {
        for path in [stream_path(&group, "web"), group_path(&group)] {
            let target = format!("{path}?from=head&limit=1000");
            faulty_proxy.state().plans.set(Plan::new(&mark, cut).times(1));
            assert_eq!(subject.get(&target).await.messages(), messages, "{cut:?} {path}");
            assert_eq!(faulty_proxy.state().plans.lift(&mark), 1, "{cut:?} {path}");
            assert_eq!(subject.get(&target).await.messages(), messages, "after {cut:?} {path}");
        }
    }
}
