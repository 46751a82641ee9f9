//! Ordinary events have the same meaning for this service and for `lambda_http`, whose translation is not used
//! (docs/decisions/004).

use std::collections::BTreeMap;

use http_body_util::BodyExt as _;
use lambda_http::Body;
use serde_json::{Value, json};

use super::events::FrontDoor;
use logmark::lambda::Event;

/// A request as a handler sees it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

impl Seen {
    fn of<B>(request: &http::Request<B>, body: Vec<u8>) -> Self {
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in request.headers() {
            headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
        }
        headers.values_mut().for_each(|values| values.sort());
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let mut query: Vec<_> = url::form_urlencoded::parse(query).into_owned().collect();
        query.sort();
        Self { method: request.method().to_string(), path: request.uri().path().to_owned(), query, headers, body }
    }
}

async fn ours(event: &Value) -> Seen {
    let event: Event = serde_json::from_value(event.clone()).unwrap();
    let mut request = event.request().unwrap();
    let body = std::mem::take(request.body_mut()).collect().await.unwrap().to_bytes().to_vec();
    Seen::of(&request, body)
}

fn theirs(event: &Value) -> Seen {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let body = match request.body() {
        Body::Text(text) => text.clone().into_bytes(),
        Body::Binary(bytes) => bytes.clone(),
        _ => Vec::new(),
    };
    Seen::of(&request, body)
}

fn requests(door: FrontDoor) -> Vec<Value> {
    let token = Some("e30.e30.c2ln");
    let post = |body: &str, base64: bool| {
        let mut event = door.request("POST", "/queries", token, &[("content-type", "application/json")]);
        event["body"] = json!(body);
        event["isBase64Encoded"] = json!(base64);
        event
    };
    vec![
        door.get("/", None),
        door.get("/me", token),
        door.get("/groups?limit=5", token),
        door.get("/logs/:acme:api/prod-a?start=-15m&limit=100", token),
        door.get("/logs/:acme:api?format=ndjson&streams=a&start=2026-11-20T10:00:00Z", token),
        door.request("DELETE", "/queries/abc", token, &[("prefer", "wait=1")]),
        door.request("GET", "/groups", token, &[("accept", "text/csv"), ("user-agent", "curl/8")]),
        post("{\"query\":\"fields @message\"}", false),
        post("eyJxdWVyeSI6ImZpZWxkcyBAbWVzc2FnZSJ9", true),
    ]
}

#[tokio::test]
async fn ordinary_events_mean_the_same_to_lambda_http() {
    for door in FrontDoor::ALL {
        for event in requests(door) {
            let (ours, mut theirs) = (ours(&event).await, theirs(&event));
            if matches!(door, FrontDoor::Rest | FrontDoor::HttpStage) {
                // `lambda_http` puts or keeps the stage before the path, although the service's routes do not have it.
                theirs.path = theirs.path.strip_prefix("/prod").unwrap().to_owned();
            }
            assert_eq!(ours, theirs, "{door:?}: {event}");
        }
    }
}
