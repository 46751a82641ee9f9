//! The state that a query keeps between events to read their fields: the used fields, and buffers.

use std::sync::Arc;

use super::Wanted;
use super::layout::Layout;
use crate::row::Slot;
use crate::values::value::Value;

/// A longer text is not kept for another event.
const LONGEST_KEPT: usize = 4 << 10;
/// Most texts to keep.
const MOST_KEPT: usize = 64;

/// Reads the wanted fields of events, one after another.
#[derive(Debug)]
pub struct FieldReader {
    pub(super) wanted: Arc<Wanted>,
    pub(super) layout: Layout,
    pub(super) texts: Texts,
}

/// Buffers of texts that rows no longer use. Most values live for one row; their buffers serve the next one.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// A text as a value.
    pub(super) fn value(&mut self, text: &str) -> Value {
        let Some(mut buffer) = self.0.pop() else { return text.into() };
        buffer.clear();
        buffer.push_str(text);
        Value::Text(buffer)
    }

    fn keep(&mut self, buffer: String) {
        if self.0.len() < MOST_KEPT && (1..=LONGEST_KEPT).contains(&buffer.capacity()) {
            self.0.push(buffer);
        }
    }
}

impl FieldReader {
    /// A reader of these fields.
    #[must_use]
    pub fn new(wanted: Arc<Wanted>) -> Self {
        Self { wanted, layout: Layout::default(), texts: Texts::default() }
    }

    /// The fields and their places.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Takes back the texts of a row that is no longer used.
    pub(crate) fn reclaim(&mut self, values: &mut [Value]) {
        for Slot(place) in self.wanted.slots() {
            if let Some(value @ Value::Text(_)) = values.get_mut(place)
                && let Value::Text(text) = std::mem::take(value)
            {
                self.texts.keep(text);
            }
        }
    }
}
