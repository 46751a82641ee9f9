//! The operations of paging on a page: order, cut, remove, compact.

use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Events, GroupPage};

fn page(events: &[(i64, &str)]) -> Events {
    let mut builder = Builder::with_capacity(events.len(), 100);
    for (timestamp, message) in events {
        let event = PlainEvent { timestamp: *timestamp, ingestion_time: None, stream: "s", event_id: None, message };
        assert_eq!(builder.push(event), Ok(()));
    }
    builder.finish()
}

fn told(events: &Events) -> String {
    events.iter().map(|event| event.message()).collect()
}

#[test]
fn sorting_is_by_time_and_equals_keep_their_order() {
    for (events, expected) in [
        (&[(1, "a"), (2, "b"), (2, "c"), (3, "d")][..], "abcd"),
        (&[(3, "d"), (2, "b"), (2, "c"), (1, "a")], "abcd"),
        (&[(-1, "b"), (i64::MIN, "a"), (i64::MAX, "c")], "abc"),
        (&[], ""),
    ] {
        let mut page = page(events);
        page.sort_by_time();
        assert_eq!(told(&page), expected);
        page.reverse();
        assert_eq!(told(&page), expected.chars().rev().collect::<String>());
    }
}

#[test]
fn ranges_end_where_the_page_ends() {
    let all = page(&[(1, "a"), (2, "b"), (3, "c"), (4, "d")]);
    for (range, expected) in [(0..4, "abcd"), (1..3, "bc"), (2..9, "cd"), (4..4, ""), (7..9, ""), (0..0, "")] {
        assert_eq!(all.range(range.clone()).map(|event| event.message()).collect::<String>(), expected, "{range:?}");
        let mut kept = all.clone();
        kept.keep(range.clone());
        assert_eq!(told(&kept), expected, "{range:?}");
        let ends = (kept.first().map(|event| event.message()), kept.last().map(|event| event.message()));
        assert_eq!(ends.0.as_deref(), expected.get(..1));
        assert_eq!(ends.1.as_deref(), expected.get(expected.len().saturating_sub(1)..).filter(|last| !last.is_empty()));
        assert_eq!((kept.len(), kept.is_empty()), (expected.len(), expected.is_empty()));
    }
}

#[test]
fn what_is_left_out_is_let_go_of_when_it_is_most() {
    let event = |stream: &str, message: &str| {
        format!(r#"{{"logStreamName":"{stream}","timestamp":1,"message":"{message}","eventId":"i\u0031"}}"#)
    };
    let answer = format!(r#"{{"events":[{},{},{}]}}"#, event("a", "\\n1"), event("b", &"x".repeat(10_000)), event("c", "2"));
    let mut events = GroupPage::read(answer.into()).unwrap().events;
    let held = |events: &Events| format!("{events:?}");
    let before = held(&events);
    events.compact();
    assert_eq!(held(&events), before, "all of it is needed");
    events.retain(|event| event.stream() != "b");
    events.compact();
    assert_eq!(held(&events), "Events { events: 2, bytes: 20, .. }");
    let seen: Vec<_> =
        events.iter().map(|event| (event.stream(), event.event_id(), event.message(), event.message_length())).collect();
    assert_eq!(seen, [("a".into(), Some("i1".into()), "\n1".into(), 2), ("c".into(), Some("i1".into()), "2".into(), 1)]);
    events.retain(|_| false);
    events.compact();
    assert_eq!(held(&events), "Events { events: 0, bytes: 0, .. }");
}

#[test]
fn debugging_a_page_shows_no_message() {
    let secret = page(&[(1, "secret")]);
    assert!(!format!("{secret:?} {:?}", secret.first()).contains("secret"));
}
