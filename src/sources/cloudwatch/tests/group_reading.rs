//! FilterLogEvents, page by page in both directions, returns the visible and selected events of the group.

use logmark_event_page::EventRef;

use super::*;
use crate::sources::{Source, SourceError};

const LIMITS: [usize; 4] = [1, 2, 7, 1000];
const BYTES: [usize; 3] = [1, 100, 1_000_000];
const FLOOR: i64 = 1_704_067_200_000;

fn recent() -> TimeRange {
    TimeRange { start: Some(Millis(FLOOR)), end: None }
}

/// All events from `position` in the direction, and the last page.
async fn rest(
    environment: &TestEnvironment,
    permit: &Permit<ReadGroup>,
    mut position: Option<Position>,
    (direction, limit, max_bytes): (Direction, usize, usize),
) -> (Vec<String>, EventPage) {
    let mut all = Vec::new();
    for _ in 0..10_000 {
        let page = environment.source.read_group(permit, &ask(position, direction, limit, max_bytes)).await.unwrap();
        assert!(page.events.len() <= limit);
        assert!(page.events.iter().is_sorted_by_key(EventRef::timestamp));
        match direction {
            Direction::Forward => all.extend(messages(&page)),
            Direction::Backward => all.splice(..0, messages(&page)).for_each(drop),
        }
        if page.at_end {
            return (all, page);
        }
        position = if direction == Direction::Forward { Some(page.next) } else { page.previous };
    }
    panic!("no end");
}

#[tokio::test]
async fn either_way_and_whatever_the_pages_it_is_the_group() {
    for (partial, streams, prefix) in [
        (0, None, ""),
        (7, None, ""),
        (4242, Some(["web*", "other*"]), "web"),
        (99, Some(["web 2", "2026*1"]), ""),
        (0, Some(["web 2", "gone"]), "web 2"),
        (11, Some(["web*", "gone"]), "web"),
    ] {
        let environment = TestEnvironment::new().await;
        environment.write(&varied(60));
        environment.fake.state().logs.partial = partial;
        let streams = streams.as_ref().map(|streams| streams.as_slice());
        let permit = permit_by(group_op(StreamSelection::All, recent()), &["/acme/*"], "logs:read:*", streams);
        for (limit, bytes) in LIMITS.into_iter().flat_map(|limit| BYTES.map(|bytes| (limit, bytes))) {
            for direction in [Direction::Forward, Direction::Backward] {
                let (read, _) = rest(&environment, &permit, None, (direction, limit, bytes)).await;
                assert_eq!(read, environment.model(prefix), "{direction:?}, {limit} events, {bytes} bytes, seed {partial}");
            }
        }
    }
}

/// Continues at the end of forward reading, with new events in the millisecond of the last event.
#[tokio::test]
async fn what_comes_later_is_found_at_next_and_only_that() {
    for (partial, limit) in [0, 5, 99].into_iter().flat_map(|partial| LIMITS.map(|limit| (partial, limit))) {
        let environment = TestEnvironment::new().await;
        environment.write(&varied(20));
        environment.fake.state().logs.partial = partial;
        let permit = permit(group_op(StreamSelection::All, TimeRange::default()));
        let direction = (Direction::Forward, limit, 100);
        let (_, mut page) = rest(&environment, &permit, None, direction).await;
        let last = environment.fake.state().logs.all(GROUP).last().unwrap().timestamp;
        for (round, time) in [last, last, last + 3, last + 3].into_iter().enumerate() {
            let (none, end) = rest(&environment, &permit, Some(page.next), direction).await;
            assert!(none.is_empty(), "nothing new yet: {none:?}");
            for stream in [STREAM, "web 2"] {
                environment.fake.state().logs.put(GROUP, stream, time, &format!("{round} {stream}"));
            }
            let (read, end) = rest(&environment, &permit, Some(end.next), direction).await;
            assert_eq!(read, [STREAM, "web 2"].map(|stream| format!("{round} {stream}")), "limit {limit}, seed {partial}");
            page = end;
        }
    }
}

