//! How the last message of JSON was laid out, as a guess for the next one.
//!
//! Events of one program mostly have the same keys in the same order. So the bytes between the scalar values of a message
//! are kept: the next message is compared with them, and only its values are read. A message that has other bytes anywhere
//! outside of its values is read in the general way. The guess changes how fast fields are found, never which.

use crate::row::Slot;
use crate::values::fields::MOST_FIELDS;

/// Most bytes between the values of a message that are remembered.
const MOST_BYTES: usize = 16 << 10;
/// The credit at the start, and the most.
const FIRST_CREDIT: u8 = 4;
const MOST_CREDIT: u8 = 8;
/// Without credit, the guess is tried and learned for one of so many messages.
const RETRY: u8 = 32;

/// The bytes of a message outside of its scalar values.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    literals: Vec<u8>,
    parts: Vec<Part>,
    /// Whether the last message with this layout was read to its end.
    is_known: bool,
    /// Grows with each hit and falls with each miss. Messages without a common layout are not worth a guess.
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
    /// Where the bytes before it end in [`Layout::literals`]; they begin where those of the value before end.
    pub(super) literal_end: usize,
    /// The place of the field, when the query uses it.
    pub(super) slot: Option<Slot>,
}

impl Layout {
    /// Whether this message is worth a guess, or worth to be learned from. Asked once for each message.
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

    /// The bytes from one place to another, and with `None` to the end.
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

    /// Notes a scalar value and the bytes before it.
    pub(super) fn note(&mut self, before: &[u8], slot: Option<Slot>) {
        if self.parts.len() > MOST_FIELDS || self.literals.len() + before.len() > MOST_BYTES {
            return;
        }
        self.literals.extend_from_slice(before);
        self.parts.push(Part { literal_end: self.literals.len(), slot });
    }

    /// Ends with the bytes behind the last of so many values. A message at the limit of fields is not kept: which of its
    /// values are fields depends on which of them are `null`.
    pub(super) fn end(&mut self, values: usize, rest: &[u8]) {
        self.is_known = self.parts.len() == values && values <= MOST_FIELDS && self.literals.len() + rest.len() <= MOST_BYTES;
        self.literals.extend_from_slice(if self.is_known { rest } else { &[] });
    }
}
