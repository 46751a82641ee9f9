//! Where a line tells its time.
//!
//! Without a chosen format:
//! - A line that begins with `{` is asked for the usual time fields first (`fields`), whatever their order in the line.
//! - Then the first 200 bytes are searched from the left, and the first time that can be read wins: RFC 3339 and
//!   ISO 8601 (`iso`), the Common Log Format (`clf`), syslog (`syslog`). A count since 1970 (`epoch`) is taken only where
//!   the line begins.
//! - A line that looks like the continuation of an event (it begins with white space, or as stack traces do) has no time
//!   of its own unless the time is the first thing in it: dates inside a stack trace are not when it happened.
//! - A time without a zone is UTC.
//!
//! With one: the usual fields of a JSON line, then the first 256 bytes, from the left, at every byte that does not lie
//! inside a number or a word.
//!
//! Each line is judged alone. Nothing is remembered from line to line, because what a line means must not depend on what
//! stands before it; one pass over 200 bytes is cheap enough.
//!
//! Never: decides what becomes of a line without a time; `read` does.

mod clf;
mod epoch;
mod fields;
pub mod format;
mod iso;
mod scan;
mod syslog;

use fields::Value;
use format::TimestampFormat;

/// The Common Log Format has a host and two user names before the time; everything else has it nearer the front.
const SEARCHED: usize = 200;

/// A chosen format may lie a little deeper: the caller knows it is there.
const SEARCHED_FOR_FORMAT: usize = 256;

/// The start of lines that belong to the event before: Java's and Python's stack traces.
const CONTINUATIONS: [&[u8]; 3] = [b"Caused by:", b"Suppressed:", b"Traceback (most recent call last):"];

/// Finds the time of one line after another.
#[derive(Clone, Debug)]
pub struct Timestamps {
    format: Option<TimestampFormat>,
    now: i64,
}

impl Timestamps {
    /// Every known form. `now`, in milliseconds, is what times without a year are measured against: the clock's time, or
    /// the file's modification time.
    #[must_use]
    pub fn detect(now: i64) -> Self {
        Self { format: None, now }
    }

    /// One form only.
    #[must_use]
    pub fn in_format(format: TimestampFormat, now: i64) -> Self {
        Self { format: Some(format), now }
    }

    /// Milliseconds since 1970, never negative; `None` when the line has no time that can be read.
    #[must_use]
    pub fn find(&self, line: &[u8]) -> Option<i64> {
        let from_fields = match line.first() {
            Some(b'{') => fields::candidates(line).find_map(|value| self.value(&value)),
            _ => None,
        };
        from_fields.or_else(|| match &self.format {
            Some(format) => starts(line, SEARCHED_FOR_FORMAT).find_map(|at| format.at(&line[at..], self.now)),
            None => self.in_text(line),
        })
    }

    fn value(&self, value: &Value<'_>) -> Option<i64> {
        match (value, &self.format) {
            (Value::Number(text), None) => epoch::value(text.as_bytes(), None),
            (Value::Number(text), Some(format)) => format.number(text, self.now),
            (Value::Text(text), None) => {
                epoch::value(text.as_bytes(), None).or_else(|| self.in_text(text.trim_start().as_bytes()))
            }
            (Value::Text(text), Some(format)) => format.number(text, self.now).or_else(|| {
                starts(text.as_bytes(), SEARCHED_FOR_FORMAT).find_map(|at| format.at(&text.as_bytes()[at..], self.now))
            }),
        }
    }

    fn in_text(&self, text: &[u8]) -> Option<i64> {
        let opening = text.iter().take_while(|byte| b" \t[(\"'<".contains(byte)).count();
        let continuation =
            text.first().is_some_and(u8::is_ascii_whitespace) || CONTINUATIONS.iter().any(|start| text.starts_with(start));
        if let Some(ms) = epoch::at(&text[opening..], self.now) {
            return Some(ms);
        }
        if continuation {
            return self.civil_at(&text[opening..]);
        }
        starts(text, SEARCHED).find_map(|at| self.civil_at(&text[at..]))
    }

    /// The first byte says which form it could be at all.
    fn civil_at(&self, bytes: &[u8]) -> Option<i64> {
        match bytes.first()? {
            b'0'..=b'9' if bytes.get(2) == Some(&b'/') => clf::at(bytes),
            b'0'..=b'9' => iso::at(bytes),
            b'A' | b'D' | b'F' | b'J' | b'M' | b'N' | b'O' | b'S' => syslog::at(bytes, self.now),
            _ => None,
        }
    }
}

/// The positions where a time may begin: not after white space only, and not in the middle of a number or of a word.
fn starts(text: &[u8], within: usize) -> impl Iterator<Item = usize> {
    (0..text.len().min(within)).filter(|&at| {
        let byte = text[at];
        let inside = at > 0
            && (byte.is_ascii_digit() && text[at - 1].is_ascii_digit()
                || byte.is_ascii_alphabetic() && text[at - 1].is_ascii_alphabetic());
        !inside && !byte.is_ascii_whitespace()
    })
}

#[cfg(test)]
mod tests;
