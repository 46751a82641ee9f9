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

    /// An event of a page, with the cursor after it.
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
    let mut from = 0;
    for at in memchr::memchr_iter(0xe2, json) {
        let escaped: &[u8] = match json.get(at + 1..at + 3) {
            Some([0x80, 0xa8]) => b"\\u2028",
            Some([0x80, 0xa9]) => b"\\u2029",
            _ => continue,
        };
        out.extend_from_slice(json.get(from..at).unwrap_or_default());
        out.extend_from_slice(escaped);
        from = at + 3;
    }
    out.extend_from_slice(json.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use logmark_event_page::Builder;
    use logmark_event_page::build::PlainEvent;

    use super::*;

    fn written(format: LiveFormat, message: &str) -> String {
        let mut builder = Builder::with_capacity(1, 0);
        let event = PlainEvent { timestamp: 0, ingestion_time: None, stream: "s", event_id: None, message };
        builder.push(event).unwrap();
        let mut out = Vec::new();
        FrameWriter::new(format, None).event(&builder.finish(), 0, "c", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_one_line_of_data_whatever_its_message_is() {
        for message in ["a\nb\r\nc", "\u{2028}\u{2029}", "â\u{2026}€", "\u{2028}", "id: x\n\ndata: y"] {
            let frame = written(LiveFormat::EventStream, message);
            let lines: Vec<&str> = frame.split_terminator(|c| "\n\r\u{2028}\u{2029}\u{85}".contains(c)).collect();
            assert_eq!(lines.len(), 4, "{frame}");
            assert_eq!((lines[0], lines[1], lines[3]), ("event: event", "id: c", ""));
            let data: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(data["message"], message);
            let line = written(LiveFormat::Ndjson, message);
            let data: Value = serde_json::from_str(line.strip_suffix('\n').unwrap()).unwrap();
            assert_eq!((&data["message"], &data["cursor"]), (&message.into(), &"c".into()));
            assert_eq!(line.lines().count(), 1);
        }
    }
}
