//! Decodes and encodes the inside of JSON string literals.
//!
//! INVARIANT: `scan` or `serde_json` has checked the literals that it decodes, so every escape is complete.

use crate::block::{ByteMasks, SIZE};

/// A part of a literal: literal text, or the meaning of one escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Run(&'a [u8]),
    Escape(char),
}

/// The parts of a checked literal, in order; no run is empty.
pub(crate) fn pieces(inside: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = inside;
    std::iter::from_fn(move || {
        let (first, _) = rest.split_first()?;
        if *first == b'\\' {
            let (character, length) = escape(rest);
            rest = rest.get(length..).unwrap_or_default();
            return Some(Piece::Escape(character));
        }
        let (run, after) = rest.split_at(memchr::memchr(b'\\', rest).unwrap_or(rest.len()));
        rest = after;
        Some(Piece::Run(run))
    })
}

/// The meaning and length of the escape at the beginning.
fn escape(text: &[u8]) -> (char, usize) {
    let character = match text.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        Some(other) => char::from(*other),
        None => char::REPLACEMENT_CHARACTER,
    };
    (character, 2)
}

/// The character of a `\u` escape. Half of a surrogate pair, which JSON inside a message may contain, is U+FFFD.
fn unicode(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| text.get(at..).and_then(hex).unwrap_or(0);
    let first = unit(2);
    if let Some(character) = char::from_u32(u32::from(first)) {
        return (character, 6);
    }
    let second = if text.get(6..8) == Some(b"\\u") { unit(8) } else { 0 };
    match char::decode_utf16([first, second]).next() {
        Some(Ok(character)) => (character, 12),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    }
}

/// The value of four hexadecimal digits.
pub(crate) fn hex(text: &[u8]) -> Option<u16> {
    let digits: &[u8; 4] = text.first_chunk()?;
    digits.iter().try_fold(0, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u16::try_from(digit).ok()?)
    })
}

/// How the escapes of a literal are written: `\"`, `\\` and `\/` for that character.
pub(crate) trait Unescape {
    /// How many times longer than its escape a character can become.
    const GROWTH: usize;
    /// The bytes before a quote.
    const BEFORE_QUOTE: Option<u8>;
    /// The bytes and length of the character for any other escape.
    fn character(character: char) -> ([u8; 4], usize);
}

/// Writes the meaning of a checked literal.
pub(crate) fn unescape<U: Unescape>(inside: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + inside.len() * U::GROWTH + SIZE, 0);
    let mut room = Output { bytes: &mut out[start..], length: 0 };
    let (mut at, mut copied) = (0, 0);
    while at < inside.len() {
        let masks = ByteMasks::at(inside, at);
        let mut pending = 0;
        let (mut begins, escaped) = split(masks.backslashes, &mut pending);
        // An escape that crosses the end of the block starts the next block.
        begins &= !(pending << 63);
        let from = at;
        at += SIZE - usize::from(pending == 1);
        if let Some(before_quote) = U::BEFORE_QUOTE
            && escaped & !masks.quotes == 0
            && copied <= from
            && let Some(block) = inside.get(from..).and_then(|rest| rest.first_chunk::<SIZE>())
        {
            // All escapes are quotes of two bytes, and their output has two bytes too.
            room.copy(inside, copied, from);
            room.put(&block.map(|byte| if byte == b'\\' { before_quote } else { byte }));
            room.length -= from + SIZE - at;
            copied = at;
            continue;
        }
        while begins != 0 {
            let place = from + begins.trailing_zeros() as usize;
            begins &= begins - 1;
            // The low half of a pair was decoded with the high half.
            if place < copied {
                continue;
            }
            room.copy(inside, copied, place);
            copied = match inside.get(place + 1) {
                // The escaped character begins the next run.
                Some(b'"') => {
                    if let Some(before_quote) = U::BEFORE_QUOTE {
                        room.put(&[before_quote]);
                    }
                    place + 1
                }
                Some(b'\\' | b'/') => place + 1,
                _ => {
                    let (character, length) = escape(inside.get(place..).unwrap_or_default());
                    let (bytes, count) = U::character(character);
                    room.put(&bytes[..count]);
                    place + length
                }
            };
        }
    }
    room.copy(inside, copied, inside.len());
    let end = start + room.length;
    out.truncate(end);
}

/// Bytes between escapes are usually at most this many.
const SHORT_COPY: usize = 32;

/// The output buffer, and its used length.
struct Output<'a> {
    bytes: &'a mut [u8],
    length: usize,
}

