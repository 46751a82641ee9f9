//! GetLogEvents, page by page in both directions, returns the stream without losses and repeats.

use logmark_event_page::EventRef;

use super::*;
use crate::sources::{Source, SourceError};

const LIMITS: [usize; 4] = [1, 2, 7, 1000];
const BYTES: [usize; 3] = [1, 100, 1_000_000];

async fn whole(
    environment: &TestEnvironment,
    permit: &Permit<ReadStream>,
    direction: Direction,
    limit: usize,
    max_bytes: usize,
) -> Vec<String> {
    let (mut all, mut position) = (Vec::new(), None);
    for _ in 0..10_000 {
        let page = environment.source.read_stream(permit, &ask(position, direction, limit, max_bytes)).await.unwrap();
        assert!(page.events.len() <= limit);
        assert!(page.events.iter().is_sorted_by_key(EventRef::timestamp));
        match direction {
            Direction::Forward => all.extend(messages(&page)),
            Direction::Backward => all.splice(..0, messages(&page)).for_each(drop),
        }
        if page.at_end {
            return all;
        }
        position = if direction == Direction::Forward { Some(page.next) } else { page.previous };
    }
    panic!("no end");
}

#[tokio::test]
async fn either_way_and_whatever_the_pages_it_is_the_stream() {
    for partial in [0, 7, 4242] {
        let environment = TestEnvironment::new().await;
        environment.write(&varied(60));
        environment.fake.state().logs.partial = partial;
        let permit = permit(stream_op(TimeRange::default()));
        for (limit, bytes) in LIMITS.into_iter().flat_map(|limit| BYTES.map(|bytes| (limit, bytes))) {
            for direction in [Direction::Forward, Direction::Backward] {
                let read = whole(&environment, &permit, direction, limit, bytes).await;
                assert_eq!(read, environment.model(STREAM), "{direction:?}, {limit} events, {bytes} bytes, seed {partial}");
            }
        }
    }
}

#[tokio::test]
async fn a_range_is_half_open_whatever_the_upstream_thinks() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(60));
    let (start, end) = (NOW - 60_000 + 5, NOW - 60_000 + 45);
    let permit = permit(stream_op(TimeRange { start: Some(Millis(start)), end: Some(Millis(end)) }));
    let all = environment.fake.state().logs.all(GROUP);
    let inside = all.iter().filter(|event| event.stream == STREAM && (start..end).contains(&event.timestamp));
    let inside: Vec<String> = inside.map(|event| event.message.clone()).collect();
    for direction in [Direction::Forward, Direction::Backward] {
        assert_eq!(whole(&environment, &permit, direction, 7, 100).await, inside);
    }
    let seen = environment.fake.state().seen.clone();
    assert!(seen.iter().all(|seen| seen.body["startTime"] == start && seen.body["endTime"] == end), "with tokens too");
}

/// From any page, with any number of changes of direction: `next` begins where the page ended, `previous` ends where it began.
#[tokio::test]
async fn turning_round_anywhere_loses_nothing() {
    for (seed, max_bytes) in (1..40_u64).flat_map(|seed| [(seed, 1), (seed, 150), (seed, 1_000_000)]) {
        let environment = TestEnvironment::new().await;
        environment.write(&varied(40));
        environment.fake.state().logs.partial = if seed % 2 == 0 { 0 } else { seed };
        let model = environment.model(STREAM);
        let permit = permit(stream_op(TimeRange::default()));
        let mut random = seed;
        let mut direction = if seed % 3 == 0 { Direction::Backward } else { Direction::Forward };
        let (mut from, mut to) = if direction == Direction::Forward { (0, 0) } else { (model.len(), model.len()) };
        let mut position = None;
        for step in 0..40 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let limit = [1, 3, 8, 20][usize::try_from(random >> 40).unwrap() % 4];
            let page = environment.source.read_stream(&permit, &ask(position, direction, limit, max_bytes)).await.unwrap();
            (from, to) = match direction {
                Direction::Forward => (to, to + page.events.len()),
                Direction::Backward => (from - page.events.len(), from),
            };
            assert_eq!(messages(&page), model[from..to], "seed {seed}, {max_bytes} bytes, step {step}, {direction:?}");
            let forward = (random >> 50) % 5 < 3;
            direction = if forward { Direction::Forward } else { Direction::Backward };
            position = if forward { Some(page.next) } else { page.previous };
        }
    }
}

