//! Logs Insights queries with the requests of boto3 and Grafana.

use serde_json::{Value, json};

use super::support::Stage;
use crate::contract::subject::now;

const GROUP: &str = "/acme/api";

/// Ten events, each with a status, and the second of the first event.
async fn stage() -> (Stage, i64) {
    let stage = Stage::new().await;
    let begin = (now() / 1000 - 60) * 1000;
    stage.stream(GROUP, "a").await;
    let message = |number: i64| json!({ "status": 200 + number % 2 * 300, "number": number }).to_string();
    let events: Vec<_> = (0..10).map(|number| json!({ "timestamp": begin + number, "message": message(number) })).collect();
    stage.ok("put_log_events", json!({ "logGroupName": GROUP, "logStreamName": "a", "logEvents": events })).await;
    (stage, begin / 1000)
}

fn query(text: &str, begin: i64) -> Value {
    json!({ "logGroupName": GROUP, "queryString": text, "startTime": begin, "endTime": begin })
}

/// Starts a query and polls until it has ended.
async fn run(stage: &Stage, query: Value) -> (Value, Value) {
    let id = stage.ok("start_query", query).await["queryId"].clone();
    for _ in 0..10_000 {
        let results = stage.ok("get_query_results", json!({ "queryId": id })).await;
        if !["Scheduled", "Running"].contains(&results["status"].as_str().unwrap()) {
            return (id, results);
        }
    }
    panic!("the query does not end");
}

/// A row's value of a field.
fn value<'a>(row: &'a Value, field: &str) -> &'a str {
    let cell = row.as_array().unwrap().iter().find(|cell| cell["field"] == field);
    cell.unwrap_or_else(|| panic!("no {field} in {row}"))["value"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_started_read_to_its_end_and_listed() {
    let (stage, begin) = stage().await;
    // The last second belongs to the range.
    let (id, results) = run(&stage, query("stats count(*) as n by status | sort status desc", begin)).await;
    assert_eq!((&results["status"], &results["queryLanguage"]), (&json!("Complete"), &json!("CWLI")), "{results}");
    let rows = results["results"].as_array().unwrap();
    assert_eq!((value(&rows[0], "status"), value(&rows[0], "n")), ("500", "5"), "{results}");
    assert!(results["statistics"]["recordsScanned"].as_f64().unwrap() >= 10.0, "{results}");
    let ended = stage.call("stop_query", json!({ "queryId": id })).await;
    assert_eq!(ended.unwrap_err(), "InvalidParameterException: The specified query is not running.");
    let listed = stage.ok("describe_queries", json!({ "logGroupName": GROUP, "status": "Complete" })).await;
    let listed = &listed["queries"][0];
    assert_eq!((&listed["queryId"], &listed["logGroupName"]), (&id, &json!(GROUP)));
    let text = format!("SOURCE \"{GROUP}\" START={}000 END={}999 | stats", begin, begin);
    assert!(listed["queryString"].as_str().unwrap().starts_with(&text), "{listed}");
    assert_eq!(stage.ok("list_log_groups_for_query", json!({ "queryId": id })).await, json!({ "logGroupIdentifiers": [GROUP] }));
    assert_eq!(stage.ok("describe_queries", json!({ "status": "Failed" })).await, json!({ "queries": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_pages_and_lead_to_whole_events() {
    let (stage, begin) = stage().await;
    let (id, _) = run(&stage, query("fields @message, number | sort number asc", begin)).await;
    let (mut numbers, mut token, mut pointer) = (Vec::new(), None, None);
    for page in 0.. {
        let mut parameters = json!({ "queryId": id, "maxItems": 4 });
        if let Some(token) = token {
            parameters["nextToken"] = token;
        }
        let results = stage.ok("get_query_results", parameters).await;
        for row in results["results"].as_array().unwrap() {
            numbers.push(value(row, "number").to_owned());
            pointer = Some(value(row, "@ptr").to_owned());
        }
        token = results.get("nextToken").cloned();
        if token.is_none() {
            break;
        }
        assert!(page < 5, "no end");
    }
    assert_eq!(numbers, (0..10).map(|number| number.to_string()).collect::<Vec<_>>());
    let record = stage.ok("get_log_record", json!({ "logRecordPointer": pointer.unwrap() })).await["logRecord"].clone();
    assert_eq!(
        (&record["number"], &record["@logStream"], &record["@log"]),
        (&json!("9"), &json!("a"), &json!("123456789012:/acme/api"))
    );
    let made_up = stage.call("get_log_record", json!({ "logRecordPointer": "AAAA" })).await;
    assert!(made_up.unwrap_err().starts_with("InvalidParameterException: "));
    let found = stage.ok("get_log_group_fields", json!({ "logGroupName": GROUP, "time": begin })).await;
    let names: Vec<_> = found["logGroupFields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert!(["status", "number", "@message"].iter().all(|name| names.contains(name)), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn grafanas_text_runs_and_its_times_have_three_decimals() {
    let (stage, begin) = stage().await;
    let added = "fields @timestamp,ltrim(@log) as __log__grafana_internal__,ltrim(@logStream) as __logstream__grafana_internal__";
    let asked = |text: &str| {
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/acme/api:";
        json!({
            "queryLanguage": "CWLI", "logGroupIdentifiers": [arn], "queryString": format!("{added}|{text}"),
            "startTime": begin, "endTime": begin + 1, "limit": 3,
        })
    };
    let (_, results) = run(&stage, asked("fields @message | sort @timestamp desc")).await;
    let rows = results["results"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "{results}");
    assert_eq!(value(&rows[0], "__logstream__grafana_internal__"), "a");
    assert!(value(&rows[0], "__log__grafana_internal__").ends_with("/acme/api"), "{results}");
    let (_, series) = run(&stage, asked("stats count(*) by bin(1m)")).await;
    for (results, field) in [(&results, "@timestamp"), (&series, "bin(1m)")] {
        let time = value(&results["results"][0], field);
        let shaped = time.len() == "2006-01-02 15:04:05.000".len() && time.as_bytes()[10] == b' ' && time.as_bytes()[19] == b'.';
        assert!(shaped, "{field}: {time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_is_refused_when_it_is_started() {
    let (stage, begin) = stage().await;
    for (parameters, expected) in [
        (query("fields |", begin), "MalformedQueryException: at character "),
        (query("SOURCE logGroups() | fields @message", begin), "MalformedQueryException: "),
        (json!({ "queryString": "fields @message", "startTime": 0, "endTime": 1 }), "InvalidParameterException: Exactly one of "),
        (
            json!({ "logGroupName": "/no", "queryString": "fields @message", "startTime": 0, "endTime": 1 }),
            "ResourceNotFoundException: The specified log group does not exist.",
        ),
        (
            json!({ "logGroupName": GROUP, "queryString": "SELECT 1", "queryLanguage": "SQL", "startTime": 0, "endTime": 1 }),
            "InvalidParameterException: This endpoint runs queries in CWLI",
        ),
        (
            json!({ "logGroupName": GROUP, "queryString": "fields @message", "startTime": 2, "endTime": 1 }),
            "InvalidParameterException: ",
        ),
    ] {
        let refused = stage.call("start_query", parameters.clone()).await.unwrap_err();
        assert!(refused.starts_with(expected), "{parameters}: {refused}");
    }
    let unknown = stage.call("get_query_results", json!({ "queryId": "12345678-1234-1234-1234-123456789012" })).await;
    assert!(unknown.unwrap_err().starts_with("ResourceNotFoundException: "));
}
