//! All known time formats: `parse` reads the time at the start of the bytes.
//!
//! - The first byte determines the formats that are tried: a digit (`digits`, `epoch`, `east_asian`), a letter (`names`), `@` or
//!   `/`.
//! - A date needs a time of day with seconds. A date alone, or `10:00`, is not a time of an event.
//! - The time of day may be padded with a blank, has `AM` or `PM`, and a fraction after `.`, `,` or `:`.
//!
//! Does not search: `place` knows the positions of times in lines.

mod digits;
mod east_asian;
pub(crate) use digits::two_digit_year;
pub(crate) mod epoch;
mod names;

use crate::civil::{Date, Kind, Shape, Stamp, TimeOfDay};
use crate::cursor::Cursor;
use crate::zone;

/// The time at the start of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Option<Stamp<'_>> {
    match bytes.first()? {
        b'0'..=b'9' => digits::parse(bytes).or_else(|| epoch::parse(bytes)),
        b'@' => epoch::tai64(bytes),
        b'/' => epoch::dot_net(bytes),
        byte if byte.is_ascii_alphabetic() || *byte >= 0x80 => names::parse(bytes).or_else(|| east_asian::era(bytes)),
        _ => None,
    }
}

/// A time of day without a date, or the seconds since the start of a machine.
pub(crate) fn lacks_date(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    if cursor.digit_run() == 2 {
        return time_of_day(&mut cursor, Style::Strict).is_some() && cursor.is_word_end();
    }
    // `[    5.123456] usb 1-1: new device`
    if cursor.eat(b'[') {
        cursor.blanks(8);
        let whole = cursor.digits(1, 8).is_some() && cursor.eat(b'.') && cursor.digits(6, 6).is_some();
        return whole && cursor.eat(b']');
    }
    false
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Style {
    /// `10:00:00`
    Strict,
    /// `10.00.00`, as DB2 writes it.
    Dots,
    /// `100000`
    Compact,
}

/// A time of day with its fraction and `AM` or `PM`; the byte before the fraction is 0 without one.
pub(crate) fn time_of_day(cursor: &mut Cursor<'_>, style: Style) -> Option<(TimeOfDay, u8)> {
    let mut ahead = *cursor;
    let separator = if style == Style::Dots { b'.' } else { b':' };
    let (hour, minute, second);
    if style == Style::Compact {
        (hour, minute, second) = (ahead.two()?, ahead.two()?, ahead.two()?);
    } else {
        hour = ahead.small()?;
        ahead.eat(separator).then_some(())?;
        minute = ahead.digits(2, 2)?.try_into().ok()?;
        ahead.eat(separator).then_some(())?;
        second = ahead.two()?;
    }
    let (nanosecond, fraction) = fraction(&mut ahead);
    let hour = half_day(&mut ahead, hour)?;
    if hour > 23 || minute > 59 || second > 60 || fraction == 0 && ahead.digit_run() > 0 {
        return None;
    }
    *cursor = ahead;
    // Milliseconds since 1970 cannot represent a leap second.
    Some((TimeOfDay { hour, minute, second: second.min(59), nanosecond }, fraction))
}

/// Nanoseconds; digits after the ninth are skipped. After `:` exactly three digits are required (`10:00:00:123`).
fn fraction(cursor: &mut Cursor<'_>) -> (i32, u8) {
    let mut ahead = *cursor;
    let Some(separator) = ahead.eat_any(b".,:") else { return (0, 0) };
    let run = ahead.digit_run();
    // In `10:00:00,001801000001` the comma separates columns.
    if run == 0 || separator == b':' && run != 3 || separator == b',' && run > 9 {
        return (0, 0);
    }
    let padded = ahead.rest()[..run].iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanosecond = padded.fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
    ahead.skip(run);
    *cursor = ahead;
    (nanosecond, separator)
}

/// The hour of 24, by the `AM` or `PM` that may follow. `None` if it contradicts the hour.
fn half_day(cursor: &mut Cursor<'_>, hour: i8) -> Option<i8> {
    let mut ahead = *cursor;
    // JDK 20 and later write a narrow no-break space (U+202F); others a no-break space (U+00A0).
    if !(ahead.eat_all("\u{202f}".as_bytes()) || ahead.eat_all("\u{a0}".as_bytes())) {
        ahead.blanks(1);
    }
    let Some(half) = ahead.eat_any(b"AaPp") else { return Some(hour) };
    let dotted = ahead.eat(b'.');
    if ahead.eat_any(b"Mm").is_none() || dotted && !ahead.eat(b'.') || !ahead.is_word_end() {
        return Some(hour);
    }
    let is_afternoon = half.eq_ignore_ascii_case(&b'P');
    let hour = match (hour, is_afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (1..=11, true) => hour + 12,
        (0..=11, false) | (13..=23, true) => hour,
        _ => return None,
    };
    *cursor = ahead;
    Some(hour)
}

/// Skips the separator between a date and its time, and returns one byte that identifies it.
fn join(cursor: &mut Cursor<'_>) -> Option<u8> {
    let mut ahead = *cursor;
    let join = match ahead.eat_any(b"Tt_:-,@\t ")? {
        b't' => b'T',
        b':' => {
            // RabbitMQ 3.6: `20-Nov-2026::10:00:00`.
            ahead.eat(b':');
            b':'
        }
        b',' => {
            ahead.blanks(2);
            b','
        }
        b' ' => {
            // A blank that pads the hour or the day, `at`, and Kibana's `@`.
            ahead.blanks(3);
            if ahead.eat_all(b"at ") || ahead.eat_all(b"@ ") {
                ahead.blanks(1);
            }
            b' '
        }
        other => {
            ahead.blanks(1);
            other
        }
    };
    ahead.peek().filter(u8::is_ascii_digit)?;
    *cursor = ahead;
    Some(join)
}

/// Reads the time and the zone after a date as a complete stamp.
fn finish<'a>(mut cursor: Cursor<'a>, date: Date, kind: Kind, separator: u8, style: Style) -> Option<Stamp<'a>> {
    let join = join(&mut cursor)?;
    // DB2: `2026-11-20-10.00.00.123456`.
    let style = if join == b'-' && style == Style::Strict && cursor.peek_at(2) == Some(b'.') { Style::Dots } else { style };
    let (time, fraction) = time_of_day(&mut cursor, style)?;
    let zone = zone::read(&mut cursor);
    let shape = Shape { kind, separator, join, fraction, zone: zone.class() };
    Some(Stamp { date, time, zone, shape, length: cursor.at() })
}
