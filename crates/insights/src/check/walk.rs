//! Ways through a tree: all queries in it, all expressions of a command, all parts of an expression.

use logmark_diagnostics::Spanned;

use crate::ast::{Argument, Column, Command, Expression, Query, Set};

/// The query and all queries inside it, the outer before the inner.
pub(crate) fn queries<'a>(query: &'a Query, visit: &mut impl FnMut(&'a Query)) {
    visit(query);
    // A list of what is still to come, and no recursion.
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
    match command {
        Command::Join(join) => inner.push(Spanned::new(&join.query.node, join.query.span)),
        Command::AppendCols(append) => inner.push(Spanned::new(&append.query.node, append.query.span)),
        _ => {}
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

/// The expressions of a command, in the order in which they are written.
pub(crate) fn expressions(command: &Command) -> Vec<&Spanned<Expression>> {
    fn of(columns: &[Column]) -> impl Iterator<Item = &Spanned<Expression>> {
        columns.iter().map(|column| &column.expression)
    }
    match command {
        Command::Fields(fields) => of(&fields.columns).collect(),
        Command::Display(display) => of(&display.columns).collect(),
        Command::Filter(filter) => vec![&filter.condition],
        Command::Stats(stats) => of(&stats.aggregates).chain(of(&stats.by)).collect(),
        Command::Sort(sort) => sort.keys.iter().map(|key| &key.expression).collect(),
        Command::RelevantFields(relevant) => vec![&relevant.condition],
        Command::Source(_)
        | Command::FilterIndex(_)
        | Command::Parse(_)
        | Command::Json(_)
        | Command::Limit(_)
        | Command::Dedup(_)
        | Command::Pattern(_)
        | Command::Diff(_)
        | Command::Anomaly(_)
        | Command::Expand(_)
        | Command::Unnest(_)
        | Command::Lookup(_)
        | Command::CidrLookup(_)
        | Command::Join(_)
        | Command::AppendCols(_)
        | Command::LogCompare(_)
        | Command::FillDown(_)
        | Command::FillMissing(_)
        | Command::AddTotals(_)
        | Command::Accum(_)
        | Command::AutoRegress(_)
        | Command::Outlier(_)
        | Command::Sessionize(_)
        | Command::CountFrequent(_)
        | Command::Estimate(_)
        | Command::SavedQuery(_) => Vec::new(),
    }
}

/// An expression and all its parts, but not those of queries inside it.
pub(crate) fn parts<'a>(expression: &'a Spanned<Expression>, visit: &mut impl FnMut(Spanned<&'a Expression>)) {
    parts_of(Spanned::new(&expression.node, expression.span), visit);
}

/// The same of an expression that stands elsewhere than in a [`Spanned`]: of an argument.
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
