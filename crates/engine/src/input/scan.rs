//! One pass over a message of JSON that checks it and picks the wanted fields: `fields::discover` for a few names.
//!
//! Most of the work of a query is here, so nothing is built for fields that the query does not use. A property test holds
//! it to `fields::discover`: which texts are valid, the names, the limits on fields, names and depth.

mod guess;
mod special;
mod tokens;

use std::borrow::Cow;
use std::fmt::Write;

use super::layout::Layout;
use super::reader::Texts;
use super::{FieldReader, Wanted};
use crate::row::Slot;
use crate::values::fields::{LONGEST_NAME, MOST_FIELDS};
use crate::values::json::DEEPEST;
use crate::values::json_tokens::unquote;
use crate::values::number::Number;
use crate::values::value::Value;

/// The reason why a scan ended early. Slots of wanted fields may have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The message is not one object of JSON.
    Invalid,
    /// A wanted name is a list or a map, whose whole value is needed.
    AtStructure,
}

/// Puts the wanted fields of a message at their slots: first by the layout of the previous message, then by parsing it.
pub(super) fn load(message: &str, fields: &mut FieldReader, values: &mut [Value]) -> Result<(), Ended> {
    let FieldReader { wanted, layout, texts } = fields;
    let is_worthwhile = layout.is_worthwhile();
    let mut scan = Scan {
        text: message,
        bytes: message.as_bytes(),
        place: 0,
        wanted,
        values,
        texts,
        name: String::new(),
        left: MOST_FIELDS,
        learned: None,
    };
    if is_worthwhile && layout.is_known() {
        if scan.guess(layout).is_ok() {
            layout.hit();
            return Ok(());
        }
        layout.missed();
        scan.place = 0;
        for slot in wanted.slots() {
            if let Some(place) = scan.values.get_mut(slot.index()) {
                *place = Value::Missing;
            }
        }
    }
    if is_worthwhile {
        layout.begin();
        scan.learned = Some(Learned { layout, values: 0, end: 0 });
    }
    scan.message()
}

/// A list or map that contains the current position.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// The length of its name.
    name_length: usize,
    /// Whether it can contain a wanted name. Only then is its name known: it begins [`Scan::name`].
    is_wanted: bool,
    /// 1 for the message itself.
    depth: usize,
}

/// The name of a value.
#[derive(Debug, Clone, Copy)]
enum Named<'s> {
    /// The key of a top-level member, which is the whole name.
    Key(&'s str),
    /// The name is in [`Scan::name`].
    InBuffer,
    /// Neither it nor any field in it is wanted.
    Unknown,
}

/// A text between quotes.
#[derive(Debug, Clone, Copy)]
struct Quoted<'s> {
    /// The text as written, without the quotes.
    text: &'s str,
    /// The text with its closing quote.
    closed: &'s str,
    is_plain: bool,
}

impl<'s> Quoted<'s> {
    fn unquoted(self) -> Cow<'s, str> {
        if self.is_plain { self.text.into() } else { unquote(self.closed).0 }
    }
}

struct Scan<'s, 'v> {
    text: &'s str,
    bytes: &'s [u8],
    place: usize,
    wanted: &'s Wanted,
    values: &'v mut [Value],
    texts: &'v mut Texts,
    name: String,
    /// The number of further fields allowed.
    left: usize,
    learned: Option<Learned<'v>>,
}

/// The layout learned from the message.
struct Learned<'v> {
    layout: &'v mut Layout,
    /// The scalar values so far, and the end of the last one.
    values: usize,
    end: usize,
}

