//! Clients in other languages than Python: the requests of Fluent Bit and Grafana, with the headers that each of them signs.
//!
//! If Fluent Bit is installed, the real program writes too.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use super::support::{Got, KEY, Raw, Stage};
use crate::contract::subject::now;
use crate::world::fake_cloudwatch::SECRET;
use crate::world::{Options, World};

/// A request of Fluent Bit, which signs its user agent.
async fn fluent_bit(world: &World, operation: &str, body: Value) -> Got {
    let request = Raw::logs(world, operation, &body).with("user-agent", "aws-fluent-bit-plugin");
    request.with("x-amzn-logs-format", "json/emf").signed().send(world).await
}

#[tokio::test]
async fn fluent_bit_makes_its_group_and_stream_when_they_are_missing_and_writes() {
    let tenants = "[tenants.fluent]\n[[tenants.fluent.grants]]\ngroups = [\"/fluent/*\"]\nactions = [\"read\"]\n".to_owned();
    let world = World::with(Options { tenants: Some(tenants), ..Options::with_endpoint() }).await;
    let stream = json!({ "logGroupName": "/fluent/app", "logStreamName": "from-bit" });
    // Fluent Bit compares the error's whole name, and treats a success without a request id as a failure.
    let missing = fluent_bit(&world, "CreateLogStream", stream.clone()).await;
    assert_eq!((missing.status, &missing.json()["__type"]), (400, &json!("ResourceNotFoundException")));
    let group = fluent_bit(&world, "CreateLogGroup", json!({ "logGroupName": "/fluent/app", "logGroupClass": "STANDARD" })).await;
    assert_eq!((group.status, group.body.len()), (200, 0));
    for _ in 0..2 {
        let body = json!({ "logGroupName": "/fluent/app", "retentionInDays": 7 });
        assert_eq!(fluent_bit(&world, "PutRetentionPolicy", body).await.status, 200);
    }
    assert_eq!(fluent_bit(&world, "CreateLogStream", stream.clone()).await.status, 200);
    let again = fluent_bit(&world, "CreateLogStream", stream.clone()).await;
    assert_eq!((again.status, &again.json()["__type"]), (400, &json!("ResourceAlreadyExistsException")));
    let mut put = stream;
    put["logEvents"] =
        json!([{ "timestamp": now(), "message": "{\"log\":\"one\"}" }, { "timestamp": now(), "message": "{\"log\":\"two\"}" }]);
    let written = fluent_bit(&world, "PutLogEvents", put).await;
    assert_eq!(written.status, 200);
    assert!(written.header("x-amzn-requestid").is_some_and(|id| !id.is_empty()), "{}", written.head);
    assert_eq!(written.json()["nextSequenceToken"].as_str().unwrap().len(), 56);
    let text = world.tenant("fluent").get("/logs/:fluent:app/from-bit?from=head&format=text").await.text();
    assert_eq!(text, "{\"log\":\"one\"}\n{\"log\":\"two\"}\n");
}

/// A request of Grafana, whose SDK in Go signs more headers than others.
async fn grafana(world: &World, operation: &str, body: Value) -> Value {
    let request = Raw::logs(world, operation, &body)
        .with("accept-encoding", "identity")
        .with("amz-sdk-invocation-id", "4b0f5b0e-7d0c-4f0e-9c55-0f6f2f5d6f0a")
        .with("amz-sdk-request", "attempt=1; max=3");
    let got = request.signed().send(world).await;
    assert_eq!(got.status, 200, "{operation}: {}", String::from_utf8_lossy(&got.body));
    got.json()
}

