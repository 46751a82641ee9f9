//! Collections whose growth is bounded work.
//!
//! A query looks at its cancel flag between two rows, so no single insertion may take long: a table of ten million entries
//! must not be copied at once. [`Chunks`] never moves what it holds, and [`SplitTable`] grows a part at a time. Both tell by
//! how many bytes they have grown, as the allocator sees it.

mod chunks;
mod key_set;
mod sort;
mod table;

pub(crate) use chunks::Chunks;
pub(crate) use key_set::{Inserted, KeySet};
pub(crate) use sort::sort_in_pieces;
pub(crate) use table::SplitTable;
