//! Why a pattern cannot be made into a matcher.

use std::fmt;

/// Why a pattern cannot be made into a [`Matcher`](crate::Matcher).
///
/// A pattern that was parsed can only fail by a regular expression that is too large; the rest is for trees that a program
/// built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileError {
    /// A regular expression that cannot be compiled, or would take too much memory.
    Regex {
        /// The expression, without its `%`.
        expression: String,
        /// The reason.
        reason: String,
    },
    /// More tests than a pattern of 1,024 characters can hold.
    TooManyTests,
    /// Conditions are nested deeper, or wildcards combined in more ways, than in any pattern of 1,024 characters.
    TooComplex,
    /// More than one `...` in a space-delimited pattern: the fields between them are ambiguous.
    SeveralEllipses,
}

impl fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex { expression, reason } => write!(formatter, "cannot compile `%{expression}%`: {reason}"),
            Self::TooManyTests => formatter.write_str("the pattern holds too many tests"),
            Self::TooComplex => formatter.write_str("the pattern is too complex"),
            Self::SeveralEllipses => formatter.write_str("the pattern holds more than one `...`"),
        }
    }
}

impl std::error::Error for CompileError {}
