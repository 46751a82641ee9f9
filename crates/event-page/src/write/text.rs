//! Events as text: the messages alone, a line each, safe for a terminal.
//!
//! Owns which characters are not: all control characters (C0, DEL, C1) but tab and newline.

use crate::events::{EventRef, Form};
use crate::literal::{Exactly, Piece, Unescape, pieces, unescape};

/// Writes one message and a line end, control characters as `\xNN`.
#[inline]
pub(super) fn write(event: EventRef<'_>, out: &mut Vec<u8>) {
    let part = event.message_part();
    match (part.form, event.has_escapes()) {
        (Form::Literal, true) if is_safe(part.bytes) => unescape::<Safe>(part.bytes, out),
        (Form::Literal, true) => {
            for piece in pieces(part.bytes) {
                match piece {
                    Piece::Run(run) => safe(run, out),
                    Piece::Escape(character) => Safe::character(character, out),
                }
            }
        }
        _ => safe(part.bytes, out),
    }
    out.push(b'\n');
}

/// Writes one message and a line end.
#[inline]
pub(super) fn write_raw(event: EventRef<'_>, out: &mut Vec<u8>) {
    let part = event.message_part();
    if part.form == Form::Plain || !event.has_escapes() {
        out.extend_from_slice(part.bytes);
    } else {
        unescape::<Exactly>(part.bytes, out);
    }
    out.push(b'\n');
}

/// Is there surely no control character in the text as it stands? Of C1 only the first byte, C2, is looked for, which other
/// characters share.
#[inline]
fn is_safe(text: &[u8]) -> bool {
    let suspicious = |byte: u8| (byte < b' ' && byte != b'\t' && byte != b'\n') || byte == 0x7f || byte == 0xc2;
    !text.iter().fold(false, |some, byte| some | suspicious(*byte))
}

/// Copies text, control characters as `\xNN`.
fn safe(text: &[u8], out: &mut Vec<u8>) {
    if is_safe(text) {
        return out.extend_from_slice(text);
    }
    for character in std::str::from_utf8(text).unwrap_or_default().chars() {
        Safe::character(character, out);
    }
}

/// Every escape as what it means, but control characters as `\xNN`.
struct Safe;

impl Unescape for Safe {
    const QUOTE: &'static [u8] = b"\"";

    fn character(character: char, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        if !character.is_control() || character == '\t' || character == '\n' {
            return Exactly::character(character, out);
        }
        // Control characters end at U+009F.
        let code = u8::try_from(u32::from(character)).unwrap_or(0);
        out.extend_from_slice(b"\\x");
        out.extend([code >> 4, code & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
}
