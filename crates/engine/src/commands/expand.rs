//! `expand field`, page CWL_QuerySyntax-Expand.
//!
//! - Each element of a JSON array gives a row, with the element as the value of the field. The array comes from the event, or
//!   from a text of JSON. A row whose field is not an array is kept; an empty array removes the row.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Expand as ExpandTree;

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator, push_each};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot};
use crate::values::json;
use crate::values::value::Value;

pub(super) fn compile(expand: &ExpandTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let field = builder.access(&expand.field.node);
    let name = expand.field.node.flat_name();
    let slot = builder.define(name.as_str());
    builder.replace_shown(&name, Access::Slot(slot));
    builder.add(Expand { field, slot });
    Ok(())
}

#[derive(Debug, Clone)]
struct Expand {
    field: Access,
    slot: Slot,
}

impl Operator for Expand {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let items = match row.get(&self.field).into_owned() {
            Value::List(items) => items,
            Value::Text(text) if text.trim_start().starts_with('[') => match json::parse(&text) {
                Value::List(items) => items,
                _ => vec![Value::Text(text)],
            },
            other => vec![other],
        };
        push_each(row, items, |row, item| row.set(self.slot, item), next)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
