//! A value of the language, and its text in results.
//!
//! Owns the kinds of values. Conversions for functions are in [`super::coerce`].

use super::number::Number;
use super::time::timestamp_text;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// The value of a field or an expression for one event.
///
/// CloudWatch returns results as strings. Inside a query a value keeps its kind, and is coerced if a function needs another kind
/// (see [`super::coerce`]). `Display` is the string in results.
///
/// Keep a number with more digits than results show (`0.12345678`) as [`Value::Text`], which coerces to the same number and shows
/// every digit.
///
/// ```
/// use logmark_engine::values::value::Value;
///
/// assert_eq!(Value::from(200).to_string(), "200");
/// assert_eq!(Value::from(1.0 / 3.0).to_string(), "0.3333");
/// assert_eq!(Value::Boolean(true).to_string(), "1");
/// assert_eq!(Value::Timestamp(1_700_000_000_123).to_string(), "2023-11-14 22:13:20.123");
/// assert_eq!(Value::List(vec![Value::from("a"), Value::Boolean(true)]).to_string(), r#"["a",true]"#);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// The event has no such field, or a function has no result for its arguments; shown as the empty string.
    #[default]
    Missing,
    /// `true` or `false` of a comparison or of JSON; shown as `1` and `0`.
    Boolean(bool),
    /// A whole number that fits.
    Integer(i64),
    /// Any other number; finite, since NaN and infinities are [`Value::Missing`]. Shown by the rules of [`Number`].
    Double(f64),
    /// Milliseconds since the epoch, shown as a date and time of day: `@timestamp`, `bin`, `fromMillis`.
    Timestamp(i64),
    /// Text, such as every discovered field of a message that is not JSON.
    Text(String),
    /// A JSON list. Code that builds a list must bound its depth, as JSON parsers do.
    List(Vec<Self>),
    /// A JSON object, in written order; its depth must be bounded too.
    Map(Vec<(String, Self)>),
}

impl Value {
    /// A double, or [`Value::Missing`] if the number is not finite.
    ///
    /// ```
    /// use logmark_engine::values::value::Value;
    ///
    /// assert_eq!(Value::double(0.5), Value::Double(0.5));
    /// assert_eq!(Value::double(f64::NAN), Value::Missing);
    /// ```
    #[must_use]
    pub const fn double(number: f64) -> Self {
        if number.is_finite() { Self::Double(number) } else { Self::Missing }
    }

    /// Whether the value is missing, the negation of `ispresent`. Empty text is present.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// Whether this is a map or a list, which count as missing in string, numeric and date functions.
    ///
    /// Source: Boolean, comparison, numeric, datetime, and other functions, "Structure types".
    #[must_use]
    pub const fn is_structure(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Boolean(truth) => formatter.write_str(if *truth { "1" } else { "0" }),
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Double(number) => write!(formatter, "{}", Number::Double(*number)),
            Self::Timestamp(millis) => formatter.write_str(&timestamp_text(*millis)),
            Self::Text(text) => formatter.write_str(text),
            Self::List(_) | Self::Map(_) => formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?),
        }
    }
}

/// As JSON: missing is `null`, a timestamp its text.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_none(),
            Self::Boolean(truth) => serializer.serialize_bool(*truth),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Double(number) => serializer.serialize_f64(*number),
            Self::Timestamp(millis) => serializer.serialize_str(&timestamp_text(*millis)),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// [`Value::Missing`] if the number is not finite.
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::double(number)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(number) => Self::Integer(number),
            Number::Double(number) => Self::double(number),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// `None` is [`Value::Missing`].
impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_result_shows_each_kind_of_value_as_one_string() {
        let map = Value::Map(vec![
            ("b".into(), Value::from(2.5)),
            ("a".into(), Value::List(vec![Value::Missing, Value::from("say \"hi\"")])),
        ]);
        for (value, text) in [
            (Value::Missing, ""),
            (Value::Boolean(false), "0"),
            (Value::from(-7), "-7"),
            (Value::from(66.666_666), "66.6667"),
            (Value::from("plain"), "plain"),
            (map, r#"{"b":2.5,"a":[null,"say \"hi\""]}"#),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }
}
