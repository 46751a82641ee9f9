//! `estimate`, page CWL_QuerySyntax-Estimate.
//!
//! - One row with one column, `estimatedBytes`: the bytes of the messages in the time range of the log groups. The page
//!   names no column.
//! - The commands before it do not run. It is the last command, which the parser sees to.

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
