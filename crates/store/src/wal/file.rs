//! Appends to the current log file: records are collected, then written and synced together.
//!
//! Does not retry a write or a sync: after a failed fsync the kernel may have dropped the pages, and a second fsync would falsely
//! succeed. The caller stops permanently. See also `store::writer`.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::record::{self, Salt};
use crate::disk::Disk;
use crate::error::StorageError;
use crate::memtable::Batch;

/// A buffer that a large group grew beyond this size is freed.
const KEPT_BUFFER_BYTES: usize = 1 << 20;

/// The current log file.
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
    /// Creates the file durably, including its name.
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

    /// Buffers an append without writing.
    pub(crate) fn add(&mut self, batch: &Batch) {
        record::encode_append(&mut self.pending, self.salt, self.durable_to, batch);
    }

    /// Writes the buffered appends with one write and one sync.
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

    /// Seals the file, so that damage to its last records is distinguished from a torn tail.
    pub(crate) fn seal(&mut self) -> Result<(), StorageError> {
        if self.durable_to > record::HEADER_BYTES as u64 {
            record::encode_seal(&mut self.pending, self.salt, self.durable_to);
        }
        self.commit()
    }
}
