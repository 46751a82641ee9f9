//! Owns the text of a message that was read and not copied: it is in a memtable or in a decoded block, which it keeps in memory.
//!
//! Look next at `merge`, which gives events with such texts.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::segment::block::DecodedBlock;

/// The text of a message, shared with the store. It keeps the block that it is in, so hold it no longer than the page.
#[derive(Clone)]
pub struct SharedText(Place);

#[derive(Clone)]
enum Place {
    Memtable(Arc<str>),
    /// A part of the block's text. INVARIANT: it was a text when this was made, and blocks never change.
    Block(Arc<DecodedBlock>, Range<usize>),
}

impl SharedText {
    /// Of a memtable.
    pub(super) fn of_memtable(text: Arc<str>) -> SharedText {
        SharedText(Place::Memtable(text))
    }

    /// Of a block, whose text has characters' borders at both ends of the range.
    pub(super) fn of_block(block: &Arc<DecodedBlock>, range: Range<usize>) -> SharedText {
        SharedText(Place::Block(Arc::clone(block), range))
    }
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Place::Memtable(text) => text,
            Place::Block(block, range) => block.text(range.clone()).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq for SharedText {
    fn eq(&self, other: &SharedText) -> bool {
        **self == **other
    }
}

impl Eq for SharedText {}
