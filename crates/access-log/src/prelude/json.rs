//! JSON lines: discovered fields.

use super::{Prelude, is_status, name, slots};
use crate::field::Field;
use crate::format::{Format, JsonShape, LeafValue};

pub(super) fn prelude(format: &Format, json: &JsonShape, fields: &[Field]) -> Prelude {
    let needed: Vec<usize> = fields.iter().filter_map(|field| format.layout.source(*field)).flat_map(slots).collect();
    let (mut commands, mut columns) = (Vec::new(), Vec::new());
    for leaf in &json.leaves {
        let Some(path) = path(&leaf.path) else { continue };
        match &leaf.value {
            LeafValue::Slot(slot) if needed.contains(slot) => {
                let name = name(format, *slot, fields);
                if name != path {
                    columns.push(format!("{path} as {name}"));
                }
            }
            LeafValue::Composed(sequence) if sequence.gaps.iter().any(|gap| needed.contains(&gap.slot)) => {
                let regex = sequence.regex(&|slot| needed.contains(&slot).then(|| name(format, slot, fields)), false);
                commands.push(format!("parse {path} /^{regex}$/"));
            }
            LeafValue::Slot(_) | LeafValue::Composed(_) => {}
        }
    }
    if !columns.is_empty() {
        commands.push(format!("fields {}", columns.join(", ")));
    }
    let is_access = match format.marker() {
        Some(Field::Status) => is_status(Field::Status.name()),
        Some(field) => format!("ispresent({field})"),
        None => "ispresent(@message)".to_owned(),
    };
    Prelude { commands, is_access }
}

/// A path of keys as a field of a query; `None` for keys that a query cannot name.
fn path(keys: &[String]) -> Option<String> {
    let segments: Option<Vec<String>> = keys.iter().map(|key| segment(key)).collect();
    Some(segments?.join("."))
}

fn segment(key: &str) -> Option<String> {
    let is_word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_nameable = !key.is_empty() && !key.contains(['`', '\\', '\n', '\r', '#']) && !key.starts_with('@');
    match (is_word, is_nameable) {
        (true, _) => Some(key.to_owned()),
        (false, true) => Some(format!("`{key}`")),
        (false, false) => None,
    }
}
