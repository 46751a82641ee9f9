//! Coercion of values to numbers, texts, truth values and moments.
//!
//! Every function of the language coerces through here, so all functions agree on which values are numeric.

use super::number::Number;
use super::time::parse_timestamp;
use super::value::Value;
use std::borrow::Cow;

/// The value as the number that numeric functions and operators use; `None` if it is not a number.
///
/// Text is a number if it contains nothing else (see [`Number::parse`]); a boolean is 1 or 0, as results show it; a timestamp is
/// its milliseconds, so the difference of two is a duration. Maps and lists are not numbers. Source: Boolean, comparison,
/// numeric, datetime, and other functions, "Numeric operators", "Structure types".
///
/// ```
/// use logmark_engine::values::{coerce::number, number::Number, value::Value};
///
/// assert_eq!(number(&Value::from("12.5")), Some(Number::Double(12.5)));
/// assert_eq!(number(&Value::Boolean(true)), Some(Number::Integer(1)));
/// assert_eq!(number(&Value::from("12 ms")), None);
/// ```
#[must_use]
pub fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Boolean(truth) => Some(Number::Integer(i64::from(*truth))),
        Value::Integer(number) | Value::Timestamp(number) => Some(Number::Integer(*number)),
        Value::Double(number) => number.is_finite().then_some(Number::Double(*number)),
        Value::Text(text) => Number::parse(text),
        Value::Missing | Value::List(_) | Value::Map(_) => None,
    }
}

/// The value as a position or a count; `None` for a number with decimals, which is not rounded.
///
/// ```
/// use logmark_engine::values::{coerce::whole_number, value::Value};
///
/// assert_eq!(whole_number(&Value::from("2.0")), Some(2));
/// assert_eq!(whole_number(&Value::from(2.5)), None);
/// ```
#[must_use]
pub fn whole_number(value: &Value) -> Option<i64> {
    let number = number(value)?;
    number.truncated().filter(|whole| Number::Integer(*whole) == number)
}

/// `isNumeric`: whether numeric functions accept `value` as a number.
///
/// ```
/// use logmark_engine::values::{coerce::is_numeric, value::Value};
///
/// assert!(is_numeric(&Value::from("-1e3")));
/// assert!(!is_numeric(&Value::from("NaN")));
/// ```
#[must_use]
pub fn is_numeric(value: &Value) -> bool {
    number(value).is_some()
}

/// The value as the text that string functions use, which is the text in results; `None` for missing values, maps and lists.
///
/// Source: Boolean, comparison, numeric, datetime, and other functions, "Structure types".
///
/// ```
/// use logmark_engine::values::{coerce::text, value::Value};
///
/// assert_eq!(text(&Value::from(404)).as_deref(), Some("404"));
/// assert_eq!(text(&Value::List(vec![])), None);
/// ```
#[must_use]
pub fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Missing | Value::List(_) | Value::Map(_) => None,
        shown => Some(Cow::Owned(shown.to_string())),
    }
}

/// The text by which `stats … by`, `dedup` and `count_distinct` distinguish values; `None` for a missing value.
///
/// Values with the same text in results are the same (200, `"200"`), except that a number counts with all of its digits, not only
/// the four decimals that are shown.
///
/// ```
/// use logmark_engine::values::{coerce::identity, value::Value};
///
/// assert_eq!(identity(&Value::from(200)), identity(&Value::from("200")));
/// assert_ne!(identity(&Value::from(0.123_451)), identity(&Value::from(0.123_452)));
/// ```
#[must_use]
pub fn identity(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Missing => None,
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Double(number) if number.fract() != 0.0 => Some(Cow::Owned(format!("{number:?}"))),
        shown => Some(Cow::Owned(shown.to_string())),
    }
}

/// Whether `value` alone as a condition (`filter ok`, `if(ok, …)`) holds.
///
/// `true`, a number or numeric text that is not zero, and the text `true` in any case hold. Everything else does not: AWS allows
/// only TRUE and FALSE as conditions. Source: Boolean, comparison, numeric, datetime, and other functions, "Boolean operators".
///
/// ```
/// use logmark_engine::values::{coerce::truth, value::Value};
///
/// assert!(truth(&Value::from("1")) && truth(&Value::from("true")));
/// assert!(!truth(&Value::from("0")) && !truth(&Value::from("yes")) && !truth(&Value::Missing));
/// ```
#[must_use]
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Boolean(truth) => *truth,
        Value::Text(text) => text.eq_ignore_ascii_case("true") || is_not_zero(value),
        _ => is_not_zero(value),
    }
}

fn is_not_zero(value: &Value) -> bool {
    number(value).is_some_and(|number| number != Number::Integer(0))
}

/// The value as the moment that date functions use, in milliseconds since the epoch; `None` if it is not a moment.
///
/// A number is milliseconds already, its decimals dropped; so is text that is a number. Other text is read as a timestamp (see
/// [`parse_timestamp`]). A boolean is not a moment.
///
/// ```
/// use logmark_engine::values::{coerce::moment, value::Value};
///
/// assert_eq!(moment(&Value::from("1970-01-01T00:00:01Z")), Some(1_000));
/// assert_eq!(moment(&Value::from("1000")), Some(1_000));
/// assert_eq!(moment(&Value::from("soon")), None);
/// ```
#[must_use]
pub fn moment(value: &Value) -> Option<i64> {
    match value {
        Value::Boolean(_) => None,
        Value::Text(text) => match Number::parse(text) {
            Some(millis) => millis.truncated(),
            None => parse_timestamp(text),
        },
        _ => number(value).and_then(Number::truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_numeric, moment, number, text, truth};
    use crate::values::value::Value;

    #[test]
    fn structures_and_missing_fields_are_null_to_every_function() {
        for value in [Value::Missing, Value::List(vec![Value::from(1)]), Value::Map(vec![])] {
            assert_eq!(number(&value), None);
            assert_eq!(text(&value), None);
            assert_eq!(moment(&value), None);
            assert!(!truth(&value) && !is_numeric(&value));
        }
    }

    #[test]
    fn a_number_is_text_as_results_show_it() {
        for (value, shown) in
            [(Value::from(-3), "-3"), (Value::from(0.25), "0.25"), (Value::Boolean(false), "0"), (Value::from(""), "")]
        {
            assert_eq!(text(&value).as_deref(), Some(shown));
        }
    }

    #[test]
    fn conditions_hold_for_true_and_for_what_is_not_zero() {
        for value in [Value::Boolean(true), Value::from(-1), Value::from(0.1), Value::from("2"), Value::from("TRUE")] {
            assert!(truth(&value), "{value}");
        }
        for value in
            [Value::Boolean(false), Value::from(0), Value::from(-0.0), Value::from("0.0"), Value::from("false"), Value::from("")]
        {
            assert!(!truth(&value), "{value}");
        }
    }

    #[test]
    fn numbers_and_texts_name_moments() {
        for (value, millis) in [
            (Value::Timestamp(-1), Some(-1)),
            (Value::from(1_700_000_000_999.7), Some(1_700_000_000_999)),
            (Value::from("2023-11-14 22:13:20.123"), Some(1_700_000_000_123)),
            (Value::from(1e300), None),
            (Value::Boolean(true), None),
        ] {
            assert_eq!(moment(&value), millis, "{value}");
        }
    }
}
