//! Segment files: immutable, sorted by group, timestamp and sequence, compressed in blocks.
//!
//! This is the only module that knows their format; another format replaces it behind [`writer::write`], [`reader::SegmentFile`]
//! and [`cache::SegmentCache`]. The catalogue's manifest decides which segments exist. In reading order: `block`, `index`,
//! `writer`, `reader`, `cache`.
//!
//! ```text
//! header  magic 8 | segment number 8
//! blocks  one zstd frame each, all of one group
//! index   see `index`
//! footer  index offset 8 | index length 8 | index crc 4 | crc 4 (over the footer and header) | magic 8
//! ```
//!
//! Every byte is covered: blocks by checksums in the index, the index by the footer, footer and
//! header by the footer's own.

pub(crate) mod block;
pub(crate) mod block_cache;
pub(crate) mod index;
pub(crate) mod writer;
pub(crate) mod reader;
pub(crate) mod cache;

use std::path::{Path, PathBuf};

use crate::event::Position;
use crate::ids::GroupId;

pub(crate) const EXTENSION: &str = "segment";
pub(crate) const TEMPORARY_EXTENSION: &str = "unfinished";

const MAGIC: &[u8; 8] = b"LMSEG\0\0\x02";
const HEADER_BYTES: usize = 16;
const FOOTER_BYTES: usize = 32;

/// The path of the segment with this number.
pub(crate) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.{EXTENSION}"))
}

/// A segment in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentInfo {
    pub(crate) number: u64,
    /// Length of the file.
    pub(crate) bytes: u64,
    pub(crate) groups: Vec<GroupRange>,
}

/// The range of a group's events in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupRange {
    pub(crate) group: GroupId,
    pub(crate) first: Position,
    pub(crate) last: Position,
}

fn header(number: u64) -> Vec<u8> {
    [MAGIC.as_slice(), &number.to_le_bytes()].concat()
}
