//! Traversal of a tree: all its queries, all expressions of a command, all parts of an expression.

use logmark_diagnostics::Spanned;

use crate::ast::{Argument, Command, Expression, Query, Set};
use crate::commands::Part;

/// The query and all queries inside it, the outer before the inner.
pub(crate) fn queries<'a>(query: &'a Query, visit: &mut impl FnMut(&'a Query)) {
    visit(query);
    // A list of queries still to visit, in place of recursion.
    let mut rest = inner(query);
    while let Some(query) = rest.pop() {
        visit(query.node);
        rest.extend(inner(query.node));
    }
}

/// The queries directly inside a query.
fn inner(query: &Query) -> Vec<Spanned<&Query>> {
    query.commands.iter().flat_map(|command| inner_of(&command.node)).collect()
}

/// The queries directly inside a command.
pub(crate) fn inner_of(command: &Command) -> Vec<Spanned<&Query>> {
    let mut inner = Vec::new();
    for part in command.rules().parts() {
        if let Part::Query(query) = part {
            inner.push(Spanned::new(&query.node, query.span));
        }
    }
    for expression in expressions(command) {
        parts(expression, &mut |part| {
            if let Expression::In(_, _, set) = &part.node
                && let Set::Query(query) = &set.node
            {
                inner.push(Spanned::new(query, set.span));
            }
        });
    }
    inner
}

/// The expressions of a command, in the order of the text.
pub(crate) fn expressions(command: &Command) -> Vec<&Spanned<Expression>> {
    let expression = |part| match part {
        Part::Column(column) => Some(&column.expression),
        Part::Expression(expression) => Some(expression),
        Part::Query(_) => None,
    };
    command.rules().parts().into_iter().filter_map(expression).collect()
}

/// An expression and all its parts, without the parts of queries nested in it.
pub(crate) fn parts<'a>(expression: &'a Spanned<Expression>, visit: &mut impl FnMut(Spanned<&'a Expression>)) {
    parts_of(Spanned::new(&expression.node, expression.span), visit);
}

/// The same for an expression that is not in a [`Spanned`]: for an argument.
pub(crate) fn parts_of<'a>(expression: Spanned<&'a Expression>, visit: &mut impl FnMut(Spanned<&'a Expression>)) {
    let mut rest = vec![expression];
    while let Some(part) = rest.pop() {
        visit(part);
        let of = |part: &'a Spanned<Expression>| Spanned::new(&part.node, part.span);
        match part.node {
            Expression::Field(_) | Expression::Text(_) | Expression::Number(_) | Expression::Boolean(_) | Expression::Null => {}
            Expression::Unary(_, operand) => rest.push(of(operand)),
            Expression::Binary(_, left, right) => rest.extend([of(right), of(left)]),
            Expression::And(list) | Expression::Or(list) => rest.extend(list.iter().rev().map(of)),
            Expression::Match(_, value, _) => rest.push(of(value)),
            Expression::In(_, value, set) => {
                match &set.node {
                    Set::List(list) => rest.extend(list.iter().rev().map(of)),
                    Set::Value(value) => rest.push(Spanned::new(value, set.span)),
                    Set::Query(_) => {}
                }
                rest.push(of(value));
            }
            Expression::Call(call) => rest.extend(call.arguments.iter().rev().filter_map(|argument| match &argument.node {
                Argument::Expression(expression) => Some(Spanned::new(expression, argument.span)),
                Argument::Period(_) | Argument::Star => None,
            })),
        }
    }
}
