//! One open store per directory, private files, names that are not paths.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use logmark_store::{AppendError, FlushError, MAX_MESSAGE_BYTES, OpenError, Store};

use super::world::{GROUP, STREAM, event, messages, open, options};

#[test]
fn a_second_opening_names_the_directory_and_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    match Store::open(directory.path(), options()) {
        Err(OpenError::InUse { directory: named, pid }) => {
            assert_eq!((named.as_path(), pid), (directory.path(), Some(std::process::id())));
        }
        other => panic!("{other:?}"),
    }
    drop(store);
    open(directory.path());
}

#[test]
fn a_closed_store_takes_no_appends_but_is_still_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let other = store.clone();
    store.append_blocking(GROUP, STREAM, vec![event(1, "kept")], 0).unwrap();
    store.close().unwrap();
    let refused = other.append_blocking(GROUP, STREAM, vec![event(1, "late")], 0);
    assert!(matches!(refused, Err(AppendError::Closed)), "{refused:?}");
    assert!(matches!(other.flush(), Err(FlushError::Closed)));
    assert_eq!(messages(&other), ["kept"]);
    drop(other);
    assert_eq!(messages(&open(directory.path())), ["kept"]);
}

fn modes(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        if entry.file_type().unwrap().is_dir() {
            assert_eq!(mode, 0o700, "{:?}", entry.path());
            modes(&entry.path());
        } else {
            assert_eq!(mode, 0o600, "{:?}", entry.path());
        }
    }
}

#[test]
fn files_are_private_to_their_owner() {
    let parent = tempfile::tempdir().unwrap();
    let store = open(&parent.path().join("store"));
    store.append_blocking(GROUP, STREAM, vec![event(1, "text")], 0).unwrap();
    store.flush().unwrap();
    modes(parent.path());
}

#[test]
fn names_never_become_paths() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("store");
    let store = Store::open(&directory, options()).unwrap();
    let long = "n".repeat(512);
    let names = ["..", ".", "", "/", "../../etc/passwd", "a/b", "CON", "a\0b", "x", "X", "é", "e\u{301}", &long];
    for group in names {
        store.create_group(group, 0).unwrap();
        for stream in names {
            store.create_stream(group, stream, 0).unwrap();
            store.append_blocking(group, stream, vec![event(1, format!("{group}|{stream}"))], 0).unwrap();
        }
    }
    store.flush().unwrap();
    drop(store);
    let store = Store::open(&directory, options()).unwrap();
    for group in names {
        let events = store.read(&super::world::everything(group)).unwrap().events;
        assert!(events.iter().map(|event| &*event.stream).eq(names), "{group:?}");
        assert!(events.iter().all(|event| event.message == format!("{group}|{}", event.stream)));
    }
    let mut expected = names;
    expected.sort_unstable();
    assert!(store.groups("", None, 100).unwrap().iter().map(|group| group.name.as_str()).eq(expected));
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 4);
}

#[test]
fn messages_of_every_size_up_to_the_limit_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for size in [0, 1, 511, 512, 513, 100_000, MAX_MESSAGE_BYTES] {
        store.append_blocking(GROUP, STREAM, vec![event(size as i64, "m".repeat(size))], 0).unwrap();
    }
    store.flush().unwrap();
    let sizes: Vec<usize> = messages(&store).iter().map(String::len).collect();
    assert_eq!(sizes, [0, 1, 511, 512, 513, 100_000, MAX_MESSAGE_BYTES]);
    let large = store.append_blocking(GROUP, STREAM, vec![event(0, "m".repeat(MAX_MESSAGE_BYTES + 1))], 0);
    assert!(matches!(large, Err(AppendError::MessageTooLarge { index: 0, bytes: 1_048_577 })));
    let many = (0..5).map(|_| event(0, "m".repeat(MAX_MESSAGE_BYTES))).collect();
    let many = store.append_blocking(GROUP, STREAM, many, 0);
    assert!(matches!(many, Err(AppendError::BatchTooLarge { events: 5, .. })));
}
