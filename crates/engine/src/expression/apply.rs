//! The value of a compiled expression for one row.

use std::borrow::Cow;

use logmark_insights::ast::{MatchOperator, SetOperator};

use super::{Call, Compiled, Node};
use crate::control::Env;
use crate::row::Row;
use crate::values::call::{Context, QueryTimes};
use crate::values::compare::Comparison;
use crate::values::value::Value;
use crate::values::{arithmetic, bucket, coerce, json};

impl Compiled {
    /// The value for a row.
    #[must_use]
    pub fn value<'r>(&'r self, row: &'r Row<'_>, env: &Env) -> Cow<'r, Value> {
        self.0.value(row, env.times)
    }

    /// Whether the expression holds for a row, as a condition.
    #[must_use]
    pub fn holds(&self, row: &Row<'_>, env: &Env) -> bool {
        self.0.holds(row, env.times)
    }

    /// The text for a row, as functions on texts take it.
    #[must_use]
    pub fn text<'r>(&'r self, row: &'r Row<'_>, env: &Env) -> Option<Cow<'r, str>> {
        self.0.text(row, env.times)
    }
}

impl Node {
    pub(super) fn value<'r>(&'r self, row: &'r Row<'_>, times: QueryTimes) -> Cow<'r, Value> {
        match self {
            Self::Constant(value) => Cow::Borrowed(value),
            Self::Field(access) => row.get(access),
            Self::Negate(operand) => Cow::Owned(arithmetic::negate(&operand.value(row, times))),
            Self::Compute(operator, left, right) => Cow::Owned(operator.apply(&left.value(row, times), &right.value(row, times))),
            Self::Call(call) => Cow::Owned(call.value(row, times)),
            condition => Cow::Owned(Value::Boolean(condition.holds(row, times))),
        }
    }

    fn holds(&self, row: &Row<'_>, times: QueryTimes) -> bool {
        match self {
            Self::Not(operand) => !operand.holds(row, times),
            Self::Compare(comparison, left, right) => comparison.holds(&left.value(row, times), &right.value(row, times)),
            Self::All(parts) => parts.iter().all(|part| part.holds(row, times)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row, times)),
            Self::Like(operator, operand, pattern) => match operand.text(row, times) {
                Some(text) => pattern.is_match(&text) != (*operator == MatchOperator::NotLike),
                None => *operator == MatchOperator::NotLike && !operand.value(row, times).is_structure(),
            },
            Self::InConstants(operator, operand, constants) => {
                let value = operand.value(row, times);
                in_set(*operator, &value, constants.contains(&value))
            }
            Self::InList(operator, operand, items) => {
                let value = operand.value(row, times);
                let equals = |item: &Self| Comparison::Equal.holds(&value, &item.value(row, times));
                in_set(*operator, &value, items.iter().any(equals))
            }
            Self::InValue(operator, operand, list) => {
                let value = operand.value(row, times);
                let found = json::array_contains(&list.value(row, times), &value).unwrap_or(false);
                in_set(*operator, &value, found)
            }
            Self::InQuery(operator, operand, query) => {
                let value = operand.value(row, times);
                in_set(*operator, &value, query.contains(&value))
            }
            computed => coerce::truth(&computed.value(row, times)),
        }
    }

    fn text<'r>(&'r self, row: &'r Row<'_>, times: QueryTimes) -> Option<Cow<'r, str>> {
        match self {
            Self::Field(access) => row.text(access),
            other => match other.value(row, times) {
                Cow::Borrowed(value) => coerce::text(value),
                Cow::Owned(Value::Text(text)) => Some(Cow::Owned(text)),
                Cow::Owned(value) => coerce::text(&value).map(|text| Cow::Owned(text.into_owned())),
            },
        }
    }
}

/// `not in` is the negation of `in`, but a map or a list is neither in nor not in.
fn in_set(operator: SetOperator, value: &Value, found: bool) -> bool {
    match operator {
        SetOperator::In => found,
        SetOperator::NotIn => !found && !value.is_structure(),
    }
}

impl Call {
    fn value(&self, row: &Row<'_>, times: QueryTimes) -> Value {
        let values: Vec<Value> = self.arguments.iter().map(|argument| argument.value(row, times).into_owned()).collect();
        let message = self.message.as_ref().and_then(|message| row.text(message));
        let context = Context { query: times, timestamp: row.moment(&self.timestamp), message: message.as_deref() };
        let value = self.prepared.apply(&values, &context);
        match (&value, self.offset) {
            (Value::Timestamp(start), Some(offset)) => bucket::shifted(*start, offset).map_or(Value::Missing, Value::Timestamp),
            _ => value,
        }
    }
}
