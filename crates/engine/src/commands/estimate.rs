//! `estimate`, page CWL_QuerySyntax-Estimate.
//!
//! - Returns one row with one column, `estimatedBytes`: the bytes of all messages in the time range of the log groups. The
//!   page does not name the column.
//! - The commands before it do not run. The parser ensures that it is the last command.

use logmark_diagnostics::Diagnostic;

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Row, Slot};
use crate::values::value::Value;

const COLUMN: &str = "estimatedBytes";

pub(super) fn compile(builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    builder.drop_steps();
    let slots = builder.begin_rows([(COLUMN.to_owned(), None)]);
    builder.add(Estimate { slot: slots.first().copied(), bytes: 0 });
    Ok(())
}

#[derive(Debug, Clone)]
struct Estimate {
    slot: Option<Slot>,
    bytes: usize,
}

impl Operator for Estimate {
    fn push(&mut self, row: &mut Row<'_>, _next: &mut Next<'_>) -> Result<Flow, QueryError> {
        if let Some(event) = row.event {
            self.bytes = self.bytes.saturating_add(event.block.message(event.index).len());
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let mut row = Row::default();
        if let Some(slot) = self.slot {
            row.set(slot, Value::Integer(i64::try_from(self.bytes).unwrap_or(i64::MAX)));
        }
        // It is the only row.
        let _flow = next.push(&mut row)?;
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
