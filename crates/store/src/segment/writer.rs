//! Writes a frozen memtable to a segment file. The file exists under its final name only if it is complete.
//!
//! Does not register the segment: a segment that is not in the manifest counts as absent. See also `flush`.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::block::{BlockBuilder, BuiltBlock};
use super::index::{BlockInfo, Index};
use super::{GroupRange, SegmentInfo, TEMPORARY_EXTENSION, header};
use crate::disk::Disk;
use crate::error::StorageError;
use crate::ids::GroupId;
use crate::memtable::Memtable;

/// The fastest level, because flushing shares the processors with appending and reading. JSON access logs shrink to about a
/// sixth.
const COMPRESSION_LEVEL: i32 = 1;

/// Blocks are collected into writes of this size.
const WRITE_BYTES: usize = 1 << 20;

/// Writes all events of `memtable` as segment `number`.
pub(crate) fn write(
    disk: &Disk,
    directory: &Path,
    number: u64,
    memtable: &Memtable,
    block_bytes: usize,
) -> Result<SegmentInfo, StorageError> {
    let path = super::path(directory, number);
    let unfinished = path.with_extension(TEMPORARY_EXTENSION);
    let mut output = Output::create(disk, unfinished.clone(), number)?;
    let mut groups = Vec::new();
    for (group, table) in &memtable.tables().groups {
        let mut block = BlockBuilder::default();
        for (position, entry) in &table.events {
            block.push(*position, entry);
            if block.bytes() >= block_bytes {
                output.block(*group, block.take())?;
            }
        }
        output.block(*group, block.take())?;
        if let (Some((first, _)), Some((last, _))) = (table.events.first_key_value(), table.events.last_key_value()) {
            groups.push(GroupRange { group: *group, first: *first, last: *last });
        }
    }
    let bytes = output.finish(number)?;
    disk.rename(&unfinished, &path)?;
    disk.sync_directory(directory)?;
    Ok(SegmentInfo { number, bytes, groups })
}

struct Output<'a> {
    disk: &'a Disk,
    path: PathBuf,
    file: File,
    /// Bytes written to the file.
    written: u64,
    pending: Vec<u8>,
    index: Index,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Output<'_> {
    fn create(disk: &Disk, path: PathBuf, number: u64) -> Result<Output<'_>, StorageError> {
        let file = disk.create_file(&path)?;
        let compressor = zstd::bulk::Compressor::new(COMPRESSION_LEVEL).map_err(StorageError::io("compress", &path))?;
        let pending = header(number);
        Ok(Output { disk, path, file, written: 0, pending, index: Index::default(), compressor })
    }

    fn block(&mut self, group: GroupId, block: Option<BuiltBlock>) -> Result<(), StorageError> {
        let Some(block) = block else { return Ok(()) };
        let compressed = self.compressor.compress(&block.bytes).map_err(StorageError::io("compress", &self.path))?;
        self.index.blocks.push(BlockInfo {
            group,
            offset: self.written + self.pending.len() as u64,
            length: compressed.len() as u32,
            uncompressed: block.bytes.len() as u32,
            crc: crc32fast::hash(&compressed),
            first: block.first,
            last: block.last,
            streams: block.streams,
        });
        self.pending.extend_from_slice(&compressed);
        if self.pending.len() >= WRITE_BYTES { self.write_pending() } else { Ok(()) }
    }

    fn write_pending(&mut self) -> Result<(), StorageError> {
        self.disk.write(&mut self.file, &self.path, &self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Adds index and footer, syncs, and returns the length of the file.
    fn finish(mut self, number: u64) -> Result<u64, StorageError> {
        let index = self.index.encode();
        let offset = self.written + self.pending.len() as u64;
        self.pending.extend_from_slice(&index);
        self.pending.extend_from_slice(&super::reader::footer(number, offset, &index));
        self.write_pending()?;
        self.disk.sync(&self.file, &self.path)?;
        Ok(self.written)
    }
}
