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

/// The text that a checked literal's inside means.
pub(crate) fn decode(inside: &[u8]) -> String {
    let mut text = Vec::with_capacity(inside.len());
    for piece in pieces(inside) {
        match piece {
            Piece::Run(run) => text.extend_from_slice(run),
            Piece::Escape(character) => text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    String::from_utf8(text).unwrap_or_default()
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

    proptest::proptest! {
        #[test]
        fn text_is_escaped_as_serde_json_does_and_comes_back(text in "(\\PC|[\0-\u{7f}]){0,200}") {
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            let expected = serde_json::to_string(&text).unwrap();
            proptest::prop_assert_eq!(std::str::from_utf8(&out).unwrap(), &expected[1..expected.len() - 1]);
            proptest::prop_assert_eq!(decode(&out), text);
        }
    }
}
