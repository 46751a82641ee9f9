//! Makes the n-th change to the disk fail, and for a simulated crash all later ones; discards unsynced changes, as a loss of
//! power may.
//!
//! Only in tests. Does not cover writes of the catalogue's database.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::StorageError;
use crate::sync;

#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Changes made so far.
    seen: AtomicU64,
    /// The change that fails, from one; zero for none.
    at: AtomicU64,
    /// Whether all later changes fail too.
    for_good: AtomicBool,
    /// While a test holds this, no segment is registered.
    pub(crate) registering: Mutex<()>,
    unsynced: Mutex<Unsynced>,
}

/// The changes that a loss of power would discard.
#[derive(Debug, Default)]
struct Unsynced {
    /// For files created here: the length, the synced length, and whether the name is synced.
    files: BTreeMap<PathBuf, FileState>,
    /// Renames whose directory was not synced yet, old name first.
    renames: Vec<(PathBuf, PathBuf)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct FileState {
    written: u64,
    synced: u64,
    named: bool,
}

impl Faults {
    pub(crate) fn fail_once_at(&self, change: u64) {
        self.at.store(change, Ordering::SeqCst);
    }

    pub(crate) fn crash_at(&self, change: u64) {
        self.for_good.store(true, Ordering::SeqCst);
        self.at.store(change, Ordering::SeqCst);
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// Discards all unsynced changes. The store must not be open.
    pub(crate) fn lose_power(&self) -> io::Result<()> {
        let mut unsynced = sync::lock(&self.unsynced);
        while let Some((from, to)) = unsynced.renames.pop() {
            fs::rename(&to, &from)?;
            if let Some(state) = unsynced.files.remove(&to) {
                unsynced.files.insert(from, state);
            }
        }
        for (path, state) in std::mem::take(&mut unsynced.files) {
            if state.named {
                OpenOptions::new().write(true).open(&path)?.set_len(state.synced)?;
            } else {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    pub(super) fn created(&self, path: &Path) {
        sync::lock(&self.unsynced).files.insert(path.to_owned(), FileState::default());
    }

    pub(super) fn written(&self, path: &Path, bytes: usize) {
        if let Some(state) = sync::lock(&self.unsynced).files.get_mut(path) {
            state.written += bytes as u64;
        }
    }

    pub(super) fn synced(&self, path: &Path) {
        if let Some(state) = sync::lock(&self.unsynced).files.get_mut(path) {
            state.synced = state.written;
        }
    }

    pub(super) fn synced_directory(&self, directory: &Path) {
        let mut unsynced = sync::lock(&self.unsynced);
        unsynced.renames.retain(|(from, _)| from.parent() != Some(directory));
        for (_, state) in unsynced.files.iter_mut().filter(|(path, _)| path.parent() == Some(directory)) {
            state.named = true;
        }
    }

    pub(super) fn renamed(&self, from: &Path, to: &Path) {
        let mut unsynced = sync::lock(&self.unsynced);
        unsynced.renames.push((from.to_owned(), to.to_owned()));
        if let Some(state) = unsynced.files.remove(from) {
            unsynced.files.insert(to.to_owned(), state);
        }
    }

    pub(super) fn removed(&self, path: &Path) {
        sync::lock(&self.unsynced).files.remove(path);
    }

    pub(super) fn wait_if_held(&self, action: &str) {
        if action == "register" {
            drop(sync::lock(&self.registering));
        }
    }

    pub(super) fn due(&self) -> bool {
        let now = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let at = self.at.load(Ordering::SeqCst);
        at != 0 && (now == at || (now > at && self.for_good.load(Ordering::SeqCst)))
    }
}

pub(super) fn error(action: &'static str, path: &Path) -> StorageError {
    StorageError::Io { action, path: path.to_owned(), source: io::Error::other("injected") }
}
