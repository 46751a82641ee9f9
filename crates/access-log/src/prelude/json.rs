//! JSON lines: discovered fields.

use super::{Names, canonical, is_status, slots};
use crate::field::Field;
use crate::format::{Format, JsonShape, LeafValue};
use crate::layout::Source;

/// The names of the discovered fields, and of the parts of composed strings.
struct Discovered<'f>(&'f JsonShape);

impl Names for Discovered<'_> {
    fn name(&self, slot: usize) -> Option<String> {
        self.0.leaves.iter().find_map(|leaf| match &leaf.value {
            LeafValue::Slot(number) => (*number == slot).then(|| path(&leaf.path)).flatten(),
            LeafValue::Composed(sequence) => sequence.gaps.iter().any(|gap| gap.slot == slot).then(|| format!("lm_{slot}")),
        })
    }
}

pub(super) fn commands(format: &Format, json: &JsonShape, fields: &[Field]) -> Vec<String> {
    let names = Discovered(json);
    let mut needed: Vec<usize> = fields.iter().filter_map(|field| format.layout.source(*field)).flat_map(slots).collect();
    let marker = format.marker().and_then(|field| match format.layout.source(field)? {
        Source::Slot(slot) => Some((field, slot)),
        _ => None,
    });
    needed.extend(marker.map(|(_, slot)| slot));
    let mut commands = Vec::new();
    for leaf in &json.leaves {
        let LeafValue::Composed(sequence) = &leaf.value else { continue };
        let Some(field) = path(&leaf.path).filter(|_| sequence.gaps.iter().any(|gap| needed.contains(&gap.slot))) else {
            continue;
        };
        let regex = sequence.regex(&|slot| needed.contains(&slot).then(|| format!("lm_{slot}")), false);
        commands.push(format!("parse {field} /^{regex}$/"));
    }
    if let Some((field, name)) = marker.and_then(|(field, slot)| Some((field, names.name(slot)?))) {
        let condition = if field == Field::Status { is_status(&name) } else { format!("ispresent({name})") };
        commands.push(format!("filter {condition}"));
    }
    commands.extend(canonical(format, fields, &names));
    commands
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
