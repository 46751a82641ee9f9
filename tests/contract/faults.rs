//! A failing CloudWatch, seen through the API: the contract's statuses, no lost events, and never AWS's own text.

use std::collections::VecDeque;

use serde_json::Value;

use super::subject::{Binary, Event, Subject, group_path, now, stream_path};
use crate::world::client::{Answer, Client};
use crate::world::fake_cloudwatch::{CANARY, Fake, Fault, SECRET};

const THROTTLED: Fault = Fault::Error(400, "ThrottlingException");
const BROKEN: Fault = Fault::Error(500, "InternalFailure");
/// No fault, in a queue of faults: an entry for an unused key.
const GOOD: Fault = Fault::ExpiredIfOld;
const GROUP: &str = "/f/api";

/// The service on a fake with 30 events in `web`, from a given time on.
struct TestEnvironment {
    fake: Fake,
    binary: Binary,
    acme: Client,
    model: Vec<Event>,
}

impl TestEnvironment {
    async fn new() -> Self {
        let fake = Fake::start(now()).await;
        // A short time limit, so that a call to a hanging fake ends soon.
        let limits = "limits = { request_timeout = \"3s\", work_time = \"2s\" }";
        let binary = Binary::on(&fake.endpoint(), "f", limits).await;
        let begin = Subject::begin();
        let model: Vec<Event> = (0..30).map(|number| Event::new(begin + number / 4, "web", &format!("event {number}"))).collect();
        model.iter().for_each(|event| fake.state().logs.put(GROUP, "web", event.at, &event.message));
        Self { acme: binary.acme(), fake, binary, model }
    }

    /// With short or empty upstream pages, so that every response needs several calls.
    async fn in_small_pages() -> Self {
        let environment = Self::new().await;
        environment.fake.state().logs.partial = 7;
        environment
    }

    fn then(&self, good: usize, faults: &[Fault]) {
        let mut queue: VecDeque<Fault> = std::iter::repeat_n(GOOD, good).collect();
        queue.extend(faults);
        self.fake.state().faults = queue;
    }

    fn always(&self, fault: Option<Fault>) {
        self.fake.state().always = fault;
    }

    /// The upstream's text appears neither in the response nor in the log.
    #[track_caller]
    fn assert_discreet(&self, answer: &Answer) {
        let told = format!("{}{:?}{:?}", answer.text(), answer.headers, answer.trailers);
        for secret in [CANARY, "arn:aws", SECRET, "AKIDTEST", "<html>"] {
            assert!(!told.contains(secret), "{told}");
            assert!(!self.binary.log().contains(secret), "{}", self.binary.log());
        }
        // The error's type is shown to the operator only.
        assert!(!told.contains("Exception") && !told.contains("InternalFailure"), "{told}");
    }
}

fn targets() -> [String; 2] {
    [stream_path(GROUP, "web"), group_path(GROUP)]
}

#[tokio::test]
async fn what_passes_soon_is_not_seen() {
    let environment = TestEnvironment::new().await;
    for fault in [THROTTLED, BROKEN, Fault::Html(502), Fault::Reset, Fault::Truncated, Fault::NotHttp] {
        for target in targets() {
            environment.then(0, &[fault, fault]);
            let answer = environment.acme.get(&format!("{target}?from=head&limit=30")).await;
            assert_eq!(answer.messages().len(), 30, "{fault:?}");
            // Two retries for each failed call: the retry budget must suffice for the next.
            for _ in 0..6 {
                environment.acme.get(&format!("{}?limit=1", targets()[0])).await;
            }
        }
    }
}

