//! Live tail (`follow=true`): guarantees of every source that supports it.
//!
//! Sources differ in the order in which events arrive, so the scenarios compare the set of delivered events.

use serde_json::Value;

use super::subject::{Subject, group_path, now, stream_path};
use crate::world::tail::Tail;

const STREAM: &str = "2026/11/20/[$LATEST]web 1";

/// The messages of the next `count` events, sorted.
async fn sorted(tail: &mut Tail, count: usize) -> Vec<String> {
    let mut messages = tail.messages(count).await;
    messages.sort();
    messages
}

/// Events of any timestamp that are put during a tail are delivered once, as pages show them.
pub async fn new_events_are_delivered_once_as_pages_show_them(subject: &Subject) {
    let group = subject.group("api");
    let begin = Subject::recent();
    subject.put_now(&group, STREAM, &[(begin, "before")]).await;
    let mut tails = Vec::new();
    for format in ["sse", "ndjson"] {
        tails.push(Tail::open(subject.acme(), &format!("{}?follow=true&format={format}", group_path(&group))).await);
        tails.push(Tail::open(subject.acme(), &format!("{}?follow=true&format={format}", stream_path(&group, STREAM))).await);
    }
    subject.put_now(&group, STREAM, &[(begin + 10, "one"), (begin + 11, "two"), (begin + 11, "two")]).await;
    subject.put_now(&group, STREAM, &[(begin + 5, "late")]).await;
    let pages = subject.get(&format!("{}?start={begin}", group_path(&group))).await.json();
    let mut expected: Vec<Value> = pages["events"].as_array().unwrap().clone();
    expected.retain(|event| event["message"] != "before");
    for tail in &mut tails {
        for _ in 0..expected.len() {
            let event = tail.event().await;
            // A source may not know the id of an event when the event arrives.
            let is_same =
                |known: &&Value| ["timestamp", "logStream", "message"].iter().all(|member| known[member] == event[member]);
            assert!(expected.iter().find(is_same).is_some(), "{event}");
        }
    }
    subject.put_now(&group, STREAM, &[(begin + 20, "last")]).await;
    for tail in &mut tails {
        assert_eq!(tail.messages(1).await, ["last"], "an event was delivered twice");
    }
}

/// History from `start` precedes new events. A tail resumed after any event delivers exactly the rest.
pub async fn history_comes_first_and_a_cursor_continues_behind_its_event(subject: &Subject) {
    let group = subject.group("api");
    let begin = Subject::recent();
    subject.put_now(&group, STREAM, &[(begin, "too old"), (begin + 10, "a"), (begin + 20, "b")]).await;
    let target = format!("{}?follow=true&start={}", stream_path(&group, STREAM), begin + 10);
    let mut tail = Tail::open(subject.acme(), &target).await;
    let mut delivered = vec![(String::new(), tail.cursor.clone())];
    for _ in 0..2 {
        let message = tail.messages(1).await.remove(0);
        delivered.push((message, tail.cursor.clone()));
    }
    subject.put_now(&group, STREAM, &[(begin + 30, "c")]).await;
    subject.put_now(&group, STREAM, &[(begin + 15, "d")]).await;
    for _ in 0..2 {
        let message = tail.messages(1).await.remove(0);
        delivered.push((message, tail.cursor.clone()));
    }
    let all: Vec<String> = delivered.iter().skip(1).map(|(message, _)| message.clone()).collect();
    assert_eq!(all[..2], ["a", "b"], "history ascends by time");
    for (number, (_, cursor)) in delivered.iter().enumerate() {
        let mut resumed = Tail::open(subject.acme(), &format!("/logs?follow=true&cursor={cursor}")).await;
        let mut rest = all[number..].to_vec();
        rest.sort();
        assert_eq!(sorted(&mut resumed, rest.len()).await, rest, "behind {number} events");
    }
}

/// A grant for some streams shows no event of the others, whichever streams the request selects.
pub async fn a_grant_for_some_streams_follows_no_others(subject: &Subject) {
    let group = subject.limited_group("api");
    let begin = Subject::recent();
    for stream in ["prod-1", "test-1"] {
        subject.put_now(&group, stream, &[(begin, "old")]).await;
    }
    let mut tail = Tail::open(subject.acme(), &format!("{}?follow=true&start={begin}", group_path(&group))).await;
    let mut filtered = Tail::open(subject.acme(), &format!("{}?follow=true&filter=visible", group_path(&group))).await;
    subject.put_now(&group, "test-1", &[(begin + 1, "hidden but visible")]).await;
    subject.put_now(&group, "prod-1", &[(begin + 2, "visible")]).await;
    assert_eq!(tail.messages(2).await, ["old", "visible"]);
    assert_eq!(filtered.messages(1).await, ["visible"]);
    let hidden = format!("{}?follow=true", stream_path(&group, "test-1"));
    assert_eq!(Tail::open_with(subject.acme(), &hidden, &[]).await.unwrap_err().problem(), "404 not_found");
}

/// A missing group or stream is refused before the tail begins.
pub async fn a_tail_of_what_is_not_there_is_not_found(subject: &Subject) {
    let group = subject.group("api");
    subject.put_now(&group, STREAM, &[(Subject::recent(), "one")]).await;
    let nothing = subject.group("nothing");
    for target in [group_path(&nothing), stream_path(&nothing, STREAM), stream_path(&group, "missing")] {
        let refused = Tail::open_with(subject.acme(), &format!("{target}?follow=true"), &[]).await.unwrap_err();
        assert_eq!(refused.problem(), "404 not_found", "{target}");
    }
}

/// If the followed group is deleted, the tail ends with an error.
pub async fn a_tail_of_a_group_that_is_deleted_ends_with_not_found(subject: &Subject) {
    let group = subject.group("api");
    subject.put_now(&group, STREAM, &[(Subject::recent(), "one")]).await;
    let mut tails = Vec::new();
    for target in [group_path(&group), stream_path(&group, STREAM)] {
        tails.push(Tail::open(subject.acme(), &format!("{target}?follow=true")).await);
    }
    subject.put_now(&group, STREAM, &[(now(), "two")]).await;
    for tail in &mut tails {
        assert_eq!(tail.messages(1).await, ["two"]);
    }
    subject.delete(&group, None).await;
    for tail in &mut tails {
        let mut frame = tail.next().await.unwrap();
        while frame.kind == "notice" {
            frame = tail.next().await.unwrap();
        }
        assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"not_found".into()), "{frame:?}");
        assert_eq!(tail.frame().await, None, "the body ends");
    }
}
