//! The examples of the document: each must equal the service's answer.
//!
//! `make examples` writes them. Random parts of an answer (cursors, ids, the end of a token) are replaced by placeholders.

use std::path::Path;

use serde_json::{Value, json};

use super::environment::{TestEnvironment, document};
use crate::world::client::{Answer, Client};

/// The minute before 2026-11-20T10:00:00Z, with the events of the environment.
const RANGE: &str = "start=2026-11-20T09:59:00Z&end=2026-11-20T10:00:00Z";

/// Members with a new text in each run, and the placeholders for them.
const RANDOM: [(&str, &str); 6] = [
    ("nextCursor", "exampleNextCursor"),
    ("previousCursor", "examplePreviousCursor"),
    ("cursor", "exampleCursor"),
    ("queryId", "exampleQueryId"),
    ("@ptr", "examplePointer"),
    ("expiresAt", "2026-11-20T11:00:00.000Z"),
];

/// An example file and its content.
type Example = (String, String);

#[tokio::test]
async fn the_examples_are_what_the_service_answers() {
    let environment = TestEnvironment::start().await;
    let acme = environment.tenant("acme", "logs:read:/acme/* logs:query:/acme/*");
    let mut examples = caller_and_lists(&acme).await;
    examples.extend(events(&acme).await);
    examples.extend(queries(&acme).await);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/examples");
    let write = std::env::var_os("LOGMARK_WRITE_EXAMPLES").is_some();
    for (file, text) in &examples {
        let path = folder.join(file);
        if write {
            std::fs::write(&path, text).unwrap();
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(known == *text, "openapi/examples/{file} differs from the answer: run `make examples`\n{known}\n{text}");
    }
    let mut there: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.retain(|file| !file.ends_with(".request.json"));
    there.sort();
    let mut made: Vec<String> = examples.into_iter().map(|(file, _)| file).collect();
    made.sort();
    assert_eq!(there, made, "openapi/examples has other files than are written");
}

#[test]
fn every_answer_of_the_document_has_an_example() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = resolved(&document, response);
                for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                    // The HTML page and the document are their own examples.
                    if media_type != "text/html" && path != "/openapi.json" {
                        let examples = content["examples"].as_object();
                        assert!(examples.is_some_and(|examples| !examples.is_empty()), "{method} {path} {status} {media_type}");
                    }
                }
            }
        }
    }
}

/// The target of a reference.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| document.pointer(target.trim_start_matches('#')));
    target.unwrap_or(value)
}

/// The answer's JSON with placeholders for random parts, one member per line.
fn pretty(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.text());
    let mut value = answer.json();
    settle(&mut value);
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match RANDOM.iter().find(|(random, _)| random == name) {
                    Some((_, word)) if member.is_string() => *member = (*word).into(),
                    _ => settle(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        _ => {}
    }
}

/// The answer's lines, each a JSON object.
fn lines(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.text());
    let settled = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        RANDOM.iter().fold(line.to_owned(), |line, (name, word)| match value[*name].as_str() {
            Some(text) => line.replace(text, word),
            None => line,
        }) + "\n"
    };
    answer.text().lines().map(settled).collect()
}

