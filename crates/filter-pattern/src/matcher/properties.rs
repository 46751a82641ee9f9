//! Extracts the JSON properties that a pattern names from a message.

use super::bits::Bits;
use super::error::CompileError;
use super::json::{Collector, Raw, collect, walk};
use super::selectors::Automaton;
use crate::ast::{Condition, JsonTest};
use crate::extract::{Extracted, written};

/// The properties of a pattern, each selector once, in the order in which they were written.
#[derive(Debug)]
pub(super) struct Properties {
    names: Vec<String>,
    selectors: Automaton,
}

impl Properties {
    pub(super) fn new(condition: &Condition<JsonTest>) -> Result<Self, CompileError> {
        let (mut tests, mut selectors) = (Vec::new(), Vec::new());
        collect(condition, &mut tests);
        for test in tests {
            if !selectors.contains(&&test.selector.node) {
                selectors.push(&test.selector.node);
            }
        }
        Ok(Self { names: selectors.iter().map(|selector| written(selector)).collect(), selectors: Automaton::new(&selectors)? })
    }

    /// The properties that are scalars other than null in the message; for a wildcard, the first selected element.
    pub(super) fn extract<'a>(&'a self, message: &'a str) -> Vec<Extracted<'a>> {
        let mut found = Values(vec![None; self.names.len()]);
        if walk(message, &self.selectors, &mut found).is_none() {
            return Vec::new();
        }
        let values = self.names.iter().zip(found.0).filter_map(|(name, value)| Some((name, value?.text()?)));
        values.map(|(name, value)| Extracted { name: name.as_str().into(), value }).collect()
    }
}

/// The value of each selector.
#[derive(Debug)]
struct Values<'m>(Vec<Option<Raw<'m>>>);

impl<'m> Collector<'m> for Values<'m> {
    type Collected = Vec<(usize, Raw<'m>)>;

    fn scalar(&mut self, ends: &[usize], scalar: Raw<'m>) {
        for end in ends {
            if let Some(value) = self.0.get_mut(*end) {
                *value = Some(scalar);
            }
        }
    }

    fn container(&mut self, _: &[usize]) {}

    fn forget(&mut self, selectors: &Bits) {
        let values = self.0.iter_mut().enumerate();
        values.filter(|(selector, _)| selectors.contains(*selector)).for_each(|(_, value)| *value = None);
    }

    fn gather(&mut self, gathered: &mut Self::Collected, selectors: &Bits) {
        for (selector, value) in self.0.iter().enumerate() {
            let Some(value) = value.filter(|_| selectors.contains(selector)) else { continue };
            if value.text().is_some() && !gathered.iter().any(|(known, _)| *known == selector) {
                gathered.push((selector, value));
            }
        }
    }

    fn settle(&mut self, gathered: Self::Collected, selectors: &Bits) {
        self.forget(selectors);
        for (selector, value) in gathered {
            self.scalar(&[selector], value);
        }
    }
}
