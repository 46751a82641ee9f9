//! Values that are written as such: text, numbers, regular expressions.

use std::hash::{Hash, Hasher};

use super::NotWritable;

/// Text between quotes. Two are equal when their characters are, however they were quoted.
///
/// A text that was written keeps its spelling, and is printed in it: CloudWatch documents no escapes, so that another
/// spelling of the same characters could mean something else there.
#[derive(Debug, Clone)]
pub struct Text {
    value: String,
    written: Option<Box<str>>,
}

/// A number without a sign, as it was written: `200`, `0.5`, `1e3`.
///
/// Two are equal when they are written alike: `1.0` is not `1`, so that nothing is lost by printing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// The text between two `/`, as it was written: a `/` within it has a `\` before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Regex(String);

/// A constant where no expression can stand: in `fillmissing`, `filterIndex`.
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
    /// Any characters.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), written: None }
    }

    /// A text that was written so, its quotes with it.
    pub(crate) fn written(value: String, written: &str) -> Self {
        Self { value, written: Some(written.into()) }
    }

    /// The characters that are meant.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// How it was written, quotes and escapes with it; `None` for a text that a program made.
    #[must_use]
    pub fn spelling(&self) -> Option<&str> {
        self.written.as_deref()
    }
}

impl Number {
    /// A number: digits, perhaps a point and digits, perhaps an exponent.
    ///
    /// # Errors
    ///
    /// [`NotWritable`] for anything else, signs too, and for what no `f64` can hold.
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

    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its value as a whole number, when it is written as one that fits.
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
    /// A regular expression as it stands between the slashes. Whether it compiles is not asked here.
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

    /// The text between the slashes, `\/` as it is.
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
