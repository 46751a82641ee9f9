//! The six query operations and the fake's responses, validated by AWS's own code, and the same operations on an independent
//! emulator.

use std::collections::BTreeSet;

use serde_json::json;

use super::subject::{Binary, Subject, now, segment};
use crate::ops::queries::rows;
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::fake_cloudwatch::{Fake, REGION, SECRET};
use crate::world::python::Helper;
use crate::world::recorder::Recorder;

#[tokio::test]
async fn botocore_finds_the_requests_of_queries_signed_and_with_their_answers_in_its_model() {
    let fake = Fake::start(now()).await;
    let recorder = Recorder::before(fake.address).await;
    let process = Binary::on(&format!("http://{}", recorder.address), "q", "").await;
    for group in ["/q/api", "/limited-q/api"] {
        fake.state().logs.add_stream(group, "prod-1");
    }
    fake.state().queries.script = Script { rows: rows(12), looks: 1, ..Script::default() };
    let record =
        [("@log", "123456789012:/q/api"), ("@logStream", "prod-1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    fake.state().queries.records.insert("raw-pointer-0".to_owned(), record.to_vec());
    let acme = process.acme();

    let groups = ["/q/api", "/limited-q/api"];
    let long = json!({ "query": "fields @message", "logGroups": groups, "start": "2026-11-20T10:00:00.001Z", "end": "2026-11-20T10:00:00.002Z", "limit": 50_000 });
    let short = json!({ "query": "stats COUNT(*) by bin(1h)", "logGroups": ["/q/api"], "start": "-1h", "limit": 5 });
    assert_eq!(acme.post("/queries", &long, &[]).await.status, 202);
    let answer = acme.post("/queries", &short, &[("prefer", "wait=20")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["queryId"].as_str().unwrap().to_owned();
    let page = acme.get(&format!("/queries/{id}?limit=5")).await.json();
    acme.get(&format!("/queries/{id}?cursor={}", page["nextCursor"].as_str().unwrap())).await;
    let pointer = page["results"][0]["@ptr"].as_str().unwrap();
    assert_eq!(acme.get(&format!("/records/{pointer}")).await.status, 200);
    assert_eq!(acme.delete(&format!("/queries/{id}")).await.status, 204);
    for parameters in ["", "?time=-1h"] {
        assert_eq!(acme.get(&format!("/groups/{}/fields{parameters}", segment("/q/api"))).await.status, 200);
    }
    // The fake's errors: an ended query, too many queries, an invalid text, a missing group.
    assert_eq!(acme.delete(&format!("/queries/{id}")).await.status, 204);
    fake.state().queries.most = 0;
    assert_eq!(acme.post("/queries", &short, &[]).await.status, 503);
    let malformed = json!({ "query": "filter a = 'malformed for AWS'", "logGroups": ["/q/api"], "start": "-1h" });
    assert_eq!(acme.post("/queries", &malformed, &[]).await.status, 400);
    assert_eq!(acme.get(&format!("/groups/{}/fields", segment("/q/gone"))).await.status, 404);

    let seen = recorder.seen();
    let requests = seen.clone();
    let verdicts = tokio::task::spawn_blocking(move || {
        let botocore = Helper::start("check_requests.py", &[SECRET, REGION]);
        requests.iter().map(|request| botocore.ask(&request.with_answer())).collect::<Vec<_>>()
    });
    assert!(seen.iter().filter(|exchange| exchange.status == 400).count() >= 4);
    for (request, verdict) in seen.iter().zip(verdicts.await.unwrap()) {
        assert_eq!(verdict, "ok", "{request:?}");
    }
    let operations: BTreeSet<&str> = seen.iter().map(|request| request.header("x-amz-target")).collect();
    let expected = ["GetLogGroupFields", "GetLogRecord", "GetQueryResults", "ListLogGroupsForQuery", "StartQuery", "StopQuery"];
    assert!(operations.iter().copied().eq(expected.map(|name| format!("Logs_20140328.{name}"))), "{operations:?}");
    assert!(seen.iter().all(|request| request.headers.contains_key("traceparent")), "calls without the trace");
    let start: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!((&start["startTime"], &start["endTime"]), (&json!(1_795_168_800), &json!(1_795_168_801)));
    assert_eq!(start["limit"], 50_000);
    let end: serde_json::Value = serde_json::from_slice(&seen[1].body).unwrap();
    assert!(end["queryString"].as_str().unwrap().ends_with(" | stats COUNT(*) by bin(1h) | limit 5"), "{end}");
}

/// moto does not support ListLogGroupsForQuery, so the groups of a query are unknown: its rows are withheld.
#[tokio::test]
async fn moto_takes_a_query_and_its_rows_are_not_shown_unchecked() {
    let subject = Subject::moto().await;
    let (empty, full) = (subject.group("empty"), subject.group("full"));
    subject.create_group(&empty).await;
    subject.put(&full, "prod-1", &[(Subject::begin(), "secret-message")]).await;
    for (group, expected) in [(&empty, 200), (&full, 502)] {
        let body = json!({ "query": "fields @timestamp, @message | sort @timestamp desc", "logGroups": [group], "start": "-3h", "limit": 20 });
        let answer = subject.acme().post("/queries", &body, &[]).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let id = answer.json()["queryId"].as_str().unwrap().to_owned();
        let answer = subject.acme().get(&format!("/queries/{id}")).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
        assert!(!answer.text().contains("secret-message"));
        if expected == 200 {
            assert_eq!((&answer.json()["status"], &answer.json()["results"]), (&json!("Complete"), &json!([])));
        }
    }
}
