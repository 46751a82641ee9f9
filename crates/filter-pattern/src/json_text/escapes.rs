//! Resolves the escapes of a valid JSON string.

use super::unit;

/// The string with its escapes resolved.
pub(crate) fn resolve(raw: &str) -> String {
    let mut resolved = String::with_capacity(raw.len());
    characters(raw, |part| {
        resolved.push_str(part);
        true
    });
    resolved
}

/// Whether the string, its escapes resolved, is that one; without building it.
pub(crate) fn equal(raw: &str, wanted: &str) -> bool {
    let mut rest = Some(wanted);
    characters(raw, |part| {
        rest = rest.and_then(|rest| rest.strip_prefix(part));
        rest.is_some()
    });
    rest == Some("")
}

/// Calls `take` with the parts of the string in order, until it returns false.
fn characters(raw: &str, mut take: impl FnMut(&str) -> bool) {
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        let (character, length) = character(escape.as_bytes());
        if !take(plain) || !take(character.encode_utf8(&mut [0; 4])) {
            return;
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    take(rest);
}

/// The character of an escape whose letter is the first byte, and the length of the escape in bytes.
fn character(escape: &[u8]) -> (char, usize) {
    match escape.first() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => {
            let high = unit(escape, 1).unwrap_or_default();
            if let Some(character) = char::from_u32(high) {
                return (character, 5);
            }
            let low = unit(escape, 7).unwrap_or_default();
            let code = 0x1_0000 + ((high & 0x3ff) << 10 | low & 0x3ff);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
        }
        Some(other) => (char::from(*other), 1),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::{equal, resolve};

    #[test]
    fn escapes_stand_for_their_characters() {
        for (raw, wanted) in [
            (r"plain é", "plain é"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"a\u0041\u00e9\u20ACz", "aAé\u{20ac}z"),
            (r"\ud83d\ude00!", "\u{1f600}!"),
            ("", ""),
        ] {
            assert_eq!(resolve(raw), wanted);
            assert!(equal(raw, wanted));
            assert!(!equal(raw, &format!("{wanted}x")));
            assert!(!equal(&format!("{raw}x"), wanted));
        }
        assert!(!equal(r"a\u0041", "aBc"));
    }
}
