//! The names that a query has defined so far, and their slots.

use logmark_insights::ast::{Expression, FieldPath, Segment};

use crate::row::Slot;

/// The names. Of two equal ones the later counts.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: Vec<Defined>,
}

#[derive(Debug)]
struct Defined {
    name: String,
    slot: Slot,
    /// For a column without an alias: its printed text, by which later commands may refer to it with any spacing.
    printed: Option<String>,
}

/// The meaning of a path by the defined names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The value at a slot.
    Whole(Slot),
    /// A part of the value at a slot.
    Part(Slot, Box<[String]>),
    /// Not a defined name.
    Nothing,
}

impl Scope {
    pub(super) fn define(&mut self, name: String, slot: Slot, printed: Option<String>) {
        self.names.push(Defined { name, slot, printed });
    }

    /// The longest defined name that is a prefix of the path.
    pub(super) fn find(&self, path: &FieldPath) -> Found {
        let steps: Vec<String> = path.rest.iter().map(step).collect();
        for taken in (0..=steps.len()).rev() {
            let name = steps.iter().take(taken).fold(path.head.as_str().to_owned(), |name, step| name + "." + step);
            let Some(slot) = self.named(&name) else { continue };
            return match steps.get(taken..).unwrap_or_default() {
                [] => Found::Whole(slot),
                rest => Found::Part(slot, rest.into()),
            };
        }
        match steps.is_empty().then(|| self.text(path.head.as_str())).flatten() {
            Some(slot) => Found::Whole(slot),
            None => Found::Nothing,
        }
    }

    /// The column without an alias whose name is the text of this expression.
    pub(super) fn computed(&self, expression: &Expression) -> Option<Slot> {
        self.names.iter().any(|defined| defined.printed.is_some()).then(|| self.text(&expression.to_string())).flatten()
    }

    /// The slot of a defined name.
    pub(super) fn named(&self, name: &str) -> Option<Slot> {
        self.names.iter().rev().find(|defined| defined.name == name).map(|defined| defined.slot)
    }

    fn text(&self, text: &str) -> Option<Slot> {
        let text = plain(text);
        let is_same = |defined: &&Defined| {
            defined.printed.as_deref().is_some_and(|printed| plain(printed) == text || plain(&defined.name) == text)
        };
        self.names.iter().rev().find(is_same).map(|defined| defined.slot)
    }
}

fn step(segment: &Segment) -> String {
    match segment {
        Segment::Name(name) => name.as_str().to_owned(),
        Segment::Index(index) => index.to_string(),
    }
}

/// A text for comparison, independent of spacing and case.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase).collect()
}
