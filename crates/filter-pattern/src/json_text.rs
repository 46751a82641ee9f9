//! Scans the tokens of JSON (blanks, strings, numbers, literals), and skips whole values.
//!
//! Owns the validity of JSON (RFC 8259, with the limits below). Builds no values. Every function takes the position at which the
//! token begins and returns the position after it; `None` means that the message is not valid JSON. The limits are those of
//! `serde_json`, so that both agree on every message: containers nest at most 127 deep, numbers are finite as `f64`, and `\u`
//! escapes of surrogates come in pairs.

pub(crate) mod escapes;

/// The maximum nesting of arrays and objects, including the outermost.
pub const MAX_DEPTH: u32 = 127;

/// A number with more digits than this may exceed `f64`.
const FINITE_DIGITS: usize = 300;

/// A string between its quotes, with its escapes resolved. The string must be valid, as [`string`] and [`key`] find it.
#[must_use]
pub fn unescaped(raw: &str) -> String {
    escapes::resolve(raw)
}

/// The position after blanks.
#[must_use]
#[inline]
pub fn blanks(bytes: &[u8], mut position: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(position) {
        position += 1;
    }
    position
}

/// A string's characters as they were written, without the quotes.
#[derive(Debug, Clone, Copy)]
pub struct Quoted {
    /// The position of the closing quote.
    pub end: usize,
    /// Whether it contains a backslash.
    pub escaped: bool,
}

/// The string whose first character is at that position. Its end is the closing quote.
#[must_use]
#[inline]
pub fn string(bytes: &[u8], mut position: usize) -> Option<Quoted> {
    let mut escaped = false;
    loop {
        while let Some(word) = bytes.get(position..).and_then(<[u8]>::first_chunk::<8>) {
            let marks = marks(u64::from_le_bytes(*word));
            if marks != 0 {
                position += usize::try_from(marks.trailing_zeros() / 8).ok()?;
                break;
            }
            position += 8;
        }
        match bytes.get(position)? {
            b'"' => return Some(Quoted { end: position, escaped }),
            b'\\' => {
                escaped = true;
                position = escape(bytes, position + 1)?;
            }
            0..0x20 => return None,
            _ => position += 1,
        }
    }
}

/// Marks the high bits of bytes that end a plain run: quotes, backslashes, control characters. Only the lowest mark is exact;
/// higher marks may be false.
#[inline]
const fn marks(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let zero = (quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash);
    (zero | (word.wrapping_sub(ONES * 0x20) & !word)) & (ONES * 0x80)
}

/// The escape whose letter is at that position.
fn escape(bytes: &[u8], position: usize) -> Option<usize> {
    match bytes.get(position)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(position + 1),
        b'u' => match unit(bytes, position + 1)? {
            0xDC00..0xE000 => None,
            0xD800..0xDC00 => {
                let pair =
                    bytes.get(position + 5..position + 7)? == br"\u" && (0xDC00..0xE000).contains(&unit(bytes, position + 7)?);
                pair.then_some(position + 11)
            }
            _ => Some(position + 5),
        },
        _ => None,
    }
}

