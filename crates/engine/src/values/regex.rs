//! Regular expressions of the language, compiled once and searched with bounded work.
//!
//! Owns [`Regex`]: two engines behind one type. The dialect is in [`logmark_insights::regex_syntax`]. Queries that CloudWatch
//! runs are not compiled.
//!
//! - The linear engine (`regex`) runs every expression that it supports, in time linear in the text.
//! - Look-around, back-references, atomic groups, possessive and large repetitions run on a backtracking engine
//!   (`regex_backtracking`) with a step limit. A search that reaches the limit is a [`SearchLimit`] error, never a text that does
//!   not match.

use std::fmt;
use std::time::Instant;

use logmark_diagnostics::{Diagnostic, Kind, Span};
use logmark_insights::regex_syntax::{self, LineEnd, RegexError, RegexFault, Translated};

use super::regex_backtracking::Backtracking;
use super::regex_matches::{Found, Matches};

/// Longest pattern, in bytes: a query has at most 10,000 characters (`StartQuery`), so no real pattern is longer.
pub const LONGEST_PATTERN: usize = 40_000;

/// Largest compiled program, in bytes. Unicode classes in repetitions need this much; repetition counts have their own bound.
pub const LARGEST_PROGRAM: usize = 4 << 20;

/// A compiled regular expression, as written between slashes after `like`, `=~` and `parse`.
///
/// It is searched for anywhere in the text (AWS User Guide, *filter*: "match substrings"). The syntax is Perl's; `\d`, `\w`,
/// `\s` and `\b` know ASCII only, `.` does not match a line break, `$` matches at the end and before a line break at the end.
///
/// ```
/// use logmark_engine::values::regex::Regex;
///
/// let regex = Regex::compile(r"(?i)time(d)?\s+out$").unwrap();
/// assert_eq!(regex.is_match("call Timed out\n"), Ok(true));
/// let application = Regex::compile(r"^(?!START|END|REPORT)").unwrap();
/// assert_eq!(application.is_match("REPORT RequestId: 7"), Ok(false));
/// let error = Regex::compile("a(?R)b").unwrap_err();
/// assert_eq!((error.span.start, error.span.end), (1, 4));
/// assert_eq!(error.to_string(), "the recursion `(?R` is not supported");
/// ```
#[derive(Debug, Clone)]
pub struct Regex {
    source: Box<str>,
    program: Program,
    /// The numbers and names of the named groups. The engines get no names, because they accept fewer names than the language.
    names: Box<[(usize, String)]>,
}

/// The engine that runs an expression.
#[derive(Debug, Clone)]
pub(super) enum Program {
    Linear(regex::Regex),
    Backtracking(Box<Backtracking>),
}

/// A search that was stopped: the expression backtracks, and took too many steps on one text, or the text is too long.
///
/// It fails the query, because it is not known whether the text matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchLimit {
    /// The expression, shortened if it is long.
    pub expression: String,
    /// The length of the text, in bytes.
    pub text_length: usize,
}

impl Regex {
    /// Compiles the text between the slashes, `\/` included.
    ///
    /// # Errors
    /// If the pattern is malformed, supported only by Perl, or larger than [`LONGEST_PATTERN`] or [`LARGEST_PROGRAM`].
    pub fn compile(pattern: &str) -> Result<Self, RegexError> {
        check_length(pattern)?;
        match regex_syntax::translate(pattern, LineEnd::BeforeLast) {
            Ok(translated) => Self::linear(pattern, translated),
            // The backtracking engine may run a pattern that the linear engine refuses. If both refuse it, the error is the
            // backtracking engine's.
            Err(RegexError { fault: RegexFault::Unsupported(..) | RegexFault::TooLarge(_), .. }) => {
                let translated = regex_syntax::translate_backtracking(pattern)?;
                let program = Backtracking::compile(pattern, &translated.expression)?;
                Ok(Self::new(pattern, Program::Backtracking(Box::new(program)), translated.names))
            }
            Err(error) => Err(error),
        }
    }

    /// Compiles the pattern of `regexReplace`, which AWS says is RE2's: without look-around and back-references, and `$`
    /// matches at the very end only.
    ///
    /// ```
    /// use logmark_engine::values::regex::Regex;
    ///
    /// assert_eq!(Regex::compile_re2("out$").unwrap().is_match("timed out\n"), Ok(false));
    /// assert!(Regex::compile_re2("a(?=b)").is_err());
    /// ```
    ///
    /// # Errors
    /// As [`Regex::compile`]; also if the pattern needs the backtracking engine.
    pub fn compile_re2(pattern: &str) -> Result<Self, RegexError> {
        check_length(pattern)?;
        Self::linear(pattern, regex_syntax::translate(pattern, LineEnd::Strict)?)
    }

