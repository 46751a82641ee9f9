//! Reading by the order of appends, from memory and from segments, and subscriptions.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use logmark_store::{ArrivalsRequest, Direction, Event, Position, ReadError, ScanRequest, Store, StreamSelection};
use proptest::prelude::*;

use super::world::{GROUP, STREAM, event, open, options};

const OTHER: &str = "i-2";
const FEW: NonZeroUsize = NonZeroUsize::new(3).unwrap();

fn request(after: u64) -> ArrivalsRequest<'static> {
    ArrivalsRequest { group: GROUP, streams: StreamSelection::All, filter: None, after, limit: FEW, max_bytes: 1 << 20 }
}

/// Events after a sequence number: from memory if possible, otherwise by a scan up to now, resumed after every batch.
fn follow(store: &Store, mut after: u64) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        match store.arrivals(&request(after)).unwrap() {
            Some(arrivals) => {
                events.extend(arrivals.events);
                after = arrivals.through;
                if arrivals.at_end {
                    return events;
                }
            }
            None => {
                let up_to = store.last_sequence();
                events.extend(scan(store, after, up_to));
                after = up_to;
            }
        }
    }
}

fn scan(store: &Store, after: u64, up_to: u64) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut from: Option<Position> = None;
    loop {
        let request = ScanRequest {
            group: GROUP.to_owned(),
            streams: None,
            start: i64::MIN,
            end: i64::MAX,
            direction: Direction::Forward,
            up_to,
        };
        let batch = store.scan_window(request, after, from).unwrap().next_batch(FEW, 1 << 20).unwrap();
        let Some(batch) = batch else { return events };
        from = batch.last().map(Event::position).or(from);
        events.extend(batch);
    }
}

fn sequences(events: &[Event]) -> Vec<u64> {
    let mut sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    sequences.sort_unstable();
    sequences
}

#[test]
fn arrivals_are_in_the_order_of_appends_and_end_where_they_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append_blocking(GROUP, STREAM, vec![event(9, "a"), event(1, "b")], 5).unwrap();
    store.append_blocking(GROUP, STREAM, vec![event(5, "c"), event(0, "d")], 6).unwrap();
    let first = store.arrivals(&request(0)).unwrap().unwrap();
    let messages: Vec<&str> = first.events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!((messages, first.through, first.at_end), (vec!["a", "b", "c"], 3, false));
    let rest = store.arrivals(&request(3)).unwrap().unwrap();
    assert_eq!((rest.events.len(), rest.through, rest.at_end), (1, 4, true));
    let none = store.arrivals(&request(4)).unwrap().unwrap();
    assert_eq!((none.events.len(), none.through, none.at_end), (0, 4, true));
    store.flush().unwrap();
    assert!(store.arrivals(&request(3)).unwrap().is_none(), "an event after it is in a segment only");
    assert!(store.arrivals(&request(4)).unwrap().is_some(), "nothing after it is in a segment");
    let named = ArrivalsRequest { streams: StreamSelection::Named(&["missing"]), ..request(4) };
    assert!(matches!(store.arrivals(&named), Err(ReadError::StreamNotFound { .. })));
}

#[test]
fn a_subscriber_is_woken_by_its_group_alone_and_by_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.create_group("/other", 1).unwrap();
    store.create_stream("/other", STREAM, 1).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut subscription = store.subscribe(GROUP).unwrap();
    let mut woken = |subscription: &mut logmark_store::Subscription| pin!(subscription.changed()).poll(&mut context);
    assert_eq!(woken(&mut subscription), Poll::Pending);
    store.append_blocking("/other", STREAM, vec![event(1, "x")], 1).unwrap();
    assert_eq!(woken(&mut subscription), Poll::Pending, "another group's event");
    store.append_blocking(GROUP, STREAM, vec![event(1, "x")], 1).unwrap();
    assert_eq!(woken(&mut subscription), Poll::Ready(true));
    assert_eq!(woken(&mut subscription), Poll::Pending);
    store.append_blocking(GROUP, STREAM, vec![event(1, "x")], 1).unwrap();
    subscription.mark_seen();
    assert_eq!(woken(&mut subscription), Poll::Pending);
    store.delete_group(GROUP).unwrap();
    assert_eq!(woken(&mut subscription), Poll::Ready(true), "deleted");
    assert!(matches!(store.subscribe(GROUP), Err(ReadError::GroupNotFound { .. })));
    store.close().unwrap();
    assert_eq!(woken(&mut subscription), Poll::Ready(false), "the store is stopped");
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(i64, bool)>),
    Flush,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((0_i64..20, any::<bool>()), 1..6).prop_map(Step::Append),
        2 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// From every sequence number on, a reader gets every later event once, in memory or in segments.
    #[test]
    fn every_later_event_is_read_once(steps in prop::collection::vec(step(), 1..12)) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        store.create_stream(GROUP, OTHER, 2).unwrap();
        let mut appended = 0;
        for step in steps {
            match step {
                Step::Append(events) => {
                    for (timestamp, is_other) in events {
                        let stream = if is_other { OTHER } else { STREAM };
                        store.append_blocking(GROUP, stream, vec![event(timestamp, "x")], 9).unwrap();
                        appended += 1;
                    }
                }
                Step::Flush => store.flush().unwrap(),
                Step::Reopen => {
                    drop(store);
                    store = Store::open(directory.path(), options()).unwrap();
                }
            }
            for after in 0..=appended {
                let expected: Vec<u64> = (after + 1..=appended).collect();
                prop_assert_eq!(sequences(&follow(&store, after)), expected, "after {}", after);
            }
        }
    }
}
