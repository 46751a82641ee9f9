//! Builds a map: a key that occurs twice has its last value, at its first position.
//!
//! Owns that rule for JSON and logfmt. Takes time linear in the number of keys.

use std::collections::HashMap;

use super::value::Value;

/// Up to this number of keys, comparing them is cheaper than a hash table.
const FEW: usize = 8;

#[derive(Debug, Default)]
pub(super) struct MapBuilder {
    entries: Vec<(String, Value)>,
    /// The indexes of all keys if there are more than [`FEW`]; empty otherwise.
    places: HashMap<String, usize>,
}

impl MapBuilder {
    pub(super) fn insert(&mut self, key: String, value: Value) {
        let known = if self.entries.len() > FEW {
            self.places.get(&key).copied()
        } else {
            self.entries.iter().position(|(each, _)| *each == key)
        };
        if let Some(entry) = known.and_then(|place| self.entries.get_mut(place)) {
            entry.1 = value;
            return;
        }
        if self.entries.len() == FEW {
            self.places.extend(self.entries.iter().enumerate().map(|(place, (key, _))| (key.clone(), place)));
        }
        if self.entries.len() >= FEW {
            self.places.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
    }

    pub(super) fn finish(self) -> Value {
        Value::Map(self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::{MapBuilder, Value};
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn the_last_value_of_a_key_stands_where_the_first_did(keys in prop::collection::vec(0..20_i64, 0..60)) {
            let mut builder = MapBuilder::default();
            let mut expected: Vec<(String, Value)> = Vec::new();
            for (index, key) in keys.iter().enumerate() {
                let value = Value::from(i64::try_from(index).unwrap());
                builder.insert(key.to_string(), value.clone());
                match expected.iter_mut().find(|(each, _)| *each == key.to_string()) {
                    Some(entry) => entry.1 = value,
                    None => expected.push((key.to_string(), value)),
                }
            }
            prop_assert_eq!(builder.finish(), Value::Map(expected));
        }
    }
}
