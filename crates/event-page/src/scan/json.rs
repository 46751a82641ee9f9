//! The words of JSON (RFC 8259), read one after the other from bytes that are UTF-8.
//!
//! Owns grammar and numbers. Never keeps a value that nobody asked for, and never recurses: what is passed over is followed
//! in a word of bits.

use std::borrow::Cow;

use super::Malformed;
use crate::block::{SHORT, digits};
use crate::events::Span;
use crate::json_string;

/// How deep values may nest, the outermost one counted: what `serde_json` allows.
const MAX_DEPTH: u32 = 127;

/// The members of an object that are read, each with its name as it mostly stands there: quoted, the colon behind it. To find
/// one of these is to know how long it is, which otherwise everything behind it would have to wait for.
pub(super) type Members<M, const N: usize> = [(&'static [u8], M); N];

/// Of epoch milliseconds from 2001 to 2286.
const DIGITS_OF_TIME: usize = 13;

/// A string of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// The inside of the literal.
    pub(super) span: Span,
    /// Bytes of what it means.
    pub(super) decoded: u32,
}

/// A reader at a place in the text.
#[derive(Debug)]
pub(super) struct Json<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// Open objects and arrays.
    depth: u32,
}

impl<'a> Json<'a> {
    /// At the beginning of the text, which must be UTF-8, and short enough for spans.
    pub(super) fn new(text: &'a [u8]) -> Result<Self, Malformed> {
        let invalid = |offset| Malformed { offset, expected: "UTF-8" };
        if simdutf8::basic::from_utf8(text).is_err() {
            return Err(invalid(std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len)));
        }
        Span::new(0, text.len()).ok_or(Malformed { offset: text.len(), expected: "less than four gigabytes" })?;
        Ok(Self { text, at: 0, depth: 0 })
    }

    /// What was expected here and is not there.
    #[cold]
    pub(super) fn expected<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        Err(Malformed { offset: self.at, expected })
    }

    /// What the value that ends here had to hold.
    pub(super) fn missing(&self, expected: &'static str) -> Malformed {
        Malformed { offset: self.at, expected }
    }

    /// Bytes not read yet.
    pub(super) fn left(&self) -> usize {
        self.text.len().saturating_sub(self.at)
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not whitespace, which stays next; 0, which no value holds, at the end.
    #[inline(always)]
    fn next(&mut self) -> u8 {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Takes the byte, which must be next.
    #[inline(always)]
    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        if self.next() != byte || self.at >= self.text.len() {
            return self.expected(expected);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but whitespace may be left.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        self.next();
        if self.left() == 0 { Ok(()) } else { self.expected("the end") }
    }

    #[inline]
    fn open(&mut self) -> Result<(), Malformed> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.expected("less nesting") } else { Ok(()) }
    }

    #[inline]
    fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// An object: `read` gets which member it is, `None` for any other, and reads the value.
    #[inline(always)]
    pub(super) fn object<M: Copy, const N: usize>(
        &mut self,
        members: &Members<M, N>,
        mut read: impl FnMut(&mut Self, Option<M>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.next() != b'{' {
            return self.expected("an object");
        }
        self.open()?;
        if self.next() == b'}' {
            self.close();
            return Ok(());
        }
        loop {
            let member = self.member(members)?;
            read(self, member)?;
            match self.next() {
                b',' => self.at += 1,
                b'}' => {
                    self.close();
                    return Ok(());
                }
                _ => return self.expected("`,` or `}`"),
            }
        }
    }

    /// An array: `item` reads each value.
    #[inline]
    pub(super) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        if self.next() != b'[' {
            return self.expected("an array");
        }
        self.open()?;
        if self.next() == b']' {
            self.close();
            return Ok(());
        }
        loop {
            item(self)?;
            match self.next() {
                b',' => self.at += 1,
                b']' => {
                    self.close();
                    return Ok(());
                }
                _ => return self.expected("`,` or `]`"),
            }
        }
    }

    /// A member's name and the colon behind it.
    #[inline(always)]
    fn member<M: Copy, const N: usize>(&mut self, members: &Members<M, N>) -> Result<Option<M>, Malformed> {
        self.next();
        let rest = self.rest();
        for (usual, member) in members {
            if rest.starts_with(usual) {
                self.at += usual.len();
                return Ok(Some(*member));
            }
        }
        let name = self.name()?;
        let is_named = |(usual, _): &&(&[u8], M)| usual.get(1..usual.len() - 2) == Some(&name);
        Ok(members.iter().find(is_named).map(|(_, member)| *member))
    }

    /// A member's name, decoded, and the colon behind it.
    #[cold]
    fn name(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        let text = self.string()?;
        let inside = text.span.of(self.text).unwrap_or_default();
        self.take(b':', "`:`")?;
        if text.decoded as usize == inside.len() {
            return Ok(Cow::Borrowed(inside));
        }
        Ok(Cow::Owned(json_string::decode(inside).into_bytes()))
    }

    /// A string, left where it is.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text, Malformed> {
        if self.next() != b'"' {
            return self.expected("a string");
        }
        self.at += 1;
        self.inside()
    }

    /// A string's meaning.
    pub(super) fn owned_string(&mut self) -> Result<String, Malformed> {
        let text = self.string()?;
        Ok(json_string::decode(text.span.of(self.text).unwrap_or_default()))
    }

    /// A value, or nothing for `null`.
    #[inline]
    pub(super) fn or_null<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<Option<T>, Malformed> {
        if self.next() == b'n' { self.word(b"null").map(|()| None) } else { read(self).map(Some) }
    }

    /// A whole number of 64 bits, written without fraction or exponent; `-0` is none, as `serde_json` has it.
    #[inline(always)]
    pub(super) fn integer(&mut self) -> Result<i64, Malformed> {
        let negative = self.next() == b'-';
        self.at += usize::from(negative);
        let value = match (self.short_number(), negative) {
            (Some(number), false) => Some(number),
            (Some(number), true) => Some(-number).filter(|number| *number != 0),
            (None, _) => self.long_number(negative)?,
        };
        match (value, self.text.get(self.at)) {
            (Some(value), next) if !matches!(next, Some(b'.' | b'e' | b'E')) => Ok(value),
            _ => self.expected("a whole number of 64 bits"),
        }
    }

    /// A number of less than sixteen digits, as times are; `None`, and nothing read, where there is none that is right.
    #[inline(always)]
    fn short_number(&mut self) -> Option<i64> {
        let bytes: &[u8; SHORT] = self.rest().first_chunk()?;
        let length = digits(bytes);
        if length == 0 || length == SHORT || (length > 1 && bytes.first() == Some(&b'0')) {
            return None;
        }
        // Nothing behind a time of our days has to wait until its digits are counted.
        self.at += if length == DIGITS_OF_TIME { DIGITS_OF_TIME } else { length };
        // The digits to the end, zeros before them: two numbers of eight digits.
        let aligned = (u128::from_le_bytes(*bytes) ^ u128::from_le_bytes([b'0'; SHORT])) << ((SHORT - length) * 8);
        let halves: [u8; SHORT] = aligned.to_le_bytes();
        let (halves, _none) = halves.as_chunks();
        Some(halves.iter().fold(0, |number, half| number * 100_000_000 + eight_digits(*half)))
    }

    /// Any other; `None` when it is none of 64 bits.
    #[cold]
    fn long_number(&mut self, negative: bool) -> Result<Option<i64>, Malformed> {
        let magnitude = self.digits()?.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10).and_then(|number| number.checked_add(u64::from(digit - b'0')))
        });
        Ok(match (magnitude, negative) {
            (Some(0), true) | (None, _) => None,
            (Some(number), true) => 0_i64.checked_sub_unsigned(number),
            (Some(number), false) => i64::try_from(number).ok(),
        })
    }

    /// The digits of a number's whole part: no needless zero before them.
    #[inline]
    fn digits(&mut self) -> Result<&'a [u8], Malformed> {
        let digits = self.some_digits()?;
        if digits.len() > 1 && digits.first() == Some(&b'0') { self.expected("no `0` before a number") } else { Ok(digits) }
    }

    /// At least one digit.
    #[inline]
    fn some_digits(&mut self) -> Result<&'a [u8], Malformed> {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        if length == 0 { self.expected("a digit") } else { Ok(rest.get(..length).unwrap_or_default()) }
    }

    /// Any number.
    fn number(&mut self) -> Result<(), Malformed> {
        self.at += usize::from(self.next() == b'-');
        self.digits()?;
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.some_digits()?;
        }
        Ok(())
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), Malformed> {
        if !self.rest().starts_with(word) {
            return self.expected("a value");
        }
        self.at += word.len();
        Ok(())
    }

    /// Any value, checked and forgotten.
    pub(super) fn skip_value(&mut self) -> Result<(), Malformed> {
        let outside = self.depth;
        // Of what is open, innermost lowest: 1 is an object, 0 an array. INVARIANT: no more than MAX_DEPTH, so the bits suffice.
        let mut objects = 0_u128;
        loop {
            let opened = match self.next() {
                b'"' => self.string().map(|_| None)?,
                b'{' => Some(1),
                b'[' => Some(0),
                b't' => self.word(b"true").map(|()| None)?,
                b'f' => self.word(b"false").map(|()| None)?,
                b'n' => self.word(b"null").map(|()| None)?,
                b'-' | b'0'..=b'9' => self.number().map(|()| None)?,
                _ => return self.expected("a value"),
            };
            if let Some(object) = opened {
                self.open()?;
                objects = objects << 1 | object;
                if !matches!((self.next(), object), (b'}', 1) | (b']', 0)) {
                    if object == 1 {
                        self.name()?;
                    }
                    continue;
                }
            }
            // Behind a value, or before the end of what holds none.
            loop {
                if self.depth == outside {
                    return Ok(());
                }
                match (self.next(), objects & 1) {
                    (b'}', 1) | (b']', 0) => {
                        self.close();
                        objects >>= 1;
                    }
                    (b',', object) => {
                        self.at += 1;
                        if object == 1 {
                            self.name()?;
                        }
                        break;
                    }
                    _ => return self.expected("`,` or the end of what is open"),
                }
            }
        }
    }
}

/// The number of eight decimal digits' values, the first one's in the first byte: neighbours are put together, thrice.
#[inline]
fn eight_digits(values: [u8; 8]) -> i64 {
    let pairs = u64::from_le_bytes(values);
    let pairs = pairs.wrapping_mul(10).wrapping_add(pairs >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    eight.cast_signed()
}
