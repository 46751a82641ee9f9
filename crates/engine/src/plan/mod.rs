//! Plans: a query, compiled for one run.
//!
//! [`Plan::compile`] walks the commands once. Each compiles its part with the [`Builder`], which knows the meaning of every name
//! at that point, and adds its [`Operator`]. Fields become slots in a row; no name is looked up at run time.
//!
//! # Three kinds of rows
//!
//! 1. *Events*: a row has its event. System fields are read from there; discovered fields are loaded once, before the first
//!    operator that uses one.
//! 2. *Detached*: an operator keeps rows, so the used system fields are copied into each row that it keeps
//!    ([`Builder::keep_rows`], [`Builder::detach`]).
//! 3. *Computed*: a command made new rows, which have only its columns ([`Builder::begin_rows`]).

mod builder;
mod join;
mod scope;
mod steps;
mod subquery;

use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Span};
use logmark_insights::ast::Query;

use crate::commands;
use crate::input::Scan;
use crate::operator::Operator;
use crate::row::Access;
use crate::values::call::QueryTimes;

pub(crate) use builder::keeps_rows;
pub use builder::{Builder, Column};
pub(crate) use join::Joined;
pub use steps::Keep;
pub use subquery::Subquery;

/// The default number of rows of a result, the same as CloudWatch's.
pub const DEFAULT_ROWS: usize = 10_000;

/// The maximum of a `limit`.
pub const MOST_ROWS: usize = 100_000;

/// The most rows of the right side of a `join`. Its keys have a separate limit.
const MOST_JOINED: usize = 1_000_000;

/// The options of a query in addition to its tree.
#[derive(Debug, Clone, Copy)]
pub struct PlanOptions<'q> {
    /// The text that the spans of the tree refer to: columns without an alias are named by it.
    pub text: &'q str,
    /// The searched range, in milliseconds since the epoch, the end exclusive, and the moment of `now()`.
    pub times: QueryTimes,
    /// The most rows of the result, also with a larger `limit`; by default [`DEFAULT_ROWS`].
    pub max_rows: usize,
}

/// A query, compiled for one run.
#[derive(Debug)]
pub struct Plan {
    pub(crate) scan: Scan,
    pub(crate) steps: Vec<Box<dyn Operator>>,
    pub(crate) subqueries: Vec<(Arc<Subquery>, Plan)>,
    pub(crate) columns: Vec<Column>,
    pub(crate) pointer: Option<Access>,
    pub(crate) times: QueryTimes,
    pub(crate) max_rows: usize,
}

impl Plan {
    /// Compiles a query.
    ///
    /// # Errors
    /// One diagnostic for each command that this engine does not run, or that cannot be compiled.
    pub fn compile(query: &Query, options: &PlanOptions<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder::new(*options);
        let diagnostics = commands::compile_all(query, &mut builder);
        if diagnostics.is_empty() { Ok(builder.build()) } else { Err(diagnostics) }
    }

    /// The names of the columns, in the order of the result, without `@ptr` unless the query names it.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Whether each row is one event, with a pointer to it.
    #[must_use]
    pub const fn has_pointers(&self) -> bool {
        self.pointer.is_some()
    }
}

/// The text of a query at a span; `None` for parts that a program made.
fn written(text: &str, span: Span) -> Option<&str> {
    text.get(span.start..span.end).map(str::trim).filter(|text| !text.is_empty())
}
