//! The value of an expression for one event: the definition that the engine is tested against.
//!
//! Owns how operators and functions are put together; what each of them means is in [`crate::values`]. Never reads an event:
//! the caller says what a field's value is. Walks the tree for every event, which is right for a test, a preview or a
//! template and slow for a million rows: an engine compiles ([`Prepared`]) and is tested against this.

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};

use crate::values::arithmetic::{self, Operator};
use crate::values::call::{Argument as Given, CallError, Context, Prepared};
use crate::values::compare::{self, Comparison};
use crate::values::like::Like;
use crate::values::number::Number;
use crate::values::regex::SearchLimit;
use crate::values::value::Value;
use crate::values::{coerce, json};
use logmark_insights::MAX_DEPTH;
use logmark_insights::ast::{
    Argument, BinaryOperator, Call, Expression, FieldPath, MatchOperator, MatchPattern, Set, SetOperator, UnaryOperator,
};
use logmark_insights::functions::{Function, FunctionKind};
use logmark_insights::support;

/// What the expression is for an event whose fields are those of `field`.
///
/// - `and`, `or` and `not` are of what [`coerce::truth`] takes for true; their results are booleans.
/// - `not like` and `not in` are the negations of `like` and `in`, so true of a missing value, as `!=` is. A map or a list is
///   neither like nor not like, neither in nor not in, as it compares false.
/// - `a in tags`, of a field, asks whether a list has the element, as `jsonArrayContains` does.
///
/// ```
/// use logmark_insights::ast::{Command, FieldPath, Query};
/// use logmark_engine::evaluate::evaluate;
/// use logmark_engine::values::call::{Context, QueryTimes};
/// use logmark_engine::values::value::Value;
///
/// let query = Query::parse("filter status >= 500 and toupper(method) = 'GET'").unwrap();
/// let Command::Filter(filter) = &query.commands[0].node else { panic!("a filter") };
/// let event = |field: &FieldPath| match field.flat_name().as_str() {
///     "status" => Value::from("503"),
///     "method" => Value::from("get"),
///     _ => Value::Missing,
/// };
/// let context = Context::of_query(QueryTimes { start: 0, end: 0, now: 0 });
/// assert_eq!(evaluate(&filter.condition, &event, &context), Ok(Value::Boolean(true)));
/// ```
///
/// # Errors
/// A fault at its place, when the expression cannot be computed from any one event: of an aggregate, of `in`
/// with a query, of an invalid pattern or format, and of a tree that is deeper than [`MAX_DEPTH`].
pub fn evaluate(
    expression: &Spanned<Expression>,
    field: &dyn Fn(&FieldPath) -> Value,
    context: &Context<'_>,
) -> Result<Value, Diagnostic> {
    Evaluation { field, context }.value(&expression.node, expression.span, 0).map(|outcome| outcome.value)
}

struct Evaluation<'e> {
    field: &'e dyn Fn(&FieldPath) -> Value,
    context: &'e Context<'e>,
}

/// A value, and whether it is the same for every event: only constant patterns are checked.
struct Outcome {
    value: Value,
    is_constant: bool,
}

