//! The syntax of regular expressions: what is read, what is refused and where, and the same expression for the `regex` crate.
//!
//! Owns the dialect and the faults of a pattern. Never runs an expression: the engine compiles a [`Translated`] one.
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

/// What is wrong with a pattern, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The place, in bytes from the beginning of the pattern.
    pub span: Span,
    /// What is wrong there.
    pub fault: RegexFault,
}

/// What can be wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegexFault {
    /// Perl has it, the engine has not; the construct's name and its first characters.
    Unsupported(&'static str, String),
    /// No regular expression of any dialect: what is wrong, as a sentence's end.
    Malformed(&'static str),
    /// An escape that stands for nothing.
    UnknownEscape(String),
    /// A property of `\p{..}` that is not known.
    UnknownProperty(String),
    /// Two groups of that name.
    DuplicateName(String),
    /// Too long, too deep, or too large when compiled.
    TooLarge(&'static str),
}

/// What is wrong with a pattern for every engine; `None` when some engine may run it, as CloudWatch's does with look-around,
/// back-references and large repetitions.
pub(crate) fn wrong_everywhere(pattern: &str) -> Option<RegexError> {
    let error = translate(pattern, LineEnd::BeforeLast).err()?;
    match error.fault {
        RegexFault::Malformed(_) | RegexFault::DuplicateName(_) => Some(error),
        RegexFault::Unsupported(..) | RegexFault::UnknownEscape(_) | RegexFault::UnknownProperty(_) | RegexFault::TooLarge(_) => {
            shape::RegexShape::of(pattern).err()
        }
    }
}

impl RegexError {
    /// The fault as a diagnostic of the text that the pattern begins in at that byte.
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

    /// A fault that has no piece of the pattern to show: its sentence is the hint.
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
            RegexFault::UnknownEscape(written) => write!(f, "{} stands for nothing", quoted(written)),
            RegexFault::UnknownProperty(written) => write!(f, "{} is no known property", quoted(written)),
            RegexFault::DuplicateName(name) => write!(f, "there are two groups named {}", quoted(name)),
        }
    }
}

impl std::error::Error for RegexError {}