/// Every backward page has the position of newer events: reading forward from it returns all newer events.
#[tokio::test]
async fn every_backward_page_knows_what_is_newer() {
    for (partial, limit, bytes) in [(0, 2, 1000), (0, 7, 100), (3, 2, 1000), (11, 5, 100), (77, 1, 1)] {
        let environment = TestEnvironment::new().await;
        environment.write(&varied(30));
        environment.fake.state().logs.partial = partial;
        let permit = permit(group_op(StreamSelection::All, recent()));
        let model = environment.model("");
        let (mut from, mut position) = (model.len(), None);
        for step in 0..1000 {
            let page = environment.source.read_group(&permit, &ask(position, Direction::Backward, limit, bytes)).await.unwrap();
            let nothing_yet = from == model.len() && page.events.is_empty();
            let (newer, _) = rest(&environment, &permit, Some(page.next), (Direction::Forward, 1000, 1_000_000)).await;
            assert_eq!(newer, model[from..], "seed {partial}, step {step}");
            assert!(!nothing_yet || newer.is_empty());
            from -= page.events.len();
            if page.at_end {
                assert_eq!((from, page.previous), (0, None));
                break;
            }
            position = page.previous;
        }
        assert_eq!(from, 0);
    }
}

#[tokio::test]
async fn the_tail_of_nothing_is_followed_from_the_start() {
    let environment = TestEnvironment::new().await;
    environment.fake.state().logs.add_stream(GROUP, STREAM);
    let permit = permit(group_op(StreamSelection::All, TimeRange::default()));
    let page = environment.source.read_group(&permit, &ask(None, Direction::Backward, 10, 1000)).await.unwrap();
    assert!(page.at_end && page.events.is_empty() && page.previous.is_none());
    environment.fake.state().logs.put(GROUP, STREAM, NOW - 1, "first");
    let (read, _) = rest(&environment, &permit, Some(page.next), (Direction::Forward, 10, 1000)).await;
    assert_eq!(read, ["first"]);
}

#[tokio::test]
async fn only_streams_that_may_be_seen_are_asked_for() {
    let names =
        |names: &[&str]| StreamSelection::Names(names.iter().map(|name| LogStreamName::try_from(*name).unwrap()).collect());
    let prefix = |prefix: &str| StreamSelection::Prefix(prefix.to_owned());
    for (selection, streams, sent, expected) in [
        (StreamSelection::All, None, "", "abc"),
        (StreamSelection::All, Some(vec!["web-*"]), "prefix web-", "ab"),
        (StreamSelection::All, Some(vec!["web-1", "web-2"]), "names web-1 web-2", "ab"),
        (StreamSelection::All, Some(vec!["web-1", "gone"]), "names web-1", "a"),
        (StreamSelection::All, Some(vec!["web-1", "db*"]), "names db web-1", "ac"),
        (StreamSelection::All, Some(vec!["*1"]), "names web-1", "a"),
        (StreamSelection::All, Some(vec!["gone", "other*"]), "nothing", ""),
        (StreamSelection::All, Some(vec!["gone"]), "nothing", ""),
        (StreamSelection::All, Some(vec!["*", "web-1"]), "", "abc"),
        (prefix("web-"), Some(vec!["web-*", "db"]), "prefix web-", "ab"),
        (prefix("web-"), Some(vec!["web-1", "web-2", "web-3"]), "names web-1 web-2", "ab"),
        (names(&["web-1"]), None, "names web-1", "a"),
        (names(&["web-1", "web-2"]), Some(vec!["web-*"]), "names web-1 web-2", "ab"),
        (prefix("web"), None, "prefix web", "ab"),
        (prefix("web"), Some(vec!["web-2*"]), "prefix web-2", "b"),
        (prefix("web-2"), Some(vec!["web*", "db*"]), "prefix web-2", "b"),
        (prefix("db"), Some(vec!["web-*"]), "nothing", ""),
        (prefix("db"), Some(vec!["web-1", "web-2"]), "nothing", ""),
        (prefix(""), Some(vec!["web-*1"]), "names web-1", "a"),
    ] {
        let environment = TestEnvironment::new().await;
        for (stream, message) in [("web-1", "a"), ("web-2", "b"), ("db", "c")] {
            environment.fake.state().logs.put(GROUP, stream, NOW, message);
        }
        let permit =
            permit_by(group_op(selection.clone(), TimeRange::default()), &["/acme/*"], "logs:read:*", streams.as_deref());
        let page = environment.source.read_group(&permit, &ask(None, Direction::Forward, 10, 1000)).await.unwrap();
        assert_eq!(messages(&page).concat(), expected, "{selection:?} {streams:?}");
        assert!(page.at_end);
        let calls = environment.fake.state().seen.clone();
        let is_read = |seen: &&fake::Seen| seen.operation == "FilterLogEvents";
        let seen = calls.iter().rfind(is_read).filter(|_| !page.events.is_empty());
        let told = seen.map_or("nothing".to_owned(), |seen| {
            match (seen.body.get("logStreamNames"), seen.body.get("logStreamNamePrefix")) {
                (Some(names), None) => format!(
                    "names {}",
                    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(" ")
                ),
                (None, Some(prefix)) => format!("prefix {}", prefix.as_str().unwrap()),
                (None, None) => String::new(),
                both => panic!("{both:?}"),
            }
        });
        assert_eq!(told, sent, "{selection:?} {streams:?}");
    }
}

