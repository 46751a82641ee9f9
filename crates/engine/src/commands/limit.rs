//! `limit`, page CWL_QuerySyntax-Limit.
//!
//! - The first rows pass, up to the limit, in the order of the rows before it.
//! - `limit any` lets any rows pass: here the first ones too.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::{Limit as LimitTree, LimitMode};

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::Row;

pub(super) fn compile(limit: &LimitTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    match limit.mode {
        LimitMode::First | LimitMode::Any => {}
    }
    builder.add(Limit { left: usize::try_from(limit.count.node).unwrap_or(usize::MAX) });
    Ok(())
}

#[derive(Debug, Clone)]
struct Limit {
    left: usize,
}

impl Operator for Limit {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(Flow::Done) };
        self.left = left;
        match next.push(row)? {
            Flow::Continue if left > 0 => Ok(Flow::Continue),
            _ => Ok(Flow::Done),
        }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
