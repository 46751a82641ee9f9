//! Events as text: the messages alone, a line each, safe for a terminal.

use std::io::Write as _;

use crate::domain::event::Event;

/// Writes one message and a line end. Unless `raw`, control characters other than tab and newline (C0, DEL, C1) are
/// written as `\xNN`, so that a log line can't steer the reader's terminal.
pub(super) fn event(event: &Event, raw: bool, out: &mut Vec<u8>) {
    let is_plain = |c: char| !c.is_control() || c == '\t' || c == '\n';
    if raw || event.message.chars().all(is_plain) {
        out.extend_from_slice(event.message.as_bytes());
    } else {
        for character in event.message.chars() {
            // Writing to memory cannot fail.
            let _infallible =
                if is_plain(character) { write!(out, "{character}") } else { write!(out, "\\x{:02x}", u32::from(character)) };
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Millis;

    #[test]
    fn control_characters_are_escaped_unless_raw() {
        let write = |message: &str, raw| {
            let value =
                Event { timestamp: Millis(0), ingestion_time: None, stream: "s".into(), event_id: None, message: message.into() };
            let mut out = Vec::new();
            event(&value, raw, &mut out);
            String::from_utf8(out).unwrap()
        };
        let hostile = "a\tb\nc \x1b[31mred\x07\u{9b}2J\r\u{7f}é";
        assert_eq!(write(hostile, false), "a\tb\nc \\x1b[31mred\\x07\\x9b2J\\x0d\\x7fé\n");
        assert_eq!(write(hostile, true), format!("{hostile}\n"));
    }
}
