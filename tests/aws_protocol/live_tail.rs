//! `StartLiveTail` read by botocore: from our endpoint, and from the fake CloudWatch of other tests.

use serde_json::{Value, json};

use super::support::{KEY, Stage};
use crate::contract::subject::now;
use crate::world::fake_cloudwatch::live_tail::{SessionEnd, SessionPlan};
use crate::world::fake_cloudwatch::{Fake, SECRET};
use crate::world::python::Helper;

const ARN: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api";

async fn put(stage: &Stage, stream: &str, messages: &[String]) {
    for batch in messages.chunks(10_000) {
        let events: Vec<Value> = batch.iter().map(|message| json!({ "timestamp": now(), "message": message })).collect();
        let put = json!({ "logGroupName": "/acme/api", "logStreamName": stream, "logEvents": events });
        stage.ok("put_log_events", put).await;
    }
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

async fn open(stage: &Stage, parameters: Value) -> Result<Value, String> {
    stage.order(json!({ "open": "start_live_tail", "parameters": parameters })).await
}

async fn read(stage: &Stage, count: usize) -> Value {
    stage.order(json!({ "read": count })).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_shows_what_is_put_while_it_is_open() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    stage.stream("/acme/api", "job-1").await;
    put(&stage, "web-1", &["old".to_owned()]).await;
    let start = open(&stage, json!({ "logGroupIdentifiers": [ARN] })).await.unwrap();
    assert_eq!(start["sessionStart"]["logGroupIdentifiers"], json!([ARN]));
    assert_eq!(read(&stage, 0).await["updates"], 0);
    let sent: Vec<String> = (0..10).map(|number| format!("new {number} \u{1F980}")).collect();
    put(&stage, "web-1", &sent).await;
    let answer = read(&stage, 10).await;
    assert_eq!(messages(&answer), sent);
    let event = &answer["results"][0];
    assert_eq!((&event["logStreamName"], &event["logGroupIdentifier"]), (&json!("web-1"), &json!(ARN)));
    assert!(event["timestamp"].is_i64() && event["ingestionTime"].is_i64(), "{event}");
    assert_eq!(answer["sampled"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_prefixes_and_a_filter_choose_events() {
    let stage = Stage::new().await;
    for stream in ["web-1", "web-2", "job-1"] {
        stage.stream("/acme/api", stream).await;
    }
    for (chosen, expected) in [
        (json!({ "logStreamNames": ["web-2"] }), vec!["web-2 ok"]),
        (json!({ "logStreamNamePrefixes": ["job", "web-1"] }), vec!["job-1 ok", "web-1 ok"]),
        (json!({ "logEventFilterPattern": "-web" }), vec!["job-1 ok"]),
    ] {
        let mut parameters = chosen.clone();
        parameters["logGroupIdentifiers"] = json!([ARN]);
        open(&stage, parameters).await.unwrap();
        for stream in ["job-1", "web-1", "web-2"] {
            put(&stage, stream, &[format!("{stream} ok")]).await;
        }
        let answer = read(&stage, expected.len()).await;
        let mut found = messages(&answer);
        found.sort_unstable();
        assert_eq!(found, expected, "{chosen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_500_events_in_a_second_are_sampled() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    open(&stage, json!({ "logGroupIdentifiers": ["/acme/api"] })).await.unwrap();
    let sent: Vec<String> = (0..3_000).map(|number| format!("event {number}")).collect();
    put(&stage, "web-1", &sent).await;
    let answer = read(&stage, 500).await;
    assert_eq!(answer["sampled"], true);
    assert!(messages(&answer).len() <= 500 * usize::try_from(answer["updates"].as_u64().unwrap()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_is_refused() {
    let stage = Stage::new().await;
    stage.stream("/acme/api", "web-1").await;
    for (parameters, expected) in [
        (json!({}), "InvalidParameterException"),
        (json!({ "logGroupIdentifiers": [] }), "InvalidParameterException"),
        (json!({ "logGroupIdentifiers": [format!("{ARN}:*")] }), "InvalidParameterException"),
        (json!({ "logGroupIdentifiers": ["/acme/none"] }), "ResourceNotFoundException"),
        (
            json!({ "logGroupIdentifiers": [ARN], "logStreamNames": ["a"], "logStreamNamePrefixes": ["b"] }),
            "InvalidParameterException",
        ),
        (json!({ "logGroupIdentifiers": [ARN, "/other"], "logStreamNames": ["a"] }), "InvalidParameterException"),
        (json!({ "logGroupIdentifiers": [ARN], "logEventFilterPattern": "{ $.a = " }), "InvalidParameterException"),
    ] {
        let refusal = open(&stage, parameters.clone()).await.unwrap_err();
        assert!(refusal.starts_with(expected), "{parameters}: {refusal}");
    }
}

/// The fake is correct: AWS's client reads each of its endings as an ending of AWS.
#[tokio::test(flavor = "multi_thread")]
async fn botocore_reads_the_sessions_of_the_fake() {
    for end in SessionEnd::ALL {
        let expected = match end {
            SessionEnd::Timeout => "SessionTimeoutException",
            SessionEnd::Exception => "SessionStreamingException",
            SessionEnd::Error => "InternalError",
            SessionEnd::Close => "closed",
            SessionEnd::CutFrame | SessionEnd::BadChecksum | SessionEnd::HugeFrame => "fault",
            // botocore waits one minute for data.
            SessionEnd::Silence => continue,
        };
        let fake = Fake::start(now()).await;
        {
            let mut state = fake.state();
            state.logs.add_stream("/acme/api", "web-1");
            state.live.interval = std::time::Duration::from_millis(20);
            state.live.plans.push_back(SessionPlan::ending(3, end));
        }
        let boto = Helper::start("aws_client.py", &[&fake.endpoint(), KEY, SECRET]);
        let ask = |order: Value| -> Value {
            let answer = tokio::task::block_in_place(|| boto.ask(&order));
            serde_json::from_str(&answer).unwrap()
        };
        let start = ask(json!({ "open": "start_live_tail", "parameters": { "logGroupIdentifiers": [ARN] } }));
        assert_eq!(start["answer"]["sessionStart"]["logGroupIdentifiers"], json!([ARN]), "{start}");
        fake.state().logs.put("/acme/api", "web-1", now(), "hello");
        let read = ask(json!({ "read": 2 }));
        if expected == "fault" {
            assert!(read["fault"].is_string(), "{end:?}: {read}");
            continue;
        }
        assert_eq!(messages(&read["answer"]), ["hello"], "{read}");
        assert_eq!(read["answer"]["end"], expected, "{read}");
    }
}
