//! Which values are numeric for commands that look for numeric fields by themselves.

use crate::values::number::Number;
use crate::values::value::Value;

/// The number that a value is: a number, or a text that is one. A time and a truth are not.
pub(super) fn numeric(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::Integer(*number)),
        Value::Double(number) => Some(Number::Double(*number)),
        Value::Text(text) => Number::parse(text),
        Value::Missing | Value::Boolean(_) | Value::Timestamp(_) | Value::List(_) | Value::Map(_) => None,
    }
}
