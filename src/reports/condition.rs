//! Conditions of queries, as trees of the language. A caller's value gets into a query only as a literal of such a tree.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{
    Argument, BinaryOperator, Call, Expression, MatchOperator, MatchPattern, Name, NotWritable, Number, Regex, Text,
    UnaryOperator,
};
use logmark_insights::functions::Function;

use super::fields::Field;
use crate::domain::network::Network;

/// The field.
pub(super) fn field(field: Field) -> Result<Expression, NotWritable> {
    Ok(Expression::Field(Name::new(field.name())?.into()))
}

/// `field = "text"`. The end of a text with `\\` can be ambiguous between quotes, so that is a regular expression.
pub(super) fn equals(name: Field, text: &str) -> Result<Expression, NotWritable> {
    if text.contains('\\') {
        return matches(field(name)?, &format!("^{}$", escaped(text)));
    }
    Ok(Expression::Binary(BinaryOperator::Equal, boxed(field(name)?), boxed(Expression::Text(Text::new(text)))))
}

/// `field >= least and field <= most`
pub(super) fn between(name: Field, least: u16, most: u16) -> Result<Expression, NotWritable> {
    let bound = |operator, bound: u16| -> Result<Expression, NotWritable> {
        Ok(Expression::Binary(operator, boxed(field(name)?), boxed(Expression::Number(Number::new(bound.to_string())?))))
    };
    Ok(all([bound(BinaryOperator::GreaterOrEqual, least)?, bound(BinaryOperator::LessOrEqual, most)?]))
}

/// `tolower(field) like "text"`: the field contains the text, in any case.
pub(super) fn contains(name: Field, text: &str) -> Result<Expression, NotWritable> {
    let (lower, text) = (call(Function::ToLower, [field(name)?]), text.to_lowercase());
    if text.contains('\\') {
        return matches(lower, &escaped(&text));
    }
    let pattern = MatchPattern::Text(Text::new(text));
    Ok(Expression::Match(MatchOperator::Like, boxed(lower), Spanned::made(pattern)))
}

fn matches(value: Expression, regex: &str) -> Result<Expression, NotWritable> {
    Ok(Expression::Match(MatchOperator::Like, boxed(value), Spanned::made(MatchPattern::Regex(Regex::new(regex)?))))
}

/// The text as a regular expression: every character that is special there, or ends it, as a class or with `\\`.
fn escaped(text: &str) -> String {
    let mut regex = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => regex.push_str(r"[\\]"),
            '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '/' => regex.extend(['\\', character]),
            _ => regex.push(character),
        }
    }
    regex
}

/// `isIpv4InSubnet(field, "10.0.0.0/8")`
pub(super) fn in_network(name: Field, network: &Network) -> Result<Expression, NotWritable> {
    let function = if network.is_ipv4() { Function::IsIpV4InSubnet } else { Function::IsIpV6InSubnet };
    Ok(call(function, [field(name)?, Expression::Text(Text::new(network.to_string()))]))
}

/// `not ispresent(field) or not …`: events without the field are not in the network.
pub(super) fn outside_network(name: Field, network: &Network) -> Result<Expression, NotWritable> {
    let absent = not(call(Function::IsPresent, [field(name)?]));
    Ok(any([absent, not(in_network(name, network)?)]))
}

/// All of them.
pub(super) fn all(parts: impl IntoIterator<Item = Expression>) -> Expression {
    Expression::all(parts.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(true))
}

/// One of them.
pub(super) fn any(parts: impl IntoIterator<Item = Expression>) -> Expression {
    Expression::any(parts.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false))
}

fn not(expression: Expression) -> Expression {
    Expression::Unary(UnaryOperator::Not, boxed(expression))
}

fn call<const N: usize>(function: Function, arguments: [Expression; N]) -> Expression {
    let arguments = arguments.into_iter().map(|argument| Spanned::made(Argument::Expression(argument))).collect();
    Expression::Call(Call { function: Spanned::made(function), arguments })
}

fn boxed(expression: Expression) -> Box<Spanned<Expression>> {
    Box::new(Spanned::made(expression))
}
