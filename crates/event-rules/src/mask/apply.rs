//! Masks one message, in one pass over its bytes.
//!
//! Owns the scan and the replacement. INVARIANT: bytes that are not part of a masked value, or of the comma beside a removed one,
//! are copied unchanged.

use logmark_filter_pattern::json_text::{self, MAX_DEPTH};

use super::tree::{State, Tree};
use super::{Masked, Replacement};

/// The message as the masks of the tree show it.
pub(super) fn apply(tree: &Tree, replacement: &Replacement, written: &str, message: &str) -> Masked {
    let removes = *replacement == Replacement::Remove;
    let mut scan = Scan { tree, removes, written, text: message, bytes: message.as_bytes(), masked: String::new(), copied: 0 };
    if scan.message().is_none() {
        return Masked::Withheld;
    }
    if scan.copied == 0 {
        return Masked::Unchanged;
    }
    scan.masked.push_str(message.get(scan.copied..).unwrap_or_default());
    Masked::Changed(scan.masked)
}

struct Scan<'m> {
    tree: &'m Tree,
    removes: bool,
    /// What a masked value becomes, unless it is removed.
    written: &'m str,
    text: &'m str,
    bytes: &'m [u8],
    /// The masked message up to `copied`.
    masked: String,
    /// How many bytes of the message are copied or replaced: 0 while nothing is masked, because a message begins with `{`.
    copied: usize,
}

/// A member or an element that was read.
struct Read {
    end: usize,
    is_removed: bool,
}

impl Scan<'_> {
    /// Reads the whole message; `None` when it is not one valid JSON object.
    fn message(&mut self) -> Option<()> {
        let start = json_text::blanks(self.bytes, 0);
        if self.bytes.get(start) != Some(&b'{') {
            return None;
        }
        let end = self.value(&self.tree.start(), start, MAX_DEPTH)?;
        (json_text::blanks(self.bytes, end) == self.bytes.len()).then_some(())
    }

    /// The value that begins there. Recursion is bounded by `room`, which [`MAX_DEPTH`] begins.
    fn value(&mut self, state: &State, position: usize, room: u32) -> Option<usize> {
        match self.bytes.get(position)? {
            b'{' if !state.is_final() => self.items(&self.tree.unwrapped(state).0, position + 1, room.checked_sub(1)?, b'}'),
            b'[' if !state.is_final() => self.items(state, position + 1, room.checked_sub(1)?, b']'),
            _ => json_text::skip(self.bytes, position, room),
        }
    }

    /// The members of an object, or the elements of an array, whose opening bracket is before that position.
    fn items(&mut self, state: &State, position: usize, room: u32, close: u8) -> Option<usize> {
        let mut position = json_text::blanks(self.bytes, position);
        if self.bytes.get(position) == Some(&close) {
            return Some(position + 1);
        }
        let (mut index, mut keeps_any, mut comma) = (0, false, position);
        loop {
            let start = position;
            let item = if close == b'}' { self.member(state, start, room)? } else { self.element(state, start, room, index)? };
            position = json_text::blanks(self.bytes, item.end);
            let is_last = match self.bytes.get(position)? {
                b',' => false,
                byte if *byte == close => true,
                _ => return None,
            };
            let next = if is_last { position + 1 } else { json_text::blanks(self.bytes, position + 1) };
            match item.is_removed {
                false => keeps_any = true,
                // With the comma before it, after items that remain.
                true if keeps_any => self.replace(comma, item.end, "")?,
                // With the comma behind it, before them.
                true if is_last => self.replace(start, item.end, "")?,
                true => self.replace(start, next, "")?,
            }
            if is_last {
                return Some(next);
            }
            (comma, position, index) = (position, next, index + 1);
        }
    }

    fn member(&mut self, state: &State, position: usize, room: u32) -> Option<Read> {
        let (key, value) = json_text::key(self.bytes, position)?;
        let name = self.text.get(position + 1..key.end)?;
        let inner = if key.escaped {
            self.tree.member_of_object(state, &json_text::unescaped(name)).0
        } else {
            self.tree.member_of_object(state, name).0
        };
        self.item(&inner, value, room)
    }

    fn element(&mut self, state: &State, position: usize, room: u32, index: u64) -> Option<Read> {
        let inner = self.tree.element(state, index).0;
        self.item(&inner, position, room)
    }

    /// The value of a member or of an element.
    fn item(&mut self, state: &State, position: usize, room: u32) -> Option<Read> {
        let is_array = self.bytes.get(position) == Some(&b'[');
        let hides = self.tree.hides(state) || (!is_array && !state.is_final() && self.tree.hides(&self.tree.unwrapped(state).0));
        if !hides {
            return Some(Read { end: self.value(state, position, room)?, is_removed: false });
        }
        let end = json_text::skip(self.bytes, position, room)?;
        if !self.removes {
            self.replace(position, end, self.written)?;
        }
        Some(Read { end, is_removed: self.removes })
    }

    /// Copies the message up to `start`, and continues after `end` with other text between.
    fn replace(&mut self, start: usize, end: usize, text: &str) -> Option<()> {
        self.masked.push_str(self.text.get(self.copied..start)?);
        self.masked.push_str(text);
        self.copied = end;
        Some(())
    }
}