#[tokio::test]
async fn what_lasts_has_its_status() {
    let lists = ["/groups".to_owned(), "/groups/:f:api".to_owned(), "/groups/:f:api/streams".to_owned()];
    for (fault, expected) in [
        (THROTTLED, "503 overloaded"),
        (Fault::RetryAfter(429, "TooManyRequestsException", 7), "503 overloaded"),
        (Fault::Error(400, "LimitExceededException"), "503 overloaded"),
        (BROKEN, "502 upstream_error"),
        (Fault::Error(503, "ServiceUnavailableException"), "502 upstream_error"),
        (Fault::Error(400, "AccessDeniedException"), "502 upstream_error"),
        (Fault::Error(400, "InvalidParameterException"), "502 upstream_error"),
        (Fault::Error(403, "SignatureDoesNotMatch"), "502 upstream_error"),
        (Fault::Html(200), "502 upstream_error"),
        (Fault::Html(503), "502 upstream_error"),
        (Fault::Empty, "502 upstream_error"),
        (Fault::HalfJson, "502 upstream_error"),
        (Fault::OtherJson, "502 upstream_error"),
        (Fault::Truncated, "502 upstream_error"),
        (Fault::Reset, "502 upstream_error"),
        (Fault::NotHttp, "502 upstream_error"),
        (Fault::Error(400, "ResourceNotFoundException"), "404 not_found"),
    ] {
        // A separate service for each, because the circuit breaker opens for a failing upstream.
        let environment = TestEnvironment::new().await;
        environment.always(Some(fault));
        let formats = targets().map(|target| format!("{target}?start=-3h&format=csv"));
        for target in targets().iter().chain(&formats).chain(&lists) {
            // DescribeLogGroups has no such error, so the response is invalid.
            if expected == "404 not_found" && !target.contains("logs") {
                continue;
            }
            let answer = environment.acme.get(target).await;
            // It also makes no more calls to an upstream that throttles.
            let is_spared = expected.starts_with("503") && answer.problem() == "429 rate_limited";
            assert!(is_spared || answer.problem() == expected, "{fault:?}: {target}: {}", answer.text());
            let wait: Option<u32> = answer.header("retry-after").parse().ok();
            assert_eq!(wait.is_some_and(|wait| (1..=7).contains(&wait)), expected.starts_with("503"), "{fault:?}: {wait:?}");
            environment.assert_discreet(&answer);
        }
        environment.always(None);
        let begun = std::time::Instant::now();
        while environment.acme.get(&format!("{}?from=head", targets()[0])).await.messages_if_any().len() != 30 {
            assert!(begun.elapsed().as_secs() < 30, "{fault:?}: does not recover");
        }
    }
}

#[tokio::test]
async fn a_source_that_hangs_is_given_up_in_time() {
    let environment = TestEnvironment::new().await;
    environment.always(Some(Fault::Hang));
    let targets = [targets()[0].clone(), format!("{}?start=-3h&format=ndjson", targets()[1]), "/groups".to_owned()];
    let answers = futures_util::future::join_all(targets.iter().map(|target| environment.acme.get(target))).await;
    for (answer, target) in answers.iter().zip(&targets) {
        assert_eq!(answer.problem(), "504 upstream_timeout", "{target}");
        environment.assert_discreet(answer);
    }
}

/// A page that was throttled midway reports this and has a cursor that loses and repeats no event.
#[tokio::test]
async fn a_page_throttled_midway_goes_on_without_loss() {
    let environment = TestEnvironment::in_small_pages().await;
    let mut throttled = 0;
    for target in targets() {
        for (from, good) in ["head", "tail"].into_iter().flat_map(|from| [1, 2, 3, 5].map(|good| (from, good))) {
            let mut read: Vec<Event> = Vec::new();
            let mut next = format!("{target}?from={from}&limit=1000");
            environment.then(good, &[THROTTLED; 3]);
            loop {
                let answer = environment.acme.get(&next).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                let page = answer.json();
                let events = page["events"].as_array().unwrap().iter().map(Event::of);
                let place = if from == "head" { read.len()..read.len() } else { 0..0 };
                read.splice(place, events).for_each(drop);
                if page["stopReason"] == "end" {
                    break;
                }
                if page["stopReason"] == "throttled" {
                    throttled += 1;
                    environment.then(0, &[]);
                }
                let cursor = page[if from == "head" { "nextCursor" } else { "previousCursor" }].as_str().unwrap();
                next = format!("/logs?limit=1000&cursor={cursor}");
            }
            assert_eq!(read, environment.model, "{target} from {from}, throttled after {good}");
        }
    }
    assert!(throttled >= 8, "{throttled} pages were throttled");
}

