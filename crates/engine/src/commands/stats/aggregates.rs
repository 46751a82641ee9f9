//! The columns of `stats`: the aggregates in their expressions, and the meaning of names in them.

use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{Argument, Call, Column, Expression, FieldPath, Query};
use logmark_insights::functions::{Function, FunctionKind, Parameter};
use logmark_insights::support::unsupported_function;

use super::accumulator::{Aggregate, Parameters};
use crate::expression::{self, Compiled, Fields};
use crate::plan::{Builder, Subquery};
use crate::row::{Access, Slot, System};
use crate::values::call::QueryTimes;
use crate::values::distribution::MOST_LISTED;

/// An aggregate and its expression; `None`: it aggregates the rows themselves.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) aggregate: Aggregate,
    pub(super) of: Option<Compiled>,
}

/// The aggregates of a `stats` during compilation. A row of its result has the values of `by`, then its columns, then the
/// aggregates in them.
pub(super) struct Aggregates<'b, 'q> {
    builder: &'b mut Builder<'q>,
    /// The names of the columns so far, and the printed text of those without an alias.
    names: Vec<(String, Option<String>)>,
    parts: Vec<Part>,
    /// For each part that is a percentile, its expression: the numbers are collected once for all percentages.
    percentiles: Vec<(usize, Spanned<Expression>)>,
    /// The slot of the first aggregate.
    first: usize,
    needs_moments: bool,
}

impl<'b, 'q> Aggregates<'b, 'q> {
    pub(super) fn new(by: &[Column], columns: usize, builder: &'b mut Builder<'q>) -> Self {
        let names = by.iter().map(|column| builder.column_name(column)).collect();
        Self { builder, names, parts: Vec::new(), percentiles: Vec::new(), first: by.len() + columns, needs_moments: false }
    }

    /// Compiles a column.
    pub(super) fn column(&mut self, column: &Column) -> Result<Compiled, Diagnostic> {
        let compiled = expression::compile(&column.expression, self)?;
        let name = self.builder.column_name(column);
        self.names.push(name);
        Ok(compiled)
    }

    /// The aggregates, and whether one needs the time of each row.
    pub(super) fn finish(self) -> (Vec<Part>, bool) {
        (self.parts, self.needs_moments)
    }

    fn part(&mut self, call: &Call, span: Span) -> Result<Access, Diagnostic> {
        let function = call.function.node;
        let (mut of, mut tree) = (None, None);
        let mut parameters = Parameters::default();
        for argument in &call.arguments {
            match &argument.node {
                Argument::Expression(Expression::Number(written)) if is_parameter(function, call, argument) => {
                    parameters.number = Some(written.value());
                    let is_count = !matches!(function, Function::TopK | Function::Histogram) || parameters.count().is_some();
                    if !is_count {
                        let expected = format!("a whole number from 1 to {MOST_LISTED}");
                        return Err(Diagnostic::new(Kind::Value, argument.span, expected, written.as_str()));
                    }
                }
                Argument::Expression(expression) => {
                    let expression = Spanned::new(expression.clone(), argument.span);
                    of = Some(self.builder.expression(&expression)?);
                    tree = Some(expression);
                }
                Argument::Period(period) => {
                    parameters.millis = Some(period.millis().ok_or_else(|| {
                        let expected = "a period of a fixed length, such as `1m` or `1d`";
                        Diagnostic::new(Kind::Value, argument.span, expected, "months, quarters or years")
                    })?);
                }
                Argument::Star => {}
            }
        }
        let Some(aggregate) = Aggregate::of(function, of.is_some(), &parameters) else {
            return Err(unsupported_function(function, call.function.span));
        };
        if aggregate.needs_moments() {
            if self.builder.system_access(System::Timestamp) == Access::Missing {
                let found = format!("`{function}` of rows without it");
                let fault = Diagnostic::new(Kind::Value, span, "rows with `@timestamp`", found);
                return Err(fault.hint("keep the time in the stats before: stats max(@timestamp) as @timestamp by …"));
            }
            self.needs_moments = true;
        }
        let place = self.parts.len();
        self.parts.push(self.shared(aggregate, tree.as_ref()).unwrap_or(Part { aggregate, of }));
        if let (Aggregate::Percentile(_), Some(tree)) = (aggregate, tree) {
            self.percentiles.push((place, tree));
        }
        Ok(Access::Slot(Slot(self.first + place)))
    }

    /// A percentile whose numbers an earlier aggregate collects.
    fn shared(&self, aggregate: Aggregate, tree: Option<&Spanned<Expression>>) -> Option<Part> {
        let Aggregate::Percentile(percent) = aggregate else { return None };
        let (place, _) = self.percentiles.iter().find(|(_, known)| Some(known) == tree)?;
        Some(Part { aggregate: Aggregate::PercentileOf(percent, *place), of: None })
    }

    /// The column of this name among the earlier ones.
    fn named(&self, is_it: impl Fn(&(String, Option<String>)) -> bool) -> Option<Slot> {
        self.names.iter().rposition(is_it).map(Slot)
    }
}

/// Whether an argument is a parameter of the function, such as the percentage of `pct`.
fn is_parameter(function: Function, call: &Call, argument: &Spanned<Argument>) -> bool {
    let place = call.arguments.iter().position(|each| std::ptr::eq(each, argument));
    let parameter = place.and_then(|place| function.signature().parameter(place));
    parameter == Some(Parameter::Number)
}

impl Fields for Aggregates<'_, '_> {
    /// A column of `by` or an earlier column: only these have one value for all rows of a group.
    fn field(&mut self, path: &FieldPath) -> Access {
        let flat = path.flat_name();
        if let Some(slot) = self.named(|(name, _)| *name == flat) {
            return Access::Slot(slot);
        }
        let steps: Vec<&str> = flat.match_indices('.').map(|(point, _)| &flat[..point]).collect();
        let found = steps.into_iter().rev().find_map(|begin| {
            let slot = self.named(|(name, _)| name == begin)?;
            Some((slot, flat[begin.len() + 1..].split('.').map(str::to_owned).collect()))
        });
        found.map_or(Access::Missing, |(slot, rest)| Access::Path(slot, rest, None))
    }

    fn system(&mut self, system: System) -> Access {
        self.named(|(name, _)| name == system.name()).map_or(Access::Missing, Access::Slot)
    }

    fn computed(&mut self, expression: &Expression, span: Span) -> Result<Option<Access>, Diagnostic> {
        match expression {
            Expression::Call(call) if call.function.node.signature().kind != FunctionKind::Scalar => {
                self.part(call, span).map(Some)
            }
            Expression::Field(_) => Ok(None),
            _ => {
                let text = expression.to_string();
                Ok(self.named(|(_, printed)| printed.as_deref() == Some(&text)).map(Access::Slot))
            }
        }
    }

    fn subquery(&mut self, query: &Query, span: Span) -> Result<Arc<Subquery>, Diagnostic> {
        self.builder.subquery(query, span)
    }

    fn times(&self) -> QueryTimes {
        self.builder.times()
    }
}
