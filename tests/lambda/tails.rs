//! Live tail on Lambda: it ends with a cursor before the function's time is up, and the next tail continues there.

use std::time::Duration;

use serde_json::Value;

use super::events::FrontDoor;
use super::runtime::{Function, Reply};
use crate::world::binary::ServiceDirectory;

fn directory() -> ServiceDirectory {
    let directory = ServiceDirectory::new("public_url = \"https://logs.example.com\"\n");
    directory.put("/acme/api", "web-1", (0..5).map(|i| (1_700_000_000_000 + i, format!("event {i}"))));
    directory
}

/// The messages of the events, and the last marker.
fn read(reply: &Reply) -> (Vec<String>, Value) {
    let lines: Vec<Value> = reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages = lines.iter().filter_map(|line| line["message"].as_str().map(str::to_owned)).collect();
    (messages, lines.last().unwrap()["marker"].clone())
}

#[tokio::test]
async fn a_door_that_buffers_gets_what_there_is_and_a_cursor() {
    let directory = directory();
    let token = directory.issuer.token("acme", "logs:tail:*");
    let function = Function::start(&directory).await;
    for door in FrontDoor::ALL {
        let reply = function.invoke(door.get("/logs/:acme:api?follow=true&start=0&format=ndjson", Some(&token))).await;
        assert_eq!(reply.status, 200, "{door:?}: {}", reply.text());
        let (messages, end) = read(&reply);
        assert_eq!(messages, ["event 0", "event 1", "event 2", "event 3", "event 4"], "{door:?}");
        assert_eq!(end["type"], "reconnect", "{door:?}: {end}");
        let rest = format!("/logs?follow=true&format=ndjson&cursor={}", end["cursor"].as_str().unwrap());
        let (messages, end) = read(&function.invoke(door.get(&rest, Some(&token))).await);
        assert_eq!((messages.len(), &end["type"]), (0, &"reconnect".into()), "{door:?}");
    }
}

#[tokio::test]
async fn a_streamed_tail_ends_with_a_cursor_before_the_function_must() {
    let directory = directory();
    let token = directory.issuer.token("acme", "logs:tail:*");
    let function = Function::streaming(&directory, "[\"function_url\", \"rest_api\"]").await;
    for door in [FrontDoor::Url, FrontDoor::Rest] {
        let event = door.get("/logs/:acme:api?follow=true&start=0&format=ndjson", Some(&token));
        let reply = function.invoke_for(event, Duration::from_secs(6)).await;
        assert!(reply.streamed && reply.broke_off().is_none(), "{door:?}: a planned end");
        let (messages, end) = read(&reply);
        assert_eq!(messages.len(), 5, "{door:?}");
        assert_eq!((&end["type"], &end["reason"]), (&"reconnect".into(), &"deadline".into()), "{door:?}");
    }
}
