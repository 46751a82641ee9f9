//! Prints expressions, with the parentheses that they need.

use std::fmt::{self, Display};

use super::separated;
use crate::ast::{Argument, BinaryOperator, Call, Expression, MatchPattern, Set, UnaryOperator};

/// The precedence of an expression, the lowest first: the levels of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
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
                at_least(f, &operand.node, Precedence::Not)
            }
            Self::Unary(UnaryOperator::Negate, operand) => {
                f.write_str("-")?;
                at_least(f, &operand.node, Precedence::Unary)
            }
            Self::Binary(operator, left, right) => {
                let (for_left, for_right) = sides(*operator);
                at_least(f, &left.node, for_left)?;
                write!(f, " {} ", operator.symbol())?;
                at_least(f, &right.node, for_right)
            }
            Self::And(parts) => joined(f, parts.iter().map(|part| &part.node), " and ", Precedence::Not),
            Self::Or(parts) => joined(f, parts.iter().map(|part| &part.node), " or ", Precedence::And),
            Self::Match(operator, value, pattern) => {
                at_least(f, &value.node, Precedence::Sum)?;
                write!(f, " {} {}", operator.symbol(), pattern.node)
            }
            Self::In(operator, value, set) => {
                at_least(f, &value.node, Precedence::Sum)?;
                write!(f, " {} {}", operator.symbol(), set.node)
            }
            Self::Call(call) => call.fmt(f),
        }
    }
}

/// The precedence of an expression.
const fn precedence(expression: &Expression) -> Precedence {
    match expression {
        Expression::Or(_) => Precedence::Or,
        Expression::And(_) => Precedence::And,
        Expression::Unary(UnaryOperator::Not, _) => Precedence::Not,
        Expression::Match(..) | Expression::In(..) => Precedence::Comparison,
        Expression::Binary(operator, _, _) => operator_precedence(*operator),
        Expression::Unary(UnaryOperator::Negate, _) => Precedence::Unary,
        Expression::Field(_)
        | Expression::Text(_)
        | Expression::Number(_)
        | Expression::Boolean(_)
        | Expression::Null
        | Expression::Call(_) => Precedence::Operand,
    }
}

const fn operator_precedence(operator: BinaryOperator) -> Precedence {
    match operator {
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => Precedence::Comparison,
        BinaryOperator::Add | BinaryOperator::Subtract => Precedence::Sum,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => Precedence::Product,
        BinaryOperator::Power => Precedence::Power,
    }
}

/// The lowest precedence of the left and the right operand without parentheses.
const fn sides(operator: BinaryOperator) -> (Precedence, Precedence) {
    match operator_precedence(operator) {
        Precedence::Comparison => (Precedence::Sum, Precedence::Sum),
        Precedence::Sum => (Precedence::Sum, Precedence::Product),
        Precedence::Product => (Precedence::Product, Precedence::Power),
        // The grammar refuses `-a ^ b`, so a negated base has parentheses.
        _ => (Precedence::Operand, Precedence::Power),
    }
}

/// An expression, in parentheses when its precedence is lower than `least`.
fn at_least(f: &mut fmt::Formatter<'_>, expression: &Expression, least: Precedence) -> fmt::Result {
    if precedence(expression) < least { write!(f, "({expression})") } else { expression.fmt(f) }
}

fn joined<'a>(
    f: &mut fmt::Formatter<'_>,
    parts: impl Iterator<Item = &'a Expression>,
    word: &str,
    least: Precedence,
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
