//! `lookup`, page CWL_QuerySyntax-Lookup.
//!
//! - A row of the table matches if each key column equals the text of the event's field, with regard to case. The first
//!   matching row counts. An event without one of the fields has no match.
//! - `OUTPUT` overwrites fields of the same names; without a match they are missing. `OUTPUTNEW` fills only missing fields.
//! - Values of the table are texts. Texts that are numbers work in comparisons and arithmetic.
//! - The source decides which tables a caller may use. An unknown table or column is an error before the first event.

mod cidr;
mod outputs;

use std::collections::HashMap;
use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Span};
use logmark_insights::ast::Lookup as LookupTree;

pub(super) use cidr::compile as compile_cidr;

use super::key::{self, ENTRY};
use crate::budget::Reservation;
use crate::control::Env;
use crate::error::{InputError, QueryError};
use crate::input::{Source, Table};
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row};
use outputs::Outputs;

pub(super) fn compile(lookup: &LookupTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut keys = Vec::with_capacity(lookup.keys.len());
    for key in &lookup.keys {
        let field = key.field.as_ref().unwrap_or(&key.column);
        keys.push((key.column.node.flat_name(), builder.access(&field.node)));
    }
    let outputs = Outputs::compile(&lookup.outputs, lookup.mode, builder);
    let name = TableName { name: lookup.table.node.as_str().to_owned(), span: lookup.table.span };
    let (rows, key) = (Arc::default(), Vec::new());
    builder.add(Lookup { name, keys, outputs, rows, key, memory: Reservation::default() });
    Ok(())
}

/// The table that a query names, and the position of its name.
#[derive(Debug, Clone)]
struct TableName {
    name: String,
    span: Span,
}

impl TableName {
    /// The table. It counts against the memory of the query, although queries may share it.
    fn open(&self, source: &dyn Source, env: &Env, memory: &mut Reservation) -> Result<Arc<Table>, QueryError> {
        env.check()?;
        let table = source.table(&self.name)?.ok_or_else(|| InputError::NotFound(self.name.clone()))?;
        memory.grow(&env.budget, table.bytes())?;
        env.check()?;
        Ok(table)
    }

    /// The index of a column.
    fn column(&self, table: &Table, column: &str) -> Result<usize, QueryError> {
        table.columns().iter().position(|known| known == column).ok_or_else(|| {
            let known = table.columns().iter().take(20).map(|known| logmark_diagnostics::quoted(known)).collect::<Vec<_>>();
            let quoted = logmark_diagnostics::quoted;
            let message =
                format!("the lookup table {} has no column {}; it has {}", quoted(&self.name), quoted(column), known.join(", "));
            QueryError::Limit { message, span: Some(self.span) }
        })
    }
}

#[derive(Debug, Clone)]
struct Lookup {
    name: TableName,
    /// The columns of the table and the fields of the event that must be equal.
    keys: Vec<(String, Access)>,
    outputs: Outputs,
    /// The first row of the table for each key.
    rows: Arc<HashMap<Box<[u8]>, usize>>,
    key: Vec<u8>,
    memory: Reservation,
}

impl Operator for Lookup {
    fn open(&mut self, source: &dyn Source, env: &Env) -> Result<(), QueryError> {
        let table = self.name.open(source, env, &mut self.memory)?;
        let columns = self.keys.iter().map(|(column, _)| self.name.column(&table, column)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = HashMap::new();
        for index in 0..table.rows() {
            env.tick()?;
            self.key.clear();
            for column in &columns {
                key::push_text(&mut self.key, table.cell(index, *column).unwrap_or_default());
            }
            if !rows.contains_key(self.key.as_slice()) {
                self.memory.grow(&env.budget, self.key.len() + ENTRY)?;
                rows.insert(self.key.as_slice().into(), index);
            }
        }
        self.rows = Arc::new(rows);
        self.outputs.open(&self.name, table)
    }

    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        self.key.clear();
        let mut is_whole = true;
        for (_, field) in &self.keys {
            match row.text(field) {
                Some(text) => key::push_text(&mut self.key, &text),
                None => is_whole = false,
            }
        }
        let found = if is_whole { self.rows.get(self.key.as_slice()).copied() } else { None };
        self.outputs.set(row, found);
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
