//! Paths into structured values: `map.attr`, ``map.`special.key` ``, `list[0]`, `a.items.0.id`.
//!
//! Owns paths, their syntax, and the value at a path. Rules are from the AWS User Guide, page
//! *Boolean, comparison, numeric, datetime, and other functions*, section *Structure types*, and of *Supported logs and
//! discovered fields*, where an index of an array is an ordinary part.

use super::json;
use super::value::Value;

/// The value at a path: each part is a key of a map, or an index of a list written in decimal.
///
/// A part never matches two levels: the key `a.b` is reached by the one part `a.b`. [`Value::Missing`] is `None`.
///
/// ```
/// use logmark_engine::values::{json, json_path::lookup, value::Value};
///
/// let value = json::parse(r#"{"users": [{"name": "ann", "a.b": 7}]}"#);
/// assert_eq!(lookup(&value, ["users", "0", "name"]), Some(&Value::Text("ann".into())));
/// assert_eq!(lookup(&value, ["users", "0", "a.b"]), Some(&Value::Integer(7)));
/// assert_eq!((lookup(&value, ["users", "00"]), lookup(&value, ["users", "1"])), (None, None));
/// ```
#[must_use]
pub fn lookup<'v, 'p>(value: &'v Value, parts: impl IntoIterator<Item = &'p str>) -> Option<&'v Value> {
    let mut value = value;
    for part in parts {
        value = match value {
            Value::Map(entries) => entries.iter().find(|(key, _)| key == part).map(|(_, value)| value)?,
            Value::List(items) => items.get(index(part)?)?,
            _ => return None,
        };
    }
    (*value != Value::Missing).then_some(value)
}

/// `json field=f "a.b" as x`: the value at the path in a text of JSON; [`Value::Missing`] if the text has no such value.
///
/// ```
/// use logmark_engine::values::{json_path::extract, value::Value};
/// assert_eq!(extract(r#"{"a": {"b": [7]}}"#, ["a", "b", "0"]), Value::Integer(7));
/// ```
#[must_use]
pub fn extract<'p>(text: &str, parts: impl IntoIterator<Item = &'p str>) -> Value {
    lookup(&json::parse(text), parts).cloned().unwrap_or(Value::Missing)
}

/// An index: decimal, without a sign or leading zeros.
fn index(part: &str) -> Option<usize> {
    let plain = part == "0" || (!part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { part.parse().ok() } else { None }
}

/// The parts of a path as written in a query; `None` if it is malformed.
///
/// ```
/// use logmark_engine::values::json_path::parts;
///
/// assert_eq!(parts("users[1].`first.name`"), Some(vec!["users".into(), "1".into(), "first.name".into()]));
/// assert_eq!((parts("a..b"), parts("a[x]"), parts("`a")), (None, None, None));
/// ```
#[must_use]
pub fn parts(written: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = written;
    loop {
        let (part, after) = match rest.strip_prefix('`') {
            Some(quoted) => quoted.split_once('`')?,
            None => rest.split_at(rest.find(['.', '[', '`']).unwrap_or(rest.len())),
        };
        if part.is_empty() {
            return None;
        }
        parts.push(part.to_owned());
        rest = after;
        while let Some(bracket) = rest.strip_prefix('[') {
            let (number, after) = bracket.split_once(']')?;
            index(number)?;
            parts.push(number.to_owned());
            rest = after;
        }
        if rest.is_empty() {
            return Some(parts);
        }
        rest = rest.strip_prefix('.')?;
    }
}
