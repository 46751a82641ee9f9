//! Writes events as text, one line per event, safe for a terminal.
//!
//! Owns line ends, and the characters that are escaped.

use std::borrow::Cow;
use std::io::Write as _;

use crate::events::{EventRef, TextForm};
use crate::json_string::{Utf8, unescape};

/// A text with escapes for the characters that could steer a terminal, hide text or reorder it. Tabs and newlines stay.
#[must_use]
pub fn safe_text(text: &str) -> Cow<'_, str> {
    if is_safe(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    safe(text.as_bytes(), &mut out);
    // The escapes are ASCII, and the rest is the text's own.
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

/// The characters that are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// Characters that could control a terminal, hide text or reorder it.
    Safe,
    /// Only characters that separate columns and lines.
    Raw,
}

/// Writes one message and a line end, with unsafe characters escaped. A line end at the end of the message is not written twice.
#[inline]
pub(super) fn write(event: EventRef<'_>, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    let part = event.message_part();
    if part.form == TextForm::Plain || !event.has_escapes() {
        safe(without_line_end(part.bytes), out);
    } else {
        let start = out.len();
        unescape::<Utf8>(part.bytes, out);
        let message = without_line_end(out.get(start..).unwrap_or_default());
        let end = start + message.len();
        if is_safe(message) {
            out.truncate(end);
        } else {
            scratch.clear();
            scratch.extend_from_slice(message);
            out.truncate(start);
            safe(scratch, out);
        }
    }
    out.push(b'\n');
}

/// Writes one message unchanged, and a line end unless the message ends with one.
#[inline]
pub(super) fn write_raw(event: EventRef<'_>, out: &mut Vec<u8>) {
    let part = event.message_part();
    let start = out.len();
    if part.form == TextForm::Plain || !event.has_escapes() {
        out.extend_from_slice(part.bytes);
    } else {
        unescape::<Utf8>(part.bytes, out);
    }
    if out.get(start..).is_some_and(|message| message.last() != Some(&b'\n')) {
        out.push(b'\n');
    }
}

/// The text without trailing line ends.
#[inline]
pub(super) fn without_line_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r'] = text {
        text = rest;
    }
    text
}

/// Writes a value between tabs: characters that would end its cell or line are escaped.
pub(super) fn cell(value: &[u8], lines: Lines, out: &mut Vec<u8>) {
    if memchr::memchr3(b'\t', b'\n', b'\r', value).is_none() && (lines == Lines::Raw || is_safe(value)) {
        return out.extend_from_slice(value);
    }
    let mut characters = std::str::from_utf8(value).unwrap_or_default().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\t' => out.extend_from_slice(b"\\t"),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            other => put(other, lines == Lines::Safe, out),
        }
    }
}

/// Whether the text certainly has no character to escape. For non-ASCII characters only the first byte is checked, which they
/// share with others: C2 for C1 control characters, D8 for U+061C, E2 for U+2000 to U+2FFF.
#[inline]
fn is_safe(text: &[u8]) -> bool {
    let suspicious = |byte: u8| (byte < b' ' && byte != b'\t' && byte != b'\n') || matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2);
    !text.iter().fold(false, |some, byte| some | suspicious(*byte))
}

/// Copies a text of one or more lines. A carriage return before a newline is part of the line end, and is omitted.
fn safe(text: &[u8], out: &mut Vec<u8>) {
    if is_safe(text) {
        return out.extend_from_slice(text);
    }
    let mut characters = std::str::from_utf8(text).unwrap_or_default().chars().peekable();
    while let Some(character) = characters.next() {
        if !(character == '\r' && characters.peek() == Some(&'\n')) {
            put(character, character != '\t' && character != '\n', out);
        }
    }
}

#[inline]
fn put(character: char, escaped: bool, out: &mut Vec<u8>) {
    match u32::from(character) {
        0x20..=0x7e => out.push(character as u8),
        code if escaped && is_unsafe(character) => {
            // Writing to memory cannot fail.
            let _infallible = if code < 0x100 { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{code:04x}") };
        }
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Control characters; separators of lines and paragraphs; and characters that change the direction of the text around them
/// (UAX #9: marks, embeddings, overrides, isolates) or its shape (the deprecated U+206A to U+206F).
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        )
}
