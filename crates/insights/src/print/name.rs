//! Prints names, paths and literals.

use std::fmt::{self, Write};

use crate::ast::{CommandName, FieldPath, Literal, Name, Number, Regex, Segment, Text, Wildcard};
use crate::parse::names::RESERVED;

/// Keywords that are also names of fields where the grammar is unambiguous. In backticks they are names everywhere.
const KEYWORDS: &[&str] = &[
    "true",
    "false",
    "into",
    "where",
    "with",
    "for",
    "output",
    "outputnew",
    "multi",
    "maxspan",
    "offset",
    "any",
    "logfmt",
    "csv",
    "xml",
    "source",
    "timeshift",
    "exists",
    "is",
    "having",
    "now",
];

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = |word: &&&str| word.eq_ignore_ascii_case(self.as_str());
        let keyword = CommandName::find(self.as_str()).is_some() || RESERVED.iter().chain(KEYWORDS).any(|word| is(&word));
        name(
            f,
            self.as_str(),
            !keyword && self.as_str().trim_start_matches('@').starts_with(|first: char| !first.is_ascii_digit()),
        )
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.fmt(f)?;
        for segment in &self.rest {
            match segment {
                Segment::Name(step) => {
                    f.write_char('.')?;
                    name(f, step.as_str(), true)?;
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A name, bare if that is allowed and its characters allow it, else in backticks with its `@` before them.
fn name(f: &mut fmt::Formatter<'_>, name: &str, may_be_bare: bool) -> fmt::Result {
    let rest = name.trim_start_matches('@');
    if may_be_bare && rest.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
        return f.write_str(name);
    }
    let at = &name[..name.len() - rest.len()];
    write!(f, "{at}`{rest}`")
}

impl fmt::Display for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = self.spelling() {
            return f.write_str(written);
        }
        // The quotes that need the fewest escapes.
        let quote = if self.as_str().contains('"') && !self.as_str().contains('\'') { '\'' } else { '"' };
        f.write_char(quote)?;
        for character in self.as_str().chars() {
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\\' => f.write_str("\\\\")?,
                _ if character == quote => write!(f, "\\{quote}")?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char(quote)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.as_str())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Negative(number) => write!(f, "-{number}"),
            Self::Boolean(value) => value.fmt(f),
        }
    }
}
