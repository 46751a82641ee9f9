//! Events as CSV: RFC 4180 with a header, and no cell that a spreadsheet would run.
//!
//! Owns quoting and what is neutralised, both decided on what a cell means, not on how it is kept. Never decodes a message
//! into memory of its own.

use super::head::{Head, Parts};
use crate::events::{EventRef, Form, Part};
use crate::literal::{Exactly, Piece, Unescape, pieces, unescape};

/// The names of the columns.
pub(super) const HEADER: &[u8] = b"timestamp,ingestionTime,logStream,eventId,message\r\n";

/// What a spreadsheet takes for the beginning of a formula, also in full width (OWASP, CSV injection).
const FORMULA: [&str; 11] = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"];

struct Cells;

impl Parts for Cells {
    const BEFORE: &'static [u8] = b"";
    const INGESTION: &'static [u8] = b",";

    fn rest(event: EventRef<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(if event.ingestion_time().is_some() { b"," } else { b",," });
        cell(event.stream_part(), out);
        out.push(b',');
    }
}

/// Writes one event and its line end.
#[inline]
pub(super) fn write(head: &mut Head, event: EventRef<'_>, out: &mut Vec<u8>) {
    head.write::<Cells>(event, out);
    if let Some(id) = event.event_id_part() {
        cell(id, out);
    }
    out.push(b',');
    let message = event.message_part();
    // Without an escape the inside of a literal is the message, and has no quote and no line end in it.
    match (message.form, event.has_escapes()) {
        (Form::Literal, false) => inert(message.bytes, out),
        (Form::Literal, true) => escaped(message.bytes, out),
        (Form::Plain, _) => plain(message.bytes, out),
    }
    out.extend_from_slice(b"\r\n");
}

fn cell(part: Part<'_>, out: &mut Vec<u8>) {
    match part.form {
        Form::Literal => escaped(part.bytes, out),
        Form::Plain => plain(part.bytes, out),
    }
}

#[inline]
fn neutralise(text: &[u8], out: &mut Vec<u8>) {
    if FORMULA.iter().any(|begin| text.starts_with(begin.as_bytes())) {
        out.push(b'\'');
    }
}

/// A cell that holds no quote and no line end.
fn inert(text: &[u8], out: &mut Vec<u8>) {
    let quote: &[u8] = if memchr::memchr(b',', text).is_some() { b"\"" } else { b"" };
    out.extend_from_slice(quote);
    neutralise(text, out);
    out.extend_from_slice(text);
    out.extend_from_slice(quote);
}

/// A cell kept as it is.
fn plain(text: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr3(b'"', b'\r', b'\n', text).is_none() {
        return inert(text, out);
    }
    out.push(b'"');
    neutralise(text, out);
    doubled(text, out);
    out.push(b'"');
}

/// A cell kept as the inside of a JSON string.
fn escaped(inside: &[u8], out: &mut Vec<u8>) {
    let quoted = pieces(inside).any(|piece| match piece {
        Piece::Run(run) => memchr::memchr(b',', run).is_some(),
        Piece::Escape(character) => matches!(character, '"' | ',' | '\r' | '\n'),
    });
    let quote: &[u8] = if quoted { b"\"" } else { b"" };
    out.extend_from_slice(quote);
    match pieces(inside).next() {
        Some(Piece::Run(run)) => neutralise(run, out),
        Some(Piece::Escape(character)) => neutralise(character.encode_utf8(&mut [0; 4]).as_bytes(), out),
        None => {}
    }
    unescape::<Doubled>(inside, out);
    out.extend_from_slice(quote);
}

/// Every escape as what it means, in a quoted cell.
struct Doubled;

impl Unescape for Doubled {
    const QUOTE: &'static [u8] = b"\"\"";

    fn character(character: char, out: &mut Vec<u8>) {
        if character == '"' {
            out.push(b'"');
        }
        Exactly::character(character, out);
    }
}

fn doubled(text: &[u8], out: &mut Vec<u8>) {
    let mut copied = 0;
    for quote in memchr::memchr_iter(b'"', text) {
        out.extend_from_slice(text.get(copied..=quote).unwrap_or_default());
        copied = quote;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
}
