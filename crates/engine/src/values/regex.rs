//! Regular expressions of the language: compiled once, searched in time linear in the text.
//!
//! Owns [`Regex`] and what is said of a pattern that cannot be had. The dialect (what is read as in Perl, what is
//! refused) is in [`logmark_insights::regex_syntax`]. Never backtracks: what needs it is refused, by name, when the expression is compiled. A query
//! that only travels to CloudWatch is not compiled.

use logmark_diagnostics::Span;
use logmark_insights::regex_syntax::{self, LineEnd, RegexError, RegexFault};

/// Longest pattern, in bytes: a query has at most 10,000 characters (`StartQuery`), so no real pattern is longer.
pub const LONGEST_PATTERN: usize = 40_000;

/// Largest compiled program, in bytes: room for the classes of Unicode in repetitions, whose counts are bounded apart.
pub const LARGEST_PROGRAM: usize = 4 << 20;

/// A compiled regular expression, as written between slashes after `like`, `=~` and `parse`.
///
/// It is searched for anywhere in the text (AWS User Guide, *filter*: "match substrings"). The older guide names Hyperscan
/// as the engine, whose syntax is Perl's without what needs backtracking; `\d`, `\w`, `\s` and `\b` know ASCII only, `.`
/// does not match a line break, `$` matches at the end and before a line break at the end.
///
/// ```
/// use logmark_engine::values::regex::Regex;
///
/// let regex = Regex::compile(r"(?i)time(d)?\s+out$").unwrap();
/// assert!(regex.is_match("call Timed out\n"));
/// let error = Regex::compile("a(?=b)").unwrap_err();
/// assert_eq!((error.span.start, error.span.end), (1, 4));
/// assert_eq!(error.to_string(), "lookaround `(?=` is not supported");
/// ```
#[derive(Debug, Clone)]
pub struct Regex {
    source: Box<str>,
    compiled: regex::Regex,
    /// The numbers of the named groups and their names: the engine has no names, as it takes fewer than the language does.
    names: Box<[(usize, String)]>,
}

impl Regex {
    /// Compiles what stands between the slashes, `\/` included.
    ///
    /// # Errors
    /// When the pattern is malformed, needs backtracking, or is larger than [`LONGEST_PATTERN`] or [`LARGEST_PROGRAM`].
    pub fn compile(pattern: &str) -> Result<Self, RegexError> {
        Self::build(pattern, LineEnd::BeforeLast)
    }

    /// Compiles the pattern of `regexReplace`, which AWS says is RE2's: here `$` matches at the very end only.
    ///
    /// ```
    /// use logmark_engine::values::regex::Regex;
    ///
    /// assert!(!Regex::compile_re2("out$").unwrap().is_match("timed out\n"));
    /// ```
    ///
    /// # Errors
    /// As [`Regex::compile`].
    pub fn compile_re2(pattern: &str) -> Result<Self, RegexError> {
        Self::build(pattern, LineEnd::Strict)
    }

    fn build(pattern: &str, line_end: LineEnd) -> Result<Self, RegexError> {
        let whole = Span::new(0, pattern.len());
        let too_large = |what| RegexError { span: whole, fault: RegexFault::TooLarge(what) };
        if pattern.len() > LONGEST_PATTERN {
            return Err(too_large("the pattern is too long"));
        }
        let translated = regex_syntax::translate(pattern, line_end)?;
        let compiled = regex::RegexBuilder::new(&translated.expression).size_limit(LARGEST_PROGRAM).build();
        let compiled = compiled.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => too_large("it is too large when compiled: lower the counts of its repetitions"),
            _ => RegexError { span: whole, fault: RegexFault::Malformed("this is no regular expression") },
        })?;
        Ok(Self { source: pattern.into(), compiled, names: translated.names.into() })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the pattern is found anywhere in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// The names of the named groups, in the order they were written: those of fields, `@kind` and `user.id` too.
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

    /// How many groups there are, named or not.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.compiled.captures_len() - 1
    }

    /// The engine's own expression, for this crate's functions.
    pub(crate) const fn compiled(&self) -> &regex::Regex {
        &self.compiled
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.compiled.as_str() == other.compiled.as_str() && self.names == other.names
    }
}