#[tokio::test]
async fn grafana_picks_a_group_reads_its_fields_runs_a_query_and_shows_the_context_of_a_row() {
    let world = World::with(Options::with_endpoint()).await;
    let begin = now() - 60_000;
    let lines: Vec<String> = (0..20).map(|number| format!("{{\"n\":{number}}}")).collect();
    let events: Vec<(i64, &str)> = (begin..).zip(lines.iter().map(String::as_str)).collect();
    world.put("/acme/api", "web-1", &events).await;

    let health = grafana(&world, "DescribeLogGroups", json!({ "limit": 1 })).await;
    assert_eq!(health["logGroups"].as_array().unwrap().len(), 1);
    let picker = json!({ "limit": 50, "logGroupNamePrefix": "/acme", "includeLinkedAccounts": true });
    let group = grafana(&world, "DescribeLogGroups", picker).await["logGroups"][0].take();
    let (arn, group_arn) = (group["arn"].as_str().unwrap(), group["logGroupArn"].as_str().unwrap());
    assert_eq!(arn, format!("{group_arn}:*"));
    let fields = grafana(&world, "GetLogGroupFields", json!({ "logGroupName": "/acme/api" })).await;
    assert!(fields["logGroupFields"].as_array().unwrap().contains(&json!({ "name": "n", "percent": 100 })), "{fields}");

    let added = "fields @timestamp,ltrim(@log) as __log__grafana_internal__,ltrim(@logStream) as __logstream__grafana_internal__";
    let query = json!({
        "startTime": begin / 1000, "endTime": now() / 1000 + 1, "queryLanguage": "CWLI", "limit": 5,
        "queryString": format!("{added}|fields @message | sort @timestamp asc"),
        // Grafana strips the `*` of the ARN only.
        "logGroupIdentifiers": [arn.trim_end_matches('*')],
    });
    let id = grafana(&world, "StartQuery", query).await["queryId"].take();
    let results = loop {
        let results = grafana(&world, "GetQueryResults", json!({ "queryId": id })).await;
        if results["status"] == "Complete" {
            break results;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(results["results"].as_array().unwrap().len(), 5);
    for row in results["results"].as_array().unwrap() {
        let is_full = |cell: &Value| cell["field"].is_string() && cell["value"].is_string();
        assert!(row.as_array().unwrap().iter().all(is_full), "{row}");
    }
    assert!(results["statistics"]["bytesScanned"].as_f64().unwrap() > 0.0);

    // The context of the tenth event: ten events before it and ten after it.
    let context = |more: Value| {
        let mut body = json!({ "logGroupName": "/acme/api", "logStreamName": "web-1", "limit": 10 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let before = grafana(&world, "GetLogEvents", context(json!({ "endTime": begin + 10, "startFromHead": false }))).await;
    let after = grafana(&world, "GetLogEvents", context(json!({ "startTime": begin + 10, "startFromHead": true }))).await;
    for (page, first) in [(before, "{\"n\":0}"), (after, "{\"n\":10}")] {
        assert_eq!((page["events"].as_array().unwrap().len(), &page["events"][0]["message"]), (10, &json!(first)));
    }
}

/// The path of Fluent Bit, if it is installed. Debian does not package it; its vendor does.
fn installed() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let found = folders
        .into_iter()
        .chain(["/opt/fluent-bit/bin".into()])
        .map(|folder| folder.join("fluent-bit"))
        .find(|file| file.exists());
    if found.is_none() {
        println!("skipped: Fluent Bit is not installed");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_fluent_bit_writes() {
    let Some(program) = installed() else { return };
    let stage = Stage::new().await;
    let address = stage.world.endpoints[0];
    let mut command = Command::new(program);
    command.args([
        "-i",
        "dummy",
        "-p",
        "dummy={\"log\":\"from fluent bit\"}",
        "-p",
        "samples=3",
        "-o",
        "cloudwatch_logs",
        "-p",
        "match=*",
    ]);
    for property in [
        "region=eu-west-1".to_owned(),
        "log_group_name=/fluent/app".to_owned(),
        "log_stream_name=dummy".to_owned(),
        "auto_create_group=true".to_owned(),
        format!("endpoint={}", address.ip()),
        format!("port={}", address.port()),
        "tls=off".to_owned(),
    ] {
        command.args(["-p", &property]);
    }
    command.args(["-f", "1"]).env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).kill_on_drop(true);
    let _running = command.spawn().unwrap();
    let written = async {
        loop {
            let found = stage.call("filter_log_events", json!({ "logGroupName": "/fluent/app" })).await;
            if found.is_ok_and(|found| found["events"].as_array().unwrap().len() == 3) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.expect("three events");
}
