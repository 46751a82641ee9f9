//! The event fields that a query uses, and the slots of their values.

use std::collections::HashMap;

use crate::row::Slot;

/// The discovered fields that a query uses: by their flat names (`user.id`, `items.0.sku`), each with its slot in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    fields: Vec<(String, Slot)>,
    /// Bit `n` is set if a name has `n` bytes; the last bit, if a name has more. This rejects most names of an event.
    lengths: u64,
    /// Whether a name contains a dot, so that it can be in a list or map.
    has_nested: bool,
    places: HashMap<String, usize>,
}

impl Wanted {
    /// Adds a field, or finds its existing slot.
    pub(crate) fn add(&mut self, name: &str, slot: impl FnOnce() -> Slot) -> Slot {
        if let Some((_, known)) = self.places.get(name).and_then(|place| self.fields.get(*place)) {
            return *known;
        }
        let slot = slot();
        self.lengths |= length_bit(name);
        self.has_nested |= name.contains('.');
        self.places.insert(name.to_owned(), self.fields.len());
        self.fields.push((name.to_owned(), slot));
        slot
    }

    /// The fields and their slots.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Slot)> {
        self.fields.iter().map(|(name, slot)| (name.as_str(), *slot))
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.fields.iter().map(|(_, slot)| *slot)
    }

    /// The slot of a field; `None` when the query does not use it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Slot> {
        // Comparing this few names is faster than hashing one.
        const FEW: usize = 8;
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        if self.fields.len() <= FEW {
            return self.fields.iter().find(|(known, _)| known == name).map(|(_, slot)| *slot);
        }
        self.places.get(name).and_then(|place| self.fields.get(*place)).map(|(_, slot)| *slot)
    }

    /// Whether a wanted field may be in the list or map of this name.
    pub(crate) fn has_within(&self, name: &str) -> bool {
        let is_within = |(known, _): &(String, Slot)| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        self.has_nested && self.fields.iter().any(is_within)
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

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }
}

fn length_bit(name: &str) -> u64 {
    1 << name.len().min(63)
}
