//! Cut pages, reading order and resume points.

use logmark_event_page::Builder;
use logmark_event_page::build::PlainEvent;

use crate::domain::event::Priority;

use super::*;

fn events(all: &[(i64, &str)]) -> Events {
    with_id(all, None)
}

fn with_id(all: &[(i64, &str)], id: Option<&str>) -> Events {
    let mut builder = Builder::default();
    for (timestamp, message) in all {
        let event = PlainEvent { timestamp: *timestamp, ingestion_time: None, stream: "s", event_id: None, message };
        let pushed = match id {
            Some(id) => builder.push(PlainEvent { event_id: Some(format_args!("{id}")), ..event }),
            None => builder.push(event),
        };
        pushed.unwrap();
    }
    builder.finish()
}

fn page(limit: usize, max_bytes: usize) -> PageRequest {
    PageRequest { position: None, direction: Direction::Forward, limit, max_bytes, priority: Priority::Requested }
}

#[test]
fn any_order_becomes_reading_order_and_equals_keep_theirs() {
    for (answer, newest_first, ascending) in [
        (vec![(1, "a"), (2, "b"), (2, "c"), (3, "d")], false, "abcd"),
        (vec![(3, "d"), (2, "c"), (2, "b"), (1, "a")], true, "abcd"),
        (vec![(3, "d"), (2, "c"), (2, "b"), (1, "a")], false, "abcd"),
        (vec![(2, "b"), (1, "a"), (2, "c"), (3, "d")], false, "abcd"),
        (vec![(2, "a"), (2, "b")], false, "ab"),
        (vec![(2, "b"), (2, "a")], true, "ab"),
    ] {
        let told = |direction| {
            let mut events = events(&answer);
            reading_order(&mut events, newest_first, direction);
            events.iter().map(|event| event.message()).collect::<String>()
        };
        assert_eq!(told(Direction::Forward), ascending, "{answer:?}");
        assert_eq!(told(Direction::Backward), ascending.chars().rev().collect::<String>(), "{answer:?}");
    }
}

#[test]
fn a_page_takes_what_fits_and_always_one() {
    let all = events(&[(1, "aaaa"), (3, "bbbb"), (4, "c")]);
    for (limit, bytes, expected) in
        [(1, 100, 1), (2, 100, 2), (3, 100, 3), (9, 100, 3), (9, 8, 2), (9, 7, 1), (9, 0, 1), (0, 100, 1)]
    {
        let fits = count_fitting(all.iter(), &page(limit, bytes));
        assert_eq!(fits, expected, "{limit} events, {bytes} bytes");
    }
}

#[test]
fn an_upstream_that_gives_more_than_asked_for_is_cut() {
    let answer = StreamResponse { events: events(&[(1, "a"), (2, "b")]), empty: false, onward: "f".into(), back: "b".into() };
    let first = stream_page(&EventsPosition::beginning(Direction::Forward), answer, &page(1, 100)).unwrap();
    assert_eq!(first.events.len(), 1);
    let again = PageRequest { position: Some(first.next), ..page(1, 100) };
    let position = EventsPosition::of(&again, PositionKind::Stream).unwrap();
    assert_eq!(
        (position.token, position.mode, position.resume_point.map(|resume_point| resume_point.at)),
        (None, ResumeMode::Resume, Some(1))
    );
}

#[test]
fn a_token_that_is_too_long_for_a_position_is_replaced_by_the_last_event() {
    let long = Some("t".repeat(MAX_TOKEN + 1));
    for direction in [Direction::Forward, Direction::Backward] {
        let asked = PageRequest { direction, ..page(9, 100) };
        let answer = GroupResponse { events: with_id(&[(7, "x")], Some("id")), token: long.clone() };
        let read = group_page(&EventsPosition::beginning(direction).within(1), answer, &asked, (None, 0)).unwrap();
        let onward = if direction == Direction::Forward { Some(read.next) } else { read.previous };
        let onward = EventsPosition::of(&PageRequest { position: onward, ..asked.clone() }, PositionKind::Group).unwrap();
        assert_eq!(
            (onward.token, onward.since.or(onward.until), onward.mode),
            (None, Some(7), ResumeMode::Resume),
            "{direction:?}"
        );
        let nothing = GroupResponse { events: events(&[]), token: long.clone() };
        assert!(group_page(&EventsPosition::beginning(direction), nothing, &asked, (None, 0)).is_err(), "{direction:?}");
    }
}

#[test]
fn a_resume_point_does_not_go_back() {
    for (direction, told, older, newer) in [(Direction::Forward, 5, 3, 7), (Direction::Backward, 5, 7, 3)] {
        let resume_point = |at, id: &str| ResumePoint { at, id: Some(id.to_owned()), count: 1, skip: 1 };
        let position = EventsPosition {
            resume_point: Some(resume_point(told, "told")),
            fingerprint: Some(1),
            ..EventsPosition::at_token(direction, "F".to_owned())
        };
        for (at, expected) in [(older, told), (newer, newer)] {
            let events = with_id(&[(at, "x")], Some("x"));
            let asked = PageRequest { direction, ..page(9, 100) };
            let answer = GroupResponse { events, token: Some("G".to_owned()) };
            let read = group_page(&position, answer, &asked, (None, 0)).unwrap();
            let onward = if direction == Direction::Forward { Some(read.next) } else { read.previous };
            let onward = EventsPosition::of(&PageRequest { position: onward, ..asked }, PositionKind::Group).unwrap();
            assert_eq!(onward.resume_point.map(|resume_point| resume_point.at), Some(expected), "{direction:?} {at}");
        }
    }
}
