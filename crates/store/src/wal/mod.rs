//! The write-ahead log: numbered append-only files, one per memtable, that make an append durable before it is acknowledged.
//!
//! Does not interpret messages, and removes files that the manifest covers. In reading order: `record` (framing), `file`
//! (appending with group commit), `replay` (reading after a crash, and the rule that distinguishes a torn tail from damage).

pub(crate) mod record;
pub(crate) mod file;
pub(crate) mod replay;

use std::path::{Path, PathBuf};

pub(crate) const EXTENSION: &str = "wal";

/// The path of the log file with this number.
pub(crate) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.{EXTENSION}"))
}
