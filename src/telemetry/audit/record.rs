//! One audit line as the members of a JSON object, written straight into bytes.
//!
//! Owns the form of texts: cut after [`MAX_TEXT_BYTES`], and escaped so that a terminal or a viewer shows one line in reading order.

use std::io::Write as _;

/// Maximum bytes of a text that comes from a caller, an issuer or the configuration.
pub(super) const MAX_TEXT_BYTES: usize = 256;
/// Maximum names in a list. A query names at most 50 groups, a read at most 100 streams.
const MAX_NAMES: usize = 50;
/// Bytes of a usual line.
const USUAL_BYTES: usize = 512;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The first line of a process.
    Start,
    /// The first line of a file after a rotation.
    Rotate,
    /// The last line of a process that ended in order.
    Stop,
    /// A request was allowed or refused, and no data was read.
    Decision,
    /// An allowed stream of data begins. Its end has a line of its own.
    Begin,
    /// Data was read.
    Read,
}

impl Event {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Rotate => "rotate",
            Self::Stop => "stop",
            Self::Decision => "decision",
            Self::Begin => "begin",
            Self::Read => "read",
        }
    }
}

/// The members of a line, without the braces and without those of the chain. Contains no line feed.
#[derive(Debug, Clone)]
pub(super) struct Record(Vec<u8>);

impl Record {
    /// A record that begins with the time and the event.
    pub(super) fn of(event: Event) -> Self {
        let mut record = Self::empty();
        record.time().word("event", event.as_str());
        record
    }

    /// A record without members.
    pub(super) fn empty() -> Self {
        Self(Vec::with_capacity(USUAL_BYTES))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds the members of another record.
    pub(super) fn append(&mut self, other: &Self) -> &mut Self {
        if !self.0.is_empty() && !other.0.is_empty() {
            self.0.push(b',');
        }
        self.0.extend_from_slice(&other.0);
        self
    }

    /// Adds the time, in microseconds, so that the lines of one request keep their order.
    fn time(&mut self) -> &mut Self {
        self.name("time");
        let _infallible = write!(self.0, "\"{:.6}\"", jiff::Timestamp::now());
        self
    }

    fn name(&mut self, name: &'static str) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// Adds a word of the source code, or hexadecimal digits.
    pub(super) fn word(&mut self, name: &'static str, word: &str) -> &mut Self {
        self.name(name);
        self.0.push(b'"');
        self.0.extend_from_slice(word.as_bytes());
        self.0.push(b'"');
        self
    }

    /// Adds a text, cut and escaped.
    pub(super) fn text(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.name(name);
        self.quoted(text);
        self
    }

    /// Adds a text, if there is one.
    pub(super) fn optional(&mut self, name: &'static str, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Adds texts, if any. Those after the first [`MAX_NAMES`] are counted in `omitted`.
    pub(super) fn texts<'a>(
        &mut self,
        name: &'static str,
        omitted: &'static str,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> &mut Self {
        let mut count = 0;
        for text in texts {
            if count == 0 {
                self.name(name);
                self.0.push(b'[');
            }
            if count < MAX_NAMES {
                if count > 0 {
                    self.0.push(b',');
                }
                self.quoted(text);
            }
            count += 1;
        }
        if count > 0 {
            self.0.push(b']');
        }
        if count > MAX_NAMES { self.number(omitted, (count - MAX_NAMES) as u64) } else { self }
    }

    /// Adds a number.
    pub(super) fn number(&mut self, name: &'static str, number: u64) -> &mut Self {
        self.name(name);
        let _infallible = write!(self.0, "{number}");
        self
    }

    /// Adds `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str, flag: bool) -> &mut Self {
        self.name(name);
        self.0.extend_from_slice(if flag { b"true" } else { b"false" });
        self
    }

    fn quoted(&mut self, text: &str) {
        let text = cut(text);
        self.0.push(b'"');
        let mut plain_from = 0;
        for (index, c) in text.char_indices().filter(|(_, c)| needs_escape(*c)) {
            self.0.extend_from_slice(text.get(plain_from..index).unwrap_or_default().as_bytes());
            plain_from = index + c.len_utf8();
            let _infallible = match c {
                '"' => self.0.write_all(b"\\\""),
                '\\' => self.0.write_all(b"\\\\"),
                other => write!(self.0, "\\u{:04x}", u32::from(other)),
            };
        }
        self.0.extend_from_slice(text.get(plain_from..).unwrap_or_default().as_bytes());
        self.0.push(b'"');
    }
}

/// Controls, line separators, and characters that change the reading order or have no width. All are below U+10000.
fn needs_escape(c: char) -> bool {
    match c {
        '"' | '\\' => true,
        ' '..='~' => false,
        _ => {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        }
    }
}

/// The first characters of a text, at most [`MAX_TEXT_BYTES`].
pub(super) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parsed(record: &Record) -> Value {
        let text = format!("{{{}}}", std::str::from_utf8(record.as_bytes()).unwrap());
        assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_text_is_cut_after_whole_characters_and_at_256_bytes() {
        for (text, bytes) in [
            ("", 0),
            ("user-1", 6),
            (&"a".repeat(256), 256),
            (&"a".repeat(257), 256),
            (&"é".repeat(200), 256),
            (&format!("a{}", "é".repeat(200)), 255),
            (&"😀".repeat(65), 256),
        ] {
            assert_eq!(cut(text).len(), bytes, "{text}");
            assert!(text.starts_with(cut(text)));
        }
    }

    #[test]
    fn texts_of_attackers_stay_one_line_in_reading_order() {
        let hostile =
            "x\n2026 FORGED\r\n\u{1b}[2K\u{85}\u{2028}\u{2029}\u{202e}\u{200b}\u{2066}\u{feff}\"}\\,{\"allowed\":true\0";
        let mut record = Record::empty();
        record.text("subject", hostile).texts("streams", "streamsOmitted", [hostile, "é😀"]);
        let line = std::str::from_utf8(record.as_bytes()).unwrap();
        assert!(!line.contains(['\u{2028}', '\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}', '\u{85}']), "{line:?}");
        assert_eq!(parsed(&record), json!({ "subject": hostile, "streams": [hostile, "é😀"] }));
    }

    #[test]
    fn long_lists_are_cut_and_counted_and_empty_ones_are_left_out() {
        let names: Vec<String> = (0..120).map(|number| format!("s-{number}")).collect();
        let mut record = Record::empty();
        record.texts("groups", "groupsOmitted", []).texts("streams", "streamsOmitted", names.iter().map(String::as_str));
        let parsed = parsed(&record);
        assert_eq!(parsed["streams"].as_array().unwrap().len(), MAX_NAMES);
        assert_eq!(parsed["streamsOmitted"], 120 - MAX_NAMES);
        assert_eq!(parsed.get("groups"), None);
    }
}
