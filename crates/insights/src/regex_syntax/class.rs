//! Classes of characters in regular expressions: `[..]`, and escapes for one or many characters.
//!
//! Owns parsing them as Perl does, and rewriting them for the `regex` crate, where `[`, `&&`, `--` and `~~` in brackets are set
//! operators. [`super::dialect`] decides what may be repeated.

use super::reader::Reader;
use super::{RegexError, RegexFault};

/// The meaning of an escape.
pub(super) enum Escaped {
    /// One character.
    Character(char),
    /// A class, written for the crate. It is valid within brackets, too.
    Class(String),
}

/// Reads a class whose `[` was read.
pub(super) fn read(reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
    reader.out.push('[');
    if reader.take('^') {
        reader.out.push('^');
    }
    let mut first = true;
    loop {
        let item = reader.position();
        let Some(character) = reader.next() else {
            return Err(reader.malformed(start, "this class is not closed"));
        };
        match character {
            ']' if !first => break,
            '[' if reader.rest().starts_with(':') => posix(reader, item)?,
            _ => match single(reader, item, character)? {
                Escaped::Class(class) => reader.out.push_str(&class),
                Escaped::Character(from) => range(reader, item, from)?,
            },
        }
        first = false;
    }
    reader.out.push(']');
    Ok(())
}

/// A character, or a range when a `-` that does not end the class follows it.
fn range(reader: &mut Reader<'_>, start: usize, from: char) -> Result<(), RegexError> {
    reader.literal(from);
    if !reader.rest().starts_with('-') || reader.rest().starts_with("-]") {
        return Ok(());
    }
    reader.skip(1);
    let item = reader.position();
    let Some(character) = reader.next() else {
        return Err(reader.malformed(start, "this class is not closed"));
    };
    match single(reader, item, character)? {
        Escaped::Character(to) if from <= to => {
            reader.out.push('-');
            reader.literal(to);
            Ok(())
        }
        Escaped::Character(_) => Err(reader.malformed(start, "the bounds of this range are reversed")),
        Escaped::Class(_) => Err(reader.malformed(start, "a range ends in one character, not in a class")),
    }
}

fn single(reader: &mut Reader<'_>, start: usize, character: char) -> Result<Escaped, RegexError> {
    match character {
        // Within brackets a `b` is the backspace.
        '\\' if reader.take('b') => Ok(Escaped::Character('\u{8}')),
        '\\' if reader.rest().starts_with(|next: char| next.is_ascii_digit() && next != '0') => {
            Err(reader.unsupported(start, start + 2, "the backreference"))
        }
        '\\' => escape(reader, start),
        _ => Ok(Escaped::Character(character)),
    }
}

/// `[:alpha:]`, whose first bracket was read.
fn posix(reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
        "xdigit",
    ];
    let rest = reader.rest();
    let known = rest.find(":]").filter(|end| *end > 0).filter(|end| NAMES.contains(&rest[1..*end].trim_start_matches('^')));
    let Some(end) = known else {
        let end = rest.find(']').map_or(start + 2, |end| reader.position() + end + 1);
        let span = reader.span(start, end);
        let written = format!("[{}", rest.get(..end - reader.position()).unwrap_or(":"));
        return Err(RegexError { span, fault: RegexFault::UnknownProperty(written) });
    };
    reader.out.push('[');
    reader.copy(end + 2);
    Ok(())
}

