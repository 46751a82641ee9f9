//! `appendcols`, page CWL_QuerySyntax-Appendcols.
//!
//! - Adds the columns of the inner query's first row to the first row, those of its second row to the second, and so on.
//! - An existing column stays. `override=true` replaces it in rows for which the inner query has a row.
//! - Extra rows of the inner query are left out. If it has fewer rows, its columns are missing in the others.
//! - Reads at most `max` rows of the inner query, by default 10,000.

use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Spanned};
use logmark_insights::ast::{AppendCols as AppendColsTree, Command, Limit, LimitMode};

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, MOST_ROWS, Subquery};
use crate::row::{Access, Row, Slot};
use crate::values::value::Value;

/// The number of rows to read without `max`.
const DEFAULT_MAX: u32 = 10_000;

pub(super) fn compile(append: &AppendColsTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let max = append.max.as_ref().map_or(DEFAULT_MAX, |max| max.node);
    let mut inner = append.query.node.clone();
    inner.commands.push(Spanned::made(Command::Limit(Limit { count: Spanned::made(max), mode: LimitMode::First })));
    let subquery = builder.inner_query(&inner, MOST_ROWS)?;
    let visible = builder.columns();
    let mut columns = Vec::new();
    for (index, name) in subquery.columns().iter().enumerate() {
        let before = visible.iter().find(|column| column.name == *name).map(|column| column.access.clone());
        if before.is_some() && !append.overrides {
            continue;
        }
        let slot = builder.define_shown(name);
        columns.push(Appended { index, slot, before });
    }
    builder.add(AppendCols { subquery, columns, row: 0 });
    Ok(())
}

#[derive(Debug, Clone)]
struct AppendCols {
    subquery: Arc<Subquery>,
    columns: Vec<Appended>,
    /// The number of the next row.
    row: usize,
}

#[derive(Debug, Clone)]
struct Appended {
    /// The column of the inner query.
    index: usize,
    slot: Slot,
    /// The column that it replaces.
    before: Option<Access>,
}

impl Operator for AppendCols {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let beside = self.subquery.rows().get(self.row);
        self.row += 1;
        for column in &self.columns {
            let value = match (beside, &column.before) {
                (Some(values), _) => values.get(column.index).cloned().unwrap_or_default(),
                (None, Some(before)) => row.get(before).into_owned(),
                (None, None) => Value::Missing,
            };
            row.set(column.slot, value);
        }
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
