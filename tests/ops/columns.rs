//! `columns` and `bom`: JSON fields as spreadsheet columns, text with time and stream, and the refused values.

use serde_json::{Value, json};

use crate::world::World;

const ORDER: &str = r#"{"status":200,"user":{"id":"u-7","name":"=HYPERLINK(\"http://x\")"},"a.b":[1,2],"ms":-3.5}"#;
const TIME: &str = "2023-11-14T22:13:20.000Z";

async fn world() -> World {
    let world = World::new().await;
    let begin = 1_700_000_000_000;
    world.put("/acme/api", "web;1", &[(begin, ORDER), (begin + 1, "no JSON\n"), (begin + 2, "{\"status\":\"a\\tb\"}")]).await;
    world
}

#[tokio::test]
async fn json_fields_are_columns_of_a_spreadsheet() {
    let world = world().await;
    let columns = "timestamp,logStream,$.status,$.user.name,$['a.b'][1],$.ms,$.user";
    let answer = world.tenant("acme").get(&format!("/logs/:acme:api?start=0&format=csv&bom=true&columns={columns}")).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let text = answer.text();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], format!("\u{feff}{columns}"));
    let user = r#""{""id"":""u-7"",""name"":""=HYPERLINK(\""http://x\"")""}""#;
    assert_eq!(lines[1], format!("{TIME},web;1,200,\"'=HYPERLINK(\"\"http://x\"\")\",2,-3.5,{user}"));
    assert_eq!(lines[2], format!("{},web;1,,,,,", TIME.replace("20.000", "20.001")));
    assert_eq!(lines[3], format!("{},web;1,a\tb,,,,", TIME.replace("20.000", "20.002")));
    assert_eq!(lines.len(), 4);
    assert!(answer.trailers.contains_key("logmark-cursor"));
}

#[tokio::test]
async fn ndjson_keeps_the_types_and_leaves_out_what_is_not_there() {
    let world = world().await;
    let target = "/logs/:acme:api/web;1?start=0&format=ndjson&trailer=line&columns=$.status,$.user.id,$['a.b'],logStream";
    let text = world.tenant("acme").get(target).await.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({ "$.status": 200, "$.user.id": "u-7", "$['a.b']": [1, 2], "logStream": "web;1" }));
    assert_eq!(lines[1], json!({ "logStream": "web;1" }));
    assert_eq!(lines[2], json!({ "$.status": "a\tb", "logStream": "web;1" }));
    assert!(lines[3]["cursor"].is_string(), "{text}");
}

#[tokio::test]
async fn text_shows_time_and_stream_between_tabs_a_line_an_event() {
    let world = world().await;
    let acme = world.tenant("acme");
    let text = acme.get("/logs/:acme:api?start=0&format=text&columns=timestamp,logStream,$.status,message").await.text();
    let second = TIME.replace("20.000", "20.001");
    let third = TIME.replace("20.000", "20.002");
    assert_eq!(
        text,
        format!("{TIME}\tweb;1\t200\t{ORDER}\n{second}\tweb;1\t\tno JSON\n{third}\tweb;1\ta\\tb\t{{\"status\":\"a\\tb\"}}\n")
    );
    let accepted = acme.get_with("/logs/:acme:api?start=0&columns=logStream", &[("accept", "text/plain")]).await;
    assert_eq!(accepted.text(), "web;1\n".repeat(3));
}

/// Columns belong to the format: a cursor carries neither, so both may change from page to page.
#[tokio::test]
async fn columns_may_change_beside_a_cursor_as_the_format_may() {
    let world = world().await;
    let acme = world.tenant("acme");
    let first = acme.get("/logs/:acme:api?start=0&format=csv&limit=1&columns=$.status").await;
    assert_eq!(first.text(), "$.status\r\n200\r\n");
    let cursor = first.trailers["logmark-cursor"].to_str().unwrap().to_owned();
    let same = acme.get(&format!("/logs?cursor={cursor}&format=csv&columns=$.status")).await;
    assert_eq!(same.text(), "$.status\r\n\r\na\tb\r\n");
    assert_eq!(acme.get(&format!("/logs?cursor={cursor}&format=text&columns=logStream")).await.text(), "web;1\n".repeat(2));
    assert_eq!(acme.get(&format!("/logs?cursor={cursor}&format=text")).await.text(), "no JSON\n{\"status\":\"a\\tb\"}\n");
    assert_eq!(acme.get(&format!("/logs?cursor={cursor}")).await.messages().len(), 2);
    let tail = acme.get("/logs/:acme:api?format=csv&limit=1&columns=$.status").await;
    assert_eq!(tail.text(), "$.status\r\na\tb\r\n", "the last events in columns, too");
}

#[tokio::test]
async fn ids_are_not_rounded_by_a_spreadsheet_and_exact_elsewhere() {
    let world = world().await;
    let acme = world.tenant("acme");
    let ndjson = acme.get("/logs/:acme:api?start=0&format=ndjson&limit=1").await.text();
    let event: Value = serde_json::from_str(ndjson.lines().next().unwrap()).unwrap();
    let id = event["eventId"].as_str().unwrap();
    assert!(id.len() > 15 && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
    for query in ["format=csv", "format=csv&columns=eventId,message"] {
        let csv = acme.get(&format!("/logs/:acme:api?start=0&limit=1&{query}")).await.text();
        assert!(csv.contains(&format!("'{id},")), "{csv}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_columns_is_told() {
    let world = world().await;
    let acme = world.tenant("acme");
    let many = vec!["$.a"; 51].join(",");
    for (query, parameter, detail) in [
        ("format=csv&columns=statuss", "columns", "unknown column `statuss`: use `timestamp`, `ingestionTime`, `logStream`"),
        ("format=csv&columns=", "columns", "has an empty column"),
        ("format=csv&columns=message,message", "columns", "has the column `message` twice"),
        ("format=csv&columns=message&columns=timestamp", "columns", "is given 2 times"),
        ("format=csv&columns=$", "columns", "use `message`"),
        ("format=csv&columns=$.a[*]", "columns", "has a wildcard"),
        ("format=csv&columns=a%00b", "columns", "unknown column `a\u{fffd}b`"),
        (&format!("format=csv&columns={many}"), "columns", "the maximum is 50"),
        ("columns=message", "columns", "goes with `format=csv`, `format=ndjson` and `format=text`"),
        ("format=json&columns=message", "columns", "a JSON page has whole events"),
        ("format=text&bom=true", "bom", "goes with `text/csv` only"),
        ("bom=true", "bom", "goes with `text/csv` only"),
        ("format=csv&bom=yes", "bom", "is not valid: use `true` or `false`"),
    ] {
        let answer = acme.get(&format!("/logs/:acme:api?start=0&{query}")).await;
        assert_eq!(answer.problem(), "400 invalid_parameter", "{query}");
        let problem = answer.json();
        let faults = problem["errors"].as_array().unwrap();
        let is_told = |fault: &Value| fault["parameter"] == parameter && fault["detail"].as_str().unwrap().contains(detail);
        assert!(faults.iter().any(is_told), "{query}: {problem}");
    }
    assert_eq!(acme.get("/logs/:acme:api?start=0&format=csv&bom=false").await.status, 200);
}
