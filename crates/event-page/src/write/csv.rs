//! Writes events as CSV: RFC 4180 with a header, without cells that a spreadsheet would execute or round.
//!
//! Owns quoting, and the `'` before formulas, long ids, and text that would begin a cell in programs that separate at `;` or tabs
//! (spreadsheets in many countries do). Both depend on the decoded text of a cell, not on its storage.

use super::event_head::{EventHead, Parts};
use crate::events::{EventRef, Part, TextForm};
use crate::json_string::{Piece, Unescape, encoded, pieces, unescape};

/// The names of the columns.
pub(super) const HEADER: &[u8] = b"timestamp,ingestionTime,logStream,eventId,message\r\n";

/// The characters that begin a formula in a spreadsheet, also in full width (OWASP, CSV injection). At the beginning of a cell
/// also [`BLANKS`], which some spreadsheets skip.
const FORMULA: [&str; 8] = ["=", "+", "-", "@", "＝", "＋", "－", "＠"];
const BLANKS: [u8; 3] = *b"\t\r\n";

/// Significant digits of a number in a spreadsheet. Longer numbers, such as ids, are rounded (Excel specifications and limits).
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
    // Without an escape the inside of a literal is the message, and contains neither quotes nor line ends.
    match (message.form, event.has_escapes()) {
        (TextForm::Literal, false) => inert(message.bytes, out),
        (TextForm::Literal, true) => escaped(message.bytes, out),
        (TextForm::Plain, _) => plain(message.bytes, out),
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes a text as one cell: quoted where RFC 4180 requires it, and safe from execution and rounding in a spreadsheet.
pub fn csv_cell(text: &str, out: &mut Vec<u8>) {
    plain(text.as_bytes(), out);
}

pub(super) fn cell(part: Part<'_>, out: &mut Vec<u8>) {
    match part.form {
        TextForm::Literal => escaped(part.bytes, out),
        TextForm::Plain => plain(part.bytes, out),
    }
}

/// Writes a JSON number, which is never a formula, even with a sign.
pub(super) fn number(text: &[u8], out: &mut Vec<u8>) {
    if is_rounded(text) {
        out.push(b'\'');
    }
    out.extend_from_slice(text);
}

/// Writes a cell without quotes and line ends.
fn inert(text: &[u8], out: &mut Vec<u8>) {
    let quote: &[u8] = if memchr::memchr(b',', text).is_some() { b"\"" } else { b"" };
    out.extend_from_slice(quote);
    let start = out.len();
    out.extend_from_slice(text);
    neutralise(start, out);
    out.extend_from_slice(quote);
}

/// Writes a cell from plain text.
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

/// Writes a cell from the inside of a JSON string.
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

/// Inserts a `'` if the cell's text, written from `start` on, would be executed or rounded.
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

/// Separators of programs that do not separate at commas. Such programs ignore the quotes.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b';' | b'\t' | b'\r' | b'\n')
}

#[inline]
fn has_separator(text: &[u8]) -> bool {
    text.iter().fold(false, |some, byte| some | is_separator(*byte))
}

/// Inserts a `'` after each separator that is followed by a formula, with or without blanks and quotes between them.
#[inline(never)]
fn neutralise_inside(start: usize, out: &mut Vec<u8>) {
    let text = out.get(start..).unwrap_or_default();
    let separators = memchr::memchr3_iter(b';', b'\t', b'\n', text).chain(memchr::memchr_iter(b'\r', text));
    let mut places: Vec<usize> = separators.map(|separator| separator + 1).filter(|place| begins_formula(text, *place)).collect();
    places.sort_unstable();
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

/// Whether a formula follows, with or without blanks and quotes before it.
#[inline]
fn begins_formula(text: &[u8], place: usize) -> bool {
    let rest = text.get(place..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'"')).count();
    rest.get(blanks..).is_some_and(is_formula)
}

/// Writes the meaning of every escape in a quoted cell.
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
