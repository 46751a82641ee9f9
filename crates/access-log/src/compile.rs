//! From templates and patterns to formats.

use std::borrow::Cow;

use crate::class::Class;
use crate::field::{Field, Kind};
use crate::format::{Format, JsonShape, LeafPath, LeafValue, Shape};
use crate::json::{Member, Members};
use crate::layout::{Encoding, Layout, Slot};
use crate::sequence::{Extent, Part, Sequence};
use crate::template::{JsonValue, Leaf, Piece, Template, TemplateError, TemplateErrors};
use crate::variable::Variable;

/// Compiles a template.
///
/// # Errors
/// If lines of the template cannot be read.
pub(crate) fn template(name: Cow<'static, str>, template: Template) -> Result<Format, TemplateErrors> {
    let Template { pieces, json, warnings } = &template;
    if let Some(error) = adjacent_texts(pieces) {
        return Err(TemplateErrors(vec![error]));
    }
    let is_xml = matches!(pieces.first(), Some((Piece::Literal(text), _)) if text.trim_start().starts_with('<'));
    let encoding = |kind: Kind| match kind {
        _ if json.is_some() => Encoding::Json,
        Kind::Text | Kind::Path | Kind::RouteKey if is_xml => Encoding::Xml,
        _ => Encoding::Plain,
    };
    let slots: Vec<Slot> =
        template.variables().map(|variable| Slot { variable: variable.clone(), encoding: encoding(variable.kind()) }).collect();
    let parts = numbered(pieces.iter().map(|(piece, _)| piece), 0);
    let shape = match json {
        Some(tree) => Shape::Json(Box::new(json_shape(tree, &parts, &slots))),
        None => Shape::Sequence(Sequence::new(&parts)),
    };
    Ok(Format { name, layout: Layout::new(slots, &[]), parts, shape, warnings: warnings.clone() })
}

/// A format of JSON lines with these keys, for lines whose template is not known.
pub(crate) fn json_keys(keys: &[(Vec<String>, Variable)]) -> Format {
    let mut members = Members::default();
    let (mut slots, mut leaves, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for (slot, (path, variable)) in keys.iter().enumerate() {
        members.add(path, Member::Value(slot));
        leaves.push(LeafPath { path: path.clone(), value: LeafValue::Slot(slot) });
        let key = serde_json::to_string(&path.join(".")).unwrap_or_default();
        parts.push(Part::Literal(format!("{}{key}:\"", if slot == 0 { "{" } else { "\"," })));
        parts.push(Part::Value { slot, kind: variable.kind(), extent: None });
        slots.push(Slot { variable: variable.clone(), encoding: Encoding::Json });
    }
    parts.push(Part::Literal("\"}".to_owned()));
    let shape = JsonShape { plain: None, members, by_literals: None, leaves, has_bare_variable: false };
    Format {
        name: "json".into(),
        layout: Layout::new(slots, &[]),
        parts,
        shape: Shape::Json(Box::new(shape)),
        warnings: Vec::new(),
    }
}

/// Two values without a literal between them cannot be told apart if either is any text.
fn adjacent_texts(pieces: &[(Piece, std::ops::Range<usize>)]) -> Option<TemplateError> {
    pieces.iter().zip(pieces.iter().skip(1)).find_map(|((first, place), (second, end))| {
        let (Piece::Variable(first), Piece::Variable(second)) = (first, second) else { return None };
        let is_text = |variable: &Variable| matches!(variable.kind(), Kind::Text | Kind::RouteKey);
        (is_text(first) || is_text(second) || first.kind() == Kind::Token && second.kind() == Kind::Token).then(|| {
            let problem = "two variables without a separator, whose values cannot be told apart";
            TemplateError::new(place.start..end.end, problem, "write a separator between them")
        })
    })
}

/// The parts of some pieces; the first variable has the number `first`.
fn numbered<'p>(pieces: impl Iterator<Item = &'p Piece>, first: usize) -> Vec<Part> {
    let mut slot = first;
    let part = |piece: &Piece| match piece {
        Piece::Literal(text) => Part::Literal(text.clone()),
        Piece::Variable(variable) => {
            slot += 1;
            Part::Value { slot: slot - 1, kind: variable.kind(), extent: None }
        }
    };
    pieces.map(part).collect()
}

fn json_shape(tree: &JsonValue, parts: &[Part], slots: &[Slot]) -> JsonShape {
    let mut leaves = Vec::new();
    let mut next = 0;
    collect(tree, &mut Vec::new(), &mut next, &mut leaves);
    let mut members = Members::default();
    for leaf in &leaves {
        let member = match &leaf.value {
            LeafValue::Slot(slot) => Member::Value(*slot),
            LeafValue::Composed(sequence) => Member::Composed(sequence.clone()),
        };
        members.add(&leaf.path, member);
    }
    let has_quoted_value = slots.iter().any(|slot| slot.variable.is_quoted());
    // Values with their own quotes, and numbers without quotes, are left to the reader of JSON.
    let plain = (!has_quoted_value).then(|| Sequence::new(&with_strings(parts, &Extent::Class(Class::plain_json()))));
    JsonShape {
        plain,
        members,
        by_literals: Some(Sequence::new(parts)),
        leaves,
        has_bare_variable: tree.has_bare_variable() || has_quoted_value,
    }
}

