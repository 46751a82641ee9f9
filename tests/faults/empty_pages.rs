//! Long runs of pages without an event, as for a rare filter over many events: the export continues, and reports when it stops
//! early.

use serde_json::Value;

use super::environment::{Deadlines, TestEnvironment};
use crate::contract::subject::{Subject, group_path};
use crate::world::fake_cloudwatch::Fault;
use crate::world::fake_cloudwatch::plan::Plan;

const GROUP: &str = "/f/barren/api";
const EVENTS: i64 = 40;

async fn environment() -> TestEnvironment {
    let environment = TestEnvironment::new(Deadlines::Usual, false).await;
    (0..EVENTS)
        .for_each(|number| environment.fake.state().logs.put(GROUP, "web", Subject::begin() + number, &format!("{number}")));
    environment
}

fn empty_after(environment: &TestEnvironment, good: usize, most: usize) {
    environment.fake.state().plans.set(Plan::new(GROUP, Fault::EmptyPage).after(good).times(most));
}

#[tokio::test]
async fn an_export_goes_on_over_hundreds_of_empty_pages_to_the_event_behind_them() {
    let environment = environment().await;
    empty_after(&environment, 1, 900);
    let answer = environment.acme.get(&format!("{}?start=-3h&format=text", group_path(GROUP))).await;
    assert_eq!(answer.text().lines().count(), EVENTS as usize);
    assert!(!answer.broken && answer.trailers.contains_key("logmark-cursor"));
    assert_eq!(environment.lift(GROUP), 900);
}

#[tokio::test]
async fn an_export_that_meets_none_in_a_thousand_pages_is_seen_to_fail_and_pages_lead_on() {
    let environment = environment().await;
    // After the first page, and from the beginning.
    for (good, first) in [(1, 16), (0, 0)] {
        for format in ["ndjson", "csv"] {
            empty_after(&environment, good, usize::MAX);
            let before = environment.fake.calls();
            let answer = environment.acme.get(&format!("{}?start=-3h&format={format}", group_path(GROUP))).await;
            let calls = environment.fake.calls() - before;
            assert_eq!((answer.status.as_u16(), answer.trailers.is_empty()), (200, true));
            assert!((1000..=1002).contains(&(calls - good)), "{calls} calls");
            let text = answer.text();
            match format {
                "ndjson" => {
                    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                    let error = &lines.last().unwrap()["error"];
                    assert_eq!(
                        (lines.len(), &error["status"], &error["code"]),
                        (first + 1, &504.into(), &"upstream_timeout".into())
                    );
                    assert!(error["detail"].as_str().unwrap().contains("1000 pages"), "{error}");
                }
                _ => assert!(answer.broken && text.lines().count() == first + 1, "{text}"),
            }
            environment.lift(GROUP);
        }
    }
    empty_after(&environment, 1, usize::MAX);
    let page = environment.acme.get(&format!("{}?start=-3h&limit=1000", group_path(GROUP))).await.json();
    assert_eq!((page["stopReason"].as_str(), page["events"].as_array().unwrap().len()), (Some("time"), 16));
    environment.lift(GROUP);
    let page = environment.acme.get(&format!("/logs?limit=1000&cursor={}", page["nextCursor"].as_str().unwrap())).await.json();
    assert_eq!((page["stopReason"].as_str(), page["events"].as_array().unwrap().len()), (Some("end"), EVENTS as usize - 16));
}
