//! The tokens of a text of JSON, read without recursion.
//!
//! Owns the reading of strings and numbers; knows nothing of values. Logmark has its own reader because `serde_json` rejects a
//! whole message for half of a surrogate pair (which JavaScript writes when it cuts a text) or for a number that a double cannot
//! hold.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::number::Number;

/// One token. Commas, colons and white space are not tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'t> {
    MapBegins,
    MapEnds,
    ListBegins,
    ListEnds,
    /// A key of a map; its value follows.
    Key(Cow<'t, str>),
    Text(Cow<'t, str>),
    /// A whole number that fits.
    Integer(i64),
    /// Any other number that a double holds.
    Double(f64),
    Boolean(bool),
    /// `null`, and a number that is too large for a double.
    Null,
}

/// The tokens of one JSON value.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    /// Reads the text once to check that all of it is JSON; `None` if not.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        // Skipped values are checked without recursion, so nesting needs no bound.
        serde_json::from_str::<IgnoredAny>(text).ok().map(|_| Self { rest: text })
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn text(&mut self) -> Token<'t> {
        let (text, rest) = unquote(self.rest.get(1..).unwrap_or_default());
        self.rest = rest.trim_start_matches(is_space);
        match self.rest.strip_prefix(':') {
            Some(rest) => {
                self.rest = rest;
                Token::Key(text)
            }
            None => Token::Text(text),
        }
    }

    fn number(&mut self) -> Token<'t> {
        let in_number = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        let length = self.rest.bytes().take_while(|byte| in_number(*byte)).count();
        let written = self.rest.get(..length).unwrap_or_default();
        // At least one byte, so that the loop always reaches the end.
        self.skip(length.max(1));
        match Number::parse(written) {
            Some(Number::Integer(number)) => Token::Integer(number),
            Some(Number::Double(number)) => Token::Double(number),
            None => Token::Null,
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        self.rest = self.rest.trim_start_matches(|character| is_space(character) || character == ',');
        let (length, token) = match self.rest.bytes().next()? {
            b'{' => (1, Token::MapBegins),
            b'}' => (1, Token::MapEnds),
            b'[' => (1, Token::ListBegins),
            b']' => (1, Token::ListEnds),
            b't' => (4, Token::Boolean(true)),
            b'f' => (5, Token::Boolean(false)),
            b'n' => (4, Token::Null),
            b'"' => return Some(self.text()),
            _ => return Some(self.number()),
        };
        self.skip(length);
        Some(token)
    }
}

const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// The string after its opening quote, and the rest after its closing quote.
pub(crate) fn unquote(quoted: &str) -> (Cow<'_, str>, &str) {
    let mut text = Cow::Borrowed("");
    let mut rest = quoted;
    while let Some(place) = rest.find(['"', '\\']) {
        let (piece, after) = rest.split_at(place);
        text = if text.is_empty() { piece.into() } else { text + piece };
        if let Some(after) = after.strip_prefix('"') {
            return (text, after);
        }
        let (character, after) = escaped(&after[1..]);
        text.to_mut().push(character);
        rest = after;
    }
    (text, "")
}

/// One escape after its backslash, and the rest; half of a surrogate pair is U+FFFD.
fn escaped(after: &str) -> (char, &str) {
    let character = match after.bytes().next() {
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            let (first, rest) = unit(&after[1..]);
            let second = rest.strip_prefix("\\u").map(unit);
            return match (char::from_u32(first), second) {
                (Some(character), _) => (character, rest),
                (None, Some((second, after))) if first < 0xdc00 && (0xdc00..0xe000).contains(&second) => {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after)
                }
                _ => (char::REPLACEMENT_CHARACTER, rest),
            };
        }
        _ => after.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    (character, after.get(character_length(after)..).unwrap_or_default())
}

fn character_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Four hexadecimal digits, which were checked before.
fn unit(digits: &str) -> (u32, &str) {
    let (digits, rest) = digits.split_at_checked(4).unwrap_or((digits, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(0xdfff), rest)
}
