//! The right side of a `join`: an inner query, whose columns are fields for later commands.

use std::sync::{Arc, OnceLock};

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::{FieldPath, Query};

use super::builder::take_slot;
use super::{Builder, Column, MOST_JOINED, Plan, Subquery};
use crate::row::{Access, Row, Slot};
use crate::values::value::Value;

/// A right side during compilation.
#[derive(Debug)]
pub(super) struct Right<'q> {
    /// The name of the rows so far.
    pub(super) left: String,
    /// The name of the right rows.
    pub(super) right: String,
    /// Whether the names can be used: rows computed later have no sides.
    pub(super) is_open: bool,
    pub(super) inner: Builder<'q>,
    pub(super) columns: Vec<RightColumn>,
    pub(super) joined: Arc<Joined>,
}

/// A column of the right rows.
#[derive(Debug)]
pub(super) struct RightColumn {
    column: Column,
    /// The slot in the joined rows; `None` for a key that no command uses.
    pub(super) slot: Option<Slot>,
}

impl Builder<'_> {
    /// Begins a join with an inner query. From here `left.name` is `name`, and `right.name` a field of its rows, until rows are
    /// computed.
    ///
    /// # Errors
    /// Its unsupported parts.
    pub(crate) fn join(&mut self, query: &Query, left: &str, right: &str) -> Result<Arc<Joined>, Diagnostic> {
        let inner = self.inner(query, MOST_JOINED)?;
        let subquery = Arc::new(Subquery::new(Vec::new()));
        let joined = Arc::new(Joined::new(subquery));
        let (left, right) = (left.to_owned(), right.to_owned());
        self.joins.push(Right { left, right, is_open: true, inner, columns: Vec::new(), joined: Arc::clone(&joined) });
        Ok(joined)
    }

    /// The column with this field of the last join's query.
    pub(crate) fn joined_column(&mut self, path: &FieldPath) -> usize {
        self.joins.last_mut().map_or(0, |join| join.column(path))
    }

    /// The access to a field whose path begins with the name of a side.
    pub(super) fn of_side(&mut self, path: &FieldPath) -> Option<Access> {
        let index = self.joins.iter().rposition(|join| join.is_open && join.has(path))?;
        let join = self.joins.get_mut(index)?;
        let Some(path) = path.behind(&join.right) else {
            return path.behind(&join.left).map(|path| self.access(&path));
        };
        let column = join.column(&path);
        let width = &mut self.width;
        join.columns.get_mut(column).map(|column| Access::Slot(*column.slot.get_or_insert_with(|| take_slot(width))))
    }
}

impl Right<'_> {
    /// Whether a path begins with the name of a side.
    pub(super) fn has(&self, path: &FieldPath) -> bool {
        path.behind(&self.right).or_else(|| path.behind(&self.left)).is_some()
    }

    /// The column with a field of the right rows.
    pub(super) fn column(&mut self, path: &FieldPath) -> usize {
        let name = path.flat_name();
        if let Some(known) = self.columns.iter().position(|known| known.column.name == name) {
            return known;
        }
        let access = self.inner.access(path);
        self.columns.push(RightColumn { column: Column { name, access }, slot: None });
        self.columns.len() - 1
    }

    /// The query, and its plan.
    pub(super) fn build(mut self) -> (Arc<Subquery>, Plan) {
        let slots = self.columns.iter().enumerate().filter_map(|(index, column)| Some((index, column.slot?))).collect();
        // INVARIANT: a plan is built once.
        let _first = self.joined.slots.set(slots);
        self.inner.set_columns(self.columns.into_iter().map(|column| column.column).collect());
        (Arc::clone(&self.joined.subquery), self.inner.build())
    }
}

/// A right side at run time.
#[derive(Debug)]
pub(crate) struct Joined {
    subquery: Arc<Subquery>,
    /// The columns that later commands use, and their slots.
    slots: OnceLock<Vec<(usize, Slot)>>,
}

impl Joined {
    pub(super) const fn new(subquery: Arc<Subquery>) -> Self {
        Self { subquery, slots: OnceLock::new() }
    }

    /// The right rows.
    pub(crate) fn rows(&self) -> &[Vec<Value>] {
        self.subquery.rows()
    }

    /// Puts the values of a right row into a row; without a right row they are missing.
    pub(crate) fn set(&self, row: &mut Row<'_>, partner: Option<usize>) {
        let values = partner.and_then(|partner| self.rows().get(partner));
        for (column, slot) in self.slots.get().into_iter().flatten() {
            let value = values.and_then(|values| values.get(*column)).cloned();
            row.set(*slot, value.unwrap_or_default());
        }
    }
}
