//! `+ - * / ^ %` and the numeric functions, over values.
//!
//! Arguments are coerced by [`coerce::number`]; if an argument or the result is not a number, the result is missing. A whole
//! result stays whole as long as it fits 64 bits and becomes a double beyond, never a wrong number. Source: Boolean, comparison,
//! numeric, datetime, and other functions, "Arithmetic operators" and "Numeric operators".

use super::coerce;
use super::number::Number;
use super::value::Value;

/// The mean radius of the Earth, in kilometres (IUGG: 6371.0088).
const EARTH_RADIUS: f64 = 6_371.008_8;

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: not cut to a whole number, 10 / 4 is 2.5.
    Divide,
    /// `^`: to the power of.
    Power,
    /// `%`: the remainder, with the sign of the left side.
    Remainder,
}

impl Operator {
    /// Applies the operator to two values.
    ///
    /// Division by zero, also for the remainder, is missing; so are the root of a negative number and results that a double
    /// cannot hold.
    ///
    /// ```
    /// use logmark_engine::values::{arithmetic::Operator, value::Value};
    ///
    /// assert_eq!(Operator::Power.apply(&Value::from(2), &Value::from(3)), Value::from(8));
    /// assert_eq!(Operator::Remainder.apply(&Value::from("10"), &Value::from(3)), Value::from(1));
    /// assert_eq!(Operator::Divide.apply(&Value::from(1), &Value::from(0)), Value::Missing);
    /// ```
    #[must_use]
    pub fn apply(self, left: &Value, right: &Value) -> Value {
        match (coerce::number(left), coerce::number(right)) {
            (Some(left), Some(right)) => self.of_numbers(left, right).into(),
            _ => Value::Missing,
        }
    }

    /// [`Self::apply`] for numbers; `None` is a missing result.
    #[must_use]
    pub fn of_numbers(self, left: Number, right: Number) -> Option<Number> {
        if let (Number::Integer(left), Number::Integer(right)) = (left, right)
            && let Some(whole) = self.of_whole_numbers(left, right)
        {
            return Some(Number::Integer(whole));
        }
        let (left, right) = (left.as_f64(), right.as_f64());
        let result = match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            // Both would be infinite or NaN, which are not numbers.
            Self::Divide => left / right,
            Self::Remainder => left % right,
            Self::Power => left.powf(right),
        };
        result.is_finite().then_some(Number::Double(result))
    }

    /// `None` if the result is not a whole number of 64 bits.
    fn of_whole_numbers(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Divide => left.checked_div(right).filter(|_| left.checked_rem(right) == Some(0)),
            // The only overflow, the smallest number divided by -1, has the remainder 0.
            Self::Remainder => (right != 0).then(|| left.wrapping_rem(right)),
            Self::Power => left.checked_pow(u32::try_from(right).ok()?),
        }
    }
}

/// Unary minus.
///
/// ```
/// use logmark_engine::values::{arithmetic::negate, value::Value};
///
/// assert_eq!(negate(&Value::from("2.5")), Value::from(-2.5));
/// ```
#[must_use]
pub fn negate(value: &Value) -> Value {
    Operator::Subtract.apply(&Value::Integer(0), value)
}

/// `abs(a)`.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::abs(&(-3).into()), 3.into());
/// ```
#[must_use]
pub fn abs(value: &Value) -> Value {
    match coerce::number(value) {
        Some(Number::Double(number)) => Value::double(number.abs()),
        Some(Number::Integer(number)) if number < 0 => negate(value),
        number => number.into(),
    }
}

/// `ceil(a)`: the smallest whole number that is not below `a`.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::ceil(&(-1.5).into()), (-1).into());
/// ```
#[must_use]
pub fn ceil(value: &Value) -> Value {
    of_double(value, f64::ceil)
}

/// `floor(a)`: the largest whole number that is not above `a`.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::floor(&(-1.5).into()), (-2).into());
/// ```
#[must_use]
pub fn floor(value: &Value) -> Value {
    of_double(value, f64::floor)
}

