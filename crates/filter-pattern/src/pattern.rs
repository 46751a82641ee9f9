//! A valid filter pattern.

use std::fmt;
use std::str::FromStr;

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted};

use crate::ast::Pattern;
use crate::limits::{MAX_CHARACTERS, MAX_DEPTH};
use crate::parse::parse;
use crate::print::{Unprintable, canonical};

/// A filter pattern: a tree that the language can express, and its canonical text.
///
/// Made from a text by [`FilterPattern::parse`] and [`FromStr`], from a tree by [`TryFrom<Pattern>`]. `Display` gives the
/// canonical text: valid for CloudWatch, at most [`MAX_CHARACTERS`] characters, and equal to this pattern when it is parsed.
///
/// ```
/// use logmark_filter_pattern::FilterPattern;
///
/// let pattern: FilterPattern = r#"{($.status>=500)&&($.path="/pay*")}"#.parse()?;
/// assert_eq!(pattern.to_string(), r#"{ $.status >= 500 && $.path = "/pay*" }"#);
/// # Ok::<(), logmark_filter_pattern::InvalidPattern>(())
/// ```
#[derive(Debug, Clone)]
pub struct FilterPattern {
    ast: Pattern,
    canonical: String,
}

/// The errors of a text that is not a filter pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPattern(Vec<Diagnostic>);

impl FilterPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// At least one error, in the order of the text, each with a position in it.
    ///
    /// ```
    /// use logmark_filter_pattern::FilterPattern;
    ///
    /// let faults = FilterPattern::parse("user-42 ERROR").unwrap_err();
    /// assert_eq!(faults[0].hint.as_deref(), Some("put other characters in double quotes: `\"user-42\"`"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let ast = parse(text)?;
        match canonical(&ast) {
            Ok(canonical) => Ok(Self { ast, canonical }),
            Err(reason) => Err(vec![unprintable(reason, Span::new(0, text.len()))]),
        }
    }

    /// Its syntax tree. The positions in it are positions in the parsed text, or in the canonical text when the pattern was made
    /// from a tree.
    #[must_use]
    pub const fn ast(&self) -> &Pattern {
        &self.ast
    }

    /// Its canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.canonical
    }
}

/// Checks a tree that a program made. A tree is valid when its text parses to the same tree: then it has every property that
/// the grammar enforces (at most one `...`, tests and values that can be written, regular expressions of the allowed subset, no
/// lists in lists of the same kind) and is within every limit.
///
/// The positions in the errors are positions in the tree's text.
impl TryFrom<Pattern> for FilterPattern {
    type Error = Vec<Diagnostic>;

    fn try_from(tree: Pattern) -> Result<Self, Self::Error> {
        let text = canonical(&tree).map_err(|reason| vec![unprintable(reason, Span::at(0))])?;
        let ast = parse(&text)?;
        if ast == tree {
            return Ok(Self { ast, canonical: text });
        }
        let fault =
            Diagnostic::new(Kind::Value, Span::new(0, text.len()), "a tree that can be written as a pattern", quoted(&text));
        Err(vec![
            fault.hint(
                "its text reads as another pattern: a part of it is empty, nested needlessly, or holds signs of the language",
            ),
        ])
    }
}

fn unprintable(reason: Unprintable, span: Span) -> Diagnostic {
    match reason {
        Unprintable::TooLong => Diagnostic::new(Kind::Limit, span, format!("at most {MAX_CHARACTERS} characters"), "more"),
        Unprintable::TooDeep => Diagnostic::new(Kind::Limit, span, format!("conditions at most {MAX_DEPTH} deep"), "more"),
    }
}

impl FromStr for FilterPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(InvalidPattern)
    }
}

impl fmt::Display for FilterPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.canonical)
    }
}

/// Equal when their trees are equal, in any spelling.
impl PartialEq for FilterPattern {
    fn eq(&self, other: &Self) -> bool {
        self.ast == other.ast
    }
}

impl InvalidPattern {
    /// The errors; at least one.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0
    }
}

/// The first error in one line.
impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(fault) => fault.fmt(f),
            None => f.write_str("not a filter pattern"),
        }
    }
}

impl std::error::Error for InvalidPattern {}
