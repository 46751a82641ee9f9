//! `fields` and `display`, pages CWL_QuerySyntax-Fields and CWL_QuerySyntax-Display.
//!
//! - `fields` adds columns to the result; several `fields` add up. Without `fields` and `display`, events show `@timestamp` and
//!   `@message`.
//! - The last `display` alone determines the columns of the result.
//! - A column has the name of its alias, its field, or its text. Later columns and commands may use the name.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::{Column as ColumnTree, Display, Expression, Fields};

use crate::error::QueryError;
use crate::expression::Compiled;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Column};
use crate::row::{Access, Row, Slot};

pub(super) fn compile(fields: &Fields, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    builder.list_columns();
    for column in columns(&fields.columns, builder)? {
        builder.show(column.name, column.access);
    }
    Ok(())
}

pub(super) fn compile_display(display: &Display, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let columns = columns(&display.columns, builder)?;
    builder.fix_columns(columns);
    Ok(())
}

/// Compiles the columns, in order: each may use the names of those before it.
fn columns(trees: &[ColumnTree], builder: &mut Builder<'_>) -> Result<Vec<Column>, Diagnostic> {
    let mut columns = Vec::with_capacity(trees.len());
    let mut computed = Vec::new();
    for tree in trees {
        let column = match (&tree.expression.node, &tree.alias) {
            (Expression::Field(path), None) => Column { name: path.flat_name(), access: builder.access(path) },
            _ => {
                let expression = builder.expression(&tree.expression)?;
                let (name, slot) = builder.define_column(tree);
                computed.push((expression, slot));
                Column { name, access: Access::Slot(slot) }
            }
        };
        columns.push(column);
    }
    if !computed.is_empty() {
        builder.add(Compute { columns: computed });
    }
    Ok(columns)
}

/// Computes columns in order.
#[derive(Debug, Clone)]
struct Compute {
    columns: Vec<(Compiled, Slot)>,
}

impl Operator for Compute {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        for (expression, slot) in &self.columns {
            let value = expression.value(row, next.env()).into_owned();
            row.set(*slot, value);
        }
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
