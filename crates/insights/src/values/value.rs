//! A value of the language.

/// What a field or an expression gives for one event.
///
/// Results leave CloudWatch as strings; inside a query a value keeps what it was made as, and is coerced where a function
/// wants something else (see [`super::coerce`]).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The event has no such field, or a function could make nothing of its arguments.
    Missing,
    /// `true` or `false` of a comparison or of JSON; shown as `1` and `0`.
    Boolean(bool),
    /// A whole number that fits.
    Integer(i64),
    /// Any other number; never NaN, which is [`Value::Missing`].
    Double(f64),
    /// Text: what every discovered field of a message that is no JSON is.
    Text(String),
    /// A list of JSON.
    List(Vec<Value>),
    /// An object of JSON, in the order it was written.
    Map(Vec<(String, Value)>),
}
