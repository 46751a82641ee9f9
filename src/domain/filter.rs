//! The filter of events by their messages: a parsed CloudWatch filter pattern.
//!
//! Owns the pattern with its matcher. Upstream calls, cursors and answers have the pattern's canonical text, not the caller's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Kind, Span};
use logmark_filter_pattern::ast::Pattern;
use logmark_filter_pattern::{FilterPattern, Matcher};
use serde::{Deserialize, Serialize};

/// A filter pattern that does not match every event. Two filters are equal if they are the same pattern in any spelling.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventFilter(Arc<CompiledFilter>);

#[derive(Debug)]
struct CompiledFilter {
    pattern: FilterPattern,
    matcher: Matcher,
}

impl EventFilter {
    /// Parses a pattern; `None` if it matches every event.
    ///
    /// # Errors
    /// The faults of the text, at least one.
    pub fn parse(text: &str) -> Result<Option<Self>, Vec<Diagnostic>> {
        let pattern = FilterPattern::parse(text)?;
        if *pattern.ast() == Pattern::Everything {
            return Ok(None);
        }
        let too_large = |error: logmark_filter_pattern::CompileError| {
            let whole = Span::new(0, text.len());
            vec![Diagnostic::new(Kind::Limit, whole, "a pattern of a supported size", "a larger one").hint(error.to_string())]
        };
        let matcher = Matcher::new(&pattern).map_err(too_large)?;
        Ok(Some(Self(Arc::new(CompiledFilter { pattern, matcher }))))
    }

    /// The filter of a tree that a program made; `None` if it cannot be written as a pattern, or is too large.
    #[must_use]
    pub fn of_tree(tree: Pattern) -> Option<Self> {
        let pattern = FilterPattern::try_from(tree).ok()?;
        let matcher = Matcher::new(&pattern).ok()?;
        Some(Self(Arc::new(CompiledFilter { pattern, matcher })))
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &FilterPattern {
        &self.0.pattern
    }

    /// Whether an event with this message matches.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        self.0.matcher.matches(message)
    }

    /// What the pattern takes out of the message, by name; `None` when the message does not pass.
    #[must_use]
    pub fn extract(&self, message: &str) -> Option<BTreeMap<String, String>> {
        let taken = self.0.matcher.extract(message)?;
        Some(taken.into_iter().map(|taken| (taken.name.into_owned(), taken.value.into_owned())).collect())
    }
}

impl fmt::Display for EventFilter {
    /// Writes the canonical text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.pattern.fmt(f)
    }
}

impl fmt::Debug for EventFilter {
    /// Does not show the text: it is the caller's, and may have secrets that must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventFilter(..)")
    }
}

impl PartialEq for EventFilter {
    fn eq(&self, other: &Self) -> bool {
        self.0.pattern == other.0.pattern
    }
}

impl Eq for EventFilter {}

impl From<EventFilter> for String {
    fn from(filter: EventFilter) -> Self {
        filter.to_string()
    }
}

/// A text that is not a filter, or one that matches every event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a filter")]
pub struct InvalidFilter;

impl TryFrom<String> for EventFilter {
    type Error = InvalidFilter;
    fn try_from(text: String) -> Result<Self, InvalidFilter> {
        Self::parse(&text).ok().flatten().ok_or(InvalidFilter)
    }
}
