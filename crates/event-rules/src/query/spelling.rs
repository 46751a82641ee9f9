//! Regular expressions for texts, plain and in each spelling of JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A JSON string of a valid message.
pub(super) const STRING: &str = r#""(?:[^"\\]|\\.)*""#;

/// The rest of a JSON string up to its closing quote.
pub(super) const REST: &str = r#"(?:[^"\\]|\\.)*"#;

/// Characters of a JSON string, of which none is taken apart: an escape is one character.
pub(super) const CHARACTERS: &str = r#"(?:[^"\\]|\\(?:[^u]|u....))*"#;

/// The text itself.
pub(super) fn literal(text: &str) -> String {
    text.chars().map(character).collect()
}

/// One character that matches itself, outside of brackets and within.
fn character(character: char) -> String {
    match character {
        // A `/` would end the expression, and a `#` could begin a comment of the query.
        '/' | '#' => format!("\\x{:02x}", u32::from(character)),
        // With a `\` before them they are boundaries of words.
        '<' | '>' | '_' | ' ' => character.to_string(),
        _ if character.is_ascii_punctuation() => format!("\\{character}"),
        _ if character.is_ascii_control() => format!("\\x{:02x}", u32::from(character)),
        _ => character.to_string(),
    }
}

/// The text in a JSON string, each character plain or as one of its escapes.
pub(super) fn spelled(text: &str) -> String {
    text.chars().map(spelled_character).collect()
}

fn spelled_character(one: char) -> String {
    let mut ways = Vec::new();
    if plain(one) {
        ways.push(character(one));
    }
    ways.extend(short_escape(one).map(|letter| format!(r"\\{}", character(letter))));
    ways.push(units(one).iter().fold(String::new(), |written, unit| {
        let digits: String = unit.chars().map(digit).collect();
        written + r"\\u" + &digits
    }));
    format!("(?:{})", ways.join("|"))
}

/// Whether a JSON string may contain the character without an escape.
const fn plain(character: char) -> bool {
    !matches!(character, '"' | '\\' | '\0'..='\x1f')
}

/// The letter of its short escape.
const fn short_escape(character: char) -> Option<char> {
    match character {
        '"' | '\\' | '/' => Some(character),
        '\x08' => Some('b'),
        '\x0c' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    }
}

/// The digits of its `\u` escapes: one, or a pair.
fn units(character: char) -> Vec<String> {
    character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04x}")).collect()
}

/// A hexadecimal digit in any case.
fn digit(digit: char) -> String {
    if digit.is_ascii_digit() { digit.to_string() } else { format!("[{digit}{}]", digit.to_ascii_uppercase()) }
}

/// The content of a JSON string that is another name: without escapes and different, or with an escape that no character of the
/// name has. A string with escapes of characters of the name only is not matched.
pub(super) fn other_name(name: &str) -> String {
    let mut plainly = String::new();
    let characters: Vec<char> = name.chars().collect();
    let reachable = characters.iter().position(|character| !plain(*character)).unwrap_or(characters.len());
    // After all of the name's characters there must be another; a character that is never written plainly may be any.
    plainly.push_str(if reachable == characters.len() { r#"[^"\\]+"# } else { r#"[^"\\]*"# });
    for one in characters.iter().take(reachable).rev() {
        let one = character(*one);
        plainly = format!(r#"(?:[^{one}"\\][^"\\]*|{one}{plainly})?"#);
    }
    let letters: String = ['"', '\\', '/', '\x08', '\x0c', '\n', '\r', '\t']
        .into_iter()
        .filter(|one| !name.contains(*one))
        .filter_map(short_escape)
        .map(character)
        .collect();
    let units: BTreeSet<String> = characters.iter().filter_map(|one| units(*one).into_iter().next()).collect();
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    let unit = other_digits(&units, 4);
    let escape = if letters.is_empty() { format!(r"\\u{unit}") } else { format!(r"\\(?:[{letters}]|u{unit})") };
    format!("(?:{plainly}|{REST}{escape}{REST})")
}

/// This number of hexadecimal digits, except these numbers.
fn other_digits(numbers: &[&str], length: usize) -> String {
    if length == 0 || numbers.is_empty() {
        return ".".repeat(length);
    }
    let firsts: BTreeSet<char> = numbers.iter().filter_map(|number| number.chars().next()).collect();
    let mut class = String::new();
    for first in &firsts {
        let _written = write!(class, "{first}");
        if first.is_ascii_alphabetic() {
            class.push(first.to_ascii_uppercase());
        }
    }
    let mut ways = vec![format!("[^{class}]{}", ".".repeat(length - 1))];
    for first in firsts.into_iter().filter(|_| length > 1) {
        let rest: Vec<&str> = numbers.iter().filter_map(|number| number.strip_prefix(first)).collect();
        ways.push(format!("{}{}", digit(first), other_digits(&rest, length - 1)));
    }
    format!("(?:{})", ways.join("|"))
}