impl Output<'_> {
    #[inline]
    fn put(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        self.bytes[self.length..end].copy_from_slice(part);
        self.length = end;
    }

    /// Appends a part of a text. Runs between escapes are usually short: copying a fixed number of bytes is faster than a
    /// variable number, and the surplus is overwritten.
    #[inline]
    fn copy(&mut self, text: &[u8], from: usize, to: usize) {
        let length = to - from;
        let chunk = text.get(from..).and_then(|rest| rest.first_chunk::<SHORT_COPY>());
        let place = self.bytes.get_mut(self.length..).and_then(|rest| rest.first_chunk_mut::<SHORT_COPY>());
        match (chunk, place) {
            (Some(chunk), Some(place)) if length <= SHORT_COPY => {
                *place = *chunk;
                self.length += length;
            }
            _ => self.put(&text[from..to]),
        }
    }
}

/// The UTF-8 bytes of a character, and their number.
pub(crate) fn encoded(character: char) -> ([u8; 4], usize) {
    let mut bytes = [0; 4];
    let length = character.encode_utf8(&mut bytes).len();
    (bytes, length)
}

/// The backslashes that begin an escape, and the bytes that they escape; `pending` is 1 if the previous block ended in a
/// backslash that escapes the first byte of this one. In a run of backslashes every second one begins an escape: a subtraction
/// carries through each run, as in simdjson (Langdale, Lemire: Parsing gigabytes of JSON per second, §3.1.1).
#[inline]
pub(crate) fn split(backslashes: u64, pending: &mut u64) -> (u64, u64) {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    if backslashes == 0 {
        return (0, std::mem::take(pending));
    }
    let begins = backslashes & !*pending;
    let codes = ((begins << 1 | ODD).wrapping_sub(begins)) ^ ODD;
    let escaped = codes ^ (backslashes | *pending);
    let begins = codes & backslashes;
    *pending = begins >> 63;
    (begins, escaped)
}

/// The text of a checked literal.
pub(crate) fn decode(inside: &[u8]) -> String {
    let mut text = Vec::with_capacity(inside.len());
    unescape::<Utf8>(inside, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes the meaning of every escape.
pub(crate) struct Utf8;

impl Unescape for Utf8 {
    const GROWTH: usize = 1;
    const BEFORE_QUOTE: Option<u8> = None;

    fn character(character: char) -> ([u8; 4], usize) {
        encoded(character)
    }
}

/// Writes text as the inside of a literal, as `serde_json` does: the short escapes, `\u00xx` for other control characters, and no
/// other escapes.
pub(crate) fn encode(text: &[u8], out: &mut Vec<u8>) {
    let mut copied = 0;
    for at in (0..text.len()).step_by(SIZE) {
        let mut masks = ByteMasks::at(text, at).any();
        while masks != 0 {
            let place = at + masks.trailing_zeros() as usize;
            out.extend_from_slice(text.get(copied..place).unwrap_or_default());
            encode_byte(text.get(place).copied().unwrap_or_default(), out);
            copied = place + 1;
            masks &= masks - 1;
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
}

fn encode_byte(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x8 => b'b',
        0xc => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_json_says() {
        for (inside, meaning) in [
            ("", ""),
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"a\u0041b", "aAb"),
            (r"\u0000\u00e9\u20AC\ud83D\uDE00.", "\0é€😀."),
            (r"\\u0041", r"\u0041"),
            (r"\ud800", "\u{fffd}"),
            (r"\ud800x\ude00\ud83d\ud83d\ude00", "\u{fffd}x\u{fffd}\u{fffd}😀"),
        ] {
            assert_eq!(decode(inside.as_bytes()), meaning, "{inside}");
        }
    }

    fn naive(backslashes: u64, pending: &mut u64) -> (u64, u64) {
        let (mut begins, mut escaped) = (0, 0);
        for bit in 0..64 {
            if *pending == 1 {
                escaped |= 1 << bit;
                *pending = 0;
            } else if backslashes >> bit & 1 == 1 {
                begins |= 1 << bit;
                *pending = 1;
            }
        }
        (begins, escaped)
    }

    proptest::proptest! {
        #[test]
        fn text_is_escaped_as_serde_json_does_and_comes_back(text in "(\\PC|[\0-\u{7f}]){0,200}") {
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            let expected = serde_json::to_string(&text).unwrap();
            proptest::prop_assert_eq!(std::str::from_utf8(&out).unwrap(), &expected[1..expected.len() - 1]);
            proptest::prop_assert_eq!(decode(&out), text);
        }

        #[test]
        fn escapes_are_told_apart_as_a_loop_would(a in proptest::num::u64::ANY, b in proptest::num::u64::ANY, pending in 0_u64..2) {
            for backslashes in [a, b, a & b, a | b, u64::MAX, 0] {
                let (mut fast, mut slow) = (pending, pending);
                proptest::prop_assert_eq!(split(backslashes, &mut fast), naive(backslashes, &mut slow));
                proptest::prop_assert_eq!(fast, slow);
            }
        }
    }
}
