//! The functions on JSON, and the way from JSON to [`Value`] and back.
//!
//! Owns what JSON means as a value: the order of keys is kept, of a key that is given twice the last value counts at the
//! place of the first, `null` is [`Value::Missing`], a number that is whole and fits 64 bits is an integer. JSON nested
//! deeper than 128 is none (the reader's own bound). Names are those of the AWS User Guide, page *Boolean, comparison,
//! numeric, datetime, and other functions*, section *JSON functions*. Ways into a value are in [`super::json_path`].

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::strings::LONGEST_TEXT;
use super::value::Value;

/// Deepest nesting that is written; what was read is never deeper.
pub const DEEPEST: usize = 128;

/// `jsonParse(s)`: the map or the list that the text is; [`Value::Missing`] for anything else, a lone number or text too.
///
/// ```
/// use logmark_insights::values::{json, value::Value};
///
/// assert_eq!(json::parse("[1, null, 2.5]"), Value::List(vec![Value::Integer(1), Value::Missing, Value::Double(2.5)]));
/// assert_eq!((json::parse("17"), json::parse("{\"a\":")), (Value::Missing, Value::Missing));
/// ```
#[must_use]
pub fn parse(text: &str) -> Value {
    let begins = text.trim_start().starts_with(['{', '[']);
    let parsed = if begins { serde_json::from_str(text).ok() } else { None };
    parsed.map_or(Value::Missing, |Parsed(value)| value)
}

/// `jsonStringify(v)`: a map or a list as JSON without white space, keys in their order; `None` for anything else, and
/// beyond [`LONGEST_TEXT`] or [`DEEPEST`].
///
/// ```
/// use logmark_insights::values::json;
/// assert_eq!(json::stringify(&json::parse("{\"b\": [1, \"x\"], \"a\": null}")).as_deref(), Some(r#"{"b":[1,"x"],"a":null}"#));
/// ```
#[must_use]
pub fn stringify(value: &Value) -> Option<String> {
    let structured = matches!(value, Value::Map(_) | Value::List(_));
    if structured { text_of(value) } else { None }
}

/// `jsonArraySize(f)`: how many items a list has, or a text that is a list in JSON; `None` for anything else.
///
/// ```
/// use logmark_insights::values::{json::array_size, value::Value};
/// assert_eq!(array_size(&Value::Text("[1, [2, 3]]".into())), Some(2));
/// assert_eq!(array_size(&Value::Text("{}".into())), None);
/// ```
#[must_use]
pub fn array_size(value: &Value) -> Option<i64> {
    with_list(value, |items| i64::try_from(items.len()).unwrap_or(i64::MAX))
}

/// `jsonArrayContains(f, item)`: whether an item of a list, or of a text that is a list in JSON, is that value; `None`
/// when it is no list. A number is found however it is written, also as a text; texts are compared whole and with case.
///
/// ```
/// use logmark_insights::values::{json::array_contains, value::Value};
///
/// let list = Value::Text(r#"["eu", 2, "3", true]"#.into());
/// let found = |text: &str| array_contains(&list, &Value::Text(text.into()));
/// assert_eq!((found("eu"), found("EU"), found("2"), found("true")), (Some(true), Some(false), Some(true), Some(true)));
/// assert_eq!(array_contains(&list, &Value::Integer(3)), Some(true));
/// ```
#[must_use]
pub fn array_contains(value: &Value, item: &Value) -> Option<bool> {
    with_list(value, |items| items.iter().any(|each| same(each, item)))
}

fn with_list<R>(value: &Value, ask: impl FnOnce(&[Value]) -> R) -> Option<R> {
    match value {
        Value::List(items) => Some(ask(items)),
        Value::Text(text) => match parse(text) {
            Value::List(items) => Some(ask(&items)),
            _ => None,
        },
        _ => None,
    }
}

fn same(item: &Value, wanted: &Value) -> bool {
    match (item, wanted) {
        (Value::Missing, _) | (_, Value::Missing) => false,
        (Value::Text(item), Value::Text(wanted)) => item == wanted,
        (Value::Text(_) | Value::Boolean(_), Value::Text(_) | Value::Boolean(_)) => scalar(item) == scalar(wanted),
        (Value::Map(_) | Value::List(_), _) | (_, Value::Map(_) | Value::List(_)) => item == wanted,
        _ => matches!((number(item), number(wanted)), (Some(item), Some(wanted)) if item == wanted),
    }
}

fn scalar(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Boolean(truth) => Some(if *truth { "true" } else { "false" }),
        _ => None,
    }
}

/// Whole numbers are compared as such: a double would mix up neighbours above 2^53.
fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::Whole(*number)),
        Value::Double(number) => Some(Number::of(*number)),
        Value::Text(text) => match text.parse() {
            Ok(number) => Some(Number::Whole(number)),
            Err(_) => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::of),
        },
        _ => None,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Number {
    Whole(i64),
    Other(f64),
}

impl Number {
    fn of(number: f64) -> Self {
        // Below 2^53 every whole double is that very integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = number.trunc() == number && number.abs() < EXACT;
        if whole { format!("{number:.0}").parse().map_or(Self::Other(number), Self::Whole) } else { Self::Other(number) }
    }
}

/// Any value as JSON; a missing one is `null`.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    let mut text = String::new();
    write(value, &mut text, DEEPEST)?;
    Some(text)
}

fn write(value: &Value, text: &mut String, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Missing => text.push_str("null"),
        Value::Boolean(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Integer(number) => text.push_str(&number.to_string()),
        Value::Double(number) => text.push_str(&serde_json::to_string(number).ok()?),
        Value::Text(written) => quote(written, text)?,
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                text.push(if index == 0 { '[' } else { ',' });
                write(item, text, depth)?;
            }
            text.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                text.push(if index == 0 { '{' } else { ',' });
                quote(key, text)?;
                text.push(':');
                write(value, text, depth)?;
            }
            text.push_str(if entries.is_empty() { "{}" } else { "}" });
        }
    }
    (text.len() <= LONGEST_TEXT).then_some(())
}

fn quote(written: &str, text: &mut String) -> Option<()> {
    text.push_str(&serde_json::to_string(written).ok()?);
    Some(())
}

/// A value read from JSON.
struct Parsed(Value);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Missing)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Boolean(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(unsigned(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Parsed(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map: Vec<(String, Value)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some((key, Parsed(value))) = entries.next_entry::<String, Parsed>()? {
            match places.get(&key).and_then(|place| map.get_mut(*place)) {
                Some(entry) => entry.1 = value,
                None => {
                    places.insert(key.clone(), map.len());
                    map.push((key, value));
                }
            }
        }
        Ok(Value::Map(map))
    }
}

/// Of a number without a sign: above 2^63-1 only a double holds it.
#[expect(clippy::cast_precision_loss, reason = "a number that large is kept as near as a double can")]
pub(super) fn unsigned(number: u64) -> Value {
    i64::try_from(number).map_or(Value::Double(number as f64), Value::Integer)
}
