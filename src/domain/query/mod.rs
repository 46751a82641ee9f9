//! A Logs Insights query, understood: it asks for nothing beyond the log groups and the time that it is started with.
//!
//! Owns the query's tree and what may be in it. Never keeps what a caller wrote but for the headings of columns: what goes
//! upstream is printed from the tree. Look next at `forbidden` (what is refused), [`fence`] (what is put in front), and
//! [`run`] (a query that runs, and the operations on it).

mod forbidden;
pub mod fence;
pub mod run;

use std::fmt;

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::{Column, Command, Expression, Query};
use logmark_insights::rewrite::{DEFAULT_LIMIT, Nested};
use serde::{Deserialize, Serialize};

use self::fence::Fence;

/// The most rows that a query may be asked for (StartQuery, `limit`).
pub const MAX_ROWS: u32 = 100_000;
/// Bytes that the headings which differ from the printed ones may have together, for they travel in the query's id. Of a query
/// with more of them the headings are the printed ones.
const MAX_HEADINGS: usize = 1536;

/// A query. INVARIANT: it stays within its log groups and its time range, and shows no handle and no account of the operator's.
#[derive(Clone, PartialEq, Eq)]
pub struct LogQuery {
    query: Query,
    headings: Vec<Heading>,
    rows: Option<u32>,
}

/// A column that nobody named, whose heading is its text: as it is sent, and as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// As it is sent and comes back.
    pub printed: String,
    /// As the caller wrote it.
    pub written: String,
}

/// Why a text is no query of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryFault {
    /// It is no query: what is wrong with it.
    Invalid(Vec<Diagnostic>),
    /// It is one, and asks for what nobody is given: where, and for what.
    Forbidden(Vec<Diagnostic>),
}

/// Why a query can't be sent as the permit wants it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// What must stand before it can't.
    #[error("the tenant's rules can't be put before this query: {0}")]
    Fence(String),
    /// It is longer than CloudWatch takes.
    #[error("with the tenant's rules and the time range before it the query is longer than CloudWatch's 10,000 characters")]
    TooLong,
}

impl LogQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryFault`]: what is wrong with it, or what in it nobody is given.
    pub fn parse(text: &str) -> Result<Self, QueryFault> {
        let query = Query::parse(text).map_err(QueryFault::Invalid)?;
        match forbidden::in_query(&query) {
            found if found.is_empty() => Ok(Self { headings: headings(&query, text), query, rows: None }),
            found => Err(QueryFault::Forbidden(found)),
        }
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
    pub fn headings(&self) -> &[Heading] {
        &self.headings
    }

    /// The text to send: the query, which sees nothing but what is inside the fence.
    ///
    /// # Errors
    /// [`Unsendable`].
    pub fn within(&self, fence: &Fence<'_>) -> Result<String, Unsendable> {
        let unsendable = |error: &dyn fmt::Display| Unsendable::Fence(error.to_string());
        let condition = fence.condition().map_err(|error| unsendable(&error))?;
        let fenced = self.query.with_first_filter(&condition, Nested::Refused).map_err(|error| unsendable(&error))?;
        let text = fenced.to_text().map_err(|_too_long| Unsendable::TooLong)?;
        // What is read must be what was meant: the text is taken only if it is read as this very tree.
        match Query::parse(&text) {
            Ok(read) if read == fenced => Ok(text),
            _ => Err(unsendable(&"it is read otherwise once it is written")),
        }
    }
}

impl fmt::Debug for LogQuery {
    /// Says nothing of the text: it is the caller's, and may hold what must not stand in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogQuery(..)")
    }
}

/// The headings of columns that are printed otherwise than they were written.
fn headings(query: &Query, source: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    for command in &query.commands {
        let columns: Vec<&Column> = match &command.node {
            Command::Fields(fields) => fields.columns.iter().collect(),
            Command::Display(display) => display.columns.iter().collect(),
            Command::Stats(stats) => stats.aggregates.iter().chain(&stats.by).collect(),
            _ => continue,
        };
        for column in columns {
            let is_named = column.alias.is_some() || matches!(column.expression.node, Expression::Field(_));
            let heading = Heading {
                printed: column.expression.node.to_string(),
                written: column.expression.span.of(source).trim().to_owned(),
            };
            if !is_named && heading.printed != heading.written && headings.iter().all(|known| known.printed != heading.printed) {
                headings.push(heading);
            }
        }
    }
    let bytes: usize = headings.iter().map(|heading| heading.printed.len() + heading.written.len() + 4).sum();
    if bytes > MAX_HEADINGS { Vec::new() } else { headings }
}

#[cfg(test)]
mod tests;
