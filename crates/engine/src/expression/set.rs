//! The values on the right side of `in`, hashed, so that a list of a hundred thousand is as fast as one of two.
//!
//! [`crate::values::compare::is_in`] is the reference implementation for the tests.

use std::collections::HashSet;

use crate::values::coerce;
use crate::values::number::NumberKey;
use crate::values::value::Value;

/// Values, and whether one equals any of them.
#[derive(Debug, Default)]
pub(crate) struct EqualSet {
    texts: HashSet<Box<str>>,
    /// The numbers in texts.
    text_numbers: HashSet<NumberKey>,
    /// The moments in texts.
    text_moments: HashSet<i64>,
    /// Numbers and booleans.
    numbers: HashSet<NumberKey>,
    timestamps: HashSet<i64>,
    /// Whether the texts `false` and `true` are present, in any case.
    words: [bool; 2],
    /// Whether false and true are present.
    booleans: [bool; 2],
}

impl EqualSet {
    /// A set of these values.
    pub(crate) fn of<'v>(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut set = Self::default();
        for value in values {
            set.insert(value);
        }
        set
    }

    fn insert(&mut self, value: &Value) {
        match value {
            Value::Missing | Value::List(_) | Value::Map(_) => {}
            Value::Text(text) => {
                self.text_numbers.extend(coerce::number(value).map(NumberKey::of));
                self.text_moments.extend(coerce::moment(value));
                if let Some(place) = word(text).and_then(|truth| self.words.get_mut(usize::from(truth))) {
                    *place = true;
                }
                self.texts.insert(text.as_str().into());
            }
            Value::Timestamp(moment) => drop(self.timestamps.insert(*moment)),
            Value::Boolean(truth) => {
                if let Some(place) = self.booleans.get_mut(usize::from(*truth)) {
                    *place = true;
                }
                self.numbers.extend(coerce::number(value).map(NumberKey::of));
            }
            Value::Integer(_) | Value::Double(_) => self.numbers.extend(coerce::number(value).map(NumberKey::of)),
        }
    }

    /// Whether the value equals one of them.
    pub(crate) fn contains(&self, value: &Value) -> bool {
        match value {
            Value::Missing | Value::List(_) | Value::Map(_) => false,
            Value::Text(text) => {
                self.texts.contains(text.as_str())
                    || !self.numbers.is_empty() && self.has_number_of_text(value, text)
                    || !self.timestamps.is_empty()
                        && coerce::moment(value).is_some_and(|moment| self.timestamps.contains(&moment))
            }
            Value::Timestamp(moment) => self.has_number(value) || self.text_moments.contains(moment),
            Value::Boolean(truth) => self.has_number(value) || self.has_text_number(value) || self.words[usize::from(*truth)],
            Value::Integer(_) | Value::Double(_) => self.has_number(value) || self.has_text_number(value),
        }
    }

    fn has_number_of_text(&self, value: &Value, text: &str) -> bool {
        let is_number = coerce::number(value).is_some_and(|number| self.numbers.contains(&NumberKey::of(number)));
        is_number || word(text).is_some_and(|truth| self.booleans[usize::from(truth)])
    }

    fn has_number(&self, value: &Value) -> bool {
        let Some(key) = coerce::number(value).map(NumberKey::of) else { return false };
        let is_timestamp = matches!(key, NumberKey::Whole(whole) if self.timestamps.contains(&whole));
        is_timestamp || self.numbers.contains(&key)
    }

    fn has_text_number(&self, value: &Value) -> bool {
        coerce::number(value).is_some_and(|number| self.text_numbers.contains(&NumberKey::of(number)))
    }
}

fn word(text: &str) -> Option<bool> {
    [("false", false), ("true", true)].into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, truth)| truth)
}

#[cfg(test)]
mod tests {
    use super::EqualSet;
    use crate::values::compare::is_in;
    use crate::values::value::Value;
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
    use proptest::sample::select;

    fn value() -> impl Strategy<Value = Value> {
        let texts = vec![
            "0",
            "1",
            "-1",
            "1.0",
            "01",
            "1e0",
            "true",
            "TRUE",
            "False",
            "",
            "n/a",
            "0.5",
            ".5",
            "1970-01-01 00:00:00.001",
            "1970-01-01T00:00:00Z",
            "18446744073709551616",
            "18446744073709551617",
            "9007199254740993",
            "-0",
        ];
        let numbers = vec![0.0, -0.0, 1.0, 0.5, 18_446_744_073_709_551_616.0, 9_007_199_254_740_992.0, 1e300];
        prop_oneof![
            Just(Value::Missing),
            any::<bool>().prop_map(Value::from),
            (-2..3_i64).prop_map(Value::from),
            select(vec![9_007_199_254_740_993_i64, 9_007_199_254_740_992, i64::MAX]).prop_map(Value::from),
            select(numbers).prop_map(Value::from),
            (-2..3_i64).prop_map(Value::Timestamp),
            select(texts).prop_map(Value::from),
            Just(Value::List(vec![Value::from(1)])),
        ]
    }

    proptest! {
        #[test]
        fn a_value_is_found_exactly_when_it_equals_one(value in value(), others in proptest::collection::vec(value(), 0..6)) {
            prop_assert_eq!(EqualSet::of(&others).contains(&value), is_in(&value, &others), "{:?} {:?}", value, others);
        }
    }
}
