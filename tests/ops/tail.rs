//! Live tail on the local source: what arrives, in which order, and how it is resumed.

use crate::world::World;
use crate::world::tail::Tail;

#[tokio::test]
async fn events_arrive_as_they_are_appended_in_both_formats() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "before")]).await;
    let acme = world.tenant("acme");
    for format in ["sse", "ndjson"] {
        let mut tail = Tail::open(&acme, &format!("/logs/:acme:api?follow=true&format={format}")).await;
        world.put("/acme/api", "a", &[(2000, "one"), (3000, "two")]).await;
        world.put("/acme/api", "b", &[(1500, "late")]).await;
        let mut expected = Vec::new();
        for event in acme.get("/logs/:acme:api?start=0").await.json()["events"].as_array().unwrap().clone() {
            if event["message"] != "before" {
                expected.push(event);
            }
        }
        let events = [tail.event().await, tail.event().await, tail.event().await];
        let messages: Vec<_> = events.iter().map(|event| event["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["one", "two", "late"], "in the order of their appends");
        assert!(events.iter().all(|event| expected.contains(event)), "as in pages");
    }
}

#[tokio::test]
async fn a_tail_resumes_behind_each_of_its_cursors() {
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "old 1"), (2000, "old 2")]).await;
    let acme = world.tenant("acme");
    let mut tail = Tail::open(&acme, "/logs/:acme:api/a?start=0&follow=true").await;
    let mut cursors = vec![tail.cursor.clone()];
    for _ in 0..2 {
        tail.event().await;
        cursors.push(tail.cursor.clone());
    }
    world.put("/acme/api", "a", &[(500, "new 1")]).await;
    world.put("/acme/api", "b", &[(600, "of another stream")]).await;
    world.put("/acme/api", "a", &[(700, "new 2"), (400, "new 3")]).await;
    let all = ["old 1", "old 2", "new 1", "new 2", "new 3"];
    for message in &all[2..] {
        assert_eq!(tail.event().await["message"], *message);
        cursors.push(tail.cursor.clone());
    }
    for (number, cursor) in cursors.iter().enumerate() {
        let mut resumed = Tail::open(&acme, &format!("/logs?cursor={cursor}&follow=true")).await;
        assert_eq!(resumed.messages(all.len() - number).await, all[number..], "behind {number} events");
        let headers = [("last-event-id", cursor.as_str()), ("accept", "text/event-stream")];
        let mut resumed = Tail::open_with(&acme, "/logs/:acme:api/a?start=0", &headers).await.unwrap();
        assert_eq!(resumed.messages(all.len() - number).await, all[number..], "behind {number} events, by its id");
    }
}
