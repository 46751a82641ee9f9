//! The configuration as a tree of values, each of which knows where it was written.
//!
//! Owns the step from TOML text to that tree. Never says what a key means: that is [`super::reader`] and the sections.
//! Look next at [`super::environment`], which lays variables over the tree.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{ConfigError, Location};

/// A table's keys, each with its place.
pub(super) type Entries = BTreeMap<String, Entry>;

/// One key of a table and what stands behind it.
pub(super) struct Entry {
    /// Where the key is.
    pub(super) location: Location,
    /// Its value.
    pub(super) node: Node,
}

/// A value and where it is. Has no `Debug`: it may hold what somebody took for a good place for a secret.
pub(super) struct Node {
    /// The value.
    pub(super) value: Value,
    /// Its place; a table's is its header.
    pub(super) location: Location,
}

/// A value of TOML, or of a variable.
pub(super) enum Value {
    /// Not yet anything: a step on a variable's way down.
    Unset,
    /// Text in quotes.
    Text(String),
    /// A whole number; one too large for TOML is `i128::MAX`, which is in nobody's range.
    Whole(i128),
    /// A number with a fraction.
    Fraction(f64),
    /// `true` or `false`.
    Truth(bool),
    /// A date or a time; no key wants one.
    Moment,
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Entries),
    /// A variable's text, and what it is where a key wants no text.
    Variable {
        /// As it is in the environment.
        text: String,
        /// As a TOML value, when it is one.
        parsed: Option<Box<Value>>,
    },
}

impl Value {
    /// What it is, for an error that says that it should be something else.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Unset => "nothing",
            Self::Text(_) | Self::Variable { parsed: None, .. } => "a text",
            Self::Whole(_) => "a whole number",
            Self::Fraction(_) => "a number with a fraction",
            Self::Truth(_) => "`true` or `false`",
            Self::Moment => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Variable { parsed: Some(parsed), .. } => parsed.kind(),
        }
    }
}

/// Reads a file's text.
///
/// # Errors
/// The first error of syntax: what follows it is guesswork.
pub(super) fn read(file: &str, text: &str) -> Result<Node, ConfigError> {
    let lines = Lines { file: file.into(), text };
    let document = DeTable::parse(text).map_err(|error| ConfigError {
        location: lines.point(error.span().map_or(0, |span| span.start)),
        key: String::new(),
        // Not the error's Display: that repeats the line, and the line may hold a secret.
        text: format!("is no TOML: {}", error.message()),
    })?;
    let location = lines.point(0);
    Ok(Node { value: Value::Table(entries(document.get_ref(), &|span| lines.point(span.start))), location })
}

/// Reads a variable's text, all of it at one place.
pub(super) fn read_variable(text: &str, location: &Location) -> Node {
    let parsed = DeValue::parse(text.trim()).ok().filter(|parsed| !parsed.get_ref().is_str());
    let parsed = parsed.map(|parsed| Box::new(value(parsed.get_ref(), &|_| location.clone())));
    Node { value: Value::Variable { text: text.to_owned(), parsed }, location: location.clone() }
}

fn entries(table: &DeTable<'_>, location: &dyn Fn(Range<usize>) -> Location) -> Entries {
    let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        (key.get_ref().to_string(), Entry { location: location(key.span()), node: node(value, location) })
    };
    table.iter().map(entry).collect()
}

fn node(spanned: &Spanned<DeValue<'_>>, location: &dyn Fn(Range<usize>) -> Location) -> Node {
    Node { value: value(spanned.get_ref(), location), location: location(spanned.span()) }
}

fn value(parsed: &DeValue<'_>, location: &dyn Fn(Range<usize>) -> Location) -> Value {
    match parsed {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(number) => Value::Whole(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX)),
        DeValue::Float(number) => Value::Fraction(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(_) => Value::Moment,
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, location)).collect()),
        DeValue::Table(table) => Value::Table(entries(table, location)),
    }
}

/// Finds lines and columns.
struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl Lines<'_> {
    fn point(&self, offset: usize) -> Location {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Location::Point { file: Arc::clone(&self.file), line: before.matches('\n').count() + 1, column }
    }
}
