//! PutLogEvents: its limits, and its report of rejected events.

use serde_json::{Value, json};

use super::support::{Raw, Stage};
use crate::contract::subject::now;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn batch(events: &[(i64, &str)]) -> Value {
    let events: Vec<_> = events.iter().map(|(at, message)| json!({ "timestamp": at, "message": message })).collect();
    json!({ "logGroupName": "/acme/api", "logStreamName": "web-1", "logEvents": events })
}

async fn stored(stage: &Stage) -> Vec<String> {
    let events = stage.ok("filter_log_events", json!({ "logGroupName": "/acme/api" })).await;
    events["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_stored_whole_and_in_order() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    let at = now();
    let odd = "tab\t, quote \", backslash \\, é, 漢, 🦀, \u{1} and \u{2028}";
    let answer = stage.ok("put_log_events", batch(&[(at, "one"), (at, odd), (at + 1, "three")])).await;
    assert_eq!(answer["nextSequenceToken"].as_str().unwrap().len(), 56);
    assert!(answer.get("rejectedLogEventsInfo").is_none(), "{answer}");
    assert_eq!(stored(&stage).await, ["one", odd, "three"]);
    // The CloudWatch agent compresses; obsolete members are ignored.
    let mut parameters = batch(&[(at + 2, "packed")]);
    parameters["sequenceToken"] = json!("49");
    parameters["entity"] = json!({ "keyAttributes": { "Type": "Service", "Name": "x" } });
    let packed = json!({ "service": "logs", "operation": "put_log_events", "parameters": parameters, "gzip": true });
    stage.order(packed).await.unwrap();
    assert_eq!(stored(&stage).await.last().unwrap(), "packed");
    let stream = stage.ok("describe_log_streams", json!({ "logGroupName": "/acme/api" })).await["logStreams"][0].clone();
    assert_eq!((&stream["firstEventTimestamp"], &stream["lastEventTimestamp"]), (&json!(at), &json!(at + 2)));
    assert!(stream["lastIngestionTime"].as_i64().unwrap() >= at, "{stream}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_new_too_old_or_expired_is_left_out_and_said() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    let at = now();
    let events = [(at - 20 * DAY, "old"), (at - HOUR, "good"), (at, "good too"), (at + 3 * HOUR, "new")];
    let answer = stage.ok("put_log_events", batch(&events)).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({ "tooNewLogEventStartIndex": 3, "tooOldLogEventEndIndex": 1 }));
    assert_eq!(stored(&stage).await, ["good", "good too"]);
    stage.ok("put_retention_policy", json!({ "logGroupName": "/acme/api", "retentionInDays": 3 })).await;
    let answer = stage.ok("put_log_events", batch(&[(at - 5 * DAY, "expired"), (at, "kept")])).await;
    assert_eq!(answer["rejectedLogEventsInfo"], json!({ "expiredLogEventEndIndex": 1 }));
    assert_eq!(stored(&stage).await, ["good", "good too", "kept"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_breaks_a_rule_is_refused_whole() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    let at = now();
    let large = "x".repeat(600_000);
    let many: Vec<(i64, &str)> = (0..10_001).map(|_| (at, "x")).collect();
    for (events, expected) in [
        (batch(&[(at, "b"), (at - 1, "a")]), "Log events in a single PutLogEvents request must be in chronological order."),
        (
            batch(&[(at - 2 * DAY, "a"), (at, "b")]),
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
        (batch(&[]), "Member must have length greater than or equal to 1"),
        (batch(&many), "Member must have length less than or equal to 10000"),
        (batch(&[(at, &large), (at, &large)]), "Upload too large: 1200052 bytes exceeds limit of 1048576"),
        (
            batch(&[(at, "")]),
            "Value at 'logEvents.1.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (batch(&[(-1, "x")]), "Member must have value greater than or equal to 0"),
    ] {
        let refused = stage.call("put_log_events", events).await.unwrap_err();
        assert!(refused.starts_with("InvalidParameterException: ") && refused.ends_with(expected), "{expected}: {refused}");
    }
    let nowhere =
        json!({ "logGroupName": "/acme/api", "logStreamName": "no", "logEvents": [{ "timestamp": at, "message": "x" }] });
    assert_eq!(
        stage.call("put_log_events", nowhere).await.unwrap_err(),
        "ResourceNotFoundException: The specified log stream does not exist."
    );
    assert!(stored(&stage).await.is_empty());
    // The largest batch of the characters with the longest JSON encoding.
    let control = "\u{1}".repeat(1_048_576 - 26);
    stage.ok("put_log_events", batch(&[(at, &control)])).await;
    assert_eq!(stored(&stage).await, [control]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_received_and_unpacked_within_bounds() {
    let stage = Stage::new().await;
    let packed = |plain: &[u8]| {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let with_body = |body: Vec<u8>, encoding: &str| {
        let mut raw = Raw::logs(&stage.world, "PutLogEvents", &json!({})).with("content-encoding", encoding);
        raw.body = body;
        raw.signed()
    };
    // 100 MiB of blanks in 100 KiB.
    let bomb = with_body(packed(&vec![b' '; 100 << 20]), "gzip").send(&stage.world).await;
    assert_eq!(bomb.refusal(), "413 RequestEntityTooLargeException");
    let mut large = Raw::logs(&stage.world, "PutLogEvents", &json!({}));
    large.body = vec![b' '; (8 << 20) + 1];
    assert_eq!(large.signed().send(&stage.world).await.refusal(), "413 RequestEntityTooLargeException");
    for (body, encoding) in [(b"no gzip".to_vec(), "gzip"), (packed(b"{}")[..12].to_vec(), "gzip"), (b"{}".to_vec(), "br")] {
        let refused = with_body(body, encoding).send(&stage.world).await;
        assert_eq!(refused.refusal(), "400 SerializationException", "{encoding}");
    }
    let twice = Raw::logs(&stage.world, "ListLogGroups", &json!({})).with("content-encoding", "identity").signed();
    assert_eq!(twice.send(&stage.world).await.status, 200);
}
