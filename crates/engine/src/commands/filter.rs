//! `filter` and `where`, page CWL_QuerySyntax-Filter: the rows for which the condition holds.

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Filter as FilterTree;

use crate::error::QueryError;
use crate::expression::Compiled;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::Row;

pub(super) fn compile(filter: &FilterTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let condition = builder.expression(&filter.condition)?;
    builder.add(Filter { condition });
    Ok(())
}

#[derive(Debug, Clone)]
struct Filter {
    condition: Compiled,
}

impl Operator for Filter {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        if self.condition.holds(row, next.env()) { next.push(row) } else { Ok(Flow::Continue) }
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
