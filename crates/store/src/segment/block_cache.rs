//! A bounded LRU cache of decoded blocks.
//!
//! Consecutive pages often share a block, and followers of one group read the same block: each block is then decompressed once.
//! Bounded in bytes and in number. Reads no files. See also `reader`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::block::DecodedBlock;
use crate::sync;

/// Maximum number of blocks: a linear search finds the least recently used one.
const MAX_BLOCKS: usize = 1024;

/// A segment's number, and the block's offset in its file.
pub(crate) type BlockKey = (u64, u64);

/// The cached blocks.
#[derive(Debug)]
pub(crate) struct BlockCache {
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    blocks: HashMap<BlockKey, Slot>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    block: Arc<DecodedBlock>,
    bytes: usize,
    used: u64,
}

impl BlockCache {
    pub(crate) fn new(max_bytes: usize) -> BlockCache {
        BlockCache { max_bytes, kept: Mutex::default() }
    }

    /// The block, if it is cached.
    pub(crate) fn get(&self, key: BlockKey) -> Option<Arc<DecodedBlock>> {
        let mut kept = sync::lock(&self.kept);
        kept.clock += 1;
        let used = kept.clock;
        let slot = kept.blocks.get_mut(&key)?;
        slot.used = used;
        Some(Arc::clone(&slot.block))
    }

    /// Caches a block, unless it is larger than the bound.
    pub(crate) fn insert(&self, key: BlockKey, block: &Arc<DecodedBlock>) {
        let bytes = block.memory_bytes();
        if bytes > self.max_bytes {
            return;
        }
        let mut kept = sync::lock(&self.kept);
        kept.remove(key);
        while !kept.blocks.is_empty() && (kept.bytes + bytes > self.max_bytes || kept.blocks.len() >= MAX_BLOCKS) {
            let oldest = kept.blocks.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| *key);
            oldest.into_iter().for_each(|key| kept.remove(key));
        }
        kept.bytes += bytes;
        let slot = Slot { block: Arc::clone(block), bytes, used: kept.clock };
        kept.blocks.insert(key, slot);
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        sync::lock(&self.kept).bytes
    }
}

impl Kept {
    fn remove(&mut self, key: BlockKey) {
        if let Some(slot) = self.blocks.remove(&key) {
            self.bytes -= slot.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Position;
    use crate::ids::StreamId;
    use crate::memtable::Entry;
    use crate::segment::block::BlockBuilder;

    fn block(bytes: usize) -> Arc<DecodedBlock> {
        let mut builder = BlockBuilder::default();
        let entry = Entry { stream: StreamId(1), ingestion_ms: 1, ordinal: 1, message: "x".repeat(bytes).into() };
        builder.push(Position::new(1, 1), &entry);
        let built = builder.take().unwrap();
        Arc::new(DecodedBlock::decode(built.bytes, &built.streams).unwrap())
    }

    #[test]
    fn the_least_recently_used_goes_first_and_the_bound_holds() {
        let cache = BlockCache::new(3_000);
        for number in 0..2 {
            cache.insert((number, 0), &block(1_000));
        }
        assert!(cache.get((0, 0)).is_some());
        cache.insert((2, 0), &block(1_000));
        let is_kept = |number| cache.get((number, 0)).is_some();
        assert_eq!([is_kept(0), is_kept(1), is_kept(2)], [true, false, true]);
        cache.insert((3, 0), &block(10_000));
        assert!(!is_kept(3) && cache.bytes() <= 3_000);
        cache.insert((2, 0), &block(1_000));
        assert!(is_kept(0) && is_kept(2) && cache.bytes() <= 3_000);
    }
}
