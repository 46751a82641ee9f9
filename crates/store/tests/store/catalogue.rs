//! Creating, describing and listing groups and streams.

use std::sync::atomic::{AtomicBool, Ordering};

use logmark_store::{AppendError, CatalogueError, Group, GroupClass, Order, ReadError, Stream, StreamSelection, StreamsQuery};

use super::world::{GROUP, STREAM, event, everything, open};

#[test]
fn what_is_there_or_missing_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert!(matches!(store.create_group(GROUP, 0), Err(CatalogueError::GroupExists { .. })));
    assert!(matches!(store.create_stream(GROUP, STREAM, 0), Err(CatalogueError::StreamExists { .. })));
    assert!(matches!(store.create_stream("no", STREAM, 0), Err(CatalogueError::GroupNotFound { .. })));
    assert!(matches!(store.set_retention("no", None), Err(CatalogueError::GroupNotFound { .. })));
    let append = |group, stream| store.append_blocking(group, stream, Vec::new(), 0);
    assert!(matches!(append("no", STREAM), Err(AppendError::GroupNotFound { .. })));
    assert!(matches!(append(GROUP, "no"), Err(AppendError::StreamNotFound { .. })));
    assert!(append(GROUP, STREAM).is_ok());
    assert!(matches!(store.read(&everything("no")), Err(ReadError::GroupNotFound { .. })));
    let mut named = everything(GROUP);
    named.streams = StreamSelection::Named(&[STREAM, "no"]);
    assert!(matches!(store.read(&named), Err(ReadError::StreamNotFound { .. })));
    assert_eq!(store.group("no").unwrap(), None);
    assert_eq!(store.stream(GROUP, "no").unwrap(), None);
    assert_eq!(store.stream("no", STREAM).unwrap(), None);
}

#[test]
fn a_group_is_described_the_same_before_and_after_flush_and_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.append_blocking(GROUP, STREAM, vec![event(50, "12345"), event(40, "678")], 60).unwrap();
    store.set_retention(GROUP, Some(14)).unwrap();
    let group =
        Group { name: GROUP.to_owned(), created_at: 1, retention_days: Some(14), stored_bytes: 8, class: GroupClass::Standard };
    let stream = Stream {
        name: STREAM.to_owned(),
        created_at: 2,
        first_event: Some(40),
        last_event: Some(50),
        last_ingestion: Some(60),
        stored_bytes: 8,
    };
    let check = |store: &logmark_store::Store| {
        assert_eq!(store.group(GROUP).unwrap(), Some(group.clone()));
        assert_eq!(store.stream(GROUP, STREAM).unwrap(), Some(stream.clone()));
    };
    check(&store);
    drop(store);
    let store = open(directory.path());
    check(&store);
    store.flush().unwrap();
    check(&store);
    drop(store);
    check(&open(directory.path()));
}

#[test]
fn groups_are_listed_by_name_in_pages() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for name in ["b", "B", "a", "a/x", "a/y", "ab", "a\u{10FFFF}", "_"] {
        store.create_group(name, 0).unwrap();
    }
    let list = |prefix, after, limit| -> Vec<String> {
        store.groups(prefix, after, limit).unwrap().into_iter().map(|group| group.name).collect()
    };
    assert_eq!(list("", None, 99), [GROUP, "B", "_", "a", "a/x", "a/y", "ab", "a\u{10FFFF}", "b"]);
    assert_eq!(list("a", None, 2), ["a", "a/x"]);
    assert_eq!(list("a", Some("a/x"), 2), ["a/y", "ab"]);
    assert_eq!(list("a/", Some("_"), 9), ["a/x", "a/y"]);
    assert_eq!(list("a/", Some("z"), 9), Vec::<String>::new());
    assert_eq!(list("", None, 0), Vec::<String>::new());
}

