//! Events as NDJSON: one object a line.

use super::json::EventBody;
use crate::domain::event::Event;

/// Writes one event and its line end.
pub(super) fn event(event: &Event, out: &mut Vec<u8>) {
    // Writing to memory a struct of strings has nothing that could fail.
    let _infallible = serde_json::to_writer(&mut *out, &EventBody::from(event));
    out.push(b'\n');
}
