//! The thread that writes frozen memtables to segments. The order of its steps:
//!
//! 1. segment under a temporary name, synced; 2. renamed, directory synced; 3. registered in the
//!    catalogue with the sequence number it covers, one transaction; 4. readers see it instead of the
//!    memtable; 5. log files of it removed.
//!
//! A crash before 3 leaves an unregistered file, removed at the next opening, and the log still holds the events. A crash after 3
//! leaves covered log files, removed likewise. It does not retry: a failure stops all writes, because the state of the disk is
//! then unknown. See also `open`.

use std::path::PathBuf;
use std::sync::Arc;

use super::Shared;
use super::gate::Job;
use super::view::View;
use crate::disk::{Disk, numbered_files};
use crate::error::StorageError;
use crate::{segment, wal};

/// Writes segments one after another.
#[derive(Debug)]
pub(crate) struct Flusher {
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Disk,
    pub(super) log_directory: PathBuf,
    pub(super) segment_directory: PathBuf,
    pub(super) next_segment: u64,
    pub(super) block_bytes: usize,
}

impl Flusher {
    /// Runs until the store stops or a write fails.
    pub(super) fn run(mut self) {
        // Also if this thread panics, so that the writer does not wait forever.
        let _stopped = StopOnDrop(Arc::clone(&self.shared));
        while let Ok(job) = self.shared.gate.next() {
            if let Err(error) = self.flush(&job) {
                self.shared.gate.fail(Arc::new(error));
                return;
            }
            self.shared.gate.complete();
        }
    }

    fn flush(&mut self, job: &Job) -> Result<(), StorageError> {
        let number = self.next_segment;
        let (disk, directory) = (&self.disk, &self.segment_directory);
        let segment = segment::writer::write(disk, directory, number, &job.memtable, self.block_bytes)?;
        disk.step("register", &segment::path(directory, number))?;
        self.shared.catalogue.publish(&segment, &job.memtable)?;
        self.next_segment += 1;
        self.shared.change_view(|view| {
            let mut manifest = (*view.manifest).clone();
            manifest.add(&segment);
            let covered = job.memtable.last_sequence();
            View { active: Arc::clone(&view.active), frozen: None, manifest: Arc::new(manifest), covered }
        });
        for (file, path) in numbered_files(&self.log_directory, wal::EXTENSION)? {
            if file < job.first_kept_file {
                disk.remove(&path)?;
            }
        }
        Ok(())
    }
}

struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.gate.stop();
    }
}
