//! The bytes of a tail: Server-Sent Events (WHATWG HTML §9.2), or NDJSON with the same contents.
//!
//! Owns the form. INVARIANT: an event is one line of JSON without a line end or a line separator of any kind in it, and ids are made here
//! only, so no message can add a field or an event to the stream.

use logmark_event_page::{Columns, Events, Layout, Writer};
use serde::Serialize;
use serde_json::Value;

use crate::http::ops::events::tail_request::LiveFormat;

/// How long an `EventSource` waits before it connects again.
const RETRY_MILLIS: u32 = 2000;

/// Writes the frames of one tail.
#[derive(Debug)]
pub struct FrameWriter {
    format: LiveFormat,
    writer: Writer,
    line: Vec<u8>,
}

impl FrameWriter {
    /// A writer that shows these columns; `None`: the whole event.
    #[must_use]
    pub fn new(format: LiveFormat, columns: Option<Columns>) -> Self {
        Self { format, writer: Writer::new(Layout::Ndjson).with_columns(columns), line: Vec::new() }
    }

    /// The beginning of the tail, with the cursor from which it can be resumed before its first event.
    pub fn begin(&self, cursor: &str, out: &mut Vec<u8>) {
        if self.format == LiveFormat::EventStream {
            out.extend_from_slice(format!("retry: {RETRY_MILLIS}\n").as_bytes());
        }
        self.keep_alive(cursor, out);
    }

    /// A sign of life without an event, with the cursor.
    ///
    /// In Server-Sent Events it is a comment; the `id` beside it makes browsers resume from there, without an event.
    pub fn keep_alive(&self, cursor: &str, out: &mut Vec<u8>) {
        match self.format {
            LiveFormat::EventStream => out.extend_from_slice(format!(": keep-alive\nid: {cursor}\n\n").as_bytes()),
            LiveFormat::Ndjson => self.marker("cursor", serde_json::json!({}), Some(cursor), out),
        }
    }

    /// An event of a page, with the cursor behind it.
    pub fn event(&mut self, events: &Events, index: usize, cursor: &str, out: &mut Vec<u8>) {
        self.line.clear();
        self.writer.part(events, index, 1, &mut self.line);
        let object = self.line.strip_suffix(b"}\n").unwrap_or(&self.line);
        match self.format {
            LiveFormat::EventStream => {
                out.extend_from_slice(b"event: event\nid: ");
                out.extend_from_slice(cursor.as_bytes());
                out.extend_from_slice(b"\ndata: ");
                without_line_separators(object, out);
                out.extend_from_slice(b"}\n\n");
            }
            LiveFormat::Ndjson => {
                without_line_separators(object, out);
                let separator: &[u8] = if object == b"{" { b"\"cursor\":\"" } else { b",\"cursor\":\"" };
                out.extend_from_slice(separator);
                out.extend_from_slice(cursor.as_bytes());
                out.extend_from_slice(b"\"}\n");
            }
        }
        self.line.shrink_to(MAX_KEPT_LINE);
    }

    /// Something else than an event: `gap`, `sampled`, `notice`, `reconnect`.
    pub fn marker(&self, kind: &str, data: impl Serialize, cursor: Option<&str>, out: &mut Vec<u8>) {
        // A value of strings, numbers and booleans can always be written.
        let mut data = serde_json::to_value(data).unwrap_or_default();
        match self.format {
            LiveFormat::EventStream => {
                let id = cursor.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
                out.extend_from_slice(format!("event: {kind}\n{id}data: {data}\n\n").as_bytes());
            }
            LiveFormat::Ndjson => {
                if let Value::Object(members) = &mut data {
                    members.insert("type".to_owned(), kind.into());
                    members.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor.into())));
                }
                out.extend_from_slice(format!("{}\n", serde_json::json!({ "marker": data })).as_bytes());
            }
        }
    }
}

/// Bytes that the room for a line keeps between two events.
const MAX_KEPT_LINE: usize = 16 * 1024;

/// Appends JSON with U+2028 and U+2029 escaped. JSON has them in strings only, and JavaScript and some readers of lines take them for line
/// ends.
fn without_line_separators(json: &[u8], out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some(at) = rest.windows(3).position(|bytes| matches!(bytes, [0xe2, 0x80, 0xa8 | 0xa9])) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(if from.get(2) == Some(&0xa8) { b"\\u2028" } else { b"\\u2029" });
        rest = from.get(3..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
