//! The configuration as a tree of values with their locations.
//!
//! Owns the parsing of TOML text into the tree. Never interprets a key: the sections do.
//! See also [`super::environment`], which overlays variables, and [`super::deserializer`], which reads structs from the tree.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{ConfigError, Location};

/// The keys of a table and their values.
pub(super) type Entries = BTreeMap<String, Entry>;

/// One key of a table and its value.
pub(super) struct Entry {
    /// Of the key.
    pub(super) location: Location,
    pub(super) node: Node,
}

/// A value and its location. Has no `Debug`, because a value may be a misplaced secret.
pub(super) struct Node {
    pub(super) value: Value,
    /// Of the value; the location of a table is its header.
    pub(super) location: Location,
    /// An error was reported for this value: deserialization skips it.
    pub(super) skipped: Cell<bool>,
}

impl Node {
    pub(super) fn new(value: Value, location: Location) -> Self {
        Self { value, location, skipped: Cell::new(false) }
    }
}

/// A value of TOML, or of a variable.
pub(super) enum Value {
    /// A level that a variable's name opens; becomes a table or an array.
    Unset,
    /// Text in quotes.
    String(String),
    /// An integer that does not fit is `i128::MAX`, which is outside the range of every key.
    Integer(i128),
    /// A number with a fraction or an exponent, `inf` or `nan`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time. No key takes one.
    Datetime,
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Entries),
    /// The value of a variable: a string, or a TOML value for the keys that do not take strings.
    Variable {
        /// As set in the environment.
        text: String,
        /// The text parsed as TOML, unless it is a string.
        parsed: Option<Box<Value>>,
    },
}

impl Entry {
    /// The variables that set this key or keys below it; the location of the key itself if there are none.
    pub(super) fn locations(&self) -> Vec<&Location> {
        let mut locations = self.node.variables();
        locations.dedup();
        if locations.is_empty() { vec![&self.location] } else { locations }
    }
}

impl Node {
    fn variables(&self) -> Vec<&Location> {
        let below: Vec<&Location> = match &self.value {
            Value::Array(items) => items.iter().flat_map(Self::variables).collect(),
            Value::Table(entries) => entries.values().flat_map(|entry| entry.node.variables()).collect(),
            _ => Vec::new(),
        };
        match &self.location {
            location @ Location::Variable { .. } if below.is_empty() => vec![location],
            _ => below,
        }
    }

    /// Its keys, if it is a table.
    pub(super) fn entries_mut(&mut self) -> Option<&mut Entries> {
        match &mut self.value {
            Value::Table(entries) => Some(entries),
            Value::Variable { parsed: Some(parsed), .. } => match &mut **parsed {
                Value::Table(entries) => Some(entries),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an error was reported for this value or for a value in it.
    pub(super) fn has_errors(&self) -> bool {
        self.skipped.get()
            || match self.value.resolved() {
                Value::Array(items) => items.iter().any(Self::has_errors),
                Value::Table(entries) => entries.values().any(|entry| entry.node.has_errors()),
                _ => false,
            }
    }
}

impl Value {
    /// The value, for a key that does not take strings.
    pub(super) fn resolved(&self) -> &Self {
        match self {
            Self::Variable { parsed: Some(parsed), .. } => parsed,
            other => other,
        }
    }

    /// The text of a string or a variable.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Variable { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The type, as error messages name it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unset => "nothing",
            Self::String(_) | Self::Variable { parsed: None, .. } => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime => "a date or time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Variable { parsed: Some(parsed), .. } => parsed.kind(),
        }
    }
}

/// Reads a file's text.
///
/// # Errors
/// The first syntax error; later ones may only follow from it.
pub(super) fn read(file: &str, text: &str) -> Result<Node, ConfigError> {
    let lines = Lines::of(file, text);
    let document = DeTable::parse(text).map_err(|error| ConfigError {
        location: lines.point(error.span().map_or(0, |span| span.start)),
        key: String::new(),
        // The error's Display would repeat the line, which may hold a secret.
        text: format!("invalid TOML: {}", error.message()),
    })?;
    let location = lines.point(0);
    Ok(Node::new(Value::Table(entries(document.get_ref(), &|span| lines.point(span.start))), location))
}

/// Reads the value of a variable. All of it has one location.
pub(super) fn read_variable(text: &str, location: &Location) -> Node {
    let parsed = DeValue::parse(text.trim()).ok().filter(|parsed| !parsed.get_ref().is_str());
    let parsed = parsed.map(|parsed| Box::new(value(parsed.get_ref(), &|_| location.clone())));
    Node::new(Value::Variable { text: text.to_owned(), parsed }, location.clone())
}

fn entries(table: &DeTable<'_>, location: &dyn Fn(Range<usize>) -> Location) -> Entries {
    let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        (key.get_ref().to_string(), Entry { location: location(key.span()), node: node(value, location) })
    };
    table.iter().map(entry).collect()
}

fn node(spanned: &Spanned<DeValue<'_>>, location: &dyn Fn(Range<usize>) -> Location) -> Node {
    Node::new(value(spanned.get_ref(), location), location(spanned.span()))
}

fn value(parsed: &DeValue<'_>, location: &dyn Fn(Range<usize>) -> Location) -> Value {
    match parsed {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Integer(number) => Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX)),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(items) => Value::Array(items.iter().map(|item| node(item, location)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, location)),
    }
}

/// Finds lines and columns. A document has a location for each key and value, so its text is not searched for each.
struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(file: &str, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1)).collect();
        Self { file: file.into(), text, starts }
    }

    fn point(&self, offset: usize) -> Location {
        let offset = if self.text.is_char_boundary(offset) { offset } else { self.text.len() };
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        let before = if start == 0 { before.strip_prefix('\u{feff}').unwrap_or(before) } else { before };
        Location::Point { file: Arc::clone(&self.file), line, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_the_text() {
        let text = "\u{feff}a = 1\n\né = [\r\n  2]";
        let lines = Lines::of("file", text);
        for offset in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)) {
            let before = text[..offset].strip_prefix('\u{feff}').unwrap_or(&text[..offset]);
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            let expected = Location::Point { file: "file".into(), line: before.matches('\n').count() + 1, column };
            assert_eq!(lines.point(offset), expected, "{offset}");
        }
        assert_eq!(lines.point(1), lines.point(text.len()), "not a boundary");
        assert_eq!(lines.point(1000), lines.point(text.len()));
    }
}
