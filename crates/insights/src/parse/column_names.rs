//! The names of columns that nobody named.
//!
//! CloudWatch names a column without an alias by its text: `stats SUM(size)` gives a column `SUM(size)`, which later commands
//! call `` `SUM(size)` ``. The printer writes `sum(size)`, so that such a name would be lost. A column that is referred to by
//! a text which is not the printed one therefore gets that text as its alias. Page: CWL_QuerySyntax-Stats.

use std::collections::HashSet;

use logmark_diagnostics::Spanned;

use crate::ast::{Column, Command, Expression, FieldPath, Name, Query};
use crate::reach::{Reach, Referent};

/// Gives such columns their names.
pub(super) fn keep(query: &mut Query, source: &str) {
    let written = |column: &Column| column.expression.span.of(source).trim();
    let is_changed = |column: &Column| column.expression.node.to_string() != written(column);
    // Most queries are written as they are printed: what they refer to need not be found out then.
    let mut is_any_changed = false;
    name_columns(query, &mut |column| {
        is_any_changed |= is_changed(column);
        None
    });
    if !is_any_changed {
        return;
    }
    let field = |referent: &Referent| match referent {
        Referent::Field(path) => Some(path.flat_name()),
        Referent::Like(_) | Referent::All => None,
    };
    let referred: HashSet<String> = Reach::of(query).references().filter_map(|reference| field(&reference.what)).collect();
    name_columns(query, &mut |column| {
        let text = written(column);
        let name = Name::new(text).ok().filter(|_| referred.contains(text) && is_changed(column))?;
        Some(Spanned::new(FieldPath::field(name), column.expression.span))
    });
}

/// Gives columns without an alias the one that `alias` finds; those of the queries in it too. Their depth is bounded by the
/// parser.
fn name_columns(query: &mut Query, alias: &mut dyn FnMut(&Column) -> Option<Spanned<FieldPath>>) {
    for command in &mut query.commands {
        let columns: Vec<&mut Column> = match &mut command.node {
            Command::Fields(fields) => fields.columns.iter_mut().collect(),
            Command::Display(display) => display.columns.iter_mut().collect(),
            Command::Stats(stats) => stats.aggregates.iter_mut().chain(&mut stats.by).collect(),
            Command::Join(join) => {
                name_columns(&mut join.query.node, alias);
                continue;
            }
            Command::AppendCols(append) => {
                name_columns(&mut append.query.node, alias);
                continue;
            }
            _ => continue,
        };
        for column in columns {
            if column.alias.is_none() && !matches!(column.expression.node, Expression::Field(_)) {
                column.alias = alias(column);
            }
        }
    }
}
