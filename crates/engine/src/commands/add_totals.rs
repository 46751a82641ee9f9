//! `addtotals`, page CWL_QuerySyntax-Addtotals.
//!
//! - `row=true`, the default: adds a field with the sum of the row's numeric fields. Its name is `Total` or the `fieldname`.
//! - `col=true`: adds a last row with the sum of each numeric field over all rows, including the new field. Its other fields
//!   are missing. The page does not name a label.
//! - Without a list, sums all numeric columns of the result at that point, except system fields such as `@timestamp`. Texts
//!   that are numbers count, as for `sum`. Without any number the sum is missing.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::AddTotals as AddTotalsTree;

use super::numeric::numeric;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Column};
use crate::row::{Access, Row, Slot, System};
use crate::values::aggregate::Total;

/// The name of the new field without `fieldname`.
const DEFAULT_NAME: &str = "Total";

pub(super) fn compile(totals: &AddTotalsTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut columns: Vec<Column> = Vec::new();
    if totals.fields.is_empty() {
        columns = builder.columns().into_iter().filter(|column| System::find(&column.name).is_none()).collect();
    }
    for field in &totals.fields {
        let column = Column { name: field.node.flat_name(), access: builder.access(&field.node) };
        if columns.iter().all(|known| known.name != column.name) {
            columns.push(column);
        }
    }
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        // The last row needs a slot for the sum of the column.
        let slot = totals.column.then(|| builder.define_shown(&column.name));
        fields.push(Field { access: column.access, slot, total: Total::default() });
    }
    let total = totals.row.then(|| {
        let name = totals.field_name.as_ref().map_or(DEFAULT_NAME, |name| name.node.as_str());
        builder.define_shown(name)
    });
    builder.add(AddTotals { fields, total, total_of_totals: Total::default(), has_last_row: totals.column });
    Ok(())
}

#[derive(Debug, Clone)]
struct AddTotals {
    fields: Vec<Field>,
    /// The slot of the sum of a row.
    total: Option<Slot>,
    total_of_totals: Total,
    has_last_row: bool,
}

#[derive(Debug, Clone)]
struct Field {
    access: Access,
    /// The slot of the column, if it is summed.
    slot: Option<Slot>,
    total: Total,
}

impl Operator for AddTotals {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let mut sum = Total::default();
        for field in &mut self.fields {
            let value = row.get(&field.access);
            if let Some(number) = numeric(&value) {
                sum.push(number);
                field.total.push(number);
            }
            if let Some(slot) = field.slot {
                let value = value.into_owned();
                row.set(slot, value);
            }
        }
        if let Some(slot) = self.total {
            let value = sum.sum();
            if let Some(number) = numeric(&value) {
                self.total_of_totals.push(number);
            }
            row.set(slot, value);
        }
        let flow = next.push(row)?;
        // The last row needs the sums of all rows.
        Ok(if self.has_last_row { Flow::Continue } else { flow })
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        if !self.has_last_row {
            return Ok(());
        }
        let mut row = Row::default();
        for field in &self.fields {
            if let Some(slot) = field.slot {
                row.set(slot, field.total.sum());
            }
        }
        if let Some(slot) = self.total {
            row.set(slot, self.total_of_totals.sum());
        }
        // It is the last row, whether more rows are needed or not.
        let _flow = next.push(&mut row)?;
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
