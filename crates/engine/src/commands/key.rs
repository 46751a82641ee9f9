//! Keys of bytes: equal for lists of values that `stats … by` and `dedup` treat as the same.

use crate::values::coerce;
use crate::values::value::Value;

/// The approximate overhead of a map or a set for each key: its place, the length of the key, the allocation.
pub(super) const ENTRY: usize = 48;

/// Appends a value. Different lists of values give different bytes.
pub(super) fn push(key: &mut Vec<u8>, value: &Value) {
    match coerce::identity(value) {
        None => key.push(0),
        Some(identity) => {
            key.push(1);
            push_text(key, &identity);
        }
    }
}

/// Appends a text after its length.
pub(super) fn push_text(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&text.len().to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}
