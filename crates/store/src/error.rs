//! Owns the errors of the crate, one enum per kind of call, each variant saying whose fault it is.
//!
//! Never carries log messages; names of groups, streams and files may appear. Look next at the
//! calls in `store`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// The files under the store failed or are damaged. The operator's matter, not the caller's.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The operating system refused an operation on a file.
    #[error("can't {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file does not hold what was written to it.
    #[error("`{}` is damaged at byte {offset}: {what}", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// Where in the file the damage was seen.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// The catalogue's database failed.
    #[error("the catalogue failed")]
    Catalogue(#[source] Box<redb::Error>),
}

impl StorageError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
        move |source| StorageError::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(path: &Path, offset: u64, what: &'static str) -> StorageError {
        StorageError::Corrupt { path: path.to_owned(), offset, what }
    }

    pub(crate) fn catalogue(error: impl Into<redb::Error>) -> StorageError {
        StorageError::Catalogue(Box::new(error.into()))
    }
}

/// The store can't be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another store, in this process or another, has the directory open.
    #[error("`{}` is in use by process {}", directory.display(), display_pid(*pid))]
    InUse {
        /// The directory asked for.
        directory: PathBuf,
        /// The process that holds it, if its lock file says.
        pid: Option<u32>,
    },
    /// The directory was written by a release with another layout.
    #[error(
        "`{}` has layout {found}, this release reads layout {expected}: import the logs again into a new directory, \
         or use the release that wrote it", directory.display()
    )]
    Layout {
        /// The directory asked for.
        directory: PathBuf,
        /// The layout found.
        found: u64,
        /// The layout this release reads.
        expected: u64,
    },
    /// The files can't be read or are damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn display_pid(pid: Option<u32>) -> String {
    pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
}

/// A group or stream can't be made, changed or described.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// There is no such group.
    #[error("there is no group `{group}`")]
    GroupNotFound {
        /// The name asked for.
        group: String,
    },
    /// A group of this name is there already.
    #[error("the group `{group}` exists already")]
    GroupExists {
        /// The name asked for.
        group: String,
    },
    /// A stream of this name is there already.
    #[error("the stream `{stream}` of `{group}` exists already")]
    StreamExists {
        /// The group.
        group: String,
        /// The name asked for.
        stream: String,
    },
    /// The group has no such stream.
    #[error("there is no stream `{stream}` in `{group}`")]
    StreamNotFound {
        /// The group.
        group: String,
        /// The name asked for.
        stream: String,
    },
    /// A group would have more tags than it may.
    #[error("the group `{group}` would have more than 50 tags")]
    TooManyTags {
        /// The group.
        group: String,
    },
    /// There would be more documents of a kind than there may be.
    #[error("there would be more than {most} documents of the kind `{kind}`")]
    TooManyDocuments {
        /// Their kind.
        kind: &'static str,
        /// The most of them.
        most: usize,
    },
    /// The files failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Events were not appended, except where a variant says that it is not known.
#[derive(Debug, Error)]
pub enum AppendError {
    /// There is no such group.
    #[error("there is no group `{group}`")]
    GroupNotFound {
        /// The name asked for.
        group: String,
    },
    /// The group has no such stream.
    #[error("there is no stream `{stream}` in `{group}`")]
    StreamNotFound {
        /// The group.
        group: String,
        /// The name asked for.
        stream: String,
    },
    /// A message is larger than [`crate::MAX_MESSAGE_BYTES`].
    #[error("the message of event {index} has {bytes} bytes, more than {}", crate::MAX_MESSAGE_BYTES)]
    MessageTooLarge {
        /// Which event of the batch.
        index: usize,
        /// The bytes of its message.
        bytes: usize,
    },
    /// The batch is larger than [`crate::MAX_BATCH_BYTES`] or [`crate::MAX_BATCH_EVENTS`].
    #[error("the batch has {events} events of {bytes} bytes, more than one append may carry")]
    BatchTooLarge {
        /// The events of the batch.
        events: usize,
        /// The bytes of their messages.
        bytes: usize,
    },
    /// A write failed now or earlier, and the store takes no more appends until it is opened anew.
    /// If it was this append's own write that failed, the events may or may not be found then:
    /// all of the batch or nothing.
    #[error("the store takes no more appends since a write failed: {cause}")]
    Poisoned {
        /// The failure that stopped the store.
        #[source]
        cause: Arc<StorageError>,
    },
    /// The store was closed. If that happened while the append waited, the events may or may not
    /// be found later: all of the batch or nothing.
    #[error("the store is closed")]
    Closed,
    /// The files failed while the names were looked up.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A page can't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such group.
    #[error("there is no group `{group}`")]
    GroupNotFound {
        /// The name asked for.
        group: String,
    },
    /// The group has no such stream.
    #[error("there is no stream `{stream}` in `{group}`")]
    StreamNotFound {
        /// The group.
        group: String,
        /// The name asked for.
        stream: String,
    },
    /// The files failed or are damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The events in memory were not written to a segment. They are safe in the write-ahead log.
#[derive(Debug, Error)]
pub enum FlushError {
    /// A write failed now or earlier; open the store anew.
    #[error("the store takes no more appends since a write failed: {cause}")]
    Poisoned {
        /// The failure that stopped the store.
        #[source]
        cause: Arc<StorageError>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}
