//! Messages of the largest size that CloudWatch accepts, and pages larger than any that it returns.

use serde_json::Value;

use super::environment::TestEnvironment;
use crate::contract::subject::{Subject, group_path, stream_path};
use crate::world::client::Answer;

const GROUP: &str = "/f/huge";
/// The largest event that CloudWatch accepts, without its 26 bytes of overhead.
const EVENT: usize = 1_048_576 - 26;

/// In ASCII, in characters of several bytes, and in characters that JSON writes in six bytes.
fn messages() -> Vec<String> {
    let kinds = ["x", "é", "\u{1}"];
    let long = |number: usize| kinds[number % 3].repeat(EVENT / kinds[number % 3].len() - 8);
    (0..7).map(|number| format!("{number} {}", long(number))).collect()
}

async fn environment(limits: &str) -> (TestEnvironment, Vec<String>) {
    let environment = TestEnvironment::with(limits, true).await;
    let messages = messages();
    let begin = Subject::begin();
    messages.iter().zip(0..).for_each(|(message, number)| environment.fake.state().logs.put(GROUP, "s", begin + number, message));
    (environment, messages)
}

fn paths() -> [String; 2] {
    [stream_path(GROUP, "s"), group_path(GROUP)]
}

/// Reads the pages from head to tail or back: their messages, and the number of pages that ended with `bytes`.
async fn walk(environment: &TestEnvironment, target: &str, cursor: &str) -> (Vec<String>, usize) {
    let (mut read, mut full, mut target) = (Vec::new(), 0, target.to_owned());
    loop {
        let answer = environment.acme.get(&target).await;
        let (page, mut messages) = (answer.json(), answer.messages());
        match cursor {
            "nextCursor" => read.append(&mut messages),
            _ => read.splice(..0, messages).for_each(drop),
        }
        match page["stopReason"].as_str() {
            Some("end") => return (read, full),
            Some("bytes") => full += 1,
            reason => panic!("{target} ended of {reason:?}"),
        }
        target = format!("/logs?limit=1000&cursor={}", page[cursor].as_str().unwrap());
    }
}

#[tokio::test]
async fn huge_messages_come_through_whole_however_small_the_pages() {
    for limits in ["", "limits = { page_bytes = 65536 }"] {
        let (environment, messages) = environment(limits).await;
        for path in paths() {
            for (from, cursor) in [("head", "nextCursor"), ("tail", "previousCursor")] {
                let (read, full) = walk(&environment, &format!("{path}?from={from}&limit=1000"), cursor).await;
                assert!(read == messages, "{path} from {from} {limits}: {} messages", read.len());
                assert!(full > 0, "{path} from {from} {limits}: no page ended by its size");
            }
            let ndjson = environment.acme.get(&format!("{path}?start=-3h&format=ndjson")).await;
            let lines = ndjson.text();
            let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let read: Vec<String> = lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect();
            assert!(read == messages, "{path} as NDJSON {limits}");
            let text = environment.acme.get(&format!("{path}?start=-3h&format=text&raw=true")).await;
            assert!(text.text().lines().eq(messages.iter().map(String::as_str)), "{path} as text {limits}");
            for answer in [ndjson, text] {
                assert!(!answer.broken && answer.trailers.contains_key("logmark-cursor"), "{path} {limits}");
            }
        }
    }
}

/// CloudWatch returns no page of more than 16 MiB. A larger one is rejected, and not shortened.
#[tokio::test]
async fn a_page_beyond_every_bound_is_a_failure_and_not_a_short_page() {
    let (environment, messages) = environment("").await;
    environment.fake.state().logs.put(GROUP, "s", Subject::begin() + 100, &"\u{1}".repeat(3 << 20));
    let failed = |answer: &Answer| answer.status == 502 && answer.problem() == "502 upstream_error";
    for path in paths() {
        for target in ["from=head&limit=1000", "from=tail&limit=1000", "from=tail&limit=10&format=csv"] {
            let mut answer = environment.acme.get(&format!("{path}?{target}")).await;
            if target.starts_with("from=head") {
                assert_eq!(answer.messages().len(), 5, "the first four are a little less than 4 MiB");
                let cursor = answer.json()["nextCursor"].as_str().unwrap().to_owned();
                answer = environment.acme.get(&format!("/logs?limit=1000&cursor={cursor}")).await;
            }
            assert!(failed(&answer), "{path}?{target}: {} {:.200}", answer.status, answer.text());
        }
        let ndjson = environment.acme.get(&format!("{path}?start=-3h&format=ndjson")).await.text();
        let lines: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[messages.len()]["error"]["status"]), (messages.len() + 1, &502.into()), "{path}");
        let text = environment.acme.get(&format!("{path}?start=-3h&format=text&raw=true")).await;
        assert!(text.broken && text.trailers.is_empty(), "{path}");
    }
}
