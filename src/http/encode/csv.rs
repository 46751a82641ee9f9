//! Events as CSV: RFC 4180 with a header, and no cell that a spreadsheet would run.

use std::borrow::Cow;

use crate::domain::event::Event;

/// Writes the header.
pub(super) fn header(out: &mut Vec<u8>) {
    out.extend_from_slice(b"timestamp,ingestionTime,logStream,eventId,message\r\n");
}

/// Writes one event and its line end.
pub(super) fn event(event: &Event, out: &mut Vec<u8>) {
    let ingestion = event.ingestion_time.map(|time| time.to_string()).unwrap_or_default();
    let cells =
        [&event.timestamp.to_string(), &ingestion, &*event.stream, event.event_id.as_deref().unwrap_or(""), &event.message];
    for (index, text) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        cell(&neutral(text), out);
    }
    out.extend_from_slice(b"\r\n");
}

/// Puts a quote mark before what a spreadsheet would take for a formula (OWASP, CSV injection).
pub(super) fn neutral(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Quotes where RFC 4180 asks for it.
pub(super) fn cell(text: &str, out: &mut Vec<u8>) {
    if !text.contains(['"', ',', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Millis;

    fn line(message: &str) -> String {
        let event_value =
            Event { timestamp: Millis(0), ingestion_time: None, stream: "s".into(), event_id: None, message: message.into() };
        let mut out = Vec::new();
        event(&event_value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_by_rfc_4180_and_formulas_are_text() {
        for (message, cell) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            (" =1", " =1"),
            ("", ""),
        ] {
            assert_eq!(line(message), format!("1970-01-01T00:00:00.000Z,,s,,{cell}\r\n"));
        }
    }
}
