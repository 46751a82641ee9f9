//! One pass over a message of JSON that checks it and picks the wanted fields: `fields::discover` for a few names.
//!
//! Most of the work of a query is here, so nothing is built for fields that the query does not use. A property test holds
//! it to `fields::discover`: which texts are valid, the names, the limits on fields, names and depth.

use std::borrow::Cow;
use std::fmt::Write;

use super::Wanted;
use crate::row::Slot;
use crate::values::fields::{LONGEST_NAME, MOST_FIELDS};
use crate::values::json::DEEPEST;
use crate::values::json_tokens::unquote;
use crate::values::number::Number;
use crate::values::value::Value;

/// Why a scan ended early. Places of wanted fields may have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The message is not one object of JSON.
    Invalid,
    /// A wanted name is that of a list or map, for which the value is needed as a whole.
    AtStructure,
}

/// Puts the wanted fields of a message at their places.
pub(super) fn load(message: &str, wanted: &Wanted, values: &mut [Value]) -> Result<(), Ended> {
    let mut scan =
        Scan { text: message, bytes: message.as_bytes(), place: 0, wanted, values, name: String::new(), left: MOST_FIELDS };
    scan.skip_space();
    scan.expect(b'{')?;
    scan.map(Level { name_length: 0, is_wanted: true, depth: 1 })?;
    scan.skip_space();
    if scan.place == scan.bytes.len() { Ok(()) } else { Err(Ended::Invalid) }
}

/// A list or map that the scan is in.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// The length of its name.
    name_length: usize,
    /// Whether a wanted name can be in it. Only then its name is known: it begins [`Scan::name`].
    is_wanted: bool,
    /// 1 for the message itself.
    depth: usize,
}

/// The name of a value.
#[derive(Debug, Clone, Copy)]
enum Named<'s> {
    /// The key of the message itself, which is the whole name.
    Key(&'s str),
    /// It is in [`Scan::name`].
    InBuffer,
    /// Not wanted, nor any in it.
    Unknown,
}

/// A text between quotes.
#[derive(Debug, Clone, Copy)]
struct Quoted<'s> {
    /// As it is written, without the quotes.
    text: &'s str,
    /// The same with its closing quote.
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
    name: String,
    /// How many more fields there may be.
    left: usize,
}

impl<'s> Scan<'s, '_> {
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
            // What is nested too deep has no number, as in the definition.
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

    /// The place of a wanted field.
    fn find(&self, named: Named<'s>) -> Option<Slot> {
        match named {
            Named::Key(key) => self.wanted.find(key),
            Named::InBuffer => self.wanted.find(&self.name),
            Named::Unknown => None,
        }
    }

    fn value(&mut self, named: Named<'s>, length: usize, depth: usize) -> Result<(), Ended> {
        match self.peek() {
            Some(b'"') => {
                let text = self.quoted()?;
                if let Some(place) = self.field(named, length) {
                    *place = Value::Text(text.unquoted().into_owned());
                }
                Ok(())
            }
            Some(b'{' | b'[') => self.structure(named, length, depth),
            Some(b't') => self.literal("true", named, length, Some(Value::Boolean(true))),
            Some(b'f') => self.literal("false", named, length, Some(Value::Boolean(false))),
            Some(b'n') => self.literal("null", named, length, None),
            _ => {
                let number = self.number()?;
                // A number that a double cannot hold does not become a field.
                if let Some(number) = number
                    && let Some(place) = self.field(named, length)
                {
                    *place = Number::parse(number).into();
                }
                Ok(())
            }
        }
    }

    fn literal(&mut self, word: &str, named: Named<'s>, length: usize, value: Option<Value>) -> Result<(), Ended> {
        if !self.bytes.get(self.place..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(Ended::Invalid);
        }
        self.place += word.len();
        if let Some(value) = value
            && let Some(place) = self.field(named, length)
        {
            *place = value;
        }
        Ok(())
    }

    /// Counts a field. Gives the place of its value when it is wanted.
    fn field(&mut self, named: Named<'s>, length: usize) -> Option<&mut Value> {
        if length > LONGEST_NAME || self.left == 0 {
            return None;
        }
        self.left -= 1;
        let slot = self.find(named)?;
        self.values.get_mut(slot.index())
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

    /// Checks a list or map that is nested too deep to have fields, without recursion.
    fn skip_structure(&mut self) -> Result<(), Ended> {
        let rest = self.text.get(self.place..).ok_or(Ended::Invalid)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => {
                self.place += values.byte_offset();
                Ok(())
            }
            _ => Err(Ended::Invalid),
        }
    }

    /// A text, from its opening quote to behind its closing one.
    fn quoted(&mut self) -> Result<Quoted<'s>, Ended> {
        self.expect(b'"')?;
        let start = self.place;
        let mut is_plain = true;
        loop {
            self.place += special(self.bytes.get(self.place..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_plain = false;
                    self.escape()?;
                }
                _ => return Err(Ended::Invalid),
            }
        }
        let text = self.text.get(start..self.place).ok_or(Ended::Invalid)?;
        self.place += 1;
        let closed = self.text.get(start..self.place).ok_or(Ended::Invalid)?;
        Ok(Quoted { text, closed, is_plain })
    }

    fn escape(&mut self) -> Result<(), Ended> {
        let rest = self.bytes.get(self.place + 1..).unwrap_or_default();
        match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.place += 2,
            Some(b'u') if rest.get(1..5).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => self.place += 6,
            _ => return Err(Ended::Invalid),
        }
        Ok(())
    }

    /// A number as it is written; `None` for one that no double holds.
    fn number(&mut self) -> Result<Option<&'s str>, Ended> {
        let start = self.place;
        if self.peek() == Some(b'-') {
            self.place += 1;
        }
        match self.peek() {
            Some(b'0') => self.place += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Ended::Invalid),
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.place += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.place += 1;
            }
            self.digits()?;
        }
        let written = self.text.get(start..self.place).ok_or(Ended::Invalid)?;
        // Any number of fewer digits is one.
        let is_small = !has_exponent && written.len() < 300;
        Ok(if is_small || Number::parse(written).is_some() { Some(written) } else { None })
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Ended> {
        let start = self.place;
        while let Some(b'0'..=b'9') = self.peek() {
            self.place += 1;
        }
        if self.place == start { Err(Ended::Invalid) } else { Ok(()) }
    }
}

/// How many bytes are before the first that is a quote, a backslash or a control character: all when there is none. Eight
/// bytes are looked at at once: a byte that is less than `n` sets its highest bit in `(x - n) & !x`, and so may bytes above
/// it, which come later.
fn special(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word & HIGH;
    let equal = |word: u64, to: u8| less(word ^ (ONES * u64::from(to)), 1);
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let found = less(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return bytes.len() - rest.len() + (found.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    bytes.len() - rest.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
