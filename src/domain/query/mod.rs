//! A Logs Insights query, understood: it asks for nothing beyond the log groups and the time that it is started with.
//!
//! Owns the query's tree and its caller's text. What goes upstream is the text with the scope condition in front, and only if it
//! is read as the tree that was checked, with the scope condition in front. Look next at `forbidden` (what is refused), [`scope`]
//! (what is put in front), and [`operations`] (a query that runs, and the operations on it).

mod forbidden;
pub mod scope;
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
/// The most rows that a query may be asked for (StartQuery, `limit`).
pub const MAX_ROWS: u32 = 100_000;
/// Bytes that the headings which differ from the printed ones may have together, for they travel in the query's id. Of a query
/// with more of them the headings are the printed ones.
const MAX_HEADINGS: usize = 1536;

/// A query. INVARIANT: it stays within its log groups and its time range, and shows no handle and no account of the operator's.
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

/// What a query may read beside the log groups that it is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryReach {
    /// Nothing.
    Confined,
    /// The log groups that queries inside it (`join`, `in (…)`, `appendcols`) name, each of which is authorized like the
    /// others; and lookup tables. For sources that check both themselves.
    NamedGroups,
}

/// A column that nobody named, whose heading is its text: as it is sent, and as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnHeading {
    /// As it is sent and comes back.
    pub printed: String,
    /// As the caller wrote it.
    pub written: String,
}

/// Why a text is no query of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError {
    /// It is no query: what is wrong with it.
    Invalid(Vec<Diagnostic>),
    /// It is one, and asks for what nobody is given: where, and for what.
    Forbidden(Vec<Diagnostic>),
}

/// Why a query can't be sent as the permit wants it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsendableQuery {
    /// What must stand before it can't.
    #[error("the tenant's rules can't be put before this query: {0}")]
    QueryScope(String),
    /// It is longer than CloudWatch takes, needless blanks not counted.
    #[error("with the fence in front the query has {length} characters, {MAX_CHARACTERS} are allowed")]
    TooLong {
        /// How many characters it has.
        length: usize,
    },
}

impl LogQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`]: what is wrong with it, or what in it nobody is given.
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

    /// Whether it reads nothing beside the log groups that it is started with.
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

    /// The same query with at most so many rows.
    ///
    /// # Errors
    /// In words, why no bound can be put to it.
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

    /// More rows than a query has that says nothing of them: StartQuery's `limit`.
    #[must_use]
    pub fn rows(&self) -> Option<u32> {
        self.rows
    }

    /// The headings that come back otherwise than the caller wrote them.
    #[must_use]
    pub fn headings(&self) -> &[ColumnHeading] {
        &self.headings
    }

    /// The text to send: the query, which sees nothing but what is inside the scope condition.
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

    /// Which moments upstream may read for it.
    #[must_use]
    pub fn reads(&self) -> UpstreamRange {
        if forbidden::may_read_earlier(&self.query) { UpstreamRange::MayReadEarlier } else { UpstreamRange::Exact }
    }
}

impl fmt::Debug for LogQuery {
    /// Says nothing of the text: it is the caller's, and may hold what must not stand in a log.
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
