//! A bounded LRU cache of open segments: their files and indexes.
//!
//! Bounded in bytes, because a store may have thousands of segments, and in number, because each uses a file descriptor. See also
//! `block_cache`, which caches decoded blocks, and `read`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::block::DecodedBlock;
use super::block_cache::BlockCache;
use super::index::BlockInfo;
use super::reader::SegmentFile;
use crate::disk::Disk;
use crate::error::StorageError;
use crate::sync;

/// Well below the usual limit of 1,024 descriptors.
const MAX_OPEN: usize = 256;

/// The open segments.
#[derive(Debug)]
pub(crate) struct SegmentCache {
    disk: Disk,
    directory: PathBuf,
    max_bytes: usize,
    open: Mutex<OpenSegments>,
    blocks: BlockCache,
}

#[derive(Debug, Default)]
struct OpenSegments {
    files: HashMap<u64, Slot>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    file: Arc<SegmentFile>,
    bytes: usize,
    used: u64,
}

impl SegmentCache {
    pub(crate) fn new(disk: Disk, directory: PathBuf, max_bytes: usize, max_block_bytes: usize) -> SegmentCache {
        SegmentCache { disk, directory, max_bytes, open: Mutex::default(), blocks: BlockCache::new(max_block_bytes) }
    }

    /// The segment with this number, if it is open.
    pub(crate) fn get_open(&self, number: u64) -> Option<Arc<SegmentFile>> {
        sync::lock(&self.open).touch(number)
    }

    /// A block of the segment with this number, if it is in memory.
    pub(crate) fn kept_block(&self, number: u64, info: &BlockInfo) -> Option<Arc<DecodedBlock>> {
        self.blocks.get((number, info.offset))
    }

    /// A block of the segment with this number, read if it is not in memory.
    pub(crate) fn block(&self, number: u64, file: &SegmentFile, info: &BlockInfo) -> Result<Arc<DecodedBlock>, StorageError> {
        if let Some(block) = self.kept_block(number, info) {
            return Ok(block);
        }
        // Outside the lock, as above.
        let block = Arc::new(file.block(info)?);
        self.blocks.insert((number, info.offset), &block);
        Ok(block)
    }

    /// The segment with this number and length, opened if needed.
    pub(crate) fn get(&self, number: u64, bytes: u64) -> Result<Arc<SegmentFile>, StorageError> {
        if let Some(file) = sync::lock(&self.open).touch(number) {
            return Ok(file);
        }
        // Opened outside the lock: two readers may both open it, and the later copy stays.
        let path = super::path(&self.directory, number);
        let file = Arc::new(SegmentFile::open(&self.disk, &path, number, bytes)?);
        sync::lock(&self.open).insert(number, &file, self.max_bytes);
        Ok(file)
    }
}

impl OpenSegments {
    fn touch(&mut self, number: u64) -> Option<Arc<SegmentFile>> {
        self.clock += 1;
        let slot = self.files.get_mut(&number)?;
        slot.used = self.clock;
        Some(Arc::clone(&slot.file))
    }

    fn insert(&mut self, number: u64, file: &Arc<SegmentFile>, max_bytes: usize) {
        let bytes = file.index.memory_bytes();
        self.remove(number);
        while !self.files.is_empty() && (self.bytes + bytes > max_bytes || self.files.len() >= MAX_OPEN) {
            let oldest = self.files.iter().min_by_key(|(_, slot)| slot.used).map(|(number, _)| *number);
            oldest.into_iter().for_each(|number| self.remove(number));
        }
        self.bytes += bytes;
        self.files.insert(number, Slot { file: Arc::clone(file), bytes, used: self.clock });
    }

    fn remove(&mut self, number: u64) {
        if let Some(slot) = self.files.remove(&number) {
            self.bytes -= slot.bytes;
        }
    }
}
