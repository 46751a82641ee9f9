//! Literals: texts, numbers, regular expressions.

use std::hash::{Hash, Hasher};

use super::NotWritable;

/// Text between quotes. Two texts are equal when their characters are equal, in any quotes.
///
/// A parsed text keeps its spelling and is printed with it: CloudWatch documents no escapes, so another spelling of the same
/// characters could have another meaning there.
#[derive(Debug, Clone)]
pub struct Text {
    value: String,
    written: Option<Box<str>>,
}

/// A number without a sign, as written: `200`, `0.5`, `1e3`.
///
/// Two numbers are equal when their spellings are equal: `1.0` is not `1`, so that printing loses nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// The pattern between two `/`, as written: a `/` within it has a `\` before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Regex(String);

/// A constant where expressions are not allowed: in `fillmissing`, `filterIndex`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `"text"`
    Text(Text),
    /// `200`
    Number(Number),
    /// `-200`
    Negative(Number),
    /// `true` or `false`
    Boolean(bool),
}

impl Text {
    /// A text of any characters.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), written: None }
    }

    /// A text with its spelling, including its quotes.
    pub(crate) fn written(value: String, written: &str) -> Self {
        Self { value, written: Some(written.into()) }
    }

    /// The characters, without quotes and escapes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The spelling, with quotes and escapes; `None` for a text that a program made.
    #[must_use]
    pub fn spelling(&self) -> Option<&str> {
        self.written.as_deref()
    }
}

impl Number {
    /// A number: digits, optionally a point and digits, optionally an exponent.
    ///
    /// # Errors
    ///
    /// [`NotWritable`] for anything else, also with a sign, and for numbers beyond `f64`.
    pub fn new(number: impl Into<String>) -> Result<Self, NotWritable> {
        let number = number.into();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
            None => (number.as_str(), None),
        };
        let mantissa_is_right = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole.is_empty() || digits(whole)) && digits(fraction),
            None => digits(mantissa),
        };
        let finite = number.parse::<f64>().is_ok_and(f64::is_finite);
        if mantissa_is_right && exponent.is_none_or(digits) && finite {
            Ok(Self(number))
        } else {
            Err(NotWritable::new("such a number"))
        }
    }

    /// The number as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its value, when it is written as a whole number that fits.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// Its value, rounded to the nearest `f64`; finite.
    #[must_use]
    pub fn value(&self) -> f64 {
        // INVARIANT: `new` accepts only what parses.
        self.0.parse().unwrap_or_default()
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self(number.to_string())
    }
}

impl Regex {
    /// A regular expression, without its slashes. Does not check that it compiles.
    ///
    /// # Errors
    ///
    /// [`NotWritable`] when it is empty, has a `/` without a `\` before it, or ends in a lone `\`.
    pub fn new(source: impl Into<String>) -> Result<Self, NotWritable> {
        let source = source.into();
        if source.is_empty() {
            return Err(NotWritable::new("an empty regular expression"));
        }
        let mut escaped = false;
        for character in source.chars() {
            if character == '/' && !escaped {
                return Err(NotWritable::new("a regular expression with a bare `/`"));
            }
            escaped = character == '\\' && !escaped;
        }
        if escaped { Err(NotWritable::new("a regular expression that ends in a lone `\\`")) } else { Ok(Self(source)) }
    }

    /// The pattern between the slashes, with `\/` unchanged.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}
