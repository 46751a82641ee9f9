//! The rows of an inner query: read completely before the outer query reads its first event.

use std::sync::OnceLock;

use crate::expression::EqualSet;
use crate::values::value::Value;

/// An inner query.
#[derive(Debug)]
pub struct Subquery {
    columns: Vec<String>,
    rows: OnceLock<Rows>,
}

#[derive(Debug)]
struct Rows {
    rows: Vec<Vec<Value>>,
    /// The values of the first column, for `in`.
    first: EqualSet,
}

impl Subquery {
    pub(crate) fn new(columns: Vec<String>) -> Self {
        Self { columns, rows: OnceLock::new() }
    }

    /// The names of its columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Its rows: known before the first operator of the outer query is opened.
    #[must_use]
    pub fn rows(&self) -> &[Vec<Value>] {
        self.rows.get().map_or(&[], |rows| &rows.rows)
    }

    /// Whether the first column has a value that equals this one.
    pub(crate) fn contains(&self, value: &Value) -> bool {
        self.rows.get().is_some_and(|rows| rows.first.contains(value))
    }

    pub(crate) fn fill(&self, rows: Vec<Vec<Value>>) {
        let first = EqualSet::of(rows.iter().filter_map(|row| row.first()));
        // A subquery runs once.
        let _first = self.rows.set(Rows { rows, first });
    }
}