    fn linear(pattern: &str, translated: Translated) -> Result<Self, RegexError> {
        let compiled = regex::RegexBuilder::new(&translated.expression).size_limit(LARGEST_PROGRAM).build();
        let compiled = compiled.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                whole(pattern, RegexFault::TooLarge("it is too large when compiled: lower the counts of its repetitions"))
            }
            _ => whole(pattern, RegexFault::Malformed("this is not a valid regular expression")),
        })?;
        Ok(Self::new(pattern, Program::Linear(compiled), translated.names))
    }

    fn new(pattern: &str, program: Program, names: Vec<(usize, String)>) -> Self {
        Self { source: pattern.into(), program, names: names.into() }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the pattern is found anywhere in the text.
    ///
    /// # Errors
    /// If the expression backtracks and reached its limit.
    pub fn is_match(&self, text: &str) -> Result<bool, SearchLimit> {
        match &self.program {
            Program::Linear(regex) => Ok(regex.is_match(text)),
            Program::Backtracking(program) => match program.find(text, 0, Instant::now()) {
                Ok(found) => Ok(found.is_some()),
                Err(_) => Err(SearchLimit::of(&self.source, text)),
            },
        }
    }

    /// The first match.
    ///
    /// # Errors
    /// As [`Regex::is_match`].
    pub fn find<'t>(&self, text: &'t str) -> Result<Option<Found<'t>>, SearchLimit> {
        self.matches(text).next().transpose()
    }

    /// All matches from the left, none overlapping. After an error there are no more.
    #[must_use]
    pub const fn matches<'r, 't>(&'r self, text: &'t str) -> Matches<'r, 't> {
        Matches::new(self, text)
    }

    /// Whether a search may end in a [`SearchLimit`].
    #[must_use]
    pub const fn backtracks(&self) -> bool {
        matches!(self.program, Program::Backtracking(_))
    }

    /// The names of the named groups, in written order. They may be names of fields such as `@kind` and `user.id`.
    ///
    /// ```
    /// use logmark_engine::values::regex::Regex;
    ///
    /// let regex = Regex::compile(r"(?<@kind>\w+) (?:for|of) (\w+) (?P<user.id>\d+)").unwrap();
    /// assert_eq!(regex.names().collect::<Vec<_>>(), ["@kind", "user.id"]);
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named_groups().map(|(_, name)| name)
    }

    /// The numbers of the named groups, from 1, and their names.
    pub fn named_groups(&self) -> impl Iterator<Item = (usize, &str)> {
        self.names.iter().map(|(group, name)| (*group, name.as_str()))
    }

    /// The number of groups, named or not.
    #[must_use]
    pub fn groups(&self) -> usize {
        match &self.program {
            Program::Linear(regex) => regex.captures_len() - 1,
            Program::Backtracking(program) => program.groups(),
        }
    }

    /// The expression, when the linear engine runs it.
    pub(super) const fn linear_program(&self) -> Option<&regex::Regex> {
        match &self.program {
            Program::Linear(regex) => Some(regex),
            Program::Backtracking(_) => None,
        }
    }

    pub(super) const fn program(&self) -> &Program {
        &self.program
    }
}

fn check_length(pattern: &str) -> Result<(), RegexError> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(whole(pattern, RegexFault::TooLarge("the pattern is too long")));
    }
    Ok(())
}

/// An error that concerns the whole pattern.
pub(super) fn whole(pattern: &str, fault: RegexFault) -> RegexError {
    RegexError { span: Span::new(0, pattern.len()), fault }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.program == other.program && self.names == other.names
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Linear(left), Self::Linear(right)) => left.as_str() == right.as_str(),
            (Self::Backtracking(left), Self::Backtracking(right)) => left.as_str() == right.as_str(),
            _ => false,
        }
    }
}

impl SearchLimit {
    /// The error as a diagnostic of the query, at the span of the expression.
    #[must_use]
    pub fn diagnostic(&self, span: Span) -> Diagnostic {
        let expected = "a regular expression that needs fewer steps";
        Diagnostic::new(Kind::Limit, span, expected, "an expression that exceeds the step limit").hint(self.to_string())
    }

    pub(super) fn of(source: &str, text: &str) -> Self {
        const SHOWN: usize = 60;
        let end = source.floor_char_boundary(SHOWN);
        let rest = if end < source.len() { "…" } else { "" };
        Self { expression: format!("{}{rest}", &source[..end]), text_length: text.len() }
    }
}

impl fmt::Display for SearchLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the regular expression {} took too many steps on a text of {} bytes: remove its look-around, back-references or \
             large repetitions, or filter long texts out before it",
            logmark_diagnostics::quoted(&self.expression),
            self.text_length
        )
    }
}

impl std::error::Error for SearchLimit {}
