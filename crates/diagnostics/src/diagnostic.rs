//! One error in a text: its position, what was expected and found there, and a hint.

use std::fmt;

use crate::Span;

/// The kind of an error. The names in JSON are stable: programs may rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A character that is not part of the language, or an unfinished literal.
    Lexical,
    /// The grammar expects something else.
    Syntax,
    /// A command, function, operator or option that the language does not have.
    UnknownName,
    /// A function with too few or too many arguments.
    Arity,
    /// A well-formed value that is not allowed there: a number out of range, a regular expression that does not compile.
    Value,
    /// Too long, too deep or too many.
    Limit,
    /// The language has it, but it is not supported here.
    Unsupported,
    /// The text is written in another language.
    OtherLanguage,
}

/// One error in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of error.
    pub kind: Kind,
    /// The position.
    pub span: Span,
    /// What was expected, for messages after the word "expected".
    pub expected: String,
    /// What was found, for messages after the word "found".
    pub found: String,
    /// What to write instead, or the reason.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a hint.
    #[must_use]
    pub fn new(kind: Kind, span: Span, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { kind, span, expected: expected.into(), found: found.into(), hint: None }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error in one line, without its position and its hint.
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

/// A part of the text in backticks, for [`Diagnostic::found`]. Control characters are escaped, a long text is cut.
///
/// ```
/// assert_eq!(logmark_diagnostics::quoted("sta\nts"), r"`sta\nts`");
/// ```
#[must_use]
pub fn quoted(found: &str) -> String {
    // A message is one readable line for any input.
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

/// Whether a character is shown unescaped. Control characters, characters that change the text direction and invisible
/// characters are not, so that the message shows exactly what was sent.
fn is_shown(character: char) -> bool {
    let hidden = matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !hidden
}
