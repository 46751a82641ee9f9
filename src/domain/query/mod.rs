//! A parsed Logs Insights query, which reads only the log groups and the range of its request.
//!
//! Owns the query's tree and its caller's text. INVARIANT: upstream gets the text with the scope condition before it, and only if this
//! text parses as the checked tree with the scope condition before it. See also `forbidden` (refused parts), [`masked`] (parts that a mask refuses), [`scope`] (the scope
//! condition), and [`operations`] (running queries).

mod forbidden;
pub mod masked;
pub mod scope;
pub mod language;
pub mod operations;

use std::fmt;

use logmark_diagnostics::Diagnostic;
use logmark_insights::NotKept;
use logmark_insights::ast::{Column, Command, Expression, Query};
use logmark_insights::rewrite::{DEFAULT_LIMIT, Nested};
use serde::{Deserialize, Serialize};

pub(crate) use self::forbidden::names_entity_attribute;
use self::scope::{QueryScope, UpstreamRange};
use crate::domain::name::LogGroupName;

/// The most characters of a query (StartQuery, `queryString`).
pub const MAX_CHARACTERS: usize = logmark_insights::MAX_LENGTH;
/// Rows of a query at most (StartQuery, `limit`).
pub const MAX_ROWS: u32 = 100_000;
/// Bytes of all headings that differ from the printed ones, at most. The query id contains them. A query with more has the printed
/// headings.
const MAX_HEADINGS: usize = 1536;

/// A query. INVARIANT: it reads only its log groups and its range, and does not show pointers of upstream or the operator's account.
#[derive(Clone, PartialEq, Eq)]
pub struct LogQuery {
    query: Query,
    /// As the caller wrote it.
    text: Box<str>,
    headings: Vec<ColumnHeading>,
    rows: Option<u32>,
    /// The log groups that queries inside it name, each once.
    nested_groups: Vec<LogGroupName>,
    is_confined: bool,
}

/// Data that a query may read in addition to the log groups that it is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryReach {
    /// Nothing.
    Confined,
    /// The log groups that queries inside it (`join`, `in (…)`, `appendcols`) name, each of which is authorized like the
    /// others; and lookup tables. For sources that check both themselves.
    NamedGroups,
}

/// The heading of a column without an alias: its text as it is sent, and as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnHeading {
    /// As it is sent and comes back.
    pub printed: String,
    /// As the caller wrote it.
    pub written: String,
}

/// Why a text is not an accepted query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError {
    /// The faults of a text that is not a query.
    Invalid(Vec<Diagnostic>),
    /// The refused parts of a valid query.
    Forbidden(Vec<Diagnostic>),
}

/// Why a query cannot be sent with the permit's scope condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsendableQuery {
    /// The scope condition cannot be put before the query.
    #[error("the tenant's rules cannot be applied to this query: {0}")]
    QueryScope(String),
    /// The query is longer than CloudWatch allows, even without blanks.
    #[error("with the scope condition the query has {length} characters; {MAX_CHARACTERS} are allowed")]
    TooLong {
        /// How many characters it has.
        length: usize,
    },
}

