//! The structure of a JSON template: JSON in which a variable may also stand where a value does.

use std::ops::Range;

use super::TemplateError;
use super::split::{Piece, pieces, variable_length};

/// The greatest depth of nested objects.
const MAX_DEPTH: usize = 32;

/// A value of a JSON template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonValue {
    /// Members, in order.
    Object(Vec<(String, Self)>),
    /// Elements.
    Array(Vec<Self>),
    /// A string or a variable without quotes.
    Leaf(Leaf),
    /// A number, `true`, `false`, `null`.
    Constant,
}

/// A string, or a variable without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// Literals and variables.
    pub(crate) pieces: Vec<Piece>,
    /// Whether it is in quotes.
    pub(crate) is_quoted: bool,
}

impl JsonValue {
    /// Whether a variable is not in quotes. (`error.messageString` brings its own.)
    pub(crate) fn has_bare_variable(&self) -> bool {
        match self {
            Self::Object(members) => members.iter().any(|(_, value)| value.has_bare_variable()),
            Self::Array(elements) => elements.iter().any(Self::has_bare_variable),
            Self::Leaf(leaf) => !leaf.is_quoted && !matches!(leaf.pieces.first(), Some(Piece::Variable(v)) if v.is_quoted()),
            Self::Constant => false,
        }
    }
}

/// Reads a template.
pub(super) fn read(text: &str) -> Result<JsonValue, TemplateError> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.error("text behind the JSON object", "remove it, or put it inside"));
    }
    Ok(value)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, sign: char) -> bool {
        self.skip_space();
        let is_next = self.peek() == Some(sign);
        self.at += if is_next { sign.len_utf8() } else { 0 };
        is_next
    }

    fn error(&self, problem: impl Into<String>, hint: &str) -> TemplateError {
        let length = self.peek().map_or(0, char::len_utf8);
        TemplateError::new(self.at..self.at + length, problem, hint)
    }

    /// What stands at the current place, for errors.
    fn found(&self) -> String {
        let word: String = self.rest().chars().take(12).take_while(|c| !c.is_whitespace()).collect();
        if word.is_empty() { "the end".to_owned() } else { format!("`{word}`") }
    }

    fn value(&mut self, depth: usize) -> Result<JsonValue, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("more than {MAX_DEPTH} nested objects"), "make the template flatter"));
        }
        self.skip_space();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => Ok(JsonValue::Leaf(Leaf { pieces: split(&self.string()?), is_quoted: true })),
            Some('$') => {
                let length = variable_length(self.rest());
                let pieces = split(&self.rest()[..length]);
                self.at += length;
                Ok(JsonValue::Leaf(Leaf { pieces, is_quoted: false }))
            }
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Result<JsonValue, TemplateError> {
        let length = self.rest().find([',', '}', ']', ' ']).unwrap_or(self.rest().len());
        let word = &self.rest()[..length];
        if serde_json::from_str::<serde::de::IgnoredAny>(word).is_err() {
            return Err(self.error(format!("expected a value, found {}", self.found()), "put text in double quotes"));
        }
        self.at += length;
        Ok(JsonValue::Constant)
    }

    fn object(&mut self, depth: usize) -> Result<JsonValue, TemplateError> {
        self.take('{');
        let mut members = Vec::new();
        if self.take('}') {
            return Ok(JsonValue::Object(members));
        }
        loop {
            self.skip_space();
            if self.peek() != Some('"') {
                return Err(self.error(format!("expected a key in double quotes, found {}", self.found()), "write `\"key\":`"));
            }
            let place = self.at;
            let key = self.string()?;
            if key.contains('$') {
                return Err(TemplateError::new(place..self.at, "variable in a key", "write variables in values"));
            }
            if !self.take(':') {
                return Err(self.error(format!("expected `:` behind the key `{key}`, found {}", self.found()), "add the colon"));
            }
            if members.iter().any(|(known, _)| *known == key) {
                let hint = "use a different key: readers keep only one of them";
                return Err(TemplateError::new(place..self.at, format!("key `{key}` occurs twice"), hint));
            }
            let value = self.value(depth + 1)?;
            members.push((key, value));
            if self.take('}') {
                return Ok(JsonValue::Object(members));
            }
            self.comma('}')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<JsonValue, TemplateError> {
        self.take('[');
        let mut elements = Vec::new();
        if self.take(']') {
            return Ok(JsonValue::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.take(']') {
                return Ok(JsonValue::Array(elements));
            }
            self.comma(']')?;
        }
    }

    fn comma(&mut self, close: char) -> Result<(), TemplateError> {
        if self.take(',') {
            return Ok(());
        }
        let hint = if self.peek().is_none() { "add the closing bracket" } else { "add the comma, or check the quotes before it" };
        Err(self.error(format!("expected `,` or `{close}`, found {}", self.found()), hint))
    }

    /// The text of a string, which begins at the current place.
    fn string(&mut self) -> Result<String, TemplateError> {
        let mut end = 1;
        loop {
            match self.rest().as_bytes().get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => return Err(self.error("string without its closing quote", "add the double quote")),
            }
        }
        let Some(written) = self.rest().get(..=end) else {
            return Err(self.error("wrong escape in a string", "write a backslash as `\\\\`"));
        };
        let text = serde_json::from_str(written);
        let text = text.map_err(|_| self.error("wrong escape in a string", "write a backslash as `\\\\`"))?;
        self.at += end + 1;
        Ok(text)
    }
}

/// The parts of a string. Errors of its variables are found in the whole template.
fn split(text: &str) -> Vec<Piece> {
    let mut ignored = Vec::new();
    pieces(text, &mut ignored).into_iter().map(|(piece, _): (Piece, Range<usize>)| piece).collect()
}
