//! The fields of an event, found by a search of all fields.

use logmark_engine::input::discover;
use logmark_engine::row::System;
use logmark_engine::values::json;
use logmark_engine::values::value::Value;

use super::Row;

pub(super) fn of_event(row: &Row, flat: &str) -> Value {
    let Some(event) = &row.event else { return Value::Missing };
    match System::find(flat) {
        Some(System::Timestamp) => Value::Timestamp(event.timestamp),
        Some(System::IngestionTime) => Value::Timestamp(event.ingestion_time),
        Some(System::Message) => event.message.as_str().into(),
        Some(System::Stream) => event.stream.as_ref().into(),
        Some(System::Log) => event.group.as_ref().into(),
        Some(System::Pointer) => event.pointer.as_str().into(),
        None => {
            let fields = discover::all(&event.message);
            if let Some((_, value)) = fields.iter().rev().find(|(name, _)| name == flat) {
                return value.clone();
            }
            let is_around = fields.iter().any(|(name, _)| name.strip_prefix(flat).is_some_and(|rest| rest.starts_with('.')));
            if is_around { structure(&json::parse(&event.message), flat).unwrap_or_default() } else { Value::Missing }
        }
    }
}

/// The map or list with this flat name.
fn structure(value: &Value, flat: &str) -> Option<Value> {
    let entries: Vec<(String, &Value)> = match value {
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::List(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => return None,
    };
    entries.into_iter().find_map(|(key, value)| match flat.strip_prefix(&key)? {
        "" => value.is_structure().then(|| value.clone()),
        rest => structure(value, rest.strip_prefix('.')?),
    })
}
