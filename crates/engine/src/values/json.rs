//! The functions on JSON, and the conversion between JSON and [`Value`].
//!
//! Owns the meaning of JSON as a value: the order of keys is kept; a key that occurs twice has its last value at its first
//! position; `null` and numbers that a double cannot hold are [`Value::Missing`]; a whole number that fits 64 bits is an integer;
//! half of a surrogate pair is U+FFFD. JSON nested deeper than [`DEEPEST`] is not read. Names are from the AWS User Guide, page
//! *Boolean, comparison, numeric, datetime, and other functions*, section *JSON functions*. Paths into a value are in
//! [`super::json_path`].

use super::compare::Comparison;
use super::json_tokens::{Token, Tokens};
use super::map_builder::MapBuilder;
use super::strings::LONGEST_TEXT;
use super::value::Value;

/// Maximum nesting that is read and written.
pub const DEEPEST: usize = 128;

/// `jsonParse(s)`: the text as a map or a list; [`Value::Missing`] for anything else, including a lone number or text.
///
/// ```
/// use logmark_engine::values::{json, value::Value};
///
/// assert_eq!(json::parse("[1, null, 2.5]"), Value::List(vec![Value::Integer(1), Value::Missing, Value::Double(2.5)]));
/// assert_eq!((json::parse("17"), json::parse("{\"a\":")), (Value::Missing, Value::Missing));
/// ```
#[must_use]
pub fn parse(text: &str) -> Value {
    let begins = text.trim_start().starts_with(['{', '[']);
    let tokens = if begins { Tokens::of(text) } else { None };
    tokens.and_then(build).unwrap_or(Value::Missing)
}

/// `jsonStringify(v)`: a map or a list as JSON without white space, keys in their order; `None` for anything else, and
/// beyond [`LONGEST_TEXT`] or [`DEEPEST`].
///
/// ```
/// use logmark_engine::values::json;
/// assert_eq!(json::stringify(&json::parse("{\"b\": [1, \"x\"], \"a\": null}")).as_deref(), Some(r#"{"b":[1,"x"],"a":null}"#));
/// ```
#[must_use]
pub fn stringify(value: &Value) -> Option<String> {
    let writable = value.is_structure() && nests_within(value, DEEPEST);
    let text = if writable { serde_json::to_string(value).ok()? } else { return None };
    (text.len() <= LONGEST_TEXT).then_some(text)
}

/// `jsonArraySize(f)`: the number of items of a list, or of a text that is a list in JSON; `None` for anything else.
///
/// ```
/// use logmark_engine::values::{json::array_size, value::Value};
/// assert_eq!(array_size(&Value::Text("[1, [2, 3]]".into())), Some(2));
/// assert_eq!(array_size(&Value::Text("{}".into())), None);
/// ```
#[must_use]
pub fn array_size(value: &Value) -> Option<i64> {
    with_list(value, |items| i64::try_from(items.len()).unwrap_or(i64::MAX))
}

/// `jsonArrayContains(f, item)`: whether an item of a list, or of a text that is a list in JSON, is that value; `None` if it is
/// not a list. Items are compared like `=` (see [`super::compare`]): a number is found however it is written, `true` also as 1
/// and as text, a text whole and with case, `null` never.
///
/// ```
/// use logmark_engine::values::{json::array_contains, value::Value};
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

/// Like `=`, except that a map or a list equals an identical one.
fn same(item: &Value, wanted: &Value) -> bool {
    if item.is_structure() { item == wanted } else { Comparison::Equal.holds(item, wanted) }
}

fn nests_within(value: &Value, depth: usize) -> bool {
    let within = |item: &Value| nests_within(item, depth.saturating_sub(1));
    match value {
        Value::List(items) => depth > 0 && items.iter().all(within),
        Value::Map(entries) => depth > 0 && entries.iter().all(|(_, item)| within(item)),
        _ => true,
    }
}

/// A map or a list that is not closed yet.
enum Open {
    List(Vec<Value>),
    Map { entries: MapBuilder, key: String },
}

impl Open {
    fn push(&mut self, value: Value) {
        match self {
            Self::List(items) => items.push(value),
            Self::Map { entries, key } => entries.insert(std::mem::take(key), value),
        }
    }

    fn close(self) -> Value {
        match self {
            Self::List(items) => Value::List(items),
            Self::Map { entries, .. } => entries.finish(),
        }
    }
}

/// Builds the value of the tokens; `None` if it is nested deeper than [`DEEPEST`].
fn build(tokens: Tokens<'_>) -> Option<Value> {
    let mut open: Vec<Open> = Vec::new();
    for token in tokens {
        let value = match token {
            Token::MapBegins | Token::ListBegins if open.len() == DEEPEST => return None,
            Token::MapBegins => {
                open.push(Open::Map { entries: MapBuilder::default(), key: String::new() });
                continue;
            }
            Token::ListBegins => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Token::Key(written) => {
                if let Some(Open::Map { key, .. }) = open.last_mut() {
                    *key = written.into_owned();
                }
                continue;
            }
            Token::MapEnds | Token::ListEnds => open.pop()?.close(),
            Token::Text(text) => Value::Text(text.into_owned()),
            Token::Integer(number) => Value::Integer(number),
            Token::Double(number) => Value::Double(number),
            Token::Boolean(truth) => Value::Boolean(truth),
            Token::Null => Value::Missing,
        };
        match open.last_mut() {
            Some(around) => around.push(value),
            None => return Some(value),
        }
    }
    None
}
