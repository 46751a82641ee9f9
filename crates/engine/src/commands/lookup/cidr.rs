//! `cidrlookup`, page CWL_QuerySyntax-Cidrlookup.
//!
//! - Matches the row whose network contains the address in the field. The longest prefix wins, then the first row. A field
//!   without an address has no match.
//! - `AS column` names the column of networks. The default is the column with the name of the field, else the only column in
//!   which every value is a network.
//! - `OUTPUT` and `OUTPUTNEW` work as in `lookup`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::CidrLookup as CidrLookupTree;

use super::outputs::Outputs;
use super::{ENTRY, TableName};
use crate::budget::Reservation;
use crate::control::Env;
use crate::error::QueryError;
use crate::input::{Source, Table};
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row};
use crate::values::ip::Subnet;

pub(in super::super) fn compile(lookup: &CidrLookupTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let address = builder.access(&lookup.field.node);
    let outputs = Outputs::compile(&lookup.outputs, lookup.mode, builder);
    let name = TableName { name: lookup.table.node.as_str().to_owned(), span: lookup.table.span };
    let column = match &lookup.column {
        Some(column) => Column::Named(column.node.flat_name()),
        None => Column::Found { field: lookup.field.node.flat_name() },
    };
    builder.add(CidrLookup { name, column, address, outputs, networks: Arc::default(), memory: Reservation::default() });
    Ok(())
}

/// The column of networks.
#[derive(Debug, Clone)]
enum Column {
    Named(String),
    /// The column with the name of the field, or the only one with networks.
    Found {
        field: String,
    },
}

/// The networks of a table, by their prefix.
#[derive(Debug, Default)]
struct Networks {
    /// The first row of each network.
    rows: HashMap<Subnet, usize>,
    /// The lengths of prefixes that occur, the longest first.
    lengths: Vec<u32>,
}

impl Networks {
    /// The row of the smallest network with that address.
    fn find(&self, text: &str) -> Option<usize> {
        let address: IpAddr = text.parse().ok()?;
        self.lengths.iter().find_map(|length| self.rows.get(&Subnet::of(address, *length)?).copied())
    }
}

#[derive(Debug, Clone)]
struct CidrLookup {
    name: TableName,
    column: Column,
    address: Access,
    outputs: Outputs,
    networks: Arc<Networks>,
    memory: Reservation,
}

impl CidrLookup {
    fn column(&self, table: &Table, env: &Env) -> Result<usize, QueryError> {
        let field = match &self.column {
            Column::Named(column) => return self.name.column(table, column),
            Column::Found { field } => field,
        };
        if let Some(index) = table.columns().iter().position(|column| column == field) {
            return Ok(index);
        }
        let mut found = Vec::new();
        for index in 0..table.columns().len() {
            if has_networks(table, index, env)? {
                found.push(index);
            }
        }
        match found.as_slice() {
            [index] => Ok(*index),
            other => {
                let count = if other.is_empty() { "no column" } else { "several columns" };
                let name = logmark_diagnostics::quoted(&self.name.name);
                let message = format!(
                    "the lookup table {name} has {count} of networks: name one, as in `cidrlookup table field AS column`"
                );
                Err(QueryError::Limit { message, span: Some(self.name.span) })
            }
        }
    }
}

/// Whether each value of a column is a network.
fn has_networks(table: &Table, column: usize, env: &Env) -> Result<bool, QueryError> {
    for row in 0..table.rows() {
        env.tick()?;
        if table.cell(row, column).and_then(Subnet::parse).is_none() {
            return Ok(false);
        }
    }
    Ok(table.rows() > 0)
}

impl Operator for CidrLookup {
    fn open(&mut self, source: &dyn Source, env: &Env) -> Result<(), QueryError> {
        let table = self.name.open(source, env, &mut self.memory)?;
        let column = self.column(&table, env)?;
        let mut networks = Networks::default();
        let mut lengths = BTreeSet::new();
        for index in 0..table.rows() {
            env.tick()?;
            // Other texts contain no address.
            let Some(network) = table.cell(index, column).and_then(Subnet::parse) else { continue };
            if let Entry::Vacant(entry) = networks.rows.entry(network) {
                self.memory.grow(&env.budget, size_of::<Subnet>() + ENTRY)?;
                entry.insert(index);
                lengths.insert(network.length());
            }
        }
        networks.lengths = lengths.into_iter().rev().collect();
        self.networks = Arc::new(networks);
        self.outputs.open(&self.name, table)
    }

    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let found = row.text(&self.address).and_then(|text| self.networks.find(&text));
        self.outputs.set(row, found);
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
