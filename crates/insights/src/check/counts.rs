//! Rules for numbers as arguments of functions.

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Faults, walk};
use crate::ast::{Argument, Call, Expression, Query};
use crate::functions::Function;

/// Checks one query, without the queries nested in it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    for command in &query.commands {
        for expression in walk::expressions(&command.node) {
            walk::parts(expression, &mut |part| {
                if let Expression::Call(call) = part.node {
                    percent(call, faults);
                    at_least_one(call, faults);
                }
            });
        }
    }
}

/// The argument at an index, when it is a number.
fn number_at(call: &Call, index: usize) -> Option<(f64, Span)> {
    match call.arguments.get(index)? {
        Spanned { node: Argument::Expression(Expression::Number(number)), span } => Some((number.value(), *span)),
        _ => None,
    }
}

/// A percentile is from 0 to 100. Page: CWL_QuerySyntax-Stats.
fn percent(call: &Call, faults: &mut Faults) {
    if let (Function::Pct, Some((number, span))) = (call.function.node, number_at(call, 1))
        && !(0.0..=100.0).contains(&number)
    {
        faults.note(Kind::Value, span, "a percentage from 0 to 100", number.to_string(), "pct(field, 99.9)");
    }
}

/// A histogram has at least one range, and `topk` gives at least one value.
fn at_least_one(call: &Call, faults: &mut Faults) {
    let index = match call.function.node {
        Function::Histogram => 1,
        Function::TopK => 0,
        _ => return,
    };
    if let Some((number, span)) = number_at(call, index).filter(|(number, _)| *number <= 0.0) {
        faults.note(Kind::Value, span, "a number above 0", number.to_string(), "");
    }
}