impl Evaluation<'_> {
    fn value(&self, expression: &Expression, span: Span, depth: usize) -> Result<Outcome, Diagnostic> {
        if depth > MAX_DEPTH {
            let expected = format!("an expression of at most {MAX_DEPTH} levels");
            return Err(Diagnostic::new(Kind::Limit, span, expected, "more"));
        }
        let at = |part: &Spanned<Expression>| self.value(&part.node, part.span, depth + 1);
        let constant = |value| Ok(Outcome { value, is_constant: true });
        match expression {
            Expression::Field(path) => Ok(Outcome { value: (self.field)(path), is_constant: false }),
            Expression::Text(text) => constant(text.as_str().into()),
            Expression::Number(number) => constant(Number::parse(number.as_str()).into()),
            Expression::Boolean(truth) => constant(Value::Boolean(*truth)),
            Expression::Null => constant(Value::Missing),
            Expression::Unary(operator, operand) => Ok(at(operand)?.map(|value| match operator {
                UnaryOperator::Not => Value::Boolean(!coerce::truth(&value)),
                UnaryOperator::Negate => arithmetic::negate(&value),
            })),
            Expression::Binary(operator, left, right) => {
                let (left, right) = (at(left)?, at(right)?);
                let is_constant = left.is_constant && right.is_constant;
                Ok(Outcome { value: binary(*operator, &left.value, &right.value), is_constant })
            }
            Expression::And(parts) => Self::logical(parts, at, |truths| truths.iter().all(|truth| *truth)),
            Expression::Or(parts) => Self::logical(parts, at, |truths| truths.iter().any(|truth| *truth)),
            Expression::Match(operator, value, pattern) => {
                let compiled = like(pattern)?;
                let value = at(value)?;
                let holds = matches(*operator, &value.value, &compiled).map_err(|limit| limit.diagnostic(pattern.span))?;
                Ok(value.map(|_| holds.into()))
            }
            Expression::In(operator, value, set) => self.set(*operator, at(value)?, set, depth),
            Expression::Call(call) => self.call(call, depth),
        }
    }

    /// All parts are computed, so that an error in any of them is found for every event.
    fn logical(
        parts: &[Spanned<Expression>],
        value: impl Fn(&Spanned<Expression>) -> Result<Outcome, Diagnostic>,
        holds: fn(&[bool]) -> bool,
    ) -> Result<Outcome, Diagnostic> {
        let parts = parts.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        let truths: Vec<bool> = parts.iter().map(|part| coerce::truth(&part.value)).collect();
        Ok(Outcome { value: holds(&truths).into(), is_constant: parts.iter().all(|part| part.is_constant) })
    }

    fn set(&self, operator: SetOperator, value: Outcome, set: &Spanned<Set>, depth: usize) -> Result<Outcome, Diagnostic> {
        let mut is_constant = value.is_constant;
        let found = match &set.node {
            Set::List(items) => {
                let mut candidates = Vec::with_capacity(items.len());
                for item in items {
                    let item = self.value(&item.node, item.span, depth + 1)?;
                    is_constant &= item.is_constant;
                    candidates.push(item.value);
                }
                compare::is_in(&value.value, &candidates)
            }
            Set::Value(list) => {
                let list = self.value(list, set.span, depth + 1)?;
                is_constant &= list.is_constant;
                json::array_contains(&list.value, &value.value).unwrap_or(false)
            }
            Set::Query(_) => {
                let fault = Diagnostic::new(Kind::Unsupported, set.span, "values", "a query");
                return Err(fault.hint("one event does not tell what a query gives"));
            }
        };
        let holds = if operator == SetOperator::In { found } else { !found && !value.value.is_structure() };
        Ok(Outcome { value: holds.into(), is_constant })
    }

    fn call(&self, call: &Call, depth: usize) -> Result<Outcome, Diagnostic> {
        let function = call.function.node;
        let mut is_constant = !matches!(function, Function::Bin | Function::MessageSize);
        let mut known = Vec::with_capacity(call.arguments.len());
        let mut values = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            match &argument.node {
                Argument::Expression(expression) => {
                    let outcome = self.value(expression, argument.span, depth + 1)?;
                    known.push(outcome.is_constant.then(|| Given::Value(outcome.value.clone())));
                    is_constant &= outcome.is_constant;
                    values.push(outcome.value);
                }
                Argument::Period(period) => known.push(Some(Given::Period(*period))),
                Argument::Star => known.push(None),
            }
        }
        let prepared = Prepared::new(function, &known).map_err(|error| fault(&error, call))?;
        Ok(Outcome { value: prepared.apply(&values, self.context), is_constant })
    }
}

impl Outcome {
    fn map(self, change: impl FnOnce(Value) -> Value) -> Self {
        Self { value: change(self.value), is_constant: self.is_constant }
    }
}

fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Value {
    let compared = |comparison: Comparison| comparison.holds(left, right).into();
    let computed = |operator: Operator| operator.apply(left, right);
    match operator {
        BinaryOperator::Equal => compared(Comparison::Equal),
        BinaryOperator::NotEqual => compared(Comparison::NotEqual),
        BinaryOperator::Less => compared(Comparison::Less),
        BinaryOperator::LessOrEqual => compared(Comparison::LessOrEqual),
        BinaryOperator::Greater => compared(Comparison::Greater),
        BinaryOperator::GreaterOrEqual => compared(Comparison::GreaterOrEqual),
        BinaryOperator::Add => computed(Operator::Add),
        BinaryOperator::Subtract => computed(Operator::Subtract),
        BinaryOperator::Multiply => computed(Operator::Multiply),
        BinaryOperator::Divide => computed(Operator::Divide),
        BinaryOperator::Remainder => computed(Operator::Remainder),
        BinaryOperator::Power => computed(Operator::Power),
    }
}

pub(crate) fn like(pattern: &Spanned<MatchPattern>) -> Result<Like, Diagnostic> {
    match &pattern.node {
        MatchPattern::Text(text) => Ok(Like::substring(text.as_str())),
        // The expression begins after its slash.
        MatchPattern::Regex(regex) => Like::regex(regex.as_str()).map_err(|error| error.diagnostic(pattern.span.start + 1)),
    }
}

fn matches(operator: MatchOperator, value: &Value, pattern: &Like) -> Result<bool, SearchLimit> {
    let found = coerce::text(value).map_or(Ok(false), |text| pattern.is_match(&text))?;
    Ok(match operator {
        MatchOperator::Like | MatchOperator::Matches => found,
        MatchOperator::NotLike => !found && !value.is_structure(),
    })
}

pub(crate) fn fault(error: &CallError, call: &Call) -> Diagnostic {
    let span = match error {
        CallError::Argument { place, .. } => call.arguments.get(*place).map_or(call.function.span, |argument| argument.span),
        CallError::OfGroup(_) | CallError::Arguments(_) => call.function.span,
    };
    match error {
        // After `by` it belongs to one event, but needs the values of all events.
        CallError::OfGroup(function) if function.signature().kind == FunctionKind::Either => {
            support::unsupported_function(*function, span)
        }
        CallError::OfGroup(function) => {
            let fault = Diagnostic::new(Kind::Value, span, "a function of one event", format!("`{function}`"));
            fault.hint(error.to_string())
        }
        CallError::Arguments(function) => {
            let expected = format!("`{function}({})`", function.signature().names);
            Diagnostic::new(Kind::Arity, span, expected, "other arguments")
        }
        CallError::Argument { fault, .. } => {
            Diagnostic::new(Kind::Value, span, "an argument that the function can take", "another one").hint(fault.to_string())
        }
    }
}
