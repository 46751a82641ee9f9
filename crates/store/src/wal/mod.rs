//! Owns the write-ahead log: numbered append-only files, one per memtable, that make an append
//! durable before it is acknowledged.
//!
//! Never interprets messages and never keeps a record the manifest already covers. In reading
//! order: `record` (framing), `file` (appending with group commit), `replay` (reading back after a
//! crash, and the rule that tells a torn tail from damage).

pub(crate) mod record;
pub(crate) mod file;
pub(crate) mod replay;

use std::path::{Path, PathBuf};

pub(crate) const EXTENSION: &str = "wal";

/// Where the log file of this number lies.
pub(crate) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.{EXTENSION}"))
}
