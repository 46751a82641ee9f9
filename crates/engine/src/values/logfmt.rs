//! `parse field logfmt as map`: keys and values as `level=info msg="it is done"`.
//!
//! Parses one text. AWS (User Guide, page *parse*) does not document the details, so the rules are those that parsers of Heroku's
//! format have in common:
//! - pairs stand between white space; a value in double quotes may have white space and the escapes of JSON in it;
//! - a key without `=` has the value `true`; a key with `=` and nothing after it has the empty text;
//! - a key that occurs twice has its last value, at its first position;
//! - a text without any `key=value` does not match.

use std::borrow::Cow;

use super::map_builder::MapBuilder;
use super::value::Value;

/// The pairs as a map of texts; `None` if the text has no pair.
///
/// ```
/// use logmark_engine::values::{logfmt, value::Value};
///
/// let text = |text: &str| Value::Text(text.to_owned());
/// let map = logfmt::parse(r#"level=info msg="say \"hi\"" retry tag= level=warn"#).unwrap();
/// let expected = [("level", "warn"), ("msg", "say \"hi\""), ("retry", "true"), ("tag", "")];
/// assert_eq!(map, Value::Map(expected.map(|(key, value)| (key.to_owned(), text(value))).into()));
/// assert_eq!(logfmt::parse("plain words"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<Value> {
    let mut map = MapBuilder::default();
    let mut matched = false;
    for (key, value) in pairs(text) {
        matched |= value.is_some();
        let value = value.map_or_else(|| "true".to_owned(), Cow::into_owned);
        map.insert(key.to_owned(), Value::Text(value));
    }
    matched.then(|| map.finish())
}

/// The pairs in order, with duplicates; the value is `None` for a key without `=`.
///
/// ```
/// let pairs: Vec<_> = logmark_engine::values::logfmt::pairs("a=1 b").collect();
/// assert_eq!(pairs, [("a", Some("1".into())), ("b", None)]);
/// ```
#[must_use]
pub const fn pairs(text: &str) -> Pairs<'_> {
    Pairs { rest: text }
}

/// See [`pairs`].
#[derive(Debug, Clone)]
pub struct Pairs<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Pairs<'t> {
    type Item = (&'t str, Option<Cow<'t, str>>);

    fn next(&mut self) -> Option<Self::Item> {
        // Characters that cannot begin a key are skipped, as in the format's first parser.
        self.rest = self.rest.trim_start_matches(|character| !in_key(character));
        let end = self.rest.find(|character| !in_key(character)).unwrap_or(self.rest.len());
        let (key, after) = self.rest.split_at(end);
        if key.is_empty() {
            return None;
        }
        let Some(after) = after.strip_prefix('=') else {
            self.rest = after;
            return Some((key, None));
        };
        let (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].into(), &after[end..])
            }
        };
        self.rest = rest;
        Some((key, Some(value)))
    }
}

fn in_key(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && character != '=' && character != '"'
}

/// The value after its opening quote, and the rest after its closing quote; an open quote extends to the end.
fn unquote(quoted: &str) -> (Cow<'_, str>, &str) {
    let Some(first) = quoted.find(['"', '\\']) else {
        return (quoted.into(), "");
    };
    if quoted.as_bytes()[first] == b'"' {
        return (quoted[..first].into(), &quoted[first + 1..]);
    }
    let mut value = String::new();
    let mut rest = quoted;
    while let Some(place) = rest.find(['"', '\\']) {
        value.push_str(&rest[..place]);
        let (mark, after) = rest[place..].split_at(1);
        if mark == "\"" {
            return (value.into(), after);
        }
        rest = escape(after, &mut value);
    }
    value.push_str(rest);
    (value.into(), "")
}

/// One escape after its backslash; an unknown escape is kept as written.
fn escape<'t>(after: &'t str, value: &mut String) -> &'t str {
    let Some(escaped) = after.chars().next() else {
        value.push('\\');
        return after;
    };
    let rest = &after[escaped.len_utf8()..];
    match escaped {
        'n' => value.push('\n'),
        'r' => value.push('\r'),
        't' => value.push('\t'),
        '"' | '\\' | '/' => value.push(escaped),
        'u' => {
            let digits = rest.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            let character = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
            if let Some(character) = character {
                value.push(character);
                return &rest[4..];
            }
            value.push_str("\\u");
        }
        _ => {
            value.push('\\');
            value.push(escaped);
        }
    }
    rest
}