/// Reads an escape after its backslash, within brackets or outside.
pub(super) fn escape(reader: &mut Reader<'_>, start: usize) -> Result<Escaped, RegexError> {
    let Some(escaped) = reader.next() else {
        return Err(reader.malformed(start, "the backslash escapes nothing"));
    };
    let class = |written: &str| Ok(Escaped::Class(written.to_owned()));
    match escaped {
        // Of ASCII, as in Hyperscan and RE2 (the crate's own know all of Unicode).
        'd' => class("[0-9]"),
        'D' => class("[^0-9]"),
        'w' => class("[0-9A-Za-z_]"),
        'W' => class("[^0-9A-Za-z_]"),
        's' => class(r"[\t-\r ]"),
        'S' => class(r"[^\t-\r ]"),
        'h' => class(r"[\t ]"),
        'H' => class(r"[^\t ]"),
        'v' => class(r"[\n-\r]"),
        'V' => class(r"[^\n-\r]"),
        'N' => class(r"[^\n]"),
        'n' => Ok(Escaped::Character('\n')),
        'r' => Ok(Escaped::Character('\r')),
        't' => Ok(Escaped::Character('\t')),
        'f' => Ok(Escaped::Character('\u{c}')),
        'a' => Ok(Escaped::Character('\u{7}')),
        'e' => Ok(Escaped::Character('\u{1b}')),
        '0' => Ok(Escaped::Character(octal(reader))),
        'x' => hexadecimal(reader, start),
        'u' => unicode(reader, start),
        'p' | 'P' => property(reader, start),
        'R' | 'X' | 'C' | 'K' | 'G' => Err(reader.unsupported(start, start + 2, "the escape")),
        literal if !literal.is_ascii_alphanumeric() => Ok(Escaped::Character(literal)),
        _ => Err(unknown(reader, start)),
    }
}

/// Up to two more octal digits.
fn octal(reader: &mut Reader<'_>) -> char {
    let mut code = 0;
    for _ in 0..2 {
        let Some(digit) = reader.rest().chars().next().and_then(|next| next.to_digit(8)) else { break };
        code = code * 8 + digit;
        reader.skip(1);
    }
    char::from_u32(code).unwrap_or_default()
}

/// `\x4`, `\x41`, `\x{1F600}`.
fn hexadecimal(reader: &mut Reader<'_>, start: usize) -> Result<Escaped, RegexError> {
    let rest = reader.rest();
    let (digits, length) = match rest.strip_prefix('{') {
        Some(braced) => {
            let digits = braced.split('}').next().filter(|digits| digits.len() < braced.len());
            let digits = digits.ok_or_else(|| reader.malformed(start, "this escape is not closed"))?;
            (digits, digits.len() + 2)
        }
        None => {
            let length = rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
            (&rest[..length], length)
        }
    };
    reader.skip(length);
    let valid = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = if valid { u32::from_str_radix(digits, 16).ok() } else { None };
    let character = code.and_then(char::from_u32).ok_or_else(|| unknown(reader, start))?;
    Ok(Escaped::Character(character))
}

/// `\u00e9`: four digits, as in Java. Deployed queries have it.
fn unicode(reader: &mut Reader<'_>, start: usize) -> Result<Escaped, RegexError> {
    let digits = reader.rest().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let character = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
    reader.skip(if digits.is_some() { 4 } else { 0 });
    character.map(Escaped::Character).ok_or_else(|| unknown(reader, start))
}

/// `\pL`, `\p{Lu}`, `\P{^Lu}`: general categories of Unicode.
fn property(reader: &mut Reader<'_>, start: usize) -> Result<Escaped, RegexError> {
    let rest = reader.rest();
    let length = match rest.starts_with('{') {
        true => rest.find('}').map(|end| end + 1),
        false => rest.chars().next().map(char::len_utf8),
    };
    let length = length.ok_or_else(|| reader.malformed(start, "this property is not closed"))?;
    reader.skip(length);
    let written = reader.span(start, reader.position()).of(reader.pattern()).to_owned();
    // The crate knows the properties. Compiled alone, an unknown property is reported at its position.
    match regex::Regex::new(&written) {
        Ok(_) => Ok(Escaped::Class(written)),
        Err(_) => Err(RegexError { span: reader.span(start, reader.position()), fault: RegexFault::UnknownProperty(written) }),
    }
}

fn unknown(reader: &Reader<'_>, start: usize) -> RegexError {
    let span = reader.span(start, reader.position());
    RegexError { span, fault: RegexFault::UnknownEscape(span.of(reader.pattern()).to_owned()) }
}