impl LogQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_within(text, QueryReach::Confined)
    }

    /// Reads a query for a source with this reach.
    ///
    /// # Errors
    /// As [`LogQuery::parse`].
    pub fn parse_within(text: &str, reach: QueryReach) -> Result<Self, QueryError> {
        let query = Query::parse(text).map_err(QueryError::Invalid)?;
        let found = forbidden::in_query(&query, reach);
        if !found.is_empty() {
            return Err(QueryError::Forbidden(found));
        }
        let (headings, nested_groups) = (headings(&query, text), forbidden::nested_groups(&query));
        let is_confined = reach == QueryReach::Confined || forbidden::in_query(&query, QueryReach::Confined).is_empty();
        Ok(Self { headings, query, text: text.into(), rows: None, nested_groups, is_confined })
    }

    /// The query as its caller wrote it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The query's tree.
    #[must_use]
    pub fn tree(&self) -> &Query {
        &self.query
    }

    /// The log groups that queries inside it name, each once.
    #[must_use]
    pub fn nested_groups(&self) -> &[LogGroupName] {
        &self.nested_groups
    }

    /// Whether it reads only the log groups that it is started with.
    #[must_use]
    pub fn is_confined(&self) -> bool {
        self.is_confined
    }

    /// The most rows of its result.
    #[must_use]
    pub fn max_rows(&self) -> u32 {
        let is_limited = self.query.commands.iter().any(|command| matches!(command.node, Command::Limit(_)));
        self.rows.unwrap_or(if is_limited { MAX_ROWS } else { DEFAULT_LIMIT })
    }

    /// The same query with this limit of rows.
    ///
    /// # Errors
    /// The reason why the query cannot have a limit.
    pub fn with_limit(mut self, rows: u32) -> Result<Self, String> {
        let bounded = self.query.bound_limit(rows).map_err(|refusal| refusal.to_string())?;
        let is_limited = self.query.commands.iter().any(|command| matches!(command.node, Command::Limit(_)));
        if is_limited || rows <= DEFAULT_LIMIT {
            self.query = bounded;
        } else {
            self.rows = Some(rows);
        }
        Ok(self)
    }

    /// The limit of rows for StartQuery, if it is larger than the default.
    #[must_use]
    pub fn rows(&self) -> Option<u32> {
        self.rows
    }

    /// The headings that upstream prints differently from the caller's text.
    #[must_use]
    pub fn headings(&self) -> &[ColumnHeading] {
        &self.headings
    }

    /// The text to send: the query with the scope condition before it, so that it reads only permitted events.
    ///
    /// # Errors
    /// [`UnsendableQuery`].
    pub fn within(&self, scope: &QueryScope<'_>) -> Result<String, UnsendableQuery> {
        let unsendable = |error: &dyn fmt::Display| UnsendableQuery::QueryScope(error.to_string());
        let condition = scope.condition().map_err(|error| unsendable(&error))?;
        let fenced = self.query.with_first_filter(&condition, Nested::Refused).map_err(|error| unsendable(&error))?;
        fenced.to_kept_text(&self.text).map_err(|error| match error {
            NotKept::TooLong(too_long) => UnsendableQuery::TooLong { length: too_long.length },
            NotKept::Differs => unsendable(&error),
        })
    }

    /// The range that upstream may read for it.
    #[must_use]
    pub fn reads(&self) -> UpstreamRange {
        if forbidden::may_read_earlier(&self.query) { UpstreamRange::MayReadEarlier } else { UpstreamRange::Exact }
    }
}

impl fmt::Debug for LogQuery {
    /// Does not show the text: it is the caller's, and may have secrets that must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogQuery(..)")
    }
}

/// The headings of columns that are printed otherwise than they were written. They are sent as they were written; should
/// CloudWatch name a column by its canonical text, its caller still finds it under the name that it wrote.
fn headings(query: &Query, source: &str) -> Vec<ColumnHeading> {
    let columns = query.commands.iter().flat_map(|command| -> Vec<&Column> {
        match &command.node {
            Command::Fields(fields) => fields.columns.iter().collect(),
            Command::Display(display) => display.columns.iter().collect(),
            Command::Stats(stats) => stats.aggregates.iter().chain(&stats.by).collect(),
            _ => Vec::new(),
        }
    });
    let unnamed = columns.filter(|column| column.alias.is_none() && !matches!(column.expression.node, Expression::Field(_)));
    let all: Vec<ColumnHeading> = unnamed
        .map(|column| ColumnHeading {
            printed: column.expression.node.to_string(),
            written: column.expression.span.of(source).trim().to_owned(),
        })
        .collect();
    let mut headings: Vec<ColumnHeading> = Vec::new();
    for heading in &all {
        // A column that was written as another is printed keeps its name.
        let is_taken = all.iter().any(|other| other.written == heading.printed);
        if !is_taken && headings.iter().all(|known| known.printed != heading.printed) {
            headings.push(heading.clone());
        }
    }
    let bytes: usize = headings.iter().map(|heading| heading.printed.len() + heading.written.len() + 4).sum();
    if bytes > MAX_HEADINGS { Vec::new() } else { headings }
}

#[cfg(test)]
mod tests;
