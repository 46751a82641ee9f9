//! Owns appending to the current log file: records are gathered, then written and synced together.
//!
//! Never retries a write or a sync: after a failed fsync the kernel may have dropped the pages and
//! a second one would lie. The caller stops for good. Look next at `store::writer`.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::record::{self, Salt};
use crate::disk::Disk;
use crate::error::StorageError;
use crate::memtable::Batch;

/// Beyond this a buffer grown by one large group is given back.
const KEPT_BUFFER_BYTES: usize = 1 << 20;

/// The log file being written.
#[derive(Debug)]
pub(crate) struct LogFile {
    disk: Disk,
    path: PathBuf,
    number: u64,
    file: File,
    salt: Salt,
    /// Bytes of the file that were synced.
    durable_to: u64,
    pending: Vec<u8>,
}

impl LogFile {
    /// Makes the file, durable with its name before it is returned.
    pub(crate) fn create(disk: &Disk, directory: &Path, number: u64) -> Result<LogFile, StorageError> {
        let path = super::path(directory, number);
        let mut file = disk.create_file(&path)?;
        let salt = Salt::random();
        let header = record::encode_header(number, salt);
        disk.write(&mut file, &path, &header)?;
        disk.sync(&file, &path)?;
        disk.sync_directory(directory)?;
        let durable_to = header.len() as u64;
        Ok(LogFile { disk: disk.clone(), path, number, file, salt, durable_to, pending: Vec::new() })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Gathers an append; nothing is written yet.
    pub(crate) fn add(&mut self, batch: &Batch) {
        record::encode_append(&mut self.pending, self.salt, self.durable_to, batch);
    }

    /// Writes what was gathered with one write and one sync.
    pub(crate) fn commit(&mut self) -> Result<(), StorageError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.disk.write(&mut self.file, &self.path, &self.pending)?;
        self.disk.sync(&self.file, &self.path)?;
        self.durable_to += self.pending.len() as u64;
        self.pending.clear();
        self.pending.shrink_to(KEPT_BUFFER_BYTES);
        Ok(())
    }

    /// Ends the file in good order, so that damage to its last records is told from a torn tail.
    pub(crate) fn seal(&mut self) -> Result<(), StorageError> {
        if self.durable_to > record::HEADER_BYTES as u64 {
            record::encode_seal(&mut self.pending, self.salt, self.durable_to);
        }
        self.commit()
    }
}
