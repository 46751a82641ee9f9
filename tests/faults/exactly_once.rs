//! Long reads through many faults: every event arrives, once, in order.

use futures_util::future::join_all;
use serde_json::Value;

use super::environment::TestEnvironment;
use crate::contract::subject::{Event, Subject, group_path, stream_path};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::Fault;
use crate::world::faulty_proxy::{ConnectionEnd, CutPoint, ProxyFault};

const EVENTS: i64 = 10_000;
/// In percent of calls.
const FAULTS: u64 = 20;
/// Events of an upstream page, so that an answer takes several calls.
const PAGE_EVENTS: usize = 120;
/// A read with more answers does not make progress.
const MOST_ANSWERS: usize = 2000;

const ANSWERS: [Fault; 7] = [
    Fault::RetryAfter(400, "ThrottlingException", 0),
    Fault::Error(500, "InternalFailure"),
    Fault::Error(503, "ServiceUnavailableException"),
    Fault::Html(502),
    Fault::Html(200),
    Fault::HalfJson,
    Fault::Empty,
];
const WAYS: [ProxyFault; 9] = [
    ProxyFault::Request(CutPoint::Body(50), ConnectionEnd::Reset),
    ProxyFault::Request(CutPoint::All, ConnectionEnd::Close),
    ProxyFault::Answer(CutPoint::Nothing, ConnectionEnd::Reset),
    ProxyFault::Answer(CutPoint::Headers, ConnectionEnd::Close),
    ProxyFault::Answer(CutPoint::Body(50), ConnectionEnd::Reset),
    ProxyFault::Answer(CutPoint::AllButOne, ConnectionEnd::Close),
    ProxyFault::Length(100, ConnectionEnd::Close),
    ProxyFault::Length(-10, ConnectionEnd::Close),
    ProxyFault::Chunked(CutPoint::Body(100)),
];

/// A group for one read, with all events in three streams or in one.
struct PagedRead<'a> {
    environment: &'a TestEnvironment,
    group: String,
    model: Vec<Event>,
    failures: usize,
}

impl<'a> PagedRead<'a> {
    fn new(environment: &'a TestEnvironment, name: &str, streams: i64) -> Self {
        let (group, begin) = (format!("/f/{name}/all"), Subject::begin());
        let mut state = environment.fake.state();
        // Many events in each millisecond, and one millisecond with more events than a page.
        let at = |number: i64| begin + if (3000..3400).contains(&number) { 3000 } else { number / 3 };
        (0..EVENTS)
            .for_each(|number| state.logs.put(&group, &format!("s{}", number % streams), at(number), &format!("event {number}")));
        let model = state.logs.all(&group).into_iter().map(|event| Event::new(event.timestamp, &event.stream, &event.message));
        let model = model.collect();
        drop(state);
        environment.set_mixed(&format!("\"/f/{name}/"), FAULTS, &ANSWERS, &WAYS);
        Self { environment, group, model, failures: 0 }
    }

    /// An answer without a fault. A failure must be a complete problem, and is requested again.
    async fn get(&mut self, target: &str) -> Answer {
        for _ in 0..100 {
            let answer = self.environment.acme.get(target).await;
            if answer.status == 200 {
                return answer;
            }
            let problem = answer.problem();
            assert!(["502 upstream_error", "503 overloaded", "504 upstream_timeout"].contains(&problem.as_str()), "{problem}");
            self.failures += 1;
        }
        panic!("{target} fails a hundred times in a row");
    }

    /// Reads JSON pages from one end to the other.
    async fn pages(mut self, target: &str, cursor: &str) -> usize {
        let (mut read, mut next): (Vec<Event>, String) = (Vec::new(), format!("{target}limit=500"));
        for _ in 0..MOST_ANSWERS {
            let page = self.get(&next).await.json();
            let events = page["events"].as_array().unwrap().iter().map(Event::of);
            let index = if cursor == "nextCursor" { read.len()..read.len() } else { 0..0 };
            read.splice(index, events).for_each(drop);
            if page["stopReason"] == "end" {
                self.judge(&read);
                return self.failures;
            }
            next = format!("/logs?limit=500&cursor={}", page[cursor].as_str().unwrap());
        }
        panic!("{target} has no end");
    }

    /// An export in parts of a thousand events: a failed part is read again from the cursor of the part before it.
    async fn export(mut self, target: &str) -> usize {
        let (mut read, mut next): (Vec<Event>, String) = (Vec::new(), format!("{target}start=-3h&"));
        for _ in 0..MOST_ANSWERS {
            let answer = self.get(&format!("{next}limit=1000&format=ndjson&trailer=line")).await;
            assert!(!answer.broken);
            let text = answer.text();
            let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let last = lines.pop().unwrap();
            if last.get("error").is_some() {
                self.failures += 1;
                continue;
            }
            read.extend(lines.iter().map(Event::of));
            if last["stopReason"] == "end" {
                self.judge(&read);
                return self.failures;
            }
            next = format!("/logs?cursor={}&", last["cursor"].as_str().unwrap());
        }
        panic!("{target} has no end");
    }

    fn judge(&self, read: &[Event]) {
        let index = read.iter().zip(&self.model).position(|(event, expected)| event != expected);
        assert_eq!((read.len(), index), (self.model.len(), None), "{}: the first difference", self.group);
        assert!(
            self.environment.lift(&format!("\"{}", self.group.trim_end_matches("all"))) > 20,
            "{}: there were faults",
            self.group
        );
    }
}

#[tokio::test]
async fn ten_thousand_events_through_faults_arrive_exactly_once() {
    let environment = TestEnvironment::usual().await;
    environment.fake.state().logs.page_events = Some(PAGE_EVENTS);
    let stream = |walk: &PagedRead| format!("{}?", stream_path(&walk.group, "s0"));
    let group = |walk: &PagedRead| format!("{}?", group_path(&walk.group));
    let mut walks: Vec<std::pin::Pin<Box<dyn Future<Output = usize>>>> = Vec::new();
    for (number, streams) in [1, 3].into_iter().enumerate() {
        for (from, cursor) in [("head", "nextCursor"), ("tail", "previousCursor")] {
            let walk = PagedRead::new(&environment, &format!("{from}{number}"), streams);
            let path = if streams == 1 { stream(&walk) } else { group(&walk) };
            let target = format!("{path}from={from}&");
            walks.push(Box::pin(async move { walk.pages(&target, cursor).await }));
        }
        let walk = PagedRead::new(&environment, &format!("export{number}"), streams);
        let target = if streams == 1 { stream(&walk) } else { group(&walk) };
        walks.push(Box::pin(async move { walk.export(&target).await }));
    }
    let walk = PagedRead::new(&environment, "filter", 3);
    let target = format!("{}filter=event&", group(&walk));
    walks.push(Box::pin(async move { walk.export(&target).await }));
    let failures = join_all(walks).await;
    assert!(failures.iter().all(|failures| *failures > 0), "answers that failed, by walk: {failures:?}");
    environment.assert_discreet();
}
