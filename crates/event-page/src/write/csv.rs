//! Events as CSV: RFC 4180 with a header, and no cell that a spreadsheet would run or round.
//!
//! Owns quoting, and what gets a `'` in front: formulas, digits of ids, and what would begin a cell for a program that
//! separates at `;` or tabs (spreadsheets of many countries do). Both are decided by what a cell means, not by how it is kept.

use super::event_head::{EventHead, Parts};
use crate::events::{EventRef, Part, TextForm};
use crate::json_string::{Piece, Unescape, encoded, pieces, unescape};

/// The names of the columns.
pub(super) const HEADER: &[u8] = b"timestamp,ingestionTime,logStream,eventId,message\r\n";

/// What a spreadsheet takes for the beginning of a formula, also in full width (OWASP, CSV injection). At the beginning of a
/// cell also [`BLANKS`], which some leave out.
const FORMULA: [&str; 8] = ["=", "+", "-", "@", "＝", "＋", "－", "＠"];
const BLANKS: [u8; 3] = *b"\t\r\n";

/// A spreadsheet keeps so many digits of a number, and rounds what has more: ids among them (Excel specifications and limits).
const EXACT_DIGITS: usize = 15;

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
pub(super) fn write(event_head: &mut EventHead, event: EventRef<'_>, out: &mut Vec<u8>) {
    event_head.write::<Cells>(event, out);
    if let Some(id) = event.event_id_part() {
        cell(id, out);
    }
    out.push(b',');
    let message = event.message_part();
    // Without an escape the inside of a literal is the message, and has no quote and no line end in it.
    match (message.form, event.has_escapes()) {
        (TextForm::Literal, false) => inert(message.bytes, out),
        (TextForm::Literal, true) => escaped(message.bytes, out),
        (TextForm::Plain, _) => plain(message.bytes, out),
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes a text as one cell: quoted where RFC 4180 asks for it, and nothing that a spreadsheet would run or round.
pub fn csv_cell(text: &str, out: &mut Vec<u8>) {
    plain(text.as_bytes(), out);
}

pub(super) fn cell(part: Part<'_>, out: &mut Vec<u8>) {
    match part.form {
        TextForm::Literal => escaped(part.bytes, out),
        TextForm::Plain => plain(part.bytes, out),
    }
}

/// Writes a JSON number: it is never a formula, whatever its sign.
pub(super) fn number(text: &[u8], out: &mut Vec<u8>) {
    if is_rounded(text) {
        out.push(b'\'');
    }
    out.extend_from_slice(text);
}

/// A cell that holds no quote and no line end.
fn inert(text: &[u8], out: &mut Vec<u8>) {
    let quote: &[u8] = if memchr::memchr(b',', text).is_some() { b"\"" } else { b"" };
    out.extend_from_slice(quote);
    let start = out.len();
    out.extend_from_slice(text);
    neutralise(start, out);
    out.extend_from_slice(quote);
}

/// A cell kept as it is.
pub(super) fn plain(text: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr3(b'"', b'\r', b'\n', text).is_none() {
        return inert(text, out);
    }
    out.push(b'"');
    let start = out.len();
    doubled(text, out);
    neutralise(start, out);
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
    let start = out.len();
    unescape::<DoubledQuotes>(inside, out);
    neutralise(start, out);
    out.extend_from_slice(quote);
}

/// Puts a `'` where the cell's text, written from `start` on, would be run or rounded.
#[inline]
fn neutralise(start: usize, out: &mut Vec<u8>) {
    let text = out.get(start..).unwrap_or_default();
    let begins = text.first().is_some_and(|first| BLANKS.contains(first)) || is_formula(text) || is_rounded(text);
    if has_separator(text) {
        neutralise_inside(start, out);
    }
    if begins {
        out.insert(start, b'\'');
    }
}

#[inline]
fn is_formula(text: &[u8]) -> bool {
    match text.first() {
        Some(b'=' | b'+' | b'-' | b'@') => true,
        Some(0xef) => FORMULA.iter().any(|begin| text.starts_with(begin.as_bytes())),
        _ => false,
    }
}

#[inline]
fn is_rounded(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    digits.len() > EXACT_DIGITS && digits.iter().all(u8::is_ascii_digit)
}

/// Where a program that expects other separators than commas begins a cell, or a line: it does not see our quotes.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b';' | b'\t' | b'\r' | b'\n')
}

#[inline]
fn has_separator(text: &[u8]) -> bool {
    text.iter().fold(false, |some, byte| some | is_separator(*byte))
}

/// Puts a `'` behind each separator that a formula follows, blanks and quotes between them or not.
#[inline(never)]
fn neutralise_inside(start: usize, out: &mut Vec<u8>) {
    let text = out.get(start..).unwrap_or_default();
    let (mut places, mut begun) = (Vec::new(), None);
    for (at, byte) in text.iter().enumerate() {
        if is_separator(*byte) {
            begun = Some(at + 1);
        } else if !matches!(byte, b' ' | b'"')
            && let Some(place) = begun.take()
            && text.get(at..).is_some_and(is_formula)
        {
            places.push(place);
        }
    }
    if places.is_empty() {
        return;
    }
    let text = text.to_vec();
    out.truncate(start);
    let mut copied = 0;
    for place in places {
        out.extend_from_slice(text.get(copied..place).unwrap_or_default());
        out.push(b'\'');
        copied = place;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
}

/// Every escape as what it means, in a quoted cell.
struct DoubledQuotes;

impl Unescape for DoubledQuotes {
    const GROWTH: usize = 1;
    const BEFORE_QUOTE: Option<u8> = Some(b'"');

    fn character(character: char) -> ([u8; 4], usize) {
        if character == '"' { (*b"\"\"\0\0", 2) } else { encoded(character) }
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