/// The four hexadecimal digits at that position.
pub(crate) fn unit(bytes: &[u8], position: usize) -> Option<u32> {
    let digits = bytes.get(position..position + 4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

/// The number that begins there.
#[must_use]
#[inline]
pub fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let mut position = start + usize::from(bytes.get(start) == Some(&b'-'));
    position = match bytes.get(position)? {
        b'0' => position + 1,
        b'1'..=b'9' => digits(bytes, position),
        _ => return None,
    };
    if bytes.get(position) == Some(&b'.') {
        let end = digits(bytes, position + 1);
        position = (end > position + 1).then_some(end)?;
    }
    let exponent = matches!(bytes.get(position), Some(b'e' | b'E'));
    if exponent {
        let first = position + 1 + usize::from(matches!(bytes.get(position + 1), Some(b'+' | b'-')));
        let end = digits(bytes, first);
        position = (end > first).then_some(end)?;
    }
    let finite = || std::str::from_utf8(bytes.get(start..position)?).ok()?.parse::<f64>().ok().map(f64::is_finite);
    if exponent || position - start > FINITE_DIGITS { finite()?.then_some(position) } else { Some(position) }
}

fn digits(bytes: &[u8], mut position: usize) -> usize {
    while bytes.get(position).is_some_and(u8::is_ascii_digit) {
        position += 1;
    }
    position
}

/// `true`, `false` or `null` at that position.
#[must_use]
#[inline]
pub fn literal(bytes: &[u8], position: usize, word: &[u8]) -> Option<usize> {
    bytes.get(position..)?.starts_with(word).then_some(position + word.len())
}

/// A key with its colon and the blanks on both sides: the key's characters, and the position of the value.
#[must_use]
#[inline]
pub fn key(bytes: &[u8], position: usize) -> Option<(Quoted, usize)> {
    if bytes.get(position) != Some(&b'"') {
        return None;
    }
    let key = string(bytes, position + 1)?;
    let colon = blanks(bytes, key.end + 1);
    (bytes.get(colon) == Some(&b':')).then(|| (key, blanks(bytes, colon + 1)))
}

/// Skips the value that begins at that position. At most `room` containers may be entered.
///
/// No recursion: the kinds of the open containers fit into the bits of one number, because [`MAX_DEPTH`] bounds them.
#[must_use]
pub fn skip(bytes: &[u8], mut position: usize, room: u32) -> Option<usize> {
    // 1 for an object; the lowest bit is the innermost.
    let mut open: u128 = 0;
    let mut depth = 0;
    loop {
        let first = *bytes.get(position)?;
        match first {
            b'"' => position = string(bytes, position + 1)?.end + 1,
            b'{' | b'[' => {
                depth += 1;
                if depth > room {
                    return None;
                }
                let object = first == b'{';
                open = open << 1 | u128::from(object);
                position = blanks(bytes, position + 1);
                // The codes of `]` and `}` are two above the codes of `[` and `{`.
                if *bytes.get(position)? != first + 2 {
                    if object {
                        position = key(bytes, position)?.1;
                    }
                    continue;
                }
                position += 1;
                depth -= 1;
                open >>= 1;
            }
            b't' => position = literal(bytes, position, b"true")?,
            b'f' => position = literal(bytes, position, b"false")?,
            b'n' => position = literal(bytes, position, b"null")?,
            _ => position = number(bytes, position)?,
        }
        loop {
            if depth == 0 {
                return Some(position);
            }
            position = blanks(bytes, position);
            let object = open & 1 == 1;
            match *bytes.get(position)? {
                b',' => {
                    position = blanks(bytes, position + 1);
                    if object {
                        position = key(bytes, position)?.1;
                    }
                    break;
                }
                b'}' if object => {}
                b']' if !object => {}
                _ => return None,
            }
            position += 1;
            depth -= 1;
            open >>= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, blanks, skip};

    fn valid(text: &str) -> bool {
        skip(text.as_bytes(), blanks(text.as_bytes(), 0), MAX_DEPTH).is_some_and(|end| blanks(text.as_bytes(), end) == text.len())
    }

    #[test]
    fn what_is_valid_is_what_serde_json_takes() {
        let texts = [
            r"{}",
            r"[]",
            r" { } ",
            r#"{"a":1}"#,
            r#"{"a":1,}"#,
            r"[1,]",
            r"[,1]",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r"{a:1}",
            r"[1 2]",
            r#"{"a":1}}"#,
            r#"{"a":1]"#,
            r"[1}",
            "1",
            "-0",
            "-",
            "01",
            "1.",
            ".1",
            "1e",
            "1e5",
            "1E-5",
            "1e400",
            "-1e400",
            "1e-400",
            "0e99999999999",
            "1e99999999999",
            "+1",
            "0x1",
            "NaN",
            "Infinity",
            "tru",
            "true",
            "nulll",
            "null",
            "false",
            r#""a"#,
            r#""\""#,
            r#""\u0041""#,
            r#""\u00""#,
            r#""\ud800""#,
            r#""\ud83d\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\udc00""#,
            r#""\x41""#,
            "\"\t\"",
            "\"\u{7f}\"",
            "\"é\u{1F600}\"",
            "\u{feff}{}",
            "{}\u{a0}",
            "",
            " ",
            "\"12345678",
            "\"1234567\n8\"",
            "\u{b}1",
            "[\n1\r,\t2]",
            r#"{"a":[{"b":[]},{}]}"#,
            r#"[[{"a":[1]}]"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a" "b"}"#,
            r#"{"a":1:2}"#,
        ];
        for text in texts {
            assert_eq!(valid(text), serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text:?}");
        }
        let long = format!("1{}", "0".repeat(308));
        assert!(valid(&long));
        assert!(!valid(&format!("{long}0")));
    }

    #[test]
    fn containers_nest_as_deep_as_in_serde_json_and_no_deeper() {
        for depth in [1, 126, 127, 128, 129, 100_000] {
            for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                let text = format!("{}0{}", open.repeat(depth), close.repeat(depth));
                assert_eq!(valid(&text), depth <= 127, "{depth}");
                assert_eq!(valid(&text), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{depth}");
            }
        }
    }
}
