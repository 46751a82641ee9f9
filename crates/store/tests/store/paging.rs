//! Continuing from a page while events arrive.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use logmark_store::{Direction, MessageFilter, StreamSelection};

use super::world::{GROUP, STREAM, event, everything, open};

#[test]
fn a_reader_that_begins_at_the_end_of_an_empty_group_sees_what_comes() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut latest = everything(GROUP);
    latest.direction = Direction::Backward;
    let page = store.read(&latest).unwrap();
    assert!(page.events.is_empty() && page.at_end);
    store.append_blocking(GROUP, STREAM, vec![event(5, "first")], 0).unwrap();
    let mut onwards = everything(GROUP);
    onwards.from = Some(page.next);
    assert_eq!(store.read(&onwards).unwrap().events.len(), 1);
}

#[test]
fn a_filter_that_finds_nothing_ends_the_page_and_goes_on_behind_what_it_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let message = |at: i64| if at == 700 { "needle".to_owned() } else { format!("straw {at:03}") };
    for flushed in [true, false] {
        store.append_blocking(GROUP, STREAM, (0..1000).map(|at| event(at, message(at))).collect(), 0).unwrap();
        if flushed {
            store.flush().unwrap();
        }
    }
    let asked = std::cell::Cell::new(0);
    let accepts = |stream: &str, message: &str| {
        assert_eq!(stream, STREAM);
        asked.set(asked.get() + 1);
        message == "needle"
    };
    let per_event = "straw 000".len() + MessageFilter::EVENT_BYTES;
    let is_enough = |bytes| bytes >= 300 * per_event;
    for direction in [Direction::Forward, Direction::Backward] {
        let mut request = everything(GROUP);
        request.filter = Some(MessageFilter { accepts: &accepts, is_enough: &is_enough });
        request.direction = direction;
        let mut pages = Vec::new();
        asked.set(0);
        loop {
            let page = store.read(&request).unwrap();
            request.from = Some(if direction == Direction::Forward { page.next } else { page.previous });
            pages.push(page.events.len());
            if page.at_end {
                break;
            }
        }
        let expected = if direction == Direction::Forward { [0, 0, 0, 0, 2, 0, 0] } else { [0, 2, 0, 0, 0, 0, 0] };
        assert_eq!(pages, expected, "{direction:?}");
        assert_eq!(asked.get(), 2000, "{direction:?}: an event is read twice");
    }
}

#[test]
fn a_follower_sees_every_append_once_and_whole_while_segments_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let appended = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for append in 0..300 {
                let events = (0..5).map(|at| event(append, format!("{append}.{at}"))).collect();
                store.append_blocking(GROUP, STREAM, events, 0).unwrap();
                if append % 37 == 0 {
                    store.flush().unwrap();
                }
                appended.store(append as usize + 1, Ordering::SeqCst);
            }
        });
        let mut seen = Vec::new();
        let mut request = everything(GROUP);
        request.limit = NonZeroUsize::new(35).unwrap();
        while seen.len() < 1_500 {
            let before = appended.load(Ordering::SeqCst);
            let page = store.read(&request).unwrap();
            assert_eq!(page.events.len() % 5, 0, "an append was seen in part");
            seen.extend(page.events.iter().map(|event| event.message.clone()));
            assert!(!page.at_end || seen.len() >= before * 5, "an acknowledged append was not seen");
            request.from = Some(page.next);
        }
        let expected: Vec<String> = (0..300).flat_map(|a| (0..5).map(move |at| format!("{a}.{at}"))).collect();
        assert_eq!(seen, expected);
    });
}

#[test]
fn streams_made_while_others_read_never_confuse_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..60 {
                let name = format!("s{number}");
                store.create_stream(GROUP, &name, 0).unwrap();
                store.append_blocking(GROUP, &name, vec![event(number, name.clone())], 0).unwrap();
            }
        });
        let even = |name: &str| name.ends_with(['0', '2', '4', '6', '8']);
        while !writer.is_finished() {
            let mut request = everything(GROUP);
            request.streams = StreamSelection::Matching(&even);
            assert!(store.read(&request).unwrap().events.iter().all(|event| even(&event.stream)));
        }
    });
}

#[test]
fn many_appenders_share_the_log_and_keep_their_own_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0..50 {
                    let text = format!("{writer} {number}");
                    store.append_blocking(GROUP, STREAM, vec![event(0, text)], 0).unwrap();
                }
            });
        }
    });
    let found = super::world::messages(&store);
    assert_eq!(found.len(), 400);
    for writer in 0..8 {
        let prefix = format!("{writer} ");
        let own = found.iter().filter_map(|text| text.strip_prefix(&prefix)?.parse::<usize>().ok());
        assert!(own.eq(0..50));
    }
}

#[test]
fn pages_of_every_size_join_without_a_seam_in_memory_and_in_segments() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let texts: Vec<String> = (0..1_000).map(|number| format!("{number:04}")).collect();
    for half in [&texts[..500], &texts[500..]] {
        let events = half.iter().map(|text| event(0, text.clone())).collect();
        store.append_blocking(GROUP, STREAM, events, 0).unwrap();
    }
    for _ in ["memory", "segment"] {
        for limit in [1, 7, 255, 256, 257, 999, 1_000, 1_001] {
            for direction in [Direction::Forward, Direction::Backward] {
                let mut request = everything(GROUP);
                request.direction = direction;
                request.limit = NonZeroUsize::new(limit).unwrap();
                let mut pages = Vec::new();
                loop {
                    let page = store.read(&request).unwrap();
                    request.from = Some(if direction == Direction::Forward { page.next } else { page.previous });
                    let at_end = page.at_end;
                    pages.push(page.events);
                    if at_end {
                        break;
                    }
                }
                if direction == Direction::Backward {
                    pages.reverse();
                }
                assert!(pages.iter().flatten().map(|event| &event.message).eq(&texts), "{direction:?} by {limit}");
            }
        }
        store.flush().unwrap();
    }
}

#[test]
fn an_append_can_be_awaited_on_any_thread() {
    fn on_any_thread<T: Send>(future: T) -> T {
        future
    }
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    // Never polled, so never appended.
    drop(on_any_thread(store.append(GROUP, STREAM, vec![event(0, "text")], 0)));
    assert!(super::world::messages(&store).is_empty());
}
