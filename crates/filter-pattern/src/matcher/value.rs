//! Tests of one value: the text of a field, or a JSON scalar.
//!
//! Owns the meaning of comparison operators and `IS`. Other modules find the value.

use memchr::memmem::Finder;
use regex::Regex as Automaton;

use super::error::CompileError;
use super::expression;
use super::number::Numeric;
use crate::ast::{Comparison, JsonPredicate, Number, Operand, Operator, Wildcard};

/// A value that a selector or a field name points to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// Text: a JSON string with its escapes resolved, or a field.
    Text(&'a str),
    /// A JSON number as it was written.
    Number(&'a str),
    Boolean(bool),
    Null,
}

/// The test.
#[derive(Debug)]
pub(crate) enum ValueTest {
    Text {
        wanted: Text,
        equal: bool,
    },
    Number {
        operator: Operator,
        value: Numeric,
        text: String,
    },
    Regex {
        automaton: Automaton,
        found: bool,
    },
    Boolean(bool),
    Null,
    /// The existence of any value: the scan records it, and the formula negates it.
    Exists,
}

impl ValueTest {
    pub(super) fn of_predicate(predicate: &JsonPredicate) -> Result<Self, CompileError> {
        Ok(match predicate {
            JsonPredicate::Compare(comparison) => return Self::of_comparison(comparison),
            JsonPredicate::IsTrue => Self::Boolean(true),
            JsonPredicate::IsFalse => Self::Boolean(false),
            JsonPredicate::IsNull => Self::Null,
            JsonPredicate::NotExists => Self::Exists,
        })
    }

    pub(super) fn of_comparison(comparison: &Comparison) -> Result<Self, CompileError> {
        let equal = comparison.operator == Operator::Equal;
        Ok(match &comparison.value.node {
            Operand::Text(wildcard) => Self::Text { wanted: Text::new(wildcard), equal },
            Operand::Regex(regex) => Self::Regex { automaton: expression::compile(regex)?, found: equal },
            Operand::Number(Number { value, text }) => Self::Number {
                operator: comparison.operator,
                value: Numeric::parse(text).unwrap_or(Numeric::Float(*value)),
                text: text.clone(),
            },
        })
    }

    /// Whether the value passes the test. Booleans and null are not compared (User Guide: "value nodes can be strings or
    /// numbers"); only `IS`, and `= *` for any value, hold for them.
    pub(crate) fn holds(&self, scalar: Scalar<'_>) -> bool {
        match (self, scalar) {
            (Self::Exists, _) => true,
            (Self::Boolean(wanted), Scalar::Boolean(value)) => *wanted == value,
            (Self::Null, Scalar::Null) => true,
            (Self::Text { wanted, equal }, Scalar::Text(text) | Scalar::Number(text)) => wanted.is(text) == *equal,
            (Self::Text { wanted: Text::Anything, equal }, Scalar::Boolean(_) | Scalar::Null) => *equal,
            (Self::Regex { automaton, found }, Scalar::Text(text) | Scalar::Number(text)) => automaton.is_match(text) == *found,
            (Self::Number { operator, value, text: written }, Scalar::Text(text) | Scalar::Number(text)) => {
                compare(text, *operator, *value, written)
            }
            _ => false,
        }
    }
}

/// An unquoted number is also text (`$.accountId = 123456789012` compares a string of digits): a value with the same spelling is
/// equal. A text that is not a number differs from every number, and is neither less nor greater.
fn compare(text: &str, operator: Operator, value: Numeric, written: &str) -> bool {
    if text == written {
        return matches!(operator, Operator::Equal | Operator::LessOrEqual | Operator::GreaterOrEqual);
    }
    Numeric::parse(text).map_or(operator == Operator::NotEqual, |number| number.is(operator, value))
}

/// Text with `*` at its ends, perhaps.
#[derive(Debug)]
pub(crate) enum Text {
    Anything,
    Whole(String),
    Prefix(String),
    Suffix(String),
    Inside(Box<Finder<'static>>),
}

impl Text {
    fn new(Wildcard { open_start, text, open_end }: &Wildcard) -> Self {
        match (open_start, open_end) {
            _ if text.is_empty() && (*open_start || *open_end) => Self::Anything,
            (false, false) => Self::Whole(text.clone()),
            (false, true) => Self::Prefix(text.clone()),
            (true, false) => Self::Suffix(text.clone()),
            (true, true) => Self::Inside(Box::new(Finder::new(text).into_owned())),
        }
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Whole(wanted) => text == wanted,
            Self::Prefix(wanted) => text.starts_with(wanted),
            Self::Suffix(wanted) => text.ends_with(wanted),
            Self::Inside(finder) => finder.find(text.as_bytes()).is_some(),
        }
    }
}
