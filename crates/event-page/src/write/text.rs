//! Events as text: the messages alone, a line each, safe for a terminal.
//!
//! Owns which characters are not: all control characters (C0, DEL, C1) but tab and newline.

use crate::events::{EventRef, Form};
use crate::literal::{Piece, pieces};

/// Writes one message and a line end, control characters as `\xNN`.
#[inline]
pub(super) fn write(event: EventRef<'_>, out: &mut Vec<u8>) {
    let part = event.message_part();
    match (part.form, event.has_escapes()) {
        (Form::Literal, true) => {
            for piece in pieces(part.bytes) {
                match piece {
                    Piece::Run(run) => safe(run, out),
                    Piece::Escape(character) => safe_character(character, out),
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
        for piece in pieces(part.bytes) {
            match piece {
                Piece::Run(run) => out.extend_from_slice(run),
                Piece::Escape(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    out.push(b'\n');
}

/// Copies text, control characters as `\xNN`.
fn safe(text: &[u8], out: &mut Vec<u8>) {
    // In UTF-8 only C1's first byte, C2, is shared with characters that are none.
    let suspicious = |byte: u8| (byte < b' ' && byte != b'\t' && byte != b'\n') || byte == 0x7f || byte == 0xc2;
    if !text.iter().fold(false, |some, byte| some | suspicious(*byte)) {
        return out.extend_from_slice(text);
    }
    for character in std::str::from_utf8(text).unwrap_or_default().chars() {
        safe_character(character, out);
    }
}

fn safe_character(character: char, out: &mut Vec<u8>) {
    if !character.is_control() || character == '\t' || character == '\n' {
        return out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // Control characters end at U+009F.
    let code = u8::try_from(u32::from(character)).unwrap_or(0);
    out.extend_from_slice(b"\\x");
    out.extend([code >> 4, code & 15].map(|digit| DIGITS[usize::from(digit)]));
}
