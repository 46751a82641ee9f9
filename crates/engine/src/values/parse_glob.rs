//! `parse field "glob"`: the texts that the asterisks match.
//!
//! Owns the compiled glob; does not know the fields that its parts become. Rules of the AWS User Guide, page *parse*:
//! - as many `*` as aliases; all other characters are literal, white space and backslashes too;
//! - the glob is found anywhere in the text (the page's `"user=*"` is matched in the middle of a message); a glob that begins
//!   with `*` matches from the start of the text, a glob that ends with `*` matches to its end;
//! - each `*` matches as little as possible, and may be empty; it crosses line breaks (AWS does not say);
//! - the text of a part is not trimmed.

use std::fmt;

/// A compiled glob.
///
/// Each literal is searched for after the one before, so a match costs one pass over the text.
///
/// ```
/// use logmark_engine::values::parse_glob::Glob;
///
/// let glob = Glob::compile("[*] user=* in *", 3).unwrap();
/// assert_eq!(glob.captures("10:04 [WARN] user=ann in shop one"), Some(vec!["WARN", "ann", "shop one"]));
/// assert_eq!(glob.captures("10:04 [WARN] nobody"), None);
/// assert_eq!(Glob::compile("user=*", 2).unwrap_err().to_string(), "1 `*` for 2 fields");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// The text before the first `*`.
    before: Box<str>,
    /// The text after each `*`.
    after: Vec<Box<str>>,
}

/// A glob whose wildcards are not as many as its aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobError {
    /// The number of `*`.
    pub wildcards: usize,
    /// The number of aliases.
    pub aliases: usize,
}

impl Glob {
    /// Reads a glob for so many aliases.
    ///
    /// # Errors
    /// If it does not have exactly as many `*`, or has no `*`.
    pub fn compile(glob: &str, aliases: usize) -> Result<Self, GlobError> {
        let mut literals = glob.split('*').map(Box::from);
        let before: Box<str> = literals.next().unwrap_or_default();
        let after: Vec<Box<str>> = literals.collect();
        if after.is_empty() || after.len() != aliases {
            return Err(GlobError { wildcards: after.len(), aliases });
        }
        Ok(Self { before, after })
    }

    /// The number of `*`.
    #[must_use]
    pub fn wildcards(&self) -> usize {
        self.after.len()
    }

    /// The text of each `*`, in their order; `None` when the text does not match.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let mut parts = Vec::with_capacity(self.after.len());
        self.captures_into(text, &mut parts).then_some(parts)
    }

    /// The same, appended to `parts`; whether it matches. When it does not, `parts` is as before.
    pub fn captures_into<'t>(&self, text: &'t str, parts: &mut Vec<&'t str>) -> bool {
        let before = parts.len();
        let matched = self.run(text, parts).is_some();
        if !matched {
            parts.truncate(before);
        }
        matched
    }

    /// The first occurrence of each literal suffices: whatever can follow a later occurrence can also follow an earlier one.
    fn run<'t>(&self, text: &'t str, parts: &mut Vec<&'t str>) -> Option<()> {
        let mut rest = &text[text.find(&*self.before)? + self.before.len()..];
        let last = self.after.len() - 1;
        for (index, literal) in self.after.iter().enumerate() {
            let end = if index == last && literal.is_empty() { rest.len() } else { rest.find(&**literal)? };
            parts.push(&rest[..end]);
            rest = &rest[end + literal.len()..];
        }
        Some(())
    }
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.aliases == 1 { "" } else { "s" };
        write!(f, "{} `*` for {} field{plural}", self.wildcards, self.aliases)
    }
}

impl std::error::Error for GlobError {}
