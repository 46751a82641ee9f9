//! Refuses aggregates outside of `stats`. Page: CWL_QuerySyntax-Stats.

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Faults, walk};
use crate::ast::{Call, Command, Expression, Query};

/// Checks one query, without the queries nested in it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    for command in &query.commands {
        if !matches!(command.node, Command::Stats(_)) {
            for expression in walk::expressions(&command.node) {
                only_in_stats(&command.node, expression, faults);
            }
        }
    }
}

/// The calls of aggregates in an expression.
pub(crate) fn aggregates(expression: &Spanned<Expression>) -> Vec<(&Call, Span)> {
    aggregates_of(Spanned::new(&expression.node, expression.span))
}

/// The same for an expression that is not in a [`Spanned`].
pub(crate) fn aggregates_of(expression: Spanned<&Expression>) -> Vec<(&Call, Span)> {
    let mut found = Vec::new();
    walk::parts_of(expression, &mut |part| {
        if let Expression::Call(call) = part.node
            && call.function.node.is_aggregate()
        {
            found.push((call, part.span));
        }
    });
    found
}

/// Only `stats` has groups to aggregate.
fn only_in_stats(command: &Command, expression: &Spanned<Expression>, faults: &mut Faults) {
    for (call, span) in aggregates(expression) {
        let name = call.function.node;
        let expected = format!("an expression of one event in `{}`", command.name());
        let hint = match command {
            Command::Sort(_) => format!("give it a name: stats {name}(…) as n | sort n desc"),
            Command::Filter(_) => format!("give it a name and filter after it: stats {name}(…) as n by field | filter n > 1"),
            _ => format!("`{name}` is allowed only in `stats`"),
        };
        faults.note(Kind::Syntax, span, expected, format!("the aggregate `{name}`"), &hint);
    }
}
