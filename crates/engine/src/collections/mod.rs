//! Collections whose growth is bounded work.
//!
//! A query checks its cancel flag between two rows, so no single insertion may take long: a table of ten million entries must not
//! be copied at once. [`Chunks`] never moves its items, and [`SplitTable`] grows one part at a time. Both report their growth in
//! bytes, as the allocator counts them.

mod chunks;
mod key_set;
mod sort;
mod table;

pub(crate) use chunks::Chunks;
pub(crate) use key_set::{Inserted, KeySet};
pub(crate) use sort::sort_in_pieces;
pub(crate) use table::SplitTable;
