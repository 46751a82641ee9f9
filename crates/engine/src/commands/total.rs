//! A sum that grows by one value at a time: exact for whole numbers, and small numbers beside large ones lose no digits.

use crate::values::number::Number;
use crate::values::value::Value;

/// The sum of the numbers so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Total {
    whole: i128,
    doubles: f64,
    /// What `doubles` lost by rounding (Neumaier).
    lost: f64,
    has_doubles: bool,
    has_numbers: bool,
}

impl Total {
    pub(super) fn add(&mut self, number: Number) {
        self.has_numbers = true;
        match number {
            // 2^64 values of 64 bits each fit 128.
            Number::Integer(number) => self.whole += i128::from(number),
            Number::Double(number) => {
                let sum = self.doubles + number;
                let lost = if self.doubles.abs() >= number.abs() {
                    (self.doubles - sum) + number
                } else {
                    (number - sum) + self.doubles
                };
                self.lost += lost;
                self.doubles = sum;
                self.has_doubles = true;
            }
        }
    }

    /// The sum; missing without any number, and beyond what a double can hold.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is wanted")]
    pub(super) fn value(&self) -> Value {
        if !self.has_numbers {
            return Value::Missing;
        }
        match i64::try_from(self.whole) {
            Ok(whole) if !self.has_doubles => Value::Integer(whole),
            _ => Value::double(self.whole as f64 + (self.doubles + self.lost)),
        }
    }
}

/// The number that a value is for commands that look for numeric fields by themselves: a number, or a text that is one.
/// A time and a truth are not.
pub(super) fn numeric(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::Integer(*number)),
        Value::Double(number) => Some(Number::Double(*number)),
        Value::Text(text) => Number::parse(text),
        Value::Missing | Value::Boolean(_) | Value::Timestamp(_) | Value::List(_) | Value::Map(_) => None,
    }
}
