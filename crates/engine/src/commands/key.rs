//! Keys of bytes: lists of values that are the same when `stats … by` and `dedup` hold them to be.

use crate::values::coerce;
use crate::values::value::Value;

/// About what a map or a set adds to each of its keys: its place, the length of the key, the allocation.
pub(super) const ENTRY: usize = 48;

/// Appends a value. No two different lists of values give the same bytes.
pub(super) fn push(key: &mut Vec<u8>, value: &Value) {
    match coerce::identity(value) {
        None => key.push(0),
        Some(identity) => {
            key.push(1);
            push_text(key, &identity);
        }
    }
}

/// Appends a text, its length first.
pub(super) fn push_text(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&text.len().to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}
