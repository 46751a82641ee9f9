//! `unnest list into item`, page CWL_QuerySyntax-Unnest.
//!
//! - Each element of a list gives a row with the element under the new name. A value that is not a list counts as a list of
//!   one element; an empty list gives no row.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Unnest as UnnestTree;

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator, push_each};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot};
use crate::values::value::Value;

pub(super) fn compile(unnest: &UnnestTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let list = builder.access(&unnest.field.node);
    let name = unnest.alias.node.flat_name();
    let slot = builder.define(name.as_str());
    builder.show(name, Access::Slot(slot));
    builder.add(Unnest { list, slot });
    Ok(())
}

#[derive(Debug, Clone)]
struct Unnest {
    list: Access,
    slot: Slot,
}

impl Operator for Unnest {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let items = match row.get(&self.list).into_owned() {
            Value::List(items) => items,
            other => vec![other],
        };
        push_each(row, items, |row, item| row.set(self.slot, item), next)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
