//! `dedup`, page CWL_QuerySyntax-Dedup.
//!
//! - Of the rows with the same values in all fields, the first in the order of the rows stays; without `sort` that is the
//!   newest event.
//! - "Null values are not considered duplicates": a row in which a field is missing stays. So does one with a map or a
//!   list in a field, which `dedup` does not support.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Dedup as DedupTree;

use crate::budget::Reservation;
use crate::collections::{Inserted, KeySet};
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row};
use crate::values::coerce;

pub(super) fn compile(dedup: &DedupTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let fields = dedup.fields.iter().map(|field| builder.access(&field.node)).collect();
    builder.add(Dedup { fields, seen: KeySet::default(), key: Vec::new(), memory: Reservation::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct Dedup {
    fields: Vec<Access>,
    seen: KeySet,
    key: Vec<u8>,
    memory: Reservation,
}

impl Operator for Dedup {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        self.key.clear();
        for field in &self.fields {
            let value = row.get(field);
            let Some(identity) = coerce::identity(&value).filter(|_| !value.is_structure()) else { return next.push(row) };
            // The length first, so that different lists of values give different keys.
            self.key.extend_from_slice(&identity.len().to_le_bytes());
            self.key.extend_from_slice(identity.as_bytes());
        }
        match self.seen.insert(&self.key) {
            Inserted::Known(_) => Ok(Flow::Continue),
            Inserted::New(_, bytes) => {
                self.memory.grow(&next.env().budget, bytes)?;
                next.push(row)
            }
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
