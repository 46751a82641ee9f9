//! JSON objects whose keys stay in the order they are given, as programs log them.

use serde_json::Value;

/// One line: the object of `fields`.
pub(super) fn object(fields: &[(&str, Value)]) -> String {
    let members: Vec<_> = fields.iter().map(|(key, value)| format!("{}:{value}", Value::from(*key))).collect();
    format!("{{{}}}", members.join(","))
}