/// `sqrt(a)`; missing for a negative number.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::sqrt(&9.into()).to_string(), "3");
/// ```
#[must_use]
pub fn sqrt(value: &Value) -> Value {
    coerce::number(value).map(|number| number.as_f64().sqrt()).into()
}

/// `log(a)`, the natural logarithm; missing for zero and negative numbers.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::log(&1.into()).to_string(), "0");
/// ```
#[must_use]
pub fn log(value: &Value) -> Value {
    coerce::number(value).map(|number| number.as_f64().ln()).into()
}

/// `greatest(a, …)`: the largest of the numbers.
///
/// Missing if an argument is not a number: a maximum that ignored an argument could be wrong.
///
/// ```
/// use logmark_engine::values::{arithmetic::greatest, value::Value};
///
/// assert_eq!(greatest(&[Value::from("9"), Value::from(10), Value::from(9.5)]), Value::from(10));
/// ```
#[must_use]
pub fn greatest(values: &[Value]) -> Value {
    numbers(values).and_then(|numbers| numbers.into_iter().max()).into()
}

/// `least(a, …)`: the smallest of the numbers; missing if an argument is not a number.
///
/// ```
/// use logmark_engine::values::{arithmetic::least, value::Value};
///
/// assert_eq!(least(&[Value::from("9"), Value::from(10)]), Value::from(9));
/// assert_eq!(least(&[Value::from(9), Value::Missing]), Value::Missing);
/// ```
#[must_use]
pub fn least(values: &[Value]) -> Value {
    numbers(values).and_then(|numbers| numbers.into_iter().min()).into()
}

/// `round(a)` and `round(a, decimals)`: to the nearest, a half away from zero.
///
/// It rounds the shortest decimal spelling, which is the one that results show: `round(1.005, 2)` is 1.01, though the double lies
/// below the half. Negative decimals round to tens, hundreds and so on. Missing if an argument is not a number, or `decimals` is
/// not whole.
///
/// ```
/// use logmark_engine::values::{arithmetic::round, value::Value};
///
/// assert_eq!(round(&Value::from(-2.5), None), Value::from(-3));
/// assert_eq!(round(&Value::from("3.14159"), Some(&Value::from(2))), Value::from(3.14));
/// assert_eq!(round(&Value::from(1250), Some(&Value::from(-2))), Value::from(1300));
/// ```
#[must_use]
pub fn round(value: &Value, decimals: Option<&Value>) -> Value {
    let decimals = match decimals.map(coerce::whole_number) {
        None => 0,
        Some(Some(decimals)) => decimals,
        Some(None) => return Value::Missing,
    };
    match coerce::number(value) {
        Some(Number::Integer(number)) => round_digits(i128::from(number), 0, decimals).into(),
        Some(Number::Double(number)) => round_double(number, decimals).into(),
        None => Value::Missing,
    }
}

/// `toNumber(a)`: the number, or missing.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::to_number(&"0012".into()), 12.into());
/// ```
#[must_use]
pub fn to_number(value: &Value) -> Value {
    coerce::number(value).into()
}

/// `toInt(a)`: the decimals dropped; missing beyond 32 bits, because AWS distinguishes "int" from "long".
///
/// ```
/// use logmark_engine::values::{arithmetic::to_int, value::Value};
///
/// assert_eq!(to_int(&Value::from("-3.9")), Value::from(-3));
/// assert_eq!(to_int(&Value::from(3_000_000_000)), Value::Missing);
/// ```
#[must_use]
pub fn to_int(value: &Value) -> Value {
    truncated(value).filter(|whole| i32::try_from(*whole).is_ok()).into()
}

/// `toLong(a)`: the decimals dropped; missing beyond 64 bits.
///
/// ```
/// assert_eq!(logmark_engine::values::arithmetic::to_long(&"3e9".into()), 3_000_000_000.into());
/// ```
#[must_use]
pub fn to_long(value: &Value) -> Value {
    truncated(value).into()
}