/// Lists in pages of every size, which must all return the same names.
fn names(store: &logmark_store::Store, query: impl Fn(Option<&Stream>) -> Vec<Stream>) -> Vec<String> {
    let mut all: Vec<Stream> = Vec::new();
    loop {
        let page = query(all.last());
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    let described = all.iter().all(|stream| store.stream(GROUP, &stream.name).unwrap().as_ref() == Some(stream));
    assert!(described, "a listing and a description differ");
    all.into_iter().map(|stream| stream.name).collect()
}

fn by_event(store: &logmark_store::Store, order: Order, limit: usize) -> Vec<String> {
    names(store, |last| {
        let after = last.map(|stream| (stream.last_event, stream.name.as_str()));
        store.streams(GROUP, StreamsQuery::ByLastEvent { after, order }, limit).unwrap()
    })
}

fn by_name(store: &logmark_store::Store, prefix: &str, order: Order, limit: usize) -> Vec<String> {
    names(store, |last| {
        let after = last.map(|stream| stream.name.as_str());
        store.streams(GROUP, StreamsQuery::ByName { prefix, after, order }, limit).unwrap()
    })
}

#[test]
fn streams_are_listed_by_name_and_by_last_event_whatever_is_flushed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.create_group("another", 0).unwrap();
    store.create_stream("another", "b", 0).unwrap();
    for name in ["b", "ba", "bb", "c", "a"] {
        store.create_stream(GROUP, name, 0).unwrap();
    }
    let append = |name: &str, time| store.append_blocking(GROUP, name, vec![event(time, "t")], 9).unwrap();
    append("b", 30);
    append("c", 10);
    store.flush().unwrap();
    append("c", 40);
    append("a", 30);
    append("bb", 5);
    let check = || {
        for limit in 1..8 {
            let mut expected = ["ba", STREAM, "bb", "a", "b", "c"];
            assert_eq!(by_event(&store, Order::Ascending, limit), expected);
            expected.reverse();
            assert_eq!(by_event(&store, Order::Descending, limit), expected);
            assert_eq!(by_name(&store, "", Order::Ascending, limit), ["a", "b", "ba", "bb", "c", STREAM]);
            assert_eq!(by_name(&store, "", Order::Descending, limit), [STREAM, "c", "bb", "ba", "b", "a"]);
            assert_eq!(by_name(&store, "b", Order::Ascending, limit), ["b", "ba", "bb"]);
            assert_eq!(by_name(&store, "b", Order::Descending, limit), ["bb", "ba", "b"]);
            assert_eq!(by_name(&store, "bx", Order::Descending, limit), Vec::<String>::new());
        }
    };
    check();
    store.flush().unwrap();
    check();
    let outside = StreamsQuery::ByName { prefix: "b", after: Some("a"), order: Order::Descending };
    assert!(store.streams(GROUP, outside, 9).unwrap().is_empty());
    let outside = StreamsQuery::ByName { prefix: "b", after: Some("z"), order: Order::Ascending };
    assert!(store.streams(GROUP, outside, 9).unwrap().is_empty());
    assert!(matches!(store.streams("no", outside, 9), Err(CatalogueError::GroupNotFound { .. })));
}

#[test]
fn a_change_is_seen_by_every_later_call_while_others_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    assert!(store.group(GROUP).unwrap().is_some());
                }
            });
        }
        // Also when an assertion fails: the scope waits for the readers.
        let _ends_readers = SetOnDrop(&is_over);
        for number in 0..30 {
            let group = format!("/new/{number}");
            store.create_group(&group, 1).unwrap();
            assert!(store.group(&group).unwrap().is_some(), "{group}");
            store.create_stream(&group, STREAM, 1).unwrap();
            assert!(store.stream(&group, STREAM).unwrap().is_some(), "{group}");
            store.append_blocking(&group, STREAM, vec![event(1, "x")], 1).unwrap();
            store.set_retention(&group, Some(number + 1)).unwrap();
            assert_eq!(store.group(&group).unwrap().unwrap().retention_days, Some(number + 1));
            if number % 10 == 0 {
                store.flush().unwrap();
            }
            assert_eq!(store.read(&everything(&group)).unwrap().events.len(), 1, "{group}");
            store.delete_stream(&group, STREAM).unwrap();
            assert_eq!(store.stream(&group, STREAM).unwrap(), None, "{group}");
            store.delete_group(&group).unwrap();
            assert_eq!(store.group(&group).unwrap(), None, "{group}");
        }
    });
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
