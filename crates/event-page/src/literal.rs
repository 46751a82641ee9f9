//! What the inside of a JSON string literal means, and how text becomes one.
//!
//! Owns decoding and encoding. What it decodes has been checked by `scan`: it never meets a wrong escape, and were one to
//! come, it would give U+FFFD for it.

use crate::block::{Marks, SIZE};

/// A part of a literal: text as it stands, or what one escape means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Run(&'a [u8]),
    Escape(char),
}

/// The parts of a checked literal's inside, in order; no run is empty.
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

/// What the escape at the beginning means, and its length.
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

fn unicode(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| text.get(at..).and_then(hex).unwrap_or(0);
    let (first, second) = (unit(2), unit(8));
    match char::from_u32(u32::from(first)) {
        Some(character) => (character, 6),
        None => (char::decode_utf16([first, second]).next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER), 12),
    }
}

/// The number that four hexadecimal digits write.
pub(crate) fn hex(text: &[u8]) -> Option<u16> {
    let digits: &[u8; 4] = text.first_chunk()?;
    digits.iter().try_fold(0, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u16::try_from(digit).ok()?)
    })
}

/// What becomes of the escapes of a literal.
pub(crate) trait Unescape {
    /// What `\"` is replaced by; the other escapes that mean an ASCII graphic character are that character.
    const QUOTE: &'static [u8];
    /// What any other escape means.
    fn character(character: char, out: &mut Vec<u8>);
}

/// Writes what a checked literal's inside means.
pub(crate) fn unescape<U: Unescape>(inside: &[u8], out: &mut Vec<u8>) {
    let (mut pending, mut copied) = (0, 0);
    for at in (0..inside.len()).step_by(SIZE) {
        let (mut begins, _) = split(Marks::at(inside, at).backslashes, &mut pending);
        while begins != 0 {
            let place = at + begins.trailing_zeros() as usize;
            begins &= begins - 1;
            // The low half of a pair was dealt with together with the high one.
            if place < copied {
                continue;
            }
            copy(inside, copied, place, out);
            copied = match inside.get(place + 1) {
                Some(b'"') => {
                    out.extend_from_slice(U::QUOTE);
                    place + 2
                }
                // The character itself begins the next run.
                Some(b'\\' | b'/') => place + 1,
                _ => {
                    let (character, length) = escape(inside.get(place..).unwrap_or_default());
                    U::character(character, out);
                    place + length
                }
            };
        }
    }
    copy(inside, copied, inside.len(), out);
}

/// Appends a part of a text. Between escapes there are mostly few bytes: a fixed number of bytes is copied faster than a
/// variable one, and what is too much is cut off again.
#[inline]
fn copy(text: &[u8], from: usize, to: usize, out: &mut Vec<u8>) {
    const FEW: usize = 32;
    match text.get(from..).and_then(|rest| rest.first_chunk::<FEW>()) {
        Some(chunk) if to - from <= FEW => {
            let end = out.len() + (to - from);
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(text.get(from..to).unwrap_or_default()),
    }
}

/// The backslashes that begin an escape, and the bytes that they escape; `pending` is 1 when the block before ended in a
/// backslash that escapes the first byte of this one. In a run of backslashes every other one begins one: a subtraction
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

/// The text that a checked literal's inside means.
pub(crate) fn decode(inside: &[u8]) -> String {
    let mut text = Vec::with_capacity(inside.len());
    unescape::<Exactly>(inside, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Every escape as what it means.
pub(crate) struct Exactly;

impl Unescape for Exactly {
    const QUOTE: &'static [u8] = b"\"";

    fn character(character: char, out: &mut Vec<u8>) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Writes text as the inside of a literal, as `serde_json` does: the short escapes, `\u00xx` for other control characters,
/// and nothing else is escaped.
pub(crate) fn encode(text: &[u8], out: &mut Vec<u8>) {
    let mut copied = 0;
    for at in (0..text.len()).step_by(SIZE) {
        let mut marks = Marks::at(text, at).any();
        while marks != 0 {
            let place = at + marks.trailing_zeros() as usize;
            out.extend_from_slice(text.get(copied..place).unwrap_or_default());
            encode_byte(text.get(place).copied().unwrap_or_default(), out);
            copied = place + 1;
            marks &= marks - 1;
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