/// A page whose source hangs midway ends in time, with the events so far and a cursor.
#[tokio::test]
async fn a_page_that_hangs_midway_keeps_what_was_read() {
    let environment = TestEnvironment::new().await;
    for from in ["head", "tail"] {
        // The first call takes a second, so that the next call's time limit would exceed the request's.
        environment.then(0, &[Fault::RetryAfter(429, "TooManyRequestsException", 1), GOOD, Fault::Hang]);
        let answer = environment.acme.get(&format!("{}?from={from}&limit=1000", targets()[0])).await;
        assert_eq!(answer.messages().len(), 30, "from {from}");
        let page = answer.json();
        assert_eq!(page["stopReason"], "time", "from {from}");
        let cursor = page[if from == "head" { "nextCursor" } else { "previousCursor" }].as_str().unwrap();
        let rest = environment.acme.get(&format!("/logs?cursor={cursor}")).await;
        assert!(rest.messages().is_empty(), "from {from}");
        assert_eq!(rest.json()["stopReason"], "end", "from {from}");
    }
}

/// An export whose source fails midway ends in a visible error: an NDJSON line or an aborted body.
#[tokio::test]
async fn an_export_that_fails_midway_never_ends_cleanly() {
    let environment = TestEnvironment::new().await;
    // Three upstream pages, by their bytes.
    let long = "z".repeat(400_000);
    (0..6).for_each(|number| {
        environment.fake.state().logs.put(GROUP, "long", environment.model[0].at + number, &format!("{number} {long}"))
    });
    for target in [stream_path(GROUP, "long"), format!("{}?streams=long", group_path(GROUP))] {
        let target = format!("{target}{}start=-3h", if target.contains('?') { "&" } else { "?" });
        for fault in [BROKEN, Fault::HalfJson, Fault::Html(502)] {
            for _ in 0..6 {
                environment.acme.get(&format!("{}?limit=1", targets()[0])).await;
            }
            environment.then(1, &[fault; 3]);
            let answer = environment.acme.get(&format!("{target}&format=ndjson")).await;
            assert_eq!((answer.status.as_u16(), answer.broken), (200, false));
            let text = answer.text();
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let (last, events) = lines.split_last().unwrap();
            assert!(!events.is_empty() && events.len() < 6, "{} events", events.len());
            assert_eq!((&last["error"]["code"], &last["error"]["status"]), (&"upstream_error".into(), &502.into()), "{last}");
            assert!(answer.trailers.is_empty(), "a failed export has no cursor");
            environment.assert_discreet(&answer);
            for format in ["csv", "text"] {
                environment.then(1, &[fault; 3]);
                let answer = environment.acme.get(&format!("{target}&format={format}")).await;
                assert_eq!(answer.status, 200);
                assert!(answer.broken, "{format}: the body must be incomplete");
                environment.assert_discreet(&answer);
            }
        }
    }
}

/// A throttled export waits instead, because its client has started to read.
#[tokio::test]
async fn an_export_waits_out_a_throttled_source() {
    let environment = TestEnvironment::in_small_pages().await;
    for target in targets() {
        environment.then(1, &[THROTTLED; 4]);
        let answer = environment.acme.get(&format!("{target}?start=-3h&format=ndjson")).await;
        let read: Vec<Event> = answer.text().lines().map(|line| Event::of(&serde_json::from_str(line).unwrap())).collect();
        assert_eq!(read, environment.model);
        assert!(answer.trailers.contains_key("logmark-cursor"));
    }
}
