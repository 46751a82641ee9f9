//! Finds, checks and measures the inside of a JSON string, a block at a time, without copying.
//!
//! Owns escapes and surrogates. `json_string` decodes.

use super::Malformed;
use super::json::{Json, Text};
use crate::block::{ByteMasks, SIZE};
use crate::events::Span;
use crate::json_string::{hex, split};

/// The state of a string's escapes so far.
#[derive(Debug, Default)]
struct Escapes {
    /// Whether the previous block ended in a backslash that escapes the first byte of this block.
    pending: u64,
    /// Bytes of the escapes minus bytes of their meaning.
    surplus: usize,
    /// Where the `u` of a low surrogate is expected, after a high surrogate.
    low: Option<usize>,
}

impl Json<'_> {
    /// Reads from after the opening quote to after the closing quote.
    #[inline]
    pub(super) fn inside(&mut self) -> Result<Text, Malformed> {
        let start = self.at;
        let mut at = start;
        while at < self.text.len() {
            let masks = ByteMasks::at(self.text, at);
            if (masks.backslashes | masks.controls) & before_first(masks.quotes) != 0 {
                return self.with_escapes(start, at);
            }
            if masks.quotes != 0 {
                return self.ends(start, at + masks.quotes.trailing_zeros() as usize, 0);
            }
            at += SIZE;
        }
        self.at = self.text.len();
        self.expected("the end of a string")
    }

    fn ends(&mut self, start: usize, end: usize, surplus: usize) -> Result<Text, Malformed> {
        self.at = end + 1;
        let length = end - start;
        match (Span::new(start, length), u32::try_from(length - surplus)) {
            (Some(span), Ok(decoded)) => Ok(Text { span, decoded }),
            _ => self.expected("less than four gigabytes"),
        }
    }

    /// Like [`Self::inside`], from the block at `at`, before which there were no escapes.
    fn with_escapes(&mut self, start: usize, mut at: usize) -> Result<Text, Malformed> {
        let mut escapes = Escapes::default();
        while at < self.text.len() {
            let masks = ByteMasks::at(self.text, at);
            let (begins, escaped) = split(masks.backslashes, &mut escapes.pending);
            let ends = masks.quotes & !escaped;
            let inside = before_first(ends);
            if masks.controls & inside != 0 {
                self.at = at + (masks.controls & inside).trailing_zeros() as usize;
                return self.expected("no control character in a string");
            }
            escapes.surplus += (begins & inside).count_ones() as usize;
            let mut others = escaped & inside & !(masks.quotes | masks.backslashes);
            while others != 0 {
                self.escape(at + others.trailing_zeros() as usize, &mut escapes)?;
                others &= others - 1;
            }
            if ends != 0 {
                return self.ends(start, at + ends.trailing_zeros() as usize, escapes.surplus);
            }
            at += SIZE;
        }
        self.at = self.text.len();
        self.expected("the end of a string")
    }

    /// Checks the escape whose letter is at `at`.
    fn escape(&mut self, at: usize, escapes: &mut Escapes) -> Result<(), Malformed> {
        let wrong = |expected| Err(Malformed { offset: at, expected });
        match self.text.get(at) {
            Some(b'/' | b'b' | b'f' | b'n' | b'r' | b't') => return Ok(()),
            Some(b'u') => {}
            _ => return wrong("an escape"),
        }
        let unit = |at: usize| self.text.get(at..).and_then(hex);
        let Some(code) = unit(at + 1) else { return wrong("four hexadecimal digits") };
        // `\uXXXX` has six bytes, one of which is counted for the backslash.
        let length = match code {
            0..0x80 => 1,
            0x80..0x800 => 2,
            0xdc00..0xe000 if escapes.low == Some(at) => 2,
            0xd800..0xdc00 => {
                let follows = self.text.get(at + 5..).is_some_and(|rest| rest.starts_with(b"\\u"));
                let low = unit(at + 7).filter(|low| follows && (0xdc00..0xe000).contains(low));
                if low.is_none() {
                    return wrong("a low surrogate after the high surrogate");
                }
                escapes.low = Some(at + 6);
                2
            }
            0xdc00..0xe000 => return wrong("a high surrogate before the low surrogate"),
            _ => 3,
        };
        escapes.surplus += 5 - length;
        Ok(())
    }
}

/// The bits below the lowest set bit; all bits if none is set.
#[inline]
fn before_first(bits: u64) -> u64 {
    (bits & bits.wrapping_neg()).wrapping_sub(1)
}
