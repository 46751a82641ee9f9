//! Builds the parts of conditions.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{
    Argument, BinaryOperator, Call, Expression, FieldPath, MatchOperator, MatchPattern, Name, Number, Regex, UnaryOperator,
};
use logmark_insights::functions::Function;
use logmark_insights::regex_syntax::{LineEnd, translate};

use super::UntranslatableReason;

/// `@message like /regex/`
pub(super) fn like(regex: &str) -> Result<Expression, UntranslatableReason> {
    matches(MatchOperator::Like, message(), regex)
}

/// `@message not like /regex/`
pub(super) fn not_like(regex: &str) -> Result<Expression, UntranslatableReason> {
    matches(MatchOperator::NotLike, message(), regex)
}

/// The message is one JSON value that is a map: `jsonStringify(jsonParse(@message)) like /^\{/`.
///
/// AWS documents that `jsonParse` of another text is an empty text, so the test is of the text of the map.
pub(super) fn is_json_object() -> Result<Expression, UntranslatableReason> {
    let parsed = call(Function::JsonParse, message());
    matches(MatchOperator::Like, call(Function::JsonStringify, parsed), r"^\{")
}

/// `ispresent(@message)`: every event.
pub(super) fn everything() -> Expression {
    call(Function::IsPresent, message())
}

/// `ispresent(field)`
pub(super) fn is_present(field: &FieldPath) -> Expression {
    call(Function::IsPresent, Expression::Field(field.clone()))
}

/// `field >= -5`
pub(super) fn compared(field: &FieldPath, operator: BinaryOperator, number: &str) -> Result<Expression, UntranslatableReason> {
    let digits = number.trim_start_matches('-');
    let value = Expression::Number(Number::new(digits).map_err(|_| UntranslatableReason::LongNumber)?);
    let value = if digits.len() < number.len() { Expression::Unary(UnaryOperator::Negate, boxed(value)) } else { value };
    Ok(Expression::Binary(operator, boxed(Expression::Field(field.clone())), boxed(value)))
}

/// All of the conditions, at least one.
pub(super) fn all(parts: Vec<Expression>) -> Expression {
    Expression::all(parts.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false))
}

/// One of the conditions, at least one.
pub(super) fn any(parts: Vec<Expression>) -> Expression {
    Expression::any(parts.into_iter().map(Spanned::made)).unwrap_or(Expression::Boolean(false))
}

fn message() -> Expression {
    // INVARIANT: the name is valid.
    Name::new("@message").map_or(Expression::Null, |name| Expression::Field(name.into()))
}

fn call(function: Function, argument: Expression) -> Expression {
    let arguments = vec![Spanned::made(Argument::Expression(argument))];
    Expression::Call(Call { function: Spanned::made(function), arguments })
}

fn matches(operator: MatchOperator, value: Expression, regex: &str) -> Result<Expression, UntranslatableReason> {
    // Engines refuse expressions with many copies of their parts.
    translate(regex, LineEnd::BeforeLast).map_err(|_| UntranslatableReason::Regex)?;
    let regex = Regex::new(regex).map_err(|_| UntranslatableReason::Regex)?;
    Ok(Expression::Match(operator, boxed(value), Spanned::made(MatchPattern::Regex(regex))))
}

fn boxed(expression: Expression) -> Box<Spanned<Expression>> {
    Box::new(Spanned::made(expression))
}
