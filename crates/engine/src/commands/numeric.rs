//! The values that count as numeric for commands that select numeric fields themselves.

use crate::values::number::Number;
use crate::values::value::Value;

/// The number of a value: a number, or a text that is one. Timestamps and booleans do not count.
pub(super) fn numeric(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::Integer(*number)),
        Value::Double(number) => Some(Number::Double(*number)),
        Value::Text(text) => Number::parse(text),
        Value::Missing | Value::Boolean(_) | Value::Timestamp(_) | Value::List(_) | Value::Map(_) => None,
    }
}
