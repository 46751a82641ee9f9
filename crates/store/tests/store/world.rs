//! Helpers: a store in its own directory, appends and complete reads in one line.

use std::num::NonZeroUsize;
use std::path::Path;

use logmark_store::{Direction, Event, NewEvent, Options, ReadRequest, Store, StreamSelection};

pub(crate) const GROUP: &str = "/app/web";
pub(crate) const STREAM: &str = "i-1";

pub(crate) fn options() -> Options {
    let mut options = Options::default();
    options.memtable_bytes = 1 << 20;
    options.block_bytes = 512;
    options
}

/// Opens a store with one group and one stream.
pub(crate) fn open(directory: &Path) -> Store {
    let store = Store::open(directory, options()).unwrap();
    // They exist already after reopening.
    let _ = store.create_group(GROUP, 1);
    let _ = store.create_stream(GROUP, STREAM, 2);
    store
}

pub(crate) fn event(timestamp: i64, message: impl Into<String>) -> NewEvent {
    NewEvent { timestamp, message: message.into() }
}

pub(crate) fn everything(group: &str) -> ReadRequest<'_> {
    ReadRequest {
        group,
        streams: StreamSelection::All,
        filter: None,
        start: None,
        end: None,
        direction: Direction::Forward,
        from: None,
        limit: NonZeroUsize::new(100_000).unwrap(),
        max_bytes: usize::MAX,
    }
}

pub(crate) fn read_all(store: &Store) -> Vec<Event> {
    store.read(&everything(GROUP)).unwrap().events
}

pub(crate) fn messages(store: &Store) -> Vec<String> {
    read_all(store).into_iter().map(|event| event.message).collect()
}

pub(crate) fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            // Files may vanish or grow meanwhile, as in a crash.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

/// All files of a directory with this extension, by name.
pub(crate) fn files(directory: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}
