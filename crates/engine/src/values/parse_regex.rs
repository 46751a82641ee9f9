//! `parse field /regex/`: the texts of named groups.
//!
//! Owns the extraction of the first match, or of all matches with `multi`; does not build rows. Rules are from the AWS User
//! Guide, page *parse*: fields are the named groups, in order; other groups are not fields.

use std::fmt;

use super::regex::{Regex, SearchLimit};
use super::regex_matches::Found;
use super::replace::most_matches;

/// An expression whose named groups become fields.
///
/// ```
/// use logmark_engine::values::{parse_regex::RegexFields, regex::Regex};
///
/// let fields = RegexFields::new(Regex::compile(r"(?<key>\w+)=(?<value>\d+)?").unwrap()).unwrap();
/// assert_eq!(fields.names().collect::<Vec<_>>(), ["key", "value"]);
/// assert_eq!(fields.first("a=1 b="), Ok(Some(vec![Some("a"), Some("1")])));
/// let all: Vec<_> = fields.all("a=1 b=").unwrap().rows;
/// assert_eq!(all, [[Some("a"), Some("1")], [Some("b"), None]]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RegexFields {
    regex: Regex,
    /// The numbers of the named groups.
    groups: Vec<usize>,
}

/// The expression has no named group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNamedGroup;

/// The rows of `multi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<'t> {
    /// The texts of the groups, for each match.
    pub rows: Vec<Vec<Option<&'t str>>>,
    /// Whether these are all matches. Long texts have a limit, because each search may read the whole text.
    pub complete: bool,
}

impl RegexFields {
    /// Uses the named groups of the expression as fields.
    ///
    /// # Errors
    /// When it has no named group.
    pub fn new(regex: Regex) -> Result<Self, NoNamedGroup> {
        let groups: Vec<usize> = regex.named_groups().map(|(group, _)| group).collect();
        if groups.is_empty() { Err(NoNamedGroup) } else { Ok(Self { regex, groups }) }
    }

    /// Uses the named groups as fields, or all groups if none has a name.
    ///
    /// # Errors
    /// When there is no group.
    pub fn of_groups(regex: Regex) -> Result<Self, NoNamedGroup> {
        let named: Vec<usize> = regex.named_groups().map(|(group, _)| group).collect();
        let groups = if named.is_empty() { (1..=regex.groups()).collect() } else { named };
        if groups.is_empty() { Err(NoNamedGroup) } else { Ok(Self { regex, groups }) }
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.regex.names()
    }

    /// The texts of the first match, one for each name; `None` for a group that did not take part.
    ///
    /// # Errors
    /// As [`Regex::is_match`].
    pub fn first<'t>(&self, text: &'t str) -> Result<Option<Vec<Option<&'t str>>>, SearchLimit> {
        Ok(self.regex.find(text)?.map(|found| self.texts(&found)))
    }

    /// The texts of all matches, from the left, none overlapping. Empty if nothing matches: the caller then keeps the event.
    ///
    /// # Errors
    /// As [`Regex::is_match`].
    pub fn all<'t>(&self, text: &'t str) -> Result<Rows<'t>, SearchLimit> {
        let most = most_matches(text);
        let mut matches = self.regex.matches(text);
        let rows = matches.by_ref().take(most).map(|found| found.map(|found| self.texts(&found)));
        let rows = rows.collect::<Result<_, _>>()?;
        Ok(Rows { rows, complete: matches.next().transpose()?.is_none() })
    }

    fn texts<'t>(&self, found: &Found<'t>) -> Vec<Option<&'t str>> {
        self.groups.iter().map(|group| found.get(*group)).collect()
    }
}

impl fmt::Display for NoNamedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the expression has no named group: write `(?<name>..)` for each field")
    }
}

impl std::error::Error for NoNamedGroup {}