impl<'s> Scan<'s, '_> {
    /// Reads the whole message.
    fn message(mut self) -> Result<(), Ended> {
        self.skip_space();
        self.expect(b'{')?;
        self.map(Level { name_length: 0, is_wanted: true, depth: 1 })?;
        self.skip_space();
        if self.place != self.bytes.len() {
            return Err(Ended::Invalid);
        }
        if let Some(Learned { layout, values, end }) = self.learned {
            layout.end(values, self.bytes.get(end..).unwrap_or_default());
        }
        Ok(())
    }

    fn literally(&mut self, literal: &[u8]) -> Result<(), Ended> {
        match self.bytes.get(self.place..self.place + literal.len()) {
            Some(found) if found == literal => {
                self.place += literal.len();
                Ok(())
            }
            _ => Err(Ended::Invalid),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.place).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.place += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Ended> {
        if self.peek() == Some(byte) {
            self.place += 1;
            return Ok(());
        }
        Err(Ended::Invalid)
    }

    /// The members of a map whose bracket was read.
    fn map(&mut self, level: Level) -> Result<(), Ended> {
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.place += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            let key = self.quoted()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            let (named, length) = self.member_name(key, level);
            self.value(named, length, level.depth)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.place += 1,
                Some(b'}') => {
                    self.place += 1;
                    return Ok(());
                }
                _ => return Err(Ended::Invalid),
            }
        }
    }

    /// The items of a list whose bracket was read.
    fn list(&mut self, level: Level) -> Result<(), Ended> {
        self.skip_space();
        if self.peek() == Some(b']') {
            self.place += 1;
            return Ok(());
        }
        let mut index = 0_usize;
        loop {
            self.skip_space();
            let is_beyond = level.depth == DEEPEST && matches!(self.peek(), Some(b'{' | b'['));
            let (named, length) = self.item_name(index, level);
            self.value(named, length, level.depth)?;
            // A value that is nested too deep has no index, as in the definition.
            index += usize::from(!is_beyond);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.place += 1,
                Some(b']') => {
                    self.place += 1;
                    return Ok(());
                }
                _ => return Err(Ended::Invalid),
            }
        }
    }

    fn member_name(&mut self, key: Quoted<'s>, level: Level) -> (Named<'s>, usize) {
        let is_root = level.depth == 1;
        if is_root && key.is_plain && !key.text.starts_with('@') {
            return (Named::Key(key.text), key.text.len());
        }
        let key = key.unquoted();
        if !level.is_wanted {
            return (Named::Unknown, level.name_length + 1 + key.len());
        }
        self.name.truncate(level.name_length);
        match (is_root, key.starts_with('@')) {
            (true, true) => self.name.push('@'),
            (true, false) => {}
            (false, _) => self.name.push('.'),
        }
        self.name.push_str(&key);
        (Named::InBuffer, self.name.len())
    }

    fn item_name(&mut self, index: usize, level: Level) -> (Named<'s>, usize) {
        if !level.is_wanted {
            let digits = index.checked_ilog10().map_or(1, |digits| digits as usize + 1);
            return (Named::Unknown, level.name_length + 1 + digits);
        }
        self.name.truncate(level.name_length);
        // Writing to a text does not fail.
        let _written = write!(self.name, ".{index}");
        (Named::InBuffer, self.name.len())
    }

    /// The slot of a wanted field.
    fn find(&self, named: Named<'s>) -> Option<Slot> {
        match named {
            Named::Key(key) => self.wanted.find(key),
            Named::InBuffer => self.wanted.find(&self.name),
            Named::Unknown => None,
        }
    }

    fn value(&mut self, named: Named<'s>, length: usize, depth: usize) -> Result<(), Ended> {
        if let Some(b'{' | b'[') = self.peek() {
            return self.structure(named, length, depth);
        }
        let start = self.place;
        let can_be_field = length <= LONGEST_NAME && self.left > 0;
        let slot = if can_be_field { self.find(named) } else { None };
        let is_field = self.scalar(slot)?;
        self.left -= usize::from(is_field && can_be_field);
        if let Some(learned) = &mut self.learned {
            learned.layout.note(self.bytes.get(learned.end..start).unwrap_or_default(), slot);
            learned.values += 1;
            learned.end = self.place;
        }
        Ok(())
    }

    /// A text, number, boolean or `null`, whose value is put at the slot. Returns whether it can be a field, which `null` and a
    /// number beyond a double cannot.
    fn scalar(&mut self, slot: Option<Slot>) -> Result<bool, Ended> {
        match self.peek() {
            Some(b'"') => {
                let text = self.quoted()?;
                if let Some(slot) = slot {
                    let value = if text.is_plain { self.texts.value(text.text) } else { self.texts.value(&text.unquoted()) };
                    self.put(slot, value);
                }
                Ok(true)
            }
            Some(b't') => self.literal("true", slot, true),
            Some(b'f') => self.literal("false", slot, false),
            Some(b'n') => self.literally(b"null").map(|()| false),
            _ => {
                let number = self.number()?;
                if let (Some(number), Some(slot)) = (number, slot) {
                    self.put(slot, Number::parse(number).into());
                }
                Ok(number.is_some())
            }
        }
    }

    fn literal(&mut self, word: &str, slot: Option<Slot>, value: bool) -> Result<bool, Ended> {
        self.literally(word.as_bytes())?;
        if let Some(slot) = slot {
            self.put(slot, Value::Boolean(value));
        }
        Ok(true)
    }

    fn put(&mut self, slot: Slot, value: Value) {
        if let Some(place) = self.values.get_mut(slot.index()) {
            *place = value;
        }
    }

    fn structure(&mut self, named: Named<'s>, length: usize, depth: usize) -> Result<(), Ended> {
        if depth == DEEPEST {
            return self.skip_structure();
        }
        if self.find(named).is_some() {
            return Err(Ended::AtStructure);
        }
        let is_wanted = match named {
            Named::Key(key) => {
                let is_wanted = self.wanted.has_within(key);
                if is_wanted {
                    self.name.clear();
                    self.name.push_str(key);
                }
                is_wanted
            }
            Named::InBuffer => self.wanted.has_within(&self.name),
            Named::Unknown => false,
        };
        let level = Level { name_length: length, is_wanted, depth: depth + 1 };
        let is_map = self.peek() == Some(b'{');
        self.place += 1;
        if is_map { self.map(level) } else { self.list(level) }
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
