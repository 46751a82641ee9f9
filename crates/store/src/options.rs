//! Owns the sizes a store is opened with, their defaults and where the numbers come from.
//!
//! Never reads configuration; the service does. Look next at `store`.

/// How much memory the store uses and how it lays out its files. Every number is in bytes.
///
/// The store's memory is at most about `2 * memtable_bytes` (one memtable filling while one is
/// written out) `+ queue_bytes + cache_bytes + index_cache_bytes + block_cache_bytes`, and per running read the page
/// plus one decoded block for each segment that overlaps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Recent events kept in memory, over all groups, before they are written to a segment;
    /// messages plus about 100 bytes of book-keeping per event. Also bounds the write-ahead log
    /// (about twice this) and so the time to reopen. Default 32 MiB.
    pub memtable_bytes: usize,
    /// Events waiting to be made durable; an append beyond it waits. Default 16 MiB.
    pub queue_bytes: usize,
    /// Uncompressed size of a block of a segment, the unit of reading. Default 128 KiB: large
    /// enough to compress well, small enough that a page decodes little it doesn't return.
    pub block_bytes: usize,
    /// Cache of the catalogue's database. Default 16 MiB.
    pub cache_bytes: usize,
    /// Block indexes of segments kept open. An index takes about 100 bytes per block, so that the
    /// default of 16 MiB holds those of 20 GiB of messages.
    pub index_cache_bytes: usize,
    /// Decoded blocks that were read lately. Default 32 MiB: those of 250 readers that each read on within a block.
    pub block_cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            memtable_bytes: 32 << 20,
            queue_bytes: 16 << 20,
            block_bytes: 128 << 10,
            cache_bytes: 16 << 20,
            index_cache_bytes: 16 << 20,
            block_cache_bytes: 32 << 20,
        }
    }
}
