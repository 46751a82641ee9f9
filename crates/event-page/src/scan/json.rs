//! A pull parser for JSON (RFC 8259) in UTF-8.
//!
//! Owns grammar and numbers. Skipped values are neither stored nor parsed recursively: one bit per open object or array suffices.

use std::borrow::Cow;

use super::Malformed;
use crate::block::{SHORT, digits};
use crate::events::Span;
use crate::json_string;

/// Maximum nesting, including the outermost value, as in `serde_json`.
const MAX_DEPTH: u32 = 127;

/// The known members of an object, each with its usual spelling: the quoted name and the colon. Matching a whole spelling gives
/// the position after it without scanning the name.
pub(super) type Members<M, const N: usize> = [(&'static [u8], M); N];

/// Digits of epoch milliseconds from 2001 to 2286.
const DIGITS_OF_TIME: usize = 13;

/// A string of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// The inside of the literal.
    pub(super) span: Span,
    /// Bytes of the decoded text.
    pub(super) decoded: u32,
}

/// A parser at a position in the text.
#[derive(Debug)]
pub(super) struct Json<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    /// The number of open objects and arrays.
    depth: u32,
}

impl<'a> Json<'a> {
    /// Starts at the beginning of the text, which must be UTF-8 and short enough for spans.
    pub(super) fn new(text: &'a [u8]) -> Result<Self, Malformed> {
        let invalid = |offset| Malformed { offset, expected: "UTF-8" };
        if simdutf8::basic::from_utf8(text).is_err() {
            return Err(invalid(std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len)));
        }
        Span::new(0, text.len()).ok_or(Malformed { offset: text.len(), expected: "less than four gigabytes" })?;
        Ok(Self { text, at: 0, depth: 0 })
    }

    /// An error at the current position.
    #[cold]
    pub(super) fn expected<T>(&self, expected: &'static str) -> Result<T, Malformed> {
        Err(Malformed { offset: self.at, expected })
    }

    /// An error about the value that ends here.
    pub(super) fn missing(&self, expected: &'static str) -> Malformed {
        Malformed { offset: self.at, expected }
    }

    /// The remaining bytes.
    pub(super) fn left(&self) -> usize {
        self.text.len().saturating_sub(self.at)
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and returns the next byte without consuming it; 0, which no value contains, at the end.
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

    /// Consumes the given byte, which must be next.
    #[inline(always)]
    fn take(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        if self.next() != byte || self.at >= self.text.len() {
            return self.expected(expected);
        }
        self.at += 1;
        Ok(())
    }

    /// Requires that only white space is left.
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

    /// Reads an object: `read` gets the index of the member, `None` for an unknown one, and reads the value.
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

    /// Reads an array: `item` reads each value.
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

    /// Reads a member's name and the colon after it.
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

    /// Reads a member's name, decoded, and the colon after it.
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

    /// Reads a string as a span.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text, Malformed> {
        if self.next() != b'"' {
            return self.expected("a string");
        }
        self.at += 1;
        self.inside()
    }

    /// Reads a string, decoded.
    pub(super) fn owned_string(&mut self) -> Result<String, Malformed> {
        let text = self.string()?;
        Ok(json_string::decode(text.span.of(self.text).unwrap_or_default()))
    }

    /// Reads a value, or `None` for `null`.
    #[inline]
    pub(super) fn or_null<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<Option<T>, Malformed> {
        if self.next() == b'n' { self.word(b"null").map(|()| None) } else { read(self).map(Some) }
    }

    /// Reads a whole number of 64 bits without fraction or exponent; `-0` is refused, as in `serde_json`.
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

    /// Reads a number of less than sixteen digits, such as a time; `None`, without consuming anything, if the fast path does not
    /// apply.
    #[inline(always)]
    fn short_number(&mut self) -> Option<i64> {
        let bytes: &[u8; SHORT] = self.rest().first_chunk()?;
        let length = digits(bytes);
        if length == 0 || length == SHORT || (length > 1 && bytes.first() == Some(&b'0')) {
            return None;
        }
        // For current times the position after the number does not depend on counting its digits.
        self.at += if length == DIGITS_OF_TIME { DIGITS_OF_TIME } else { length };
        // Aligns the digits to the end, with leading zeros: two numbers of eight digits.
        let aligned = (u128::from_le_bytes(*bytes) ^ u128::from_le_bytes([b'0'; SHORT])) << ((SHORT - length) * 8);
        let halves: [u8; SHORT] = aligned.to_le_bytes();
        let (halves, _none) = halves.as_chunks();
        Some(halves.iter().fold(0, |number, half| number * 100_000_000 + eight_digits(*half)))
    }

    /// Reads any other number; `None` if it does not fit 64 bits.
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

    /// Skips the digits of a number's whole part, without leading zeros.
    #[inline]
    fn digits(&mut self) -> Result<&'a [u8], Malformed> {
        let digits = self.some_digits()?;
        if digits.len() > 1 && digits.first() == Some(&b'0') { self.expected("no `0` before a number") } else { Ok(digits) }
    }

    /// Skips at least one digit.
    #[inline]
    fn some_digits(&mut self) -> Result<&'a [u8], Malformed> {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        if length == 0 { self.expected("a digit") } else { Ok(rest.get(..length).unwrap_or_default()) }
    }

    /// Skips any number.
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

    /// Checks and skips any value.
    pub(super) fn skip_value(&mut self) -> Result<(), Malformed> {
        let outside = self.depth;
        // The open containers, the innermost in the lowest bit: 1 is an object, 0 an array. INVARIANT: at most MAX_DEPTH, so the
        // bits suffice.
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
            // After a value, or before the end of an empty container.
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
                    _ => return self.expected("`,` or the end of the object or array"),
                }
            }
        }
    }
}

/// The number of eight decimal digits, the first digit in the first byte: neighbouring digits are combined three times.
#[inline]
fn eight_digits(values: [u8; 8]) -> i64 {
    let pairs = u64::from_le_bytes(values);
    let pairs = pairs.wrapping_mul(10).wrapping_add(pairs >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    eight.cast_signed()
}
