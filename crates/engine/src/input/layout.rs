//! The layout of the last JSON message, as a guess for the next one.
//!
//! Events of one program mostly have the same keys in the same order. So the bytes between the scalar values of a message are
//! kept: the next message is compared with them, and only its values are parsed. A message that differs anywhere outside of its
//! values is parsed in the general way. The guess changes only the speed, never the result.

use crate::row::Slot;
use crate::values::fields::MOST_FIELDS;

/// Most remembered bytes between the values of a message.
const MOST_BYTES: usize = 16 << 10;
/// The initial and the maximum credit.
const FIRST_CREDIT: u8 = 4;
const MOST_CREDIT: u8 = 8;
/// Without credit, the guess is tried and learned for one of this many messages.
const RETRY: u8 = 32;

/// The bytes of a message outside of its scalar values.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    literals: Vec<u8>,
    parts: Vec<Part>,
    /// Whether the last message with this layout was read to its end.
    is_known: bool,
    /// Grows with each hit and falls with each miss. Without a common layout, guesses are not worthwhile.
    credit: u8,
    /// Messages without a guess since the last one with it.
    skipped: u8,
}

impl Default for Layout {
    fn default() -> Self {
        Self { literals: Vec::new(), parts: Vec::new(), is_known: false, credit: FIRST_CREDIT, skipped: 0 }
    }
}

/// A scalar value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// The end of the bytes before it in [`Layout::literals`]; they begin at the end of those of the value before.
    pub(super) literal_end: usize,
    /// The slot of the field, if the query uses it.
    pub(super) slot: Option<Slot>,
}

impl Layout {
    /// Whether to guess or learn for this message. Called once per message.
    pub(super) const fn is_worthwhile(&mut self) -> bool {
        self.skipped = (self.skipped + 1) % RETRY;
        self.credit > 0 || self.skipped == 0
    }

    pub(super) const fn is_known(&self) -> bool {
        self.is_known
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The bytes between two positions; `None`: to the end.
    pub(super) fn literal(&self, start: usize, end: Option<usize>) -> &[u8] {
        self.literals.get(start..end.unwrap_or(self.literals.len())).unwrap_or_default()
    }

    pub(super) fn hit(&mut self) {
        self.credit = (self.credit + 1).min(MOST_CREDIT);
    }

    pub(super) const fn missed(&mut self) {
        self.credit = self.credit.saturating_sub(1);
    }

    /// Begins to learn from a message.
    pub(super) fn begin(&mut self) {
        self.literals.clear();
        self.parts.clear();
        self.is_known = false;
    }

    /// Records a scalar value and the bytes before it.
    pub(super) fn note(&mut self, before: &[u8], slot: Option<Slot>) {
        if self.parts.len() > MOST_FIELDS || self.literals.len() + before.len() > MOST_BYTES {
            return;
        }
        self.literals.extend_from_slice(before);
        self.parts.push(Part { literal_end: self.literals.len(), slot });
    }

    /// Ends with the bytes after the last value. A message at the limit of fields is not kept, because `null` values determine
    /// which of its values are fields.
    pub(super) fn end(&mut self, values: usize, rest: &[u8]) {
        self.is_known = self.parts.len() == values && values <= MOST_FIELDS && self.literals.len() + rest.len() <= MOST_BYTES;
        self.literals.extend_from_slice(if self.is_known { rest } else { &[] });
    }
}
