//! The columns that `lookup` and `cidrlookup` copy from a table.

use std::sync::Arc;

use logmark_insights::ast::{LookupMode, LookupOutput};

use super::TableName;
use crate::error::QueryError;
use crate::input::Table;
use crate::plan::Builder;
use crate::row::{Access, Row, Slot};

/// The columns, and the table once it is open.
#[derive(Debug, Clone)]
pub(super) struct Outputs {
    outputs: Vec<Output>,
    table: Arc<Table>,
}

#[derive(Debug, Clone)]
struct Output {
    column: String,
    /// The index of the column, known once the table is open.
    index: usize,
    slot: Slot,
    /// `OUTPUTNEW`: the existing field, which stays if an event has it.
    before: Option<Access>,
}

impl Outputs {
    pub(super) fn compile(written: &[LookupOutput], mode: LookupMode, builder: &mut Builder<'_>) -> Self {
        let mut outputs = Vec::with_capacity(written.len());
        for output in written {
            let field = output.alias.as_ref().unwrap_or(&output.column);
            let before = (mode == LookupMode::OutputNew).then(|| builder.access(&field.node));
            let name = field.node.flat_name();
            let slot = builder.define_shown(&name);
            outputs.push(Output { column: output.column.node.flat_name(), index: 0, slot, before });
        }
        Self { outputs, table: Arc::default() }
    }

    /// Finds the columns in the table.
    pub(super) fn open(&mut self, name: &TableName, table: Arc<Table>) -> Result<(), QueryError> {
        for output in &mut self.outputs {
            output.index = name.column(&table, &output.column)?;
        }
        self.table = table;
        Ok(())
    }

    /// Puts the values of a row of the table into a row; without a table row they are missing.
    pub(super) fn set(&self, row: &mut Row<'_>, found: Option<usize>) {
        for output in &self.outputs {
            let before = output.before.as_ref().map(|access| row.get(access).into_owned());
            let value = before
                .filter(|value| !value.is_missing())
                .unwrap_or_else(|| found.and_then(|index| self.table.cell(index, output.index)).into());
            row.set(output.slot, value);
        }
    }
}
