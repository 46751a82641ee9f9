//! Writes events as JSON objects. Times are RFC 3339; missing parts are omitted.

use super::event_head::{EventHead, Parts};
use crate::events::EventRef;

struct Members;

impl Parts for Members {
    const BEFORE: &'static [u8] = b"{\"timestamp\":\"";
    const INGESTION: &'static [u8] = b"\",\"ingestionTime\":\"";

    fn rest(event: EventRef<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\",\"logStream\":\"");
        event.stream_part().write_literal(out);
        out.extend_from_slice(if event.event_id_part().is_some() { b"\",\"eventId\":\"" } else { b"\",\"message\":\"" });
    }
}

/// Writes one event, with `end` after the message.
#[inline]
pub(super) fn write(event_head: &mut EventHead, event: EventRef<'_>, end: &[u8], out: &mut Vec<u8>) {
    event_head.write::<Members>(event, out);
    if let Some(id) = event.event_id_part() {
        id.write_literal(out);
        out.extend_from_slice(b"\",\"message\":\"");
    }
    event.message_part().write_literal(out);
    out.extend_from_slice(end);
}
