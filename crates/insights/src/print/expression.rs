//! Expressions, with the parentheses that they need.

use std::fmt::{self, Display};

use super::separated;
use crate::ast::{Argument, BinaryOperator, Call, Expression, MatchPattern, Set, UnaryOperator};

/// How close an expression holds together, the loosest first: the levels of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Power,
    Unary,
    Operand,
}

impl Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
            Self::Unary(UnaryOperator::Not, operand) => {
                f.write_str("not ")?;
                at_least(f, &operand.node, Strength::Not)
            }
            Self::Unary(UnaryOperator::Negate, operand) => {
                f.write_str("-")?;
                at_least(f, &operand.node, Strength::Unary)
            }
            Self::Binary(operator, left, right) => {
                let (for_left, for_right) = sides(*operator);
                at_least(f, &left.node, for_left)?;
                write!(f, " {} ", operator.symbol())?;
                at_least(f, &right.node, for_right)
            }
            Self::And(parts) => joined(f, parts.iter().map(|part| &part.node), " and ", Strength::Not),
            Self::Or(parts) => joined(f, parts.iter().map(|part| &part.node), " or ", Strength::And),
            Self::Match(operator, value, pattern) => {
                at_least(f, &value.node, Strength::Sum)?;
                write!(f, " {} {}", operator.symbol(), pattern.node)
            }
            Self::In(operator, value, set) => {
                at_least(f, &value.node, Strength::Sum)?;
                write!(f, " {} {}", operator.symbol(), set.node)
            }
            Self::Call(call) => call.fmt(f),
        }
    }
}

/// How close an expression holds together.
const fn strength(expression: &Expression) -> Strength {
    match expression {
        Expression::Or(_) => Strength::Or,
        Expression::And(_) => Strength::And,
        Expression::Unary(UnaryOperator::Not, _) => Strength::Not,
        Expression::Match(..) | Expression::In(..) => Strength::Comparison,
        Expression::Binary(operator, _, _) => strength_of(*operator),
        Expression::Unary(UnaryOperator::Negate, _) => Strength::Unary,
        Expression::Field(_)
        | Expression::Text(_)
        | Expression::Number(_)
        | Expression::Boolean(_)
        | Expression::Null
        | Expression::Call(_) => Strength::Operand,
    }
}

const fn strength_of(operator: BinaryOperator) -> Strength {
    match operator {
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => Strength::Comparison,
        BinaryOperator::Add | BinaryOperator::Subtract => Strength::Sum,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => Strength::Product,
        BinaryOperator::Power => Strength::Power,
    }
}

/// How close the left and the right operand must hold together to stand without parentheses.
const fn sides(operator: BinaryOperator) -> (Strength, Strength) {
    match strength_of(operator) {
        Strength::Comparison => (Strength::Sum, Strength::Sum),
        Strength::Sum => (Strength::Sum, Strength::Product),
        Strength::Product => (Strength::Product, Strength::Power),
        // `-a ^ b` is not taken at all, so that a negated base has parentheses.
        _ => (Strength::Operand, Strength::Power),
    }
}

/// An expression, in parentheses when it does not hold together as close as that.
fn at_least(f: &mut fmt::Formatter<'_>, expression: &Expression, least: Strength) -> fmt::Result {
    if strength(expression) < least { write!(f, "({expression})") } else { expression.fmt(f) }
}

fn joined<'a>(
    f: &mut fmt::Formatter<'_>,
    parts: impl Iterator<Item = &'a Expression>,
    word: &str,
    least: Strength,
) -> fmt::Result {
    for (index, part) in parts.enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        at_least(f, part, least)?;
    }
    Ok(())
}

impl Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.node)?;
        separated(f, &self.arguments, ", ")?;
        f.write_str(")")
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expression(expression) => expression.fmt(f),
            Self::Period(period) => period.fmt(f),
            Self::Star => f.write_str("*"),
        }
    }
}

impl Display for MatchPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Regex(regex) => regex.fmt(f),
        }
    }
}

impl Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => {
                f.write_str("[")?;
                separated(f, list, ", ")?;
                f.write_str("]")
            }
            Self::Query(query) => write!(f, "({query})"),
            Self::Value(value) if matches!(**value, Expression::Field(_) | Expression::Call(_)) => value.fmt(f),
            Self::Value(value) => write!(f, "({value})"),
        }
    }
}
