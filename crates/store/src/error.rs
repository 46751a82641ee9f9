//! The errors of the crate, one enum per kind of call. Each variant says who must act.
//!
//! They contain no log messages, but may contain names of groups, streams and files. See also the calls in `store`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// The store's files failed or are damaged. The operator must act, not the caller.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The operating system refused an operation on a file.
    #[error("can't {action} `{}`", path.display())]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// A file does not contain what was written to it.
    #[error("`{}` is damaged at byte {offset}: {what}", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// The offset of the damage.
        offset: u64,
        /// What is wrong.
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

/// The store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another store, in this process or another, has the directory open.
    #[error("`{}` is in use by process {}", directory.display(), display_pid(*pid))]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process that holds it, if its lock file has its number.
        pid: Option<u32>,
    },
    /// The directory was written by a release with another layout.
    #[error(
        "`{}` has layout {found}, this release reads layout {expected}: import the logs again into a new directory, \
         or use the release that wrote it", directory.display()
    )]
    Layout {
        /// The directory.
        directory: PathBuf,
        /// The layout of the directory.
        found: u64,
        /// The layout of this release.
        expected: u64,
    },
    /// The files cannot be read or are damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn display_pid(pid: Option<u32>) -> String {
    pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
}

/// A group or stream cannot be created, changed or described.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The group does not exist.
    #[error("there is no group `{group}`")]
    GroupNotFound {
        /// The requested name.
        group: String,
    },
    /// A group of this name exists already.
    #[error("the group `{group}` exists already")]
    GroupExists {
        /// The requested name.
        group: String,
    },
    /// A stream of this name exists already.
    #[error("the stream `{stream}` of `{group}` exists already")]
    StreamExists {
        /// The group.
        group: String,
        /// The requested name.
        stream: String,
    },
    /// The group has no such stream.
    #[error("there is no stream `{stream}` in `{group}`")]
    StreamNotFound {
        /// The group.
        group: String,
        /// The requested name.
        stream: String,
    },
    /// A group would exceed the limit of tags.
    #[error("the group `{group}` would have more than 50 tags")]
    TooManyTags {
        /// The group.
        group: String,
    },
    /// The limit of documents of a kind would be exceeded.
    #[error("at most {most} documents of the kind `{kind}` can be stored")]
    TooManyDocuments {
        /// The kind.
        kind: &'static str,
        /// The limit.
        most: usize,
    },
    /// The files failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Events were not appended, unless a variant says that this is unknown.
#[derive(Debug, Error)]
pub enum AppendError {
    /// The group does not exist.
    #[error("there is no group `{group}`")]
    GroupNotFound {
        /// The requested name.
        group: String,
    },
    /// The group has no such stream.
    #[error("there is no stream `{stream}` in `{group}`")]
    StreamNotFound {
        /// The group.
        group: String,
        /// The requested name.
        stream: String,
    },
    /// A message is larger than [`crate::MAX_MESSAGE_BYTES`].
    #[error("the message of event {index} has {bytes} bytes, more than {}", crate::MAX_MESSAGE_BYTES)]
    MessageTooLarge {
        /// The index of the event in the batch.
        index: usize,
        /// The length of its message.
        bytes: usize,
    },
    /// The batch is larger than [`crate::MAX_BATCH_BYTES`] or [`crate::MAX_BATCH_EVENTS`].
    #[error("the batch has {events} events of {bytes} bytes, more than one append may carry")]
    BatchTooLarge {
        /// The number of events.
        events: usize,
        /// The length of their messages.
        bytes: usize,
    },
    /// A write failed now or earlier, and the store accepts no more appends until it is opened again. If this append's own write
    /// failed, the events may or may not exist then: all of the batch or none.
    #[error("the store accepts no more appends after a failed write: {cause}")]
    Poisoned {
        /// The failure that stopped the store.
        #[source]
        cause: Arc<StorageError>,
    },
    /// The store was closed. If this happened while the append waited, the events may or may not exist later: all of the batch or
    /// none.
    #[error("the store is closed")]
    Closed,
    /// The files failed during the lookup of names.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A page cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The group does not exist.
    #[error("there is no group `{group}`")]
    GroupNotFound {
        /// The requested name.
        group: String,
    },
    /// The group has no such stream.
    #[error("there is no stream `{stream}` in `{group}`")]
    StreamNotFound {
        /// The group.
        group: String,
        /// The requested name.
        stream: String,
    },
    /// The files failed or are damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The events in memory were not written to a segment. They are safe in the write-ahead log.
#[derive(Debug, Error)]
pub enum FlushError {
    /// A write failed now or earlier; open the store again.
    #[error("the store accepts no more appends after a failed write: {cause}")]
    Poisoned {
        /// The failure that stopped the store.
        #[source]
        cause: Arc<StorageError>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}
