//! `accum`, page CWL_QuerySyntax-Accum.
//!
//! - Computes the running sum of a numeric field in the order of the rows. Without a `sort` before it, that is newest first.
//! - Without `as` the sum replaces the field. The page does not name a default.
//! - A row without a number gets no sum; later rows continue from the previous sum.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Accum as AccumTree;

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot};
use crate::values::aggregate::Total;
use crate::values::coerce;
use crate::values::value::Value;

pub(super) fn compile(accum: &AccumTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let field = builder.access(&accum.field.node);
    let name = accum.alias.as_ref().unwrap_or(&accum.field).node.flat_name();
    let slot = builder.define_shown(&name);
    builder.add(Accum { field, slot, total: Total::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct Accum {
    field: Access,
    slot: Slot,
    total: Total,
}

impl Operator for Accum {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let number = coerce::number(&row.get(&self.field));
        let sum = match number {
            Some(number) => {
                self.total.push(number);
                self.total.sum()
            }
            None => Value::Missing,
        };
        row.set(self.slot, sum);
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
