//! Replays the log when a store is opened, and distinguishes a torn tail from damage.
//!
//! A crash may leave anything in the part of the last file that was not synced: part of a record,
//! zeros, or whole records after torn ones, since pages reach the disk in any order. So:
//!
//! - In every file except the last, any byte that is not part of a complete record is damage.
//! - In the last file, reading stops at the first byte that does not begin a complete record. If any complete record after it
//!   shows (`durable_to`) that this byte was synced before, the byte is damage. Otherwise no record shows that the rest was
//!   acknowledged, and it is cut off.
//!
//! Limit of this rule: damage to the last synced group of records looks like a torn tail, unless the store was closed properly (a
//! seal follows) or opened since (the file is no longer the last). Never skips a record.

use std::path::{Path, PathBuf};

use super::record::{self, Record, Salt};
use crate::disk::{Disk, numbered_files};
use crate::error::StorageError;
use crate::memtable::{Batch, Memtable, Numbered};

/// The replayed log.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// All appends that no segment covers.
    pub(crate) memtable: Memtable,
    /// The last used sequence number.
    pub(crate) last_sequence: u64,
    /// The number of the next file.
    pub(crate) next_file: u64,
}

/// Reads all log files, removes those with nothing beyond `covered` (the last sequence number in segments), cuts a torn tail, and
/// loads the rest into memory.
///
/// `number` numbers the events of an append in their stream, and returns the first number.
pub(crate) fn replay(
    disk: &Disk,
    directory: &Path,
    covered: u64,
    mut number: impl FnMut(&Batch) -> Result<u64, StorageError>,
) -> Result<Replayed, StorageError> {
    let files = numbered_files(directory, super::EXTENSION)?;
    let mut replayed = Replayed { memtable: Memtable::default(), last_sequence: covered, next_file: 1 };
    for (index, (file, path)) in files.iter().enumerate() {
        let before = replayed.last_sequence;
        let last = index + 1 == files.len();
        let bytes = std::fs::read(path).map_err(StorageError::io("read", path))?;
        let found = LogBytes { path, bytes: &bytes, last };
        let kept = found.records(*file, |batch, offset| replayed.add(batch, found.path, offset, &mut number))?;
        replayed.next_file = file + 1;
        if replayed.last_sequence == before {
            disk.remove(path)?;
        } else if kept < bytes.len() {
            disk.truncate(path, kept as u64)?;
        }
    }
    Ok(replayed)
}

impl Replayed {
    fn add(
        &mut self,
        batch: Batch,
        path: &Path,
        offset: usize,
        number: impl FnOnce(&Batch) -> Result<u64, StorageError>,
    ) -> Result<(), StorageError> {
        let last = batch.first_sequence + batch.events.len() as u64 - 1;
        if last <= self.last_sequence {
            return Ok(());
        }
        if batch.first_sequence != self.last_sequence + 1 {
            return Err(StorageError::corrupt(path, offset as u64, "records before this one are missing"));
        }
        self.last_sequence = last;
        let first_ordinal = number(&batch)?;
        self.memtable.add([Numbered { batch, first_ordinal }]);
        Ok(())
    }
}

struct LogBytes<'a> {
    path: &'a PathBuf,
    bytes: &'a [u8],
    last: bool,
}

impl LogBytes<'_> {
    /// Passes each append to `take`, and returns how many bytes of the file are valid.
    fn records(
        &self,
        number: u64,
        mut take: impl FnMut(Batch, usize) -> Result<(), StorageError>,
    ) -> Result<usize, StorageError> {
        let Some(salt) = record::decode_header(number, self.bytes) else { return self.without_header() };
        let mut offset = record::HEADER_BYTES;
        while let Some(rest) = self.bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            let Some(Record { batch, length, .. }) = record::decode(rest, salt) else {
                return self.stopped_at(offset, salt);
            };
            if let Some(batch) = batch {
                take(batch, offset)?;
            }
            offset += length;
        }
        Ok(offset)
    }

    // The header is synced before the first record is written, so a file without a header has no records.
    fn without_header(&self) -> Result<usize, StorageError> {
        if self.last && self.bytes.len() <= record::HEADER_BYTES {
            return Ok(0);
        }
        Err(StorageError::corrupt(self.path, 0, "the header is not whole"))
    }

    fn stopped_at(&self, offset: usize, salt: Salt) -> Result<usize, StorageError> {
        let synced = |at| {
            let record = self.bytes.get(at..).and_then(|rest| record::decode(rest, salt));
            record.is_some_and(|record| record.durable_to > offset as u64)
        };
        if !self.last || record::candidates(self.bytes, offset + 1, salt).any(synced) {
            return Err(StorageError::corrupt(self.path, offset as u64, "a record is not whole"));
        }
        Ok(offset)
    }
}