#[tokio::test]
async fn the_end_is_sent_as_filter_log_events_counts_it() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(30));
    let (start, end) = (NOW - 60_000 + 5, NOW - 60_000 + 25);
    let permit = permit(group_op(StreamSelection::All, TimeRange { start: Some(Millis(start)), end: Some(Millis(end)) }));
    let (read, _) = rest(&environment, &permit, None, (Direction::Forward, 1000, 1_000_000)).await;
    let inside = environment.fake.state().logs.all(GROUP).into_iter().filter(|event| (start..end).contains(&event.timestamp));
    assert_eq!(read, inside.map(|event| event.message).collect::<Vec<_>>());
    assert_eq!(environment.fake.state().seen[0].body["endTime"], end - 1);
}

#[tokio::test]
async fn the_tail_reaches_back_to_2024_and_says_so() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(3));
    let read = async |start: Option<i64>, end: Option<i64>| {
        let permit = permit(group_op(StreamSelection::All, TimeRange { start: start.map(Millis), end: end.map(Millis) }));
        environment.source.read_group(&permit, &ask(None, Direction::Backward, 10, 1000)).await.map(|page| page.events.len())
    };
    assert_eq!(read(None, None).await, Ok(3));
    assert_eq!(environment.fake.state().seen[0].body["startTime"], FLOOR);
    assert!(matches!(read(Some(FLOOR - 1), None).await, Err(SourceError::Unsupported { parameter: "start", .. })));
    assert!(matches!(read(None, Some(FLOOR)).await, Err(SourceError::Unsupported { parameter: "end", .. })));
    assert_eq!(environment.fake.calls(), 1);
}

#[tokio::test]
async fn a_start_that_the_caller_did_not_choose_is_moved_up_to_the_floor_of_the_tail() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(3));
    for (start, sent) in [(0, FLOOR), (FLOOR - 1, FLOOR), (FLOOR, FLOOR), (FLOOR + 1, FLOOR + 1)] {
        let range = TimeRange { start: Some(Millis(start)), end: None };
        let permit = permit(ReadGroup { start_by: StartBy::Service, ..group_op(StreamSelection::All, range) });
        let page = environment.source.read_group(&permit, &ask(None, Direction::Backward, 10, 1000)).await.unwrap();
        assert_eq!(page.events.len(), 3);
        assert_eq!(environment.fake.state().seen.last().unwrap().body["startTime"], sent);
    }
}