async fn caller_and_lists(acme: &Client) -> Vec<Example> {
    let mut examples = Vec::new();
    for (operation, target) in [
        ("me", "/me"),
        ("explain", "/me/explain?action=read&group=/acme/api&stream=web-1"),
        ("index", "/"),
        ("resourceMetadata", "/.well-known/oauth-protected-resource"),
        ("listGroups", "/groups?limit=2"),
        ("describeGroup", "/groups/:acme:disk"),
        ("listStreams", "/groups/:acme:api/streams?orderBy=lastEvent&limit=1"),
        ("describeFields", "/groups/:acme:api/fields"),
    ] {
        examples.push((format!("{operation}.json"), pretty(&acme.get(target).await)));
    }
    // One is enough for an example.
    let mut reports = acme.get("/reports").await.json();
    reports["reports"].as_array_mut().unwrap().truncate(1);
    examples.push(("listReports.json".to_owned(), serde_json::to_string_pretty(&reports).unwrap() + "\n"));
    let report = format!("/reports/routes?group=/acme/gateway&{RANGE}&limit=2");
    examples.push(("readReport.json".to_owned(), pretty(&acme.get(&report).await)));
    examples.push(("readReport.csv".to_owned(), acme.get(&format!("{report}&format=csv")).await.text()));
    // Two of each are enough for an example.
    let mut language = acme.get("/queries/language").await.json();
    for list in ["commands", "functions"] {
        language[list].as_array_mut().unwrap().truncate(2);
    }
    examples.push(("queryLanguage.json".to_owned(), serde_json::to_string_pretty(&language).unwrap() + "\n"));
    let body: Value = serde_json::from_str(include_str!("../../openapi/examples/checkFilter.request.json")).unwrap();
    examples.push(("checkFilter.json".to_owned(), pretty(&acme.post("/filters/check", &body, &[]).await)));
    let body: Value = serde_json::from_str(include_str!("../../openapi/examples/createTicket.request.json")).unwrap();
    let answer = acme.post("/tickets", &body, &[]).await;
    let ticket = answer.json()["ticket"].as_str().unwrap().to_owned();
    examples.push(("createTicket.json".to_owned(), pretty(&answer).replace(&ticket, "exampleTicket")));
    let body: Value = serde_json::from_str(include_str!("../../openapi/examples/checkQuery.request.json")).unwrap();
    examples.push(("checkQuery.json".to_owned(), pretty(&acme.post("/queries/check", &body, &[]).await)));
    examples
}

async fn events(acme: &Client) -> Vec<Example> {
    let mut examples = Vec::new();
    for (operation, target) in [
        ("readStream", format!("/logs/:acme:api/web-1?{RANGE}&limit=2")),
        ("readGroup", format!("/logs/:acme:api?{RANGE}&filter=%7B%20$.path%20=%20%22/orders*%22%20%7D")),
        ("readLogs", format!("/logs?group=/acme/api&{RANGE}&limit=3")),
    ] {
        examples.push((format!("{operation}.json"), pretty(&acme.get(&target).await)));
        examples.push((format!("{operation}.ndjson"), lines(&acme.get(&format!("{target}&format=ndjson&trailer=line")).await)));
        for (format, extension) in [("csv", "csv"), ("text", "txt")] {
            let answer = acme.get(&format!("{target}&format={format}")).await;
            assert!(answer.status.is_success() && !answer.trailers.is_empty(), "{target}");
            examples.push((format!("{operation}.{extension}"), answer.text()));
        }
    }
    examples
}

async fn queries(acme: &Client) -> Vec<Example> {
    let body: Value = serde_json::from_str(include_str!("../../openapi/examples/startQuery.request.json")).unwrap();
    let running = acme.post("/queries", &body, &[]).await;
    assert_eq!(running.status, 202);
    let id = running.json()["queryId"].as_str().unwrap().to_owned();
    let read = format!("/queries/{id}");
    let ended = acme.get_with(&read, &[("prefer", "wait=20")]).await;
    let pointer = ended.json()["results"][0]["@ptr"].as_str().unwrap().to_owned();
    let mut examples = vec![
        ("startQuery.running.json".to_owned(), pretty(&running)),
        ("readQuery.json".to_owned(), pretty(&ended)),
        ("readQuery.ndjson".to_owned(), lines(&acme.get(&format!("{read}?format=ndjson")).await)),
        ("readQuery.csv".to_owned(), table(&acme.get(&format!("{read}?format=csv")).await)),
        ("readRecord.json".to_owned(), pretty(&acme.get(&format!("/records/{pointer}")).await)),
    ];
    for (format, extension) in [("json", "json"), ("ndjson", "ndjson"), ("csv", "csv")] {
        let answer = acme.post(&format!("/queries?format={format}"), &body, &[("prefer", "wait=20")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = match format {
            "json" => pretty(&answer),
            "ndjson" => lines(&answer),
            _ => table(&answer),
        };
        examples.push((format!("startQuery.{extension}"), text));
    }
    assert_eq!(body["logGroups"], json!(["/acme/api"]));
    examples
}

/// A table with placeholders for the pointers, its last column.
fn table(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.text());
    let text = answer.text();
    let line = |line: &str| match line.rsplit_once(',') {
        Some((rest, last)) if last != "@ptr" => format!("{rest},examplePointer\r\n"),
        _ => format!("{line}\r\n"),
    };
    text.lines().map(line).collect()
}
