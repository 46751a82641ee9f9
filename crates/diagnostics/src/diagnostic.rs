//! One fault of a text: where it is, what could stand there, what stands there, and what to write instead.

use std::fmt;

use crate::Span;

/// What sort of fault it is. The names in JSON are stable: programs may tell faults apart by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A character or an unfinished literal that is no part of the language.
    Lexical,
    /// Something stands where the grammar wants something else.
    Syntax,
    /// A command, function, operator or option that the language does not have.
    UnknownName,
    /// A function with too few or too many arguments.
    Arity,
    /// A value that is well-formed but not allowed there: a number out of range, a regular expression that does not compile.
    Value,
    /// Too long, too deep or too many.
    Limit,
    /// The language has it; it is not supported here.
    Unsupported,
    /// The text is written in another language.
    OtherLanguage,
}

/// One fault of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What sort of fault it is.
    pub kind: Kind,
    /// Where it is.
    pub span: Span,
    /// What could stand there, as it reads after "expected".
    pub expected: String,
    /// What stands there, as it reads after "found".
    pub found: String,
    /// What to write instead, or why it is so.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A fault without a hint.
    #[must_use]
    pub fn new(kind: Kind, span: Span, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { kind, span, expected: expected.into(), found: found.into(), hint: None }
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The fault in one line, without its place and its hint.
    #[must_use]
    pub fn message(&self) -> String {
        format!("expected {}, found {}", self.expected, self.found)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// A piece of the text in backticks, as diagnostics name what was found: control characters escaped, cut when long.
///
/// ```
/// assert_eq!(logmark_diagnostics::quoted("sta\nts"), r"`sta\nts`");
/// ```
#[must_use]
pub fn quoted(found: &str) -> String {
    // A message is one readable line, whatever was sent.
    const LONGEST: usize = 40;
    let mut text = String::from("`");
    for (index, character) in found.chars().enumerate() {
        if index == LONGEST {
            text.push('…');
            break;
        }
        if is_shown(character) { text.push(character) } else { text.extend(character.escape_default()) }
    }
    text.push('`');
    text
}

/// Not a control character, and none that changes the direction or is invisible: what is shown must be what was sent.
fn is_shown(character: char) -> bool {
    let hidden = matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !hidden
}
