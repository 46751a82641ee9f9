//! Stamps of files: whether a file has changed since it was read.
//!
//! A stamp has what changes when a file is written, renamed over, replaced behind a symbolic link, or made readable: device, inode,
//! size, both times, permissions. So it works with editors that rename, with the links of a `ConfigMap`, and on NFS, where a
//! notification of the kernel would miss changes by other machines. See also `folder_watch`, which looks at fewer files.

use std::collections::hash_map::RandomState;
use std::fs::Metadata;
use std::hash::{BuildHasher as _, Hash};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    place: (u64, u64),
    size: u64,
    /// Seconds and nanoseconds of the last change of the content.
    modified: (i64, i64),
    /// The same for the last change of the content or of the metadata.
    changed: (i64, i64),
    mode: u32,
    /// Whether the file has several names, so that it can change by another one.
    has_other_names: bool,
}

impl Stamp {
    /// From the metadata of an open file, or of a path with its links followed.
    #[cfg(unix)]
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            mode: metadata.mode(),
            has_other_names: metadata.nlink() > 1,
        }
    }

    /// From the metadata of an open file, or of a path with its links followed.
    #[cfg(not(unix))]
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        let modified = (since.as_secs() as i64, i64::from(since.subsec_nanos()));
        Self { place: (0, 0), size: metadata.len(), modified, changed: modified, mode: 0, has_other_names: false }
    }

    /// Of the file at the path; `None` if it cannot be read.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }
}

/// The state of all files of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scan {
    /// The files by name. `None`: it does not exist.
    pub files: Vec<(PathBuf, Option<Stamp>)>,
    /// The folder of the tenants' files.
    pub directory: Option<DirectoryStamp>,
}

/// The state of all files of a folder, as a count and a sum: a folder may have 100,000 files, so that their stamps alone would be
/// megabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectoryStamp {
    count: u64,
    sum: u64,
    /// Whether the folder cannot be listed.
    is_unreadable: bool,
    /// Whether a file can change under a name outside of the folder: it is a link, or has several names.
    has_other_names: bool,
}

impl DirectoryStamp {
    /// Of a folder that cannot be listed.
    #[must_use]
    pub fn unreadable() -> Self {
        Self { is_unreadable: true, ..Self::default() }
    }

    /// Adds a file. The order of the files does not matter.
    pub fn add(&mut self, name: &std::ffi::OsStr, stamp: Option<Stamp>) {
        /// Random for each process, so that files cannot be made whose stamps have the sum of others.
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        self.count += 1;
        self.has_other_names |= stamp.is_none_or(|stamp| stamp.has_other_names);
        self.sum = self.sum.wrapping_add(KEYS.hash_one((name, stamp)));
    }

    /// Marks that a file of the folder is a symbolic link.
    pub fn add_link(&mut self) {
        self.has_other_names = true;
    }

    /// Whether no file of the folder can change under a name outside of it.
    #[must_use]
    pub fn has_only_own_files(&self) -> bool {
        !self.has_other_names && !self.is_unreadable
    }
}