#[tokio::test]
async fn what_comes_later_is_found_at_next() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, STREAM, 1)]);
    let permit = permit(stream_op(TimeRange::default()));
    for (time, first) in [(NOW, Direction::Forward), (NOW + 2, Direction::Backward)] {
        let page = environment.source.read_stream(&permit, &ask(None, first, 10, 1000)).await.unwrap();
        assert!(!page.at_end, "a short page is not known to be the last");
        environment.fake.state().logs.put(GROUP, STREAM, time, "later");
        let page = environment.source.read_stream(&permit, &ask(Some(page.next), Direction::Forward, 10, 1000)).await.unwrap();
        assert_eq!(messages(&page), ["later"]);
        let page = environment.source.read_stream(&permit, &ask(Some(page.next), Direction::Forward, 10, 1000)).await.unwrap();
        assert!(page.at_end && page.events.is_empty());
        environment.fake.state().logs.put(GROUP, STREAM, time + 1, "last");
        let page = environment.source.read_stream(&permit, &ask(Some(page.next), Direction::Forward, 10, 1000)).await.unwrap();
        assert_eq!(messages(&page), ["last"]);
    }
}

#[tokio::test]
async fn late_events_do_not_shift_a_cut_page() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, STREAM, 80), (5, STREAM, 80), (5, STREAM, 80), (9, STREAM, 80)]);
    let permit = permit(stream_op(TimeRange::default()));
    let first = environment.source.read_stream(&permit, &ask(None, Direction::Forward, 10, 200)).await.unwrap();
    assert_eq!(first.events.len(), 2);
    let before = environment.model(STREAM);
    environment.fake.state().logs.put(GROUP, STREAM, NOW - 60_000 + 1, "older than what was read");
    environment.fake.state().logs.put(GROUP, STREAM, NOW - 60_000 + 5, "as old as what was read");
    let second = environment.source.read_stream(&permit, &ask(Some(first.next), Direction::Forward, 10, 1000)).await.unwrap();
    assert_eq!(messages(&second), [&before[2], "as old as what was read", &before[3]]);
}

#[tokio::test]
async fn positions_are_taken_only_where_they_belong() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(20));
    let permit = permit(stream_op(TimeRange::default()));
    let page = environment.source.read_stream(&permit, &ask(None, Direction::Forward, 3, 1000)).await.unwrap();
    let token = page.next.0.clone();
    for (text, direction) in [
        (token.as_str(), Direction::Backward),
        ("", Direction::Forward),
        ("s", Direction::Forward),
        ("s{}", Direction::Forward),
        ("f0:token", Direction::Forward),
        (&token.replace('s', "g"), Direction::Forward),
        (&format!("{token} "), Direction::Backward),
        (r#"s{"w":"Forward","k":"","m":"p"}"#, Direction::Forward),
        (r#"s{"w":"Forward","k":"f/0","m":"r"}"#, Direction::Forward),
        (r#"s{"w":"Forward","k":"f/0","m":"p","x":1}"#, Direction::Forward),
        (r#"s{"w":"Forward","k":"f/0","b":1,"m":"p"}"#, Direction::Forward),
        (r#"s{"w":"Forward","k":"f/0","e":{"t":-1,"n":1,"s":1},"m":"r"}"#, Direction::Forward),
        (r#"s{"w":"Forward","k":"f/0","e":{"t":1,"n":1,"s":99999},"m":"r"}"#, Direction::Forward),
        (&format!("s{}", "[".repeat(9000)), Direction::Forward),
        (&format!("s{}", "[".repeat(8000)), Direction::Forward),
    ] {
        let calls = environment.fake.calls();
        let read = environment.source.read_stream(&permit, &ask(Some(Position(text.to_owned())), direction, 3, 1000)).await;
        assert_eq!(read.unwrap_err(), SourceError::InvalidPosition, "{text:.60}");
        assert_eq!(environment.fake.calls(), calls, "refused before it is sent");
    }
    let foreign = Position(r#"s{"w":"Forward","k":"gone","m":"p"}"#.to_owned());
    let read = environment.source.read_stream(&permit, &ask(Some(foreign), Direction::Forward, 3, 1000)).await;
    assert_eq!(read.unwrap_err(), SourceError::InvalidPosition, "what the upstream refuses");
}

#[tokio::test]
async fn an_empty_range_costs_no_call_and_a_missing_stream_is_not_found() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, "web 2", 1)]);
    let empty = permit(stream_op(TimeRange { start: Some(Millis(NOW)), end: Some(Millis(NOW)) }));
    let page = environment.source.read_stream(&empty, &ask(None, Direction::Forward, 3, 1000)).await.unwrap();
    assert!(page.events.is_empty() && page.at_end && environment.fake.calls() == 0);
    let missing = permit(stream_op(TimeRange::default()));
    let read = environment.source.read_stream(&missing, &ask(None, Direction::Forward, 3, 1000)).await;
    assert_eq!(read.unwrap_err(), SourceError::StreamNotFound);
}
