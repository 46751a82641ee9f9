//! The fields of the events that a query uses, and the places of their values.

use std::collections::HashMap;

use crate::row::Slot;

/// The discovered fields that a query uses: by their flat names (`user.id`, `items.0.sku`), each with its place in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    fields: Vec<(String, Slot)>,
    places: HashMap<String, usize>,
}

impl Wanted {
    /// Adds a field, or finds the place that it has already.
    pub(crate) fn add(&mut self, name: &str, slot: impl FnOnce() -> Slot) -> Slot {
        if let Some((_, known)) = self.places.get(name).and_then(|place| self.fields.get(*place)) {
            return *known;
        }
        let slot = slot();
        self.places.insert(name.to_owned(), self.fields.len());
        self.fields.push((name.to_owned(), slot));
        slot
    }

    /// The fields and their places.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Slot)> {
        self.fields.iter().map(|(name, slot)| (name.as_str(), *slot))
    }

    /// The place of a field; `None` when the query does not use it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Slot> {
        self.places.get(name).and_then(|place| self.fields.get(*place)).map(|(_, slot)| *slot)
    }

    /// The name itself, when the query uses the field.
    pub(crate) fn name(&self, name: &str) -> Option<&str> {
        self.places.get_key_value(name).map(|(name, _)| name.as_str())
    }

    /// Whether the query uses no discovered field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }
}
