//! `autoregress`, page CWL_QuerySyntax-Autoregress.
//!
//! - Adds the values that a field had in earlier rows: `bytes_p1` is the value in the previous row.
//! - `p=3` adds one field, `p=1-4` adds four. A single field gets the alias as its name. Several fields, and a field without
//!   an alias, are called `name_pN`.
//! - A row that has no earlier row at that distance gets no value.
//! - Adds at most [`MOST_FIELDS`] fields.

use std::collections::VecDeque;

use logmark_diagnostics::{Diagnostic, Kind};
use logmark_insights::ast::AutoRegress as AutoRegressTree;

use crate::budget::Reservation;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot, value_bytes};
use crate::values::value::Value;

/// Most new fields. The page gives no limit.
const MOST_FIELDS: usize = 100;

pub(super) fn compile(regress: &AutoRegressTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let (first, last) = regress.lags.as_ref().map_or((1, 1), |lags| lags.node);
    let lags: Vec<usize> = (first..=last).filter_map(|lag| usize::try_from(lag).ok()).take(MOST_FIELDS + 1).collect();
    if let Some(written) = regress.lags.as_ref().filter(|_| lags.len() > MOST_FIELDS) {
        let expected = format!("at most {MOST_FIELDS} fields of earlier rows");
        return Err(Diagnostic::new(Kind::Limit, written.span, expected, format!("{}", last - first + 1)));
    }
    let field = builder.access(&regress.field.node);
    let base = regress.alias.as_ref().unwrap_or(&regress.field).node.flat_name();
    let is_named = regress.alias.is_some() && lags.len() == 1;
    let mut slots = Vec::with_capacity(lags.len());
    for lag in lags {
        let name = if is_named { base.clone() } else { format!("{base}_p{lag}") };
        let slot = builder.define_shown(&name);
        slots.push((lag, slot));
    }
    builder.add(AutoRegress { field, slots, before: VecDeque::new(), memory: Reservation::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct AutoRegress {
    field: Access,
    /// The distance in rows, and the slot of the value.
    slots: Vec<(usize, Slot)>,
    /// The values of the rows before, the last one first.
    before: VecDeque<Value>,
    memory: Reservation,
}

impl Operator for AutoRegress {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let value = row.get(&self.field).into_owned();
        for (lag, slot) in &self.slots {
            row.set(*slot, self.before.get(lag - 1).cloned().unwrap_or_default());
        }
        let deepest = self.slots.last().map_or(0, |(lag, _)| *lag);
        self.memory.grow(&next.env().budget, value_bytes(&value))?;
        self.before.push_front(value);
        if self.before.len() > deepest
            && let Some(oldest) = self.before.pop_back()
        {
            self.memory.shrink(value_bytes(&oldest));
        }
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
