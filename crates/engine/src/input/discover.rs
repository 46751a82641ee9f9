//! The fields of an event, discovered in its message: the general way of [`Block::load`](super::Block::load).
//!
//! - A message that is one object of JSON has the fields of [`fields`].
//! - A line of Lambda, VPC flow logs or Route 53 has those of [`log_fields`]; a line of Lambda has those of the first object
//!   of JSON in it as well.
//! - A list or a map of a message is a value too, under its own name, for `expand`, `unnest` and the functions on JSON: when
//!   it has at least one field that is discovered.

use std::ops::ControlFlow;

use super::scan::{self, Ended};
use super::{FieldReader, Wanted};
use crate::values::value::Value;
use crate::values::{fields, json, json_path, log_fields};

/// Puts the wanted fields of an event with this message at their slots. Slots of missing fields are not changed.
pub fn load(message: &str, fields: &mut FieldReader, values: &mut [Value]) {
    if message.starts_with('{') || message.trim_start().starts_with('{') {
        return of_json(message, fields, values);
    }
    for (name, value) in of_line(message) {
        put(&fields.wanted, name, value, values);
    }
    if let Some(embedded) = of_lambda(message).then(|| fields::embedded(message)).flatten() {
        of_json(embedded, fields, values);
    }
}

/// All fields of an event with this message, except lists and maps.
#[must_use]
pub fn all(message: &str) -> Vec<(String, Value)> {
    if message.trim_start().starts_with('{') {
        return fields::all(message);
    }
    let mut found: Vec<(String, Value)> = of_line(message).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some(embedded) = of_lambda(message).then(|| fields::embedded(message)).flatten() {
        found.extend(fields::all(embedded));
    }
    found
}

fn of_line(message: &str) -> Vec<log_fields::Field> {
    [log_fields::lambda, log_fields::vpc_flow, log_fields::route53]
        .into_iter()
        .map(|discover| discover(message))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

fn of_lambda(message: &str) -> bool {
    !log_fields::lambda(message).is_empty()
}

fn put(wanted: &Wanted, name: &str, value: Value, values: &mut [Value]) {
    if let Some(place) = wanted.find(name).and_then(|slot| values.get_mut(slot.index())) {
        *place = value;
    }
}

fn of_json(message: &str, fields: &mut FieldReader, values: &mut [Value]) {
    let Err(ended) = scan::load(message, fields, values) else { return };
    let wanted = &fields.wanted;
    for slot in wanted.iter().map(|(_, slot)| slot) {
        if let Some(place) = values.get_mut(slot.index()) {
            *place = Value::Missing;
        }
    }
    if ended == Ended::AtStructure {
        with_structures(message, wanted, values);
    }
}

/// The general method, for messages in which a wanted name is a list or a map.
fn with_structures(message: &str, wanted: &Wanted, values: &mut [Value]) {
    let mut structures: Vec<&str> = Vec::new();
    fields::discover(message, |name, leaf| {
        if let Some(place) = wanted.find(name).and_then(|slot| values.get_mut(slot.index())) {
            *place = leaf.into();
        }
        note_structures(name, wanted, &mut structures);
        ControlFlow::Continue(())
    });
    if structures.is_empty() {
        return;
    }
    let whole = json::parse(message);
    for name in structures {
        let Some(place) = wanted.find(name).and_then(|slot| values.get_mut(slot.index())) else { continue };
        // A leaf with this name takes precedence.
        if place.is_missing() {
            *place = structure(&whole, name).cloned().unwrap_or_default();
        }
    }
}

/// Records the wanted names that are prefixes of a leaf's name: those of the maps and lists around it.
fn note_structures<'w>(leaf: &str, wanted: &'w Wanted, structures: &mut Vec<&'w str>) {
    for (point, _) in leaf.match_indices('.') {
        let Some(name) = wanted.name(&leaf[..point]) else { continue };
        if !structures.contains(&name) {
            structures.push(name);
        }
    }
}

/// The map or list with this flat name. A key may contain dots itself, so each way to split the name is tried.
fn structure<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    // A key that begins with `@` is shown with another `@`.
    let name = name.strip_prefix("@@").map_or(name, |_| &name[1..]);
    part(value, name).filter(|value| value.is_structure())
}

fn part<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    if let Some(found) = json_path::lookup(value, [name]) {
        return Some(found);
    }
    name.match_indices('.').find_map(|(point, _)| part(json_path::lookup(value, [&name[..point]])?, &name[point + 1..]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{all, load};
    use crate::input::{FieldReader, Wanted};
    use crate::row::Slot;
    use crate::values::json;
    use crate::values::value::Value;

    fn loaded(message: &str, names: &[&str]) -> Vec<Value> {
        let mut wanted = Wanted::default();
        for (place, name) in names.iter().enumerate() {
            wanted.add(name, || Slot(place));
        }
        let mut values = vec![Value::Missing; names.len()];
        load(message, &mut FieldReader::new(Arc::new(wanted)), &mut values);
        values
    }

    #[test]
    fn leaves_lists_and_maps_of_a_message_are_fields() {
        let message = r#"{"a":{"b":1,"c":[2,{"d":"x"}]},"tags":["t"],"none":[],"@id":{"k":1},"p.q":{"r":true},"s":"u"}"#;
        let names = ["a.b", "a.c", "a.c.1.d", "tags", "none", "@@id", "p.q", "p.q.r", "s", "zz"];
        let parsed = |text: &str| json::parse(text);
        assert_eq!(
            loaded(message, &names),
            [
                Value::from(1),
                parsed(r#"[2,{"d":"x"}]"#),
                "x".into(),
                parsed(r#"["t"]"#),
                Value::Missing,
                parsed(r#"{"k":1}"#),
                parsed(r#"{"r":true}"#),
                true.into(),
                "u".into(),
                Value::Missing,
            ]
        );
    }

    #[test]
    fn a_line_of_lambda_has_its_own_fields_and_those_of_its_json() {
        let request = "6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001";
        let line = format!("2026-01-05T08:00:00.000Z\t{request}\tINFO\t{{\"order\":{{\"id\":7}}}}\n");
        assert_eq!(loaded(&line, &["@requestId", "order.id"]), [Value::from(request), Value::from(7)]);
        assert_eq!(all(&line).len(), 2);
        assert_eq!(loaded("plain {\"a\":1}", &["a"]), [Value::Missing]);
    }
}
