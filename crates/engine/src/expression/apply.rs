//! The value of a compiled expression for one row.

use std::borrow::Cow;

use logmark_insights::ast::{MatchOperator, SetOperator};

use super::{Call, Compiled, Node};
use crate::control::Env;
use crate::row::Row;
use crate::values::call::{Context, QueryTimes};
use crate::values::compare::Comparison;
use crate::values::regex::SearchLimit;
use crate::values::value::Value;
use crate::values::{arithmetic, bucket, coerce, json};

/// The context in which an expression is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'e> {
    times: QueryTimes,
    /// The query that fails when the value cannot be computed; `None` during compilation.
    env: Option<&'e Env>,
}

impl<'e> At<'e> {
    /// The context during compilation.
    pub(super) const fn compiling(times: QueryTimes) -> Self {
        Self { times, env: None }
    }

    const fn running(env: &'e Env) -> Self {
        Self { times: env.times, env: Some(env) }
    }

    /// Makes the query fail. The value of the condition does not matter then.
    fn fail(self, limit: SearchLimit) -> bool {
        if let Some(env) = self.env {
            env.fail(limit.into());
        }
        false
    }
}

impl Compiled {
    /// The value for a row.
    #[must_use]
    pub fn value<'r>(&'r self, row: &'r Row<'_>, env: &Env) -> Cow<'r, Value> {
        self.0.value(row, At::running(env))
    }

    /// Whether the expression holds for a row, as a condition.
    #[must_use]
    pub fn holds(&self, row: &Row<'_>, env: &Env) -> bool {
        self.0.holds(row, At::running(env))
    }

    /// The text for a row, as functions on texts use it.
    #[must_use]
    pub fn text<'r>(&'r self, row: &'r Row<'_>, env: &Env) -> Option<Cow<'r, str>> {
        self.0.text(row, At::running(env))
    }
}

impl Node {
    pub(super) fn value<'r>(&'r self, row: &'r Row<'_>, at: At<'_>) -> Cow<'r, Value> {
        match self {
            Self::Constant(value) => Cow::Borrowed(value),
            Self::Field(access) => row.get(access),
            Self::Negate(operand) => Cow::Owned(arithmetic::negate(&operand.value(row, at))),
            Self::Compute(operator, left, right) => Cow::Owned(operator.apply(&left.value(row, at), &right.value(row, at))),
            Self::Call(call) => Cow::Owned(call.value(row, at)),
            condition => Cow::Owned(Value::Boolean(condition.holds(row, at))),
        }
    }

    fn holds(&self, row: &Row<'_>, at: At<'_>) -> bool {
        match self {
            Self::Not(operand) => !operand.holds(row, at),
            Self::Compare(comparison, left, right) => comparison.holds(&left.value(row, at), &right.value(row, at)),
            Self::All(parts) => parts.iter().all(|part| part.holds(row, at)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row, at)),
            Self::Like(operator, operand, pattern) => match operand.text(row, at) {
                Some(text) => match pattern.is_match(&text) {
                    Ok(found) => found != (*operator == MatchOperator::NotLike),
                    Err(limit) => at.fail(limit),
                },
                None => *operator == MatchOperator::NotLike && !operand.value(row, at).is_structure(),
            },
            Self::InConstants(operator, operand, constants) => {
                let value = operand.value(row, at);
                in_set(*operator, &value, constants.contains(&value))
            }
            Self::InList(operator, operand, items) => {
                let value = operand.value(row, at);
                let equals = |item: &Self| Comparison::Equal.holds(&value, &item.value(row, at));
                in_set(*operator, &value, items.iter().any(equals))
            }
            Self::InValue(operator, operand, list) => {
                let value = operand.value(row, at);
                let found = json::array_contains(&list.value(row, at), &value).unwrap_or(false);
                in_set(*operator, &value, found)
            }
            Self::InQuery(operator, operand, query) => {
                let value = operand.value(row, at);
                in_set(*operator, &value, query.contains(&value))
            }
            computed => coerce::truth(&computed.value(row, at)),
        }
    }

    fn text<'r>(&'r self, row: &'r Row<'_>, at: At<'_>) -> Option<Cow<'r, str>> {
        match self {
            Self::Field(access) => row.text(access),
            other => match other.value(row, at) {
                Cow::Borrowed(value) => coerce::text(value),
                Cow::Owned(Value::Text(text)) => Some(Cow::Owned(text)),
                Cow::Owned(value) => coerce::text(&value).map(|text| Cow::Owned(text.into_owned())),
            },
        }
    }
}

/// `not in` is the negation of `in`, but both are false for a map or a list.
fn in_set(operator: SetOperator, value: &Value, found: bool) -> bool {
    match operator {
        SetOperator::In => found,
        SetOperator::NotIn => !found && !value.is_structure(),
    }
}

impl Call {
    fn value(&self, row: &Row<'_>, at: At<'_>) -> Value {
        let message = self.message.as_ref().and_then(|message| row.text(message));
        let context = Context { query: at.times, timestamp: row.moment(&self.timestamp), message: message.as_deref() };
        // Most functions have one argument, which is not copied.
        let value = match self.arguments.as_slice() {
            [] => self.prepared.apply(&[], &context),
            [argument] => self.prepared.apply(std::slice::from_ref(&*argument.value(row, at)), &context),
            arguments => {
                let values: Vec<Value> = arguments.iter().map(|argument| argument.value(row, at).into_owned()).collect();
                self.prepared.apply(&values, &context)
            }
        };
        match (&value, self.offset) {
            (Value::Timestamp(start), Some(offset)) => bucket::shifted(*start, offset).map_or(Value::Missing, Value::Timestamp),
            _ => value,
        }
    }
}
