//! The sizes of a store, with their defaults and reasons.
//!
//! The service reads them from its configuration. See also `store`.

/// Memory limits and file sizes of a store, in bytes.
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
    /// Events that wait to be made durable; further appends wait. Default 16 MiB.
    pub queue_bytes: usize,
    /// Uncompressed size of a block of a segment, the unit of reading. Default 128 KiB: large enough to compress well, small
    /// enough that a page decodes little that it does not return.
    pub block_bytes: usize,
    /// Cache of the catalogue's database. Default 16 MiB.
    pub cache_bytes: usize,
    /// Block indexes of open segments. An index has about 100 bytes per block, so the default of 16 MiB suffices for 20 GiB of
    /// messages.
    pub index_cache_bytes: usize,
    /// Recently decoded blocks. Default 32 MiB: for 250 readers that each continue within a block.
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
