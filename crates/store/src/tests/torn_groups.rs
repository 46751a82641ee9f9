//! The possible states of a group of appends that was written but not synced before a loss of power.

use std::path::Path;

use super::batch;
use crate::disk::Disk;
use crate::error::StorageError;
use crate::ids::{GroupId, StreamId};
use crate::memtable::Batch;
use crate::wal;
use crate::wal::file::LogFile;
use crate::wal::replay::{Replayed, replay};

fn numbered(first_sequence: u64) -> Batch {
    let events = batch(first_sequence as usize, 2);
    Batch { group: GroupId(1), stream: StreamId(1), ingestion_ms: 0, first_sequence, events }
}

/// A log of one synced append, then two more written as one group. Returns the start of each.
fn log(directory: &Path) -> [usize; 4] {
    let path = wal::path(directory, 1);
    let length = || std::fs::metadata(&path).unwrap().len() as usize;
    let mut file = LogFile::create(&Disk::default(), directory, 1).unwrap();
    let first = length();
    file.add(&numbered(1));
    file.commit().unwrap();
    let second = length();
    file.add(&numbered(3));
    file.add(&numbered(5));
    file.commit().unwrap();
    [first, second, second + (length() - second) / 2, length()]
}

fn damage(directory: &Path, range: std::ops::Range<usize>, byte: u8) {
    let path = wal::path(directory, 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[range].fill(byte);
    std::fs::write(path, bytes).unwrap();
}

fn replay_after(damaged: impl Fn(&Path, [usize; 4])) -> Result<Replayed, StorageError> {
    let directory = tempfile::tempdir().unwrap();
    let places = log(directory.path());
    damaged(directory.path(), places);
    replay(&Disk::default(), directory.path(), 0, |batch| Ok(batch.first_sequence))
}

#[test]
fn an_undamaged_log_is_read_whole() {
    assert_eq!(replay_after(|_, _| {}).unwrap().last_sequence, 6);
}

#[test]
fn a_whole_record_behind_a_torn_one_of_the_same_group_is_cut_with_it() {
    for byte in [0, 0xff] {
        let replayed = replay_after(|path, [_, second, third, _]| damage(path, second..third, byte));
        assert_eq!(replayed.unwrap().last_sequence, 2);
    }
}

#[test]
fn damage_to_what_was_synced_before_a_whole_record_is_an_error() {
    let replayed = replay_after(|path, [first, second, ..]| damage(path, first + 20..second, 0));
    assert!(matches!(replayed, Err(StorageError::Corrupt { offset: 20, .. })), "{replayed:?}");
    // Also if only the last record reveals it.
    let replayed = replay_after(|path, [first, _, third, _]| damage(path, first..third, 0));
    assert!(matches!(replayed, Err(StorageError::Corrupt { offset: 20, .. })), "{replayed:?}");
}

#[test]
fn a_torn_end_that_is_not_the_last_file_is_an_error() {
    let replayed = replay_after(|path, [.., third, end]| {
        damage(path, third..end, 0);
        LogFile::create(&Disk::default(), path, 2).unwrap();
    });
    assert!(matches!(replayed, Err(StorageError::Corrupt { .. })), "{replayed:?}");
}

#[test]
fn records_of_another_file_are_not_taken_for_its_own() {
    let other = tempfile::tempdir().unwrap();
    let [first, .., end] = log(other.path());
    let stale = std::fs::read(wal::path(other.path(), 1)).unwrap()[first..end].to_vec();
    let replayed = replay_after(|path, [_, second, ..]| {
        let file = wal::path(path, 1);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.truncate(second);
        bytes.extend_from_slice(&stale);
        std::fs::write(file, bytes).unwrap();
    });
    assert_eq!(replayed.unwrap().last_sequence, 2);
}
