//! The names of columns without an alias.
//!
//! The name of such a column is its text: `stats SUM(size)` gives a column `SUM(size)`, which later commands refer to as
//! `` `SUM(size)` ``. The printer writes `sum(size)`, which would lose that name. A column therefore gets its text as an alias
//! when a later command refers to it and the printed text differs. Page: CWL_QuerySyntax-Stats.

use std::collections::HashSet;

use logmark_diagnostics::Spanned;

use crate::ast::{Column, FieldPath, Name, Query};
use crate::commands::PartMut;
use crate::reach::{Reach, Referent};

/// Gives such columns their text as an alias.
pub(super) fn keep(query: &mut Query, source: &str) {
    let written = |column: &Column| column.expression.span.of(source).trim();
    let is_changed = |column: &Column| column.expression.node.to_string() != written(column);
    // Most queries are written as they are printed. Their references need not be computed.
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

/// Gives columns without an alias the alias that `alias` returns, in the queries of `join` and `appendcols` too. The parser
/// bounds their depth.
fn name_columns(query: &mut Query, alias: &mut dyn FnMut(&Column) -> Option<Spanned<FieldPath>>) {
    for command in &mut query.commands {
        for part in command.node.rules_mut().parts_mut() {
            match part {
                PartMut::Query(query) => name_columns(&mut query.node, alias),
                PartMut::Column(column) if column.is_unnamed() => column.alias = alias(column),
                PartMut::Column(_) | PartMut::Expression(_) => {}
            }
        }
    }
}