#[tokio::test]
async fn positions_are_taken_only_where_they_belong() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(20));
    let permit = permit(group_op(StreamSelection::All, recent()));
    let page = environment.source.read_group(&permit, &ask(None, Direction::Forward, 3, 1000)).await.unwrap();
    for (text, direction) in [
        (page.next.0.as_str(), Direction::Backward),
        (r#"s{"w":"Forward","k":"F/0","m":"p"}"#, Direction::Forward),
        (r#"g{"w":"Forward","k":"F/0","e":{"t":1,"n":1,"s":1},"m":"r"}"#, Direction::Forward),
        (r#"g{"w":"Forward","k":"F/0","e":{"t":1,"i":"7","n":1,"s":1},"m":"t"}"#, Direction::Forward),
        (r#"g{"w":"Forward","b":-5,"m":"p"}"#, Direction::Forward),
        (r#"g{"w":"Forward","k":"gone","m":"p"}"#, Direction::Forward),
        (r#"g{"w":"Forward","k":"f/1.1.1.1","m":"p"}"#, Direction::Forward),
    ] {
        let read = environment.source.read_group(&permit, &ask(Some(Position(text.to_owned())), direction, 3, 1000)).await;
        assert_eq!(read.unwrap_err(), SourceError::InvalidPosition, "{text}");
    }
}

/// A stream that the grant covers is created while a client reads, in both directions: its events ahead are read, and none twice.
#[tokio::test]
async fn a_stream_that_appears_while_a_group_is_read_is_read_from_there_on() {
    for (partial, limit) in [(0, 1), (0, 3), (7, 2), (4242, 5)] {
        for direction in [Direction::Forward, Direction::Backward] {
            let environment = TestEnvironment::new().await;
            environment.fake.state().logs.partial = partial;
            for number in 0..30_i64 {
                for stream in ["prod-1", "web-1", "hidden"] {
                    environment.fake.state().logs.put(
                        GROUP,
                        stream,
                        NOW - 60_000 + number / 3 * 10,
                        &format!("{stream} {number}"),
                    );
                }
            }
            let permit =
                permit_by(group_op(StreamSelection::All, recent()), &["/acme/*"], "logs:read:*", Some(&["prod-*", "web-1"]));
            let (mut read, mut position) = (Vec::new(), None);
            let mut appeared = 0;
            for step in 0..10_000 {
                let page = environment.source.read_group(&permit, &ask(position, direction, limit, 1_000_000)).await.unwrap();
                let ends =
                    (page.events.first().map(|event| event.timestamp()), page.events.last().map(|event| event.timestamp()));
                read.push(messages(&page));
                if page.at_end {
                    break;
                }
                position = if direction == Direction::Forward { Some(page.next) } else { page.previous };
                if let (Some(first), Some(last)) = ends
                    && step % 7 == 3
                {
                    // Ahead of the page in the direction of reading.
                    let at = if direction == Direction::Forward { last + 1 } else { first - 1 };
                    environment.fake.state().logs.put(GROUP, &format!("prod-new-{step}"), at, &format!("new {step}"));
                    appeared += 1;
                }
            }
            if direction == Direction::Backward {
                read.reverse();
            }
            let all = environment.fake.state().logs.all(GROUP);
            let expected: Vec<String> =
                all.into_iter().filter(|event| event.stream != "hidden").map(|event| event.message).collect();
            assert_eq!(read.concat(), expected, "{direction:?}, {limit} events, seed {partial}");
            assert!(appeared > 0);
        }
    }
}

/// A cursor from other grants: its token is for other streams, and is not used.
#[tokio::test]
async fn a_position_of_other_grants_goes_on_in_the_streams_of_these() {
    let environment = TestEnvironment::new().await;
    for number in 0..20_i64 {
        for stream in ["prod-1", "web-1"] {
            environment.fake.state().logs.put(GROUP, stream, NOW - 60_000 + number, &format!("{stream} {number}"));
        }
    }
    let whole = permit(group_op(StreamSelection::All, recent()));
    let narrow = permit_by(group_op(StreamSelection::All, recent()), &["/acme/*"], "logs:read:*", Some(&["prod-*"]));
    environment.fake.state().logs.page_events = Some(5);
    let page = environment.source.read_group(&whole, &ask(None, Direction::Forward, 100, 1_000_000)).await.unwrap();
    assert_eq!(page.events.len(), 5);
    environment.fake.state().seen.clear();
    let (rest, _) = rest(&environment, &narrow, Some(page.next), (Direction::Forward, 100, 1_000_000)).await;
    // Two and a half milliseconds were read, including the visible stream's event of the third.
    assert_eq!(rest, (3..20).map(|number| format!("prod-1 {number}")).collect::<Vec<_>>());
    let first = environment.fake.state().seen[0].clone();
    assert!(first.body.get("nextToken").is_none() && first.body["logStreamNamePrefix"] == "prod-", "{first:?}");
}

#[tokio::test]
async fn more_streams_than_one_call_can_name_are_refused_and_a_prefix_reads_them() {
    let environment = TestEnvironment::new().await;
    for number in 0..101 {
        environment.fake.state().logs.put(GROUP, &format!("prod-{number:03}"), NOW, "x");
    }
    environment.fake.state().logs.put(GROUP, "web-1", NOW, "x");
    let read = async |selection: StreamSelection, streams: &[&str]| {
        let permit = permit_by(group_op(selection, TimeRange::default()), &["/acme/*"], "logs:read:*", Some(streams));
        environment
            .source
            .read_group(&permit, &ask(None, Direction::Forward, 1000, 1_000_000))
            .await
            .map(|page| page.events.len())
    };
    let refused = read(StreamSelection::All, &["prod-*", "web-1"]).await;
    assert!(matches!(refused, Err(SourceError::Unsupported { parameter: "streams", .. })), "{refused:?}");
    assert_eq!(read(StreamSelection::All, &["prod-09*", "web-1"]).await, Ok(11));
    assert_eq!(read(StreamSelection::Prefix("prod-".to_owned()), &["prod-*", "web-1"]).await, Ok(101));
    assert_eq!(read(StreamSelection::All, &["prod-*"]).await, Ok(101));
}
