//! `dedup`, page CWL_QuerySyntax-Dedup.
//!
//! - Of the rows with the same values in all fields, the first in the order of the rows stays; without `sort` that is the
//!   newest event.
//! - "Null values are not considered duplicates": a row in which a field is missing stays. So does one with a map or a
//!   list in a field, which `dedup` does not support.

use std::collections::HashSet;

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Dedup as DedupTree;

use crate::budget::Reservation;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row};
use crate::values::coerce;

/// About what a set adds to each of its keys: its place, the length of the key, the allocation.
const ENTRY: usize = 48;

pub(super) fn compile(dedup: &DedupTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let fields = dedup.fields.iter().map(|field| builder.access(&field.node)).collect();
    builder.add(Dedup { fields, seen: HashSet::new(), key: Vec::new(), memory: Reservation::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct Dedup {
    fields: Vec<Access>,
    seen: HashSet<Box<[u8]>>,
    key: Vec<u8>,
    memory: Reservation,
}

impl Operator for Dedup {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        self.key.clear();
        for field in &self.fields {
            let value = row.get(field);
            let Some(identity) = coerce::identity(&value).filter(|_| !value.is_structure()) else { return next.push(row) };
            // The length first, so that no two lists of values give the same key.
            self.key.extend_from_slice(&identity.len().to_le_bytes());
            self.key.extend_from_slice(identity.as_bytes());
        }
        if self.seen.contains(self.key.as_slice()) {
            return Ok(Flow::Continue);
        }
        self.memory.grow(&next.env().budget, self.key.len() + ENTRY)?;
        self.seen.insert(self.key.as_slice().into());
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
