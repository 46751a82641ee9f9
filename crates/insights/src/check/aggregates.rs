//! Where aggregates may stand. Page: CWL_QuerySyntax-Stats.

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Faults, walk};
use crate::ast::{Argument, Call, Command, Expression, Query, Stats};
use crate::functions::{Function, FunctionKind};

/// All rules of aggregates, for one query without those inside it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    for command in &query.commands {
        match &command.node {
            Command::Stats(stats) => check_stats(stats, command.span, faults),
            other => walk::expressions(other).into_iter().for_each(|expression| only_in_stats(other, expression, faults)),
        }
    }
}

/// The calls of aggregates in an expression.
fn aggregates(expression: &Spanned<Expression>) -> Vec<(&Call, Span)> {
    aggregates_of(Spanned::new(&expression.node, expression.span))
}

/// The same of an expression that stands elsewhere than in a [`Spanned`].
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

/// Elsewhere than in `stats` there are no groups to aggregate.
fn only_in_stats(command: &Command, expression: &Spanned<Expression>, faults: &mut Faults) {
    for (call, span) in aggregates(expression) {
        let name = call.function.node;
        let expected = format!("an expression of one event in `{}`", command.name());
        let hint = match command {
            Command::Sort(_) => format!("give it a name: stats {name}(…) as n | sort n desc"),
            Command::Filter(_) => format!("give it a name and filter behind it: stats {name}(…) as n by field | filter n > 1"),
            _ => format!("`{name}` stands in `stats`"),
        };
        faults.note(Kind::Syntax, span, expected, format!("the aggregate `{name}`"), &hint);
    }
}

fn check_stats(stats: &Stats, span: Span, faults: &mut Faults) {
    let mut any = false;
    for column in &stats.aggregates {
        for (call, _) in aggregates(&column.expression) {
            any = true;
            not_nested(call, faults);
        }
    }
    if !any {
        let span = stats.aggregates.first().map_or(span, |column| column.expression.span);
        let bare = stats.aggregates.first().and_then(|column| match &column.expression.node {
            Expression::Field(field) => Function::find(&field.flat_name()).filter(|function| function.is_aggregate()),
            _ => None,
        });
        let hint = match bare {
            Some(Function::Count) => "a function has parentheses: count(*)".to_owned(),
            Some(function) => format!("a function has parentheses: {function}(field)"),
            None => "`stats` computes something of each group: stats count(*) by field".to_owned(),
        };
        faults.note(Kind::Syntax, span, "an aggregate, such as count(*)", "none", &hint);
    }
    for column in &stats.by {
        for (call, span) in aggregates(&column.expression) {
            let name = call.function.node;
            if name.signature().kind == FunctionKind::Aggregate {
                let hint = "groups are made before anything is computed of them";
                faults.note(
                    Kind::Syntax,
                    span,
                    "an expression of one event behind `by`",
                    format!("the aggregate `{name}`"),
                    hint,
                );
            }
        }
    }
}

/// An aggregate of an aggregate needs two `stats`.
fn not_nested(outer: &Call, faults: &mut Faults) {
    let of = |function: Function| format!("`{function}`");
    for argument in &outer.arguments {
        let Argument::Expression(expression) = &argument.node else { continue };
        let Some((inner, span)) = aggregates_of(Spanned::new(expression, argument.span)).into_iter().next() else { continue };
        let hint = "aggregate in one `stats`, and the result in a second";
        let expected = format!("an expression of one event in {}", of(outer.function.node));
        faults.note(Kind::Syntax, span, expected, format!("the aggregate {}", of(inner.function.node)), hint);
    }
}
