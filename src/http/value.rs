//! The values of parameters and of members of a body: each parses itself and describes itself.
//!
//! Owns the forms that several parameters share: numbers, words, names, times. Bounds are written once, and hold for the parser
//! and for the schema. Never reads a request: that is [`super::input`] and [`super::body`].

use std::fmt::{self, Display};
use std::str::FromStr;

use logmark_diagnostics::Diagnostic;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, SchemaFormat};

use super::field_error::Language;
use crate::domain::name::{NameError, from_url_spelling};

/// A value in a text.
pub trait Value: fmt::Debug + Sync {
    /// The value, typed.
    type Parsed;

    /// Parses the text.
    ///
    /// # Errors
    /// Why the text is not such a value.
    fn parse(&self, text: &str) -> Result<Self::Parsed, InvalidValue>;

    /// The schema in the OpenAPI document.
    fn schema(&self) -> RefOr<Schema>;
}

/// Why a text is not a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidValue {
    /// A clause that completes the sentence "`value` …".
    Clause(String),
    /// Faults that name their own part of the text.
    Faults(Vec<String>),
    /// Faults of a text in a language of its own, each with its position.
    Text(Language, Vec<Diagnostic>),
}

impl InvalidValue {
    /// The error as a clause.
    pub fn clause(error: impl Display) -> Self {
        Self::Clause(error.to_string())
    }
}

/// A whole number.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// The smallest.
    pub least: usize,
    /// The largest.
    pub most: usize,
}

impl Number {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The bounds, as a clause; also for `None`, a text or a JSON value that is not a whole number.
    pub fn check(&self, number: Option<usize>) -> Result<usize, String> {
        let Self { least, most } = *self;
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("is not a whole number from {least} to {most}"))
    }

    /// The schema.
    #[must_use]
    pub fn object(&self) -> ObjectBuilder {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(self.least))
            .maximum(Some(self.most))
    }
}

impl Value for Number {
    type Parsed = usize;

    fn parse(&self, text: &str) -> Result<usize, InvalidValue> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        self.check(usize::from_str(text).ok().filter(|_| is_number)).map_err(InvalidValue::Clause)
    }

    fn schema(&self) -> RefOr<Schema> {
        self.object().into()
    }
}

/// One of a few words, each with its meaning.
#[derive(Debug, Clone, Copy)]
pub struct Words<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + fmt::Debug + Sync> Value for Words<T> {
    type Parsed = T;

    fn parse(&self, text: &str) -> Result<T, InvalidValue> {
        let found = self.0.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| InvalidValue::Clause(instead(self.0.iter().map(|(word, _)| *word))))
    }

    fn schema(&self) -> RefOr<Schema> {
        let words = self.0.iter().map(|(word, _)| *word);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

/// The clause that names the words to use instead.
fn instead<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [one] => format!("is not valid: use {one}"),
        [others @ .., last] => format!("is not valid: use {} or {last}", others.join(", ")),
        [] => "is not valid".to_owned(),
    }
}

/// `true` or `false`.
#[derive(Debug, Clone, Copy)]
pub struct Switch;

impl Value for Switch {
    type Parsed = bool;

    fn parse(&self, text: &str) -> Result<bool, InvalidValue> {
        bool::from_str(text).map_err(|_| InvalidValue::Clause(instead(["true", "false"].into_iter())))
    }

    fn schema(&self) -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Boolean).into()
    }
}

/// A text with a parser and a schema of its own.
pub struct Text<T> {
    /// Parses the text.
    pub parse: fn(&str) -> Result<T, InvalidValue>,
    /// The schema.
    pub schema: fn() -> ObjectBuilder,
}

// Derived implementations would require the same of `T`.
impl<T> fmt::Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").finish_non_exhaustive()
    }
}

impl<T> Clone for Text<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Text<T> {}

impl<T> Value for Text<T> {
    type Parsed = T;

    fn parse(&self, text: &str) -> Result<T, InvalidValue> {
        (self.parse)(text)
    }

    fn schema(&self) -> RefOr<Schema> {
        (self.schema)().into()
    }
}

/// A name in either of its spellings (see [`from_url_spelling`]).
///
/// # Errors
/// The rule that the name breaks.
pub fn name<T: TryFrom<String, Error = NameError>>(text: &str) -> Result<T, InvalidValue> {
    T::try_from(from_url_spelling(text)).map_err(InvalidValue::clause)
}

/// Any text, such as a cursor: whether it opens is decided later, since the answer does not tell an altered one from a made-up one.
///
/// # Errors
/// None.
pub fn any(text: &str) -> Result<String, InvalidValue> {
    Ok(text.to_owned())
}

/// A value that may be given several times, each time another one.
#[derive(Debug, Clone, Copy)]
pub struct Repeated<V> {
    /// One of the values.
    pub item: V,
    /// How many there may be.
    pub most: usize,
}

impl<V: Value> Value for Repeated<V> {
    type Parsed = V::Parsed;

    fn parse(&self, text: &str) -> Result<V::Parsed, InvalidValue> {
        self.item.parse(text)
    }

    fn schema(&self) -> RefOr<Schema> {
        ArrayBuilder::new().items(self.item.schema()).max_items(Some(self.most)).unique_items(true).into()
    }
}

/// The text of a header. Headers that are not understood are ignored (RFC 9110 §5.1), so it has no parser:
/// [`super::parameter::Parameter::values`] gives the text.
#[derive(Debug, Clone, Copy)]
pub struct HeaderText;

impl Value for HeaderText {
    type Parsed = String;

    fn parse(&self, text: &str) -> Result<String, InvalidValue> {
        Ok(text.to_owned())
    }

    fn schema(&self) -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::String, Type::Null])).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_refused_with_what_to_use_instead() {
        let clause = |result: Result<usize, InvalidValue>| match result {
            Err(InvalidValue::Clause(clause)) => clause,
            other => panic!("{other:?}"),
        };
        for text in ["", "0", "11", "-1", "+5", "1e1", "1.0", "99999999999999999999999"] {
            assert_eq!(clause(Number { least: 1, most: 10 }.parse(text)), "is not a whole number from 1 to 10", "{text}");
        }
        for (words, expected) in [
            (&[("asc", 1)][..], "is not valid: use `asc`"),
            (&[("asc", 1), ("desc", 2)], "is not valid: use `asc` or `desc`"),
            (&[("a", 1), ("b", 2), ("c", 3)], "is not valid: use `a`, `b` or `c`"),
        ] {
            assert_eq!(clause(Words(words).parse("ASC")), expected);
        }
        assert_eq!(Switch.parse("true"), Ok(true));
        assert_eq!(Switch.parse("1"), Err(InvalidValue::Clause("is not valid: use `true` or `false`".to_owned())));
    }
}