/// The parts with whole strings of this extent. Values without quotes keep their types.
fn with_strings(parts: &[Part], extent: &Extent) -> Vec<Part> {
    let literal = |index: Option<usize>| match index.and_then(|index| parts.get(index)) {
        Some(Part::Literal(text)) => text.as_str(),
        _ => "",
    };
    let part = |(index, part): (usize, &Part)| {
        let Part::Value { slot, kind, .. } = part else { return part.clone() };
        match (literal(index.checked_sub(1)).ends_with('"'), literal(Some(index + 1)).starts_with('"')) {
            (true, true) => Part::Value { slot: *slot, kind: Kind::Text, extent: Some(extent.clone()) },
            // A part of a longer string; a text without quotes brings its own.
            _ if *kind != Kind::Text || !is_alone(literal(index.checked_sub(1)), literal(Some(index + 1))) => {
                part_of_composed(part)
            }
            _ => part.clone(),
        }
    };
    parts.iter().enumerate().map(part).collect()
}

/// Whether a value stands between the signs of JSON.
fn is_alone(before: &str, after: &str) -> bool {
    before.trim_end().ends_with([':', '[', ',']) && after.trim_start().starts_with([',', '}', ']'])
}

/// A value inside of a longer string, or without quotes.
fn part_of_composed(part: &Part) -> Part {
    match part {
        Part::Value { slot, kind: Kind::Text | Kind::RouteKey, .. } => {
            Part::Value { slot: *slot, kind: Kind::Text, extent: Some(Extent::Class(Class::plain_json())) }
        }
        Part::Value { slot, kind: Kind::Path | Kind::Token, .. } => {
            Part::Value { slot: *slot, kind: Kind::Token, extent: Some(Extent::Class(Class::of(Kind::Token, "\"", "\""))) }
        }
        _ => part.clone(),
    }
}

/// The values of a tree with their paths; `next` is the number of the next variable.
fn collect(tree: &JsonValue, path: &mut Vec<String>, next: &mut usize, leaves: &mut Vec<LeafPath>) {
    match tree {
        JsonValue::Object(members) => {
            for (key, value) in members {
                path.push(key.clone());
                collect(value, path, next, leaves);
                path.pop();
            }
        }
        JsonValue::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                path.push(index.to_string());
                collect(value, path, next, leaves);
                path.pop();
            }
        }
        JsonValue::Leaf(leaf) => {
            if let Some(value) = leaf_value(leaf, *next) {
                leaves.push(LeafPath { path: path.clone(), value });
            }
            *next += leaf.pieces.iter().filter(|piece| matches!(piece, Piece::Variable(_))).count();
        }
        JsonValue::Constant => {}
    }
}

/// A string without variables has no value.
fn leaf_value(leaf: &Leaf, first: usize) -> Option<LeafValue> {
    match leaf.pieces.as_slice() {
        [Piece::Variable(_)] => Some(LeafValue::Slot(first)),
        pieces if pieces.iter().any(|piece| matches!(piece, Piece::Variable(_))) => {
            let parts: Vec<Part> = numbered(pieces.iter(), first).iter().map(part_of_composed).collect();
            Some(LeafValue::Composed(Sequence::new(&parts)))
        }
        _ => None,
    }
}

/// A format of a web server from a pattern such as `{ip} [{requestTime}] "{request|quoted}"`: the name of a field, or another
/// name, and the kind of its values if it is not the field's.
pub(crate) fn pattern(name: &'static str, pattern: &str, computed: &[(Field, crate::layout::Source)]) -> Format {
    let (mut slots, mut parts): (Vec<Slot>, Vec<Part>) = (Vec::new(), Vec::new());
    let mut rest = pattern;
    while let Some((literal, (value, behind))) = rest.split_once('{').and_then(|(l, r)| Some((l, r.split_once('}')?))) {
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_owned()));
        }
        let (variable, kind) = value.split_once('|').unwrap_or((value, ""));
        let (kind, extent, encoding) = kind_of(variable, kind);
        parts.push(Part::Value { slot: slots.len(), kind, extent });
        slots.push(Slot { variable: Variable::unchecked(variable), encoding });
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    let shape = Shape::Sequence(Sequence::new(&parts));
    Format { name: name.into(), layout: Layout::new(slots, computed), parts, shape, warnings: Vec::new() }
}

fn kind_of(variable: &str, kind: &str) -> (Kind, Option<Extent>, Encoding) {
    let default = Field::named(variable).map_or(Kind::Token, Field::kind);
    match kind {
        "token" => (Kind::Token, None, Encoding::Plain),
        "text" => (Kind::Text, None, Encoding::Plain),
        "seconds" => (Kind::Seconds, None, Encoding::Plain),
        "column" => (default, Some(Extent::Class(Class::column())), Encoding::Plain),
        "quoted" => (Kind::Text, Some(Extent::Quoted), Encoding::Quoted),
        _ => (default, None, Encoding::Plain),
    }
}

/// A JSON template as a sequence whose strings may have escapes.
pub(crate) fn quoted_strings(parts: &[Part]) -> Sequence {
    Sequence::new(&with_strings(parts, &Extent::Quoted))
}
