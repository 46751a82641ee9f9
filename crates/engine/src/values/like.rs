//! The matching operators: `like`, `=~` and `in`, their right sides compiled once.
//!
//! Owns how they match a text. A missing field does not match, so `not like` and `not in` hold for it, as `!=` does (see
//! [`super::compare`]). Rules are from the AWS User Guide, page *filter*.

use std::collections::HashSet;

use super::regex::{Regex, SearchLimit};
use logmark_insights::regex_syntax::RegexError;

/// The right side of `like` and `=~`.
///
/// ```
/// use logmark_engine::values::like::Like;
///
/// assert_eq!(Like::substring("time*").is_match("at time*out"), Ok(true));
/// assert_eq!(Like::regex("(?i)^time").unwrap().is_match("Timed out"), Ok(true));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Like {
    /// `like "text"`: the text anywhere, case-sensitive, without wildcards.
    Substring(Box<str>),
    /// `like /expression/`, `=~ /expression/`: the expression anywhere.
    Regex(Box<Regex>),
}

impl Like {
    /// Matches a quoted text, given without its quotes and escapes.
    #[must_use]
    pub fn substring(text: &str) -> Self {
        Self::Substring(text.into())
    }

    /// Compiles the expression between slashes.
    ///
    /// # Errors
    /// As [`Regex::compile`].
    pub fn regex(pattern: &str) -> Result<Self, RegexError> {
        Ok(Self::Regex(Box::new(Regex::compile(pattern)?)))
    }

    /// Whether a search may end in a [`SearchLimit`].
    #[must_use]
    pub fn backtracks(&self) -> bool {
        matches!(self, Self::Regex(regex) if regex.backtracks())
    }

    /// Whether the text matches.
    ///
    /// # Errors
    /// As [`Regex::is_match`].
    pub fn is_match(&self, text: &str) -> Result<bool, SearchLimit> {
        match self {
            Self::Substring(substring) => Ok(text.contains(&**substring)),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// The texts on the right side of `in [..]`: a field matches if it equals one of them, case-sensitive.
///
/// The caller compares numbers as numbers.
///
/// ```
/// use logmark_engine::values::like::TextSet;
///
/// let set = TextSet::new(["GET", "PUT"]);
/// assert!(set.contains("PUT") && !set.contains("put") && !set.contains("PUT "));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextSet {
    texts: HashSet<Box<str>>,
}

impl TextSet {
    /// A set of these texts.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self { texts: texts.into_iter().map(Into::into).collect() }
    }

    /// Whether the text is one of them.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.texts.contains(text)
    }
}
