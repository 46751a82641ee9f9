//! `stats`, page CWL_QuerySyntax-Stats.
//!
//! - Rows with the same values behind `by` are a group; without `by` all rows are one group, even if the query has no rows.
//! - Each group gives a row: the columns of `by`, then the aggregates. Groups are in the order of their first rows, so
//!   without `sort` the group of the newest event comes first.
//! - An aggregate may be part of an expression; a column may use the aliases of the columns before it and of `by`.
//! - Behind a `stats` there are only its columns. `offset` shifts the bins of `by` ([`crate::values::bucket::shifted`]).

mod accumulator;
mod aggregates;
mod distinct;
mod group;
mod numbers;

use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Span};
use logmark_insights::ast::{Expression, FieldPath, Query, Stats as StatsTree};
use logmark_insights::functions::Function;
use logmark_insights::period::Period;
use logmark_insights::support::unsupported_function;

use crate::expression::{self, Fields};
use crate::plan::{Builder, Subquery};
use crate::row::{Access, Slot, System};
use crate::values::call::QueryTimes;
use aggregates::Aggregates;
use group::{Key, Stats};

pub(super) fn compile(stats: &StatsTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut names = Vec::with_capacity(stats.by.len() + stats.aggregates.len());
    let mut keys = Vec::with_capacity(stats.by.len());
    for column in &stats.by {
        let is_time = is_time(&column.expression.node);
        let mut scope = Keys { builder: &mut *builder, offset: stats.offset.as_ref().map(|offset| offset.node) };
        let expression = expression::compile(&column.expression, &mut scope)?;
        names.push(builder.column_name(column));
        // Aggregates may use the alias.
        let slot = column.alias.as_ref().map(|alias| builder.define(alias.node.flat_name()));
        keys.push(Key { expression, is_time, slot });
    }
    let mut aggregates = Aggregates::new(&stats.by, stats.aggregates.len(), builder);
    let mut columns = Vec::with_capacity(stats.aggregates.len());
    for column in &stats.aggregates {
        columns.push(aggregates.column(column)?);
    }
    let (aggregates, needs_moments) = aggregates.finish();
    let moment = needs_moments.then(|| builder.system_access(System::Timestamp));
    names.extend(stats.aggregates.iter().map(|column| builder.column_name(column)));
    builder.begin_rows(names);
    let hidden: Vec<Slot> = aggregates.iter().map(|_| builder.slot()).collect();
    builder.add(Stats::new(keys, aggregates, columns, hidden, moment));
    Ok(())
}

/// Whether the values of an expression are all timestamps or missing.
fn is_time(expression: &Expression) -> bool {
    match expression {
        Expression::Call(call) => {
            matches!(call.function.node, Function::Bin | Function::DateFloor | Function::DateCeil | Function::FromMillis)
        }
        _ => false,
    }
}

/// The meaning of fields after `by`: the bins are shifted.
struct Keys<'b, 'q> {
    builder: &'b mut Builder<'q>,
    offset: Option<Period>,
}

impl Fields for Keys<'_, '_> {
    fn field(&mut self, path: &FieldPath) -> Access {
        self.builder.field(path)
    }

    fn system(&mut self, system: System) -> Access {
        self.builder.system(system)
    }

    fn computed(&mut self, expression: &Expression, span: Span) -> Result<Option<Access>, Diagnostic> {
        if let Expression::Call(call) = expression
            && call.function.node.is_aggregate()
        {
            return Err(unsupported_function(call.function.node, call.function.span));
        }
        self.builder.computed(expression, span)
    }

    fn subquery(&mut self, query: &Query, span: Span) -> Result<Arc<Subquery>, Diagnostic> {
        self.builder.subquery(query, span)
    }

    fn times(&self) -> QueryTimes {
        self.builder.times()
    }

    fn offset(&self) -> Option<Period> {
        self.offset
    }
}