/// `toDouble(a)`: the nearest double.
///
/// ```
/// use logmark_engine::values::{arithmetic::to_double, value::Value};
///
/// assert_eq!(to_double(&Value::from("2")), Value::Double(2.0));
/// ```
#[must_use]
pub fn to_double(value: &Value) -> Value {
    coerce::number(value).map(Number::as_f64).into()
}

/// `haversine(latitude, longitude, latitude, longitude)`: kilometres between two places given in degrees, along the surface
/// of a sphere with the Earth's mean radius.
///
/// Missing if an argument is not a number or a latitude lies beyond a pole. Longitudes may exceed 180 degrees.
///
/// ```
/// use logmark_engine::values::{arithmetic::haversine, value::Value};
///
/// let quarter = haversine(&Value::from(0), &Value::from(0), &Value::from(90), &Value::from(0));
/// assert_eq!(quarter.to_string(), "10007.5572");
/// ```
#[must_use]
pub fn haversine(latitude: &Value, longitude: &Value, other_latitude: &Value, other_longitude: &Value) -> Value {
    let degrees = |value: &Value| coerce::number(value).map(Number::as_f64);
    let on_earth = |value: &Value| degrees(value).filter(|degrees| degrees.abs() <= 90.0);
    let (Some(first), Some(second)) = (on_earth(latitude), on_earth(other_latitude)) else { return Value::Missing };
    let (Some(west), Some(east)) = (degrees(longitude), degrees(other_longitude)) else { return Value::Missing };
    let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin();
    let across = half_sine(second - first).powi(2)
        + first.to_radians().cos() * second.to_radians().cos() * half_sine((east - west) % 360.0).powi(2);
    // For two antipodes, rounding may raise the sum just above 1, where the arc sine is undefined.
    Value::double(2.0 * EARTH_RADIUS * across.min(1.0).sqrt().asin())
}

fn of_double(value: &Value, function: fn(f64) -> f64) -> Value {
    match coerce::number(value) {
        Some(Number::Double(number)) => Number::from_f64(function(number)).into(),
        number => number.into(),
    }
}

fn truncated(value: &Value) -> Option<i64> {
    coerce::number(value).and_then(Number::truncated)
}

fn numbers(values: &[Value]) -> Option<Vec<Number>> {
    values.iter().map(coerce::number).collect()
}

/// Rounds the shortest decimal spelling of `number`.
fn round_double(number: f64, decimals: i64) -> Option<Number> {
    let spelling = format!("{number:e}");
    let (mantissa, exponent) = spelling.split_once('e')?;
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction).ok()?)?;
    if exponent.saturating_add(decimals) >= 0 {
        return Number::from_f64(number);
    }
    // At most 17 digits.
    round_digits(mantissa.replace('.', "").parse().ok()?, exponent, decimals)
}

/// Rounds `digits`, of which there are at most 19, times 10^`exponent` to so many decimals.
fn round_digits(digits: i128, exponent: i64, decimals: i64) -> Option<Number> {
    // The number of digits that are rounded away.
    let gone = exponent.saturating_add(decimals).saturating_neg();
    if gone <= 0 {
        return i64::try_from(digits).ok().map(Number::Integer);
    }
    // The result is 0: a number of at most 19 digits is less than half of so large a unit.
    let Some(unit) = u32::try_from(gone).ok().filter(|gone| *gone <= 20).map(|gone| 10_i128.pow(gone)) else {
        return Some(Number::Integer(0));
    };
    let half = if digits < 0 { -unit / 2 } else { unit / 2 };
    let rounded = (digits + half) / unit;
    Number::from_f64(format!("{rounded}e{}", decimals.saturating_neg()).parse().ok()?)
}

#[cfg(test)]
#[path = "arithmetic_tests.rs"]
mod tests;
