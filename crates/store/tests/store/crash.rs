//! Opening after a crash: the log cut at any byte, flipped bits, missing and stray files.

use std::path::Path;

use logmark_store::{OpenError, ReadError, StorageError, Store};

use super::world::{GROUP, STREAM, copy_directory, event, everything, files, messages, open, options};

/// A directory with one log file of appends of 1, 2, 3 ... events, not closed properly. Returns the messages and, for each
/// append, the length of the log when it was acknowledged.
fn crashed(directory: &Path, appends: usize) -> (Vec<String>, Vec<u64>) {
    let running = tempfile::tempdir().unwrap();
    let store = open(running.path());
    let (mut all, mut lengths) = (Vec::new(), Vec::new());
    for append in 0..appends {
        let texts: Vec<String> = (0..=append).map(|at| format!("{append}.{at}")).collect();
        let events = texts.iter().map(|text| event(append as i64, text.clone())).collect();
        store.append_blocking(GROUP, STREAM, events, 0).unwrap();
        all.extend(texts);
        let log = files(&running.path().join("log"), "wal").pop().unwrap();
        lengths.push(log.metadata().unwrap().len());
    }
    copy_directory(running.path(), directory);
    (all, lengths)
}

fn log_of(directory: &Path) -> std::path::PathBuf {
    files(&directory.join("log"), "wal").pop().unwrap()
}

fn damaged_file(error: OpenError) -> std::path::PathBuf {
    match error {
        OpenError::Storage(StorageError::Corrupt { path, .. }) => path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_cut_at_any_byte_gives_every_append_before_the_cut_whole() {
    let template = tempfile::tempdir().unwrap();
    let (all, lengths) = crashed(template.path(), 4);
    let bytes = std::fs::read(log_of(template.path())).unwrap();
    for cut in 0..=bytes.len() {
        for garbage in [0usize, 64] {
            let directory = tempfile::tempdir().unwrap();
            copy_directory(template.path(), directory.path());
            let mut kept = bytes[..cut].to_vec();
            kept.extend(std::iter::repeat_n(0, if cut < 20 { 0 } else { garbage }));
            std::fs::write(log_of(directory.path()), kept).unwrap();
            let whole = lengths.iter().filter(|length| **length <= cut as u64).count();
            let expected: usize = (1..=whole).sum();
            let store = open(directory.path());
            assert_eq!(messages(&store), all[..expected], "cut at {cut}");
            store.append_blocking(GROUP, STREAM, vec![event(99, "after")], 0).unwrap();
            drop(store);
            assert_eq!(messages(&open(directory.path())).len(), expected + 1, "cut at {cut}");
        }
    }
}

#[test]
fn a_flipped_bit_in_the_log_is_named_or_in_the_last_append() {
    let template = tempfile::tempdir().unwrap();
    let (all, lengths) = crashed(template.path(), 4);
    let bytes = std::fs::read(log_of(template.path())).unwrap();
    let last = lengths[lengths.len() - 2] as usize;
    for at in 0..bytes.len() {
        let directory = tempfile::tempdir().unwrap();
        copy_directory(template.path(), directory.path());
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let log = log_of(directory.path());
        std::fs::write(&log, flipped).unwrap();
        match Store::open(directory.path(), options()) {
            // The last append cannot be distinguished from an unsynced one: only this append is lost.
            Ok(store) => {
                assert!(at >= last, "byte {at} flipped unseen");
                assert_eq!(messages(&store), all[..all.len() - 4], "byte {at}");
            }
            Err(error) => {
                assert!(at < last, "byte {at}");
                assert_eq!(damaged_file(error), log, "byte {at}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_the_log_of_a_closed_store_is_always_named() {
    let template = tempfile::tempdir().unwrap();
    let store = open(template.path());
    store.append_blocking(GROUP, STREAM, vec![event(1, "only")], 0).unwrap();
    let unsealed = log_of(template.path()).metadata().unwrap().len() as usize;
    drop(store);
    let bytes = std::fs::read(log_of(template.path())).unwrap();
    assert!(bytes.len() > unsealed);
    for at in 0..unsealed {
        let directory = tempfile::tempdir().unwrap();
        copy_directory(template.path(), directory.path());
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let log = log_of(directory.path());
        std::fs::write(&log, flipped).unwrap();
        assert_eq!(damaged_file(Store::open(directory.path(), options()).unwrap_err()), log, "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_a_segment_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for append in 0..30 {
        store.append_blocking(GROUP, STREAM, vec![event(append, format!("{append:0100}"))], 0).unwrap();
    }
    store.flush().unwrap();
    drop(store);
    let segment = files(&directory.path().join("segments"), "segment").pop().unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&segment, flipped).unwrap();
        let store = Store::open(directory.path(), options()).unwrap();
        match store.read(&everything(GROUP)) {
            Err(ReadError::Storage(StorageError::Corrupt { path, .. })) => {
                assert_eq!(path, segment, "byte {at}")
            }
            other => panic!("byte {at}: {other:?}"),
        }
    }
    for length in [0, 1, bytes.len() - 1] {
        std::fs::write(&segment, &bytes[..length]).unwrap();
        assert_eq!(damaged_file(Store::open(directory.path(), options()).unwrap_err()), segment);
    }
    std::fs::remove_file(&segment).unwrap();
    assert!(matches!(Store::open(directory.path(), options()), Err(OpenError::Storage(StorageError::Io { .. }))));
}

#[test]
fn a_log_file_that_is_missing_in_the_middle_is_noticed() {
    let template = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let store = open(template.path());
        store.append_blocking(GROUP, STREAM, vec![event(round, "text")], 0).unwrap();
    }
    let logs = files(&template.path().join("log"), "wal");
    assert_eq!(logs.len(), 3);
    std::fs::remove_file(&logs[1]).unwrap();
    assert_eq!(damaged_file(Store::open(template.path(), options()).unwrap_err()), logs[2]);
}

#[test]
fn segments_the_catalogue_does_not_know_are_not_removed() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let stray = directory.path().join("segments/00000000000000000007.segment");
    std::fs::write(&stray, "another store's").unwrap();
    assert_eq!(damaged_file(Store::open(directory.path(), options()).unwrap_err()), stray);
    assert!(stray.exists());
}

#[test]
fn a_torn_tail_of_an_earlier_opening_does_not_hurt_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let (all, _) = crashed(directory.path(), 3);
    let log = log_of(directory.path());
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.extend_from_slice(&[0xa5; 700]);
    std::fs::write(&log, bytes).unwrap();
    for _ in 0..3 {
        assert_eq!(messages(&open(directory.path())), all);
    }
}
