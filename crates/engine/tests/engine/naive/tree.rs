//! Trees of expressions and names.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{Argument, Call, Expression, FieldPath, Name, Segment, Set};

pub(super) fn steps(path: &FieldPath) -> Vec<String> {
    let step = |segment: &Segment| match segment {
        Segment::Name(name) => name.as_str().to_owned(),
        Segment::Index(index) => index.to_string(),
    };
    std::iter::once(path.head.as_str().to_owned()).chain(path.rest.iter().map(step)).collect()
}

pub(super) fn plain(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_lowercase()
}

/// The tree with each part replaced for which `other` returns one.
pub(super) fn replaced(expression: &Expression, other: &mut dyn FnMut(&Expression) -> Option<Expression>) -> Expression {
    if let Some(other) = other(expression) {
        return other;
    }
    let mut of = |part: &Spanned<Expression>| Spanned::new(replaced(&part.node, other), part.span);
    match expression {
        Expression::Unary(operator, operand) => Expression::Unary(*operator, Box::new(of(operand))),
        Expression::Binary(operator, left, right) => Expression::Binary(*operator, Box::new(of(left)), Box::new(of(right))),
        Expression::And(parts) => Expression::And(parts.iter().map(of).collect()),
        Expression::Or(parts) => Expression::Or(parts.iter().map(of).collect()),
        Expression::Match(operator, value, pattern) => Expression::Match(*operator, Box::new(of(value)), pattern.clone()),
        Expression::In(operator, value, set) => {
            let value = Box::new(of(value));
            let node = match &set.node {
                Set::List(items) => Set::List(items.iter().map(of).collect()),
                Set::Value(inner) => Set::Value(Box::new(replaced(inner, other))),
                Set::Query(query) => Set::Query(query.clone()),
            };
            Expression::In(*operator, value, Spanned::new(node, set.span))
        }
        Expression::Call(call) => {
            let argument = |argument: &Spanned<Argument>| match &argument.node {
                Argument::Expression(inner) => {
                    Spanned::new(Argument::Expression(of(&Spanned::new(inner.clone(), argument.span)).node), argument.span)
                }
                kept => Spanned::new(kept.clone(), argument.span),
            };
            Expression::Call(Call { function: call.function, arguments: call.arguments.iter().map(argument).collect() })
        }
        leaf => leaf.clone(),
    }
}

pub(super) fn field(name: &str) -> Option<Expression> {
    Some(Expression::Field(FieldPath::field(Name::new(name).ok()?)))
}
