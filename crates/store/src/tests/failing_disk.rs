//! Every change to the disk fails in turn, once or permanently, in a run that appends and flushes.

use std::path::Path;

use super::{GROUP, STREAM, batch, messages, options};
use crate::disk::Disk;
use crate::{AppendError, FlushError, Store};

/// The appended and the acknowledged messages of a run, in order.
#[derive(Default)]
struct Run {
    acknowledged: Vec<String>,
    /// The failed append: all of it may exist, or nothing.
    unknown: Vec<String>,
    failed: bool,
}

fn append(run: &mut Run, store: &Store, number: usize) {
    let events = batch(number, 3);
    let texts = events.iter().map(|event| event.message.clone()).collect::<Vec<_>>();
    match store.append_blocking(GROUP, STREAM, events, 0) {
        Ok(()) => {
            assert!(!run.failed, "an append was accepted after a failed write");
            run.acknowledged.extend(texts);
        }
        Err(AppendError::Poisoned { .. }) => {
            if run.unknown.is_empty() {
                run.unknown = texts;
            }
            run.failed = true;
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn run(disk: &Disk, directory: &Path) -> Run {
    let mut run = Run::default();
    let Ok(store) = Store::open_with(disk.clone(), directory, &options(1 << 20)) else {
        run.failed = true;
        return run;
    };
    let _ = store.create_group(GROUP, 0);
    let _ = store.create_stream(GROUP, STREAM, 0);
    for number in 0..8 {
        append(&mut run, &store, number);
        if number % 3 == 2 {
            match store.flush() {
                Ok(()) => {}
                Err(FlushError::Poisoned { .. }) => run.failed = true,
                Err(other) => panic!("{other:?}"),
            }
        }
        // Reads continue after a failed write.
        assert_eq!(messages(&store), run.acknowledged);
    }
    run
}

fn check_reopened(directory: &Path, run: &Run, at: u64) {
    for opening in 0..2 {
        let store = Store::open_with(Disk::default(), directory, &options(1 << 20))
            .unwrap_or_else(|error| panic!("change {at}, opening {opening}: {error}"));
        if store.stream(GROUP, STREAM).unwrap().is_none() {
            assert!(run.acknowledged.is_empty());
            return;
        }
        let found = messages(&store);
        let with_unknown = [run.acknowledged.as_slice(), &run.unknown].concat();
        assert!(found == run.acknowledged || found == with_unknown, "change {at}, opening {opening}: {found:?}");
        let bytes: usize = found.iter().map(String::len).sum();
        assert_eq!(store.group(GROUP).unwrap().unwrap().stored_bytes, bytes as u64, "change {at}");
    }
    let store = Store::open_with(Disk::default(), directory, &options(1 << 20)).unwrap();
    let before = messages(&store).len();
    let mut more = Run::default();
    (100..104).for_each(|number| append(&mut more, &store, number));
    store.close().unwrap();
    let store = Store::open_with(Disk::default(), directory, &options(1 << 20)).unwrap();
    assert_eq!(messages(&store)[before..], more.acknowledged);
    let left_over = std::fs::read_dir(directory.join("segments")).unwrap().count();
    assert!(left_over <= 4, "change {at}: {left_over} segments");
}

fn fail_every_change(fail: impl Fn(&Disk, u64), before_reopening: impl Fn(&Disk)) {
    for at in 1.. {
        let directory = tempfile::tempdir().unwrap();
        let disk = Disk::default();
        fail(&disk, at);
        let run = run(&disk, directory.path());
        let untouched = disk.faults.seen() < at;
        before_reopening(&disk);
        check_reopened(directory.path(), &run, at);
        if untouched {
            assert!(!run.failed && at > 40, "the run made only {at} changes");
            return;
        }
    }
}

#[test]
fn a_crash_at_any_change_loses_and_doubles_nothing() {
    fail_every_change(|disk, at| disk.faults.crash_at(at), |_| {});
}

#[test]
fn a_loss_of_power_at_any_change_loses_and_doubles_nothing() {
    fail_every_change(|disk, at| disk.faults.crash_at(at), |disk| disk.faults.lose_power().unwrap());
}

#[test]
fn one_failed_change_stops_writing_for_good_and_loses_nothing() {
    fail_every_change(|disk, at| disk.faults.fail_once_at(at), |_| {});
}

#[test]
fn a_crash_at_any_change_of_a_reopening_loses_nothing() {
    for at in 1.. {
        let directory = tempfile::tempdir().unwrap();
        // Leaves covered log files, an unregistered segment and an unflushed tail.
        let crashing = Disk::default();
        crashing.faults.crash_at(34);
        let first = run(&crashing, directory.path());
        assert!(first.failed && !first.acknowledged.is_empty());
        let disk = Disk::default();
        disk.faults.crash_at(at);
        let opened = Store::open_with(disk.clone(), directory.path(), &options(1 << 20));
        let untouched = opened.is_ok();
        drop(opened);
        check_reopened(directory.path(), &first, at);
        if untouched {
            return;
        }
    }
}
