//! The syntax of regular expressions, and its translation for the `regex` crate.
//!
//! Owns the dialect and the errors of patterns. Never runs an expression: the engine compiles a [`Translated`] one.
//!
//! - `dialect`, `groups`, `class`, `reader`: Perl's syntax, translated for an engine of linear time
//! - `backtracking`: what only an engine that backtracks can run
//! - `shape`: the groups of an expression, for any engine

mod dialect;
mod groups;
mod backtracking;
mod class;
mod reader;
pub(crate) mod shape;

use std::fmt;

use logmark_diagnostics::{Diagnostic, Kind, Span};

pub use dialect::{LineEnd, Translated, translate, translate_backtracking};

/// An error in a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The position, in bytes from the beginning of the pattern.
    pub span: Span,
    /// The kind of error.
    pub fault: RegexFault,
}

/// The kinds of errors in patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegexFault {
    /// A construct of Perl that the engine does not support: its name and its first characters.
    Unsupported(&'static str, String),
    /// Not a regular expression in any dialect: the reason.
    Malformed(&'static str),
    /// An unknown escape.
    UnknownEscape(String),
    /// An unknown property in `\p{..}`.
    UnknownProperty(String),
    /// Two groups with that name.
    DuplicateName(String),
    /// Too long, too deep, or too large when compiled.
    TooLarge(&'static str),
}

/// The error that makes a pattern invalid for every engine; `None` when some engine may run it. CloudWatch's engine supports
/// look-around, back-references and large repetitions.
pub(crate) fn error_for_every_engine(pattern: &str) -> Option<RegexError> {
    let error = translate(pattern, LineEnd::BeforeLast).err()?;
    match error.fault {
        RegexFault::Malformed(_) | RegexFault::DuplicateName(_) => Some(error),
        RegexFault::Unsupported(..) | RegexFault::UnknownEscape(_) | RegexFault::UnknownProperty(_) | RegexFault::TooLarge(_) => {
            shape::RegexShape::of(pattern).err()
        }
    }
}

impl RegexError {
    /// The error as a diagnostic of the text in which the pattern begins at that byte.
    #[must_use]
    pub fn diagnostic(&self, pattern_start: usize) -> Diagnostic {
        let kind = match self.fault {
            RegexFault::Unsupported(..) => Kind::Unsupported,
            RegexFault::TooLarge(_) => Kind::Limit,
            _ => Kind::Value,
        };
        let span = Span::new(self.span.start + pattern_start, self.span.end + pattern_start);
        let found = match &self.fault {
            RegexFault::Unsupported(name, written) => format!("{name} {}", logmark_diagnostics::quoted(written)),
            RegexFault::UnknownEscape(written) => logmark_diagnostics::quoted(written),
            RegexFault::UnknownProperty(written) => format!("the unknown property {}", logmark_diagnostics::quoted(written)),
            RegexFault::DuplicateName(name) => format!("a second group named {}", logmark_diagnostics::quoted(name)),
            RegexFault::Malformed(_) | RegexFault::TooLarge(_) => return self.sentence(kind, span),
        };
        let fault = Diagnostic::new(kind, span, "a regular expression", found);
        match &self.fault {
            RegexFault::Unsupported(..) => fault.hint("no engine here runs this construct"),
            _ => fault,
        }
    }

    /// A diagnostic without a part of the pattern: the message is the hint.
    fn sentence(&self, kind: Kind, span: Span) -> Diagnostic {
        let found = if kind == Kind::Limit { "one that is too large" } else { "one that cannot be read" };
        Diagnostic::new(kind, span, "a regular expression", found).hint(self.to_string())
    }
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = logmark_diagnostics::quoted;
        match &self.fault {
            RegexFault::Unsupported(name, written) => write!(f, "{name} {} is not supported", quoted(written)),
            RegexFault::Malformed(what) | RegexFault::TooLarge(what) => f.write_str(what),
            RegexFault::UnknownEscape(written) => write!(f, "{} is an unknown escape", quoted(written)),
            RegexFault::UnknownProperty(written) => write!(f, "{} is an unknown property", quoted(written)),
            RegexFault::DuplicateName(name) => write!(f, "there are two groups named {}", quoted(name)),
        }
    }
}

impl std::error::Error for RegexError {}
