//! Dates that begin with a digit.
//!
//! - Year first: `2026-11-20`, `2026/11/20`, `2026.11.20`, `2026-Nov-20`, `20261120`, `20261120100000`, `261120`.
//! - Day or month first: `20.11.2026` (always the day), `20/11/2026`, `11-20-2026`, `26/11/20`; the file determines the order.
//! - With the month's name: `20/Nov/2026`, `20-Nov-26`, `20 Nov 2026`, `20. Nov 11:00:00 CET 2026`.
//! - Without a year: `11-20 10:00:00.123` (logcat), `11/20-10:00:00.123456` (Snort).

use super::{Style, finish, time_of_day};
use crate::civil::{Date, Kind, Shape, Stamp};
use crate::cursor::Cursor;
use crate::form::{east_asian, names};
use crate::zone;

pub(super) fn parse(bytes: &[u8]) -> Option<Stamp<'_>> {
    let cursor = Cursor::new(bytes);
    match cursor.digit_run() {
        1 | 2 => day_or_month_first(cursor),
        4 if cursor.peek_at(4).is_some_and(|byte| byte >= 0x80) || cursor.peek_at(5).is_some_and(|byte| byte >= 0x80) => {
            east_asian::parse(cursor)
        }
        4 => year_first(cursor),
        6 => short_compact(cursor),
        8 => compact(cursor),
        14 | 17 | 20 => joined(cursor),
        _ => None,
    }
}

fn year_first(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let year = year(cursor.take_digits(4)?)?;
    let separator = cursor.eat_any(b"-/. ")?;
    if cursor.peek()?.is_ascii_alphabetic() {
        let month = names::month(&mut cursor)?;
        cursor.eat_any(&[separator])?;
        cursor.blanks(1);
        let day = cursor.small()?;
        return finish(cursor, Date::Full { year, month, day }, Kind::YearFirst, separator, Style::Strict);
    }
    if separator == b' ' {
        return None;
    }
    let month = cursor.small().filter(|month| (1..=12).contains(month))?;
    cursor.eat(separator).then_some(())?;
    let day = cursor.small().filter(|day| (1..=31).contains(day))?;
    let date = Date::Full { year, month, day };
    let style = if is_compact_time(cursor) { Style::Compact } else { Style::Strict };
    finish(cursor, date, Kind::YearFirst, separator, style)
}

/// `T100000`: six digits after the date.
fn is_compact_time(mut cursor: Cursor<'_>) -> bool {
    cursor.eat_any(b"Tt_- ").is_some() && cursor.digit_run() == 6
}

fn compact(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let date = compact_date(&mut cursor)?;
    let style = if is_compact_time(cursor) { Style::Compact } else { Style::Strict };
    finish(cursor, date, Kind::Compact, 0, style)
}

fn compact_date(cursor: &mut Cursor<'_>) -> Option<Date> {
    let year = year(cursor.take_digits(4)?)?;
    let month = cursor.two().filter(|month| (1..=12).contains(month))?;
    let day = cursor.two().filter(|day| (1..=31).contains(day))?;
    Some(Date::Full { year, month, day })
}

/// `20261120100000`, with milliseconds or microseconds as further digits.
fn joined(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let further = cursor.digit_run() - 14;
    let date = compact_date(&mut cursor)?;
    let (hour, minute, second) = (cursor.two()?, cursor.two()?, cursor.two()?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut fraction = 0;
    let mut nanosecond = 0;
    if further > 0 {
        let value = cursor.take_digits(further)?;
        nanosecond = i32::try_from(value * 10_i64.pow(9 - u32::try_from(further).ok()?)).ok()?;
        fraction = b'0';
    } else {
        let read = super::fraction(&mut cursor);
        (nanosecond, fraction) = if read.1 == 0 { (nanosecond, fraction) } else { read };
    }
    let time = crate::civil::TimeOfDay { hour, minute, second: second.min(59), nanosecond };
    let zone = zone::read(&mut cursor);
    if !cursor.is_word_end() {
        return None;
    }
    let shape = Shape { fraction, zone: zone.class(), ..Shape::of(Kind::Compact) };
    Some(Stamp { date, time, zone, shape, length: cursor.at() })
}

/// `MySQL` 5.5's `261120  9:00:00`, and Hadoop's old `081109 203615`.
fn short_compact(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let year = two_digit_year(cursor.take_digits(2)?);
    let month = cursor.two().filter(|month| (1..=12).contains(month))?;
    let day = cursor.two().filter(|day| (1..=31).contains(day))?;
    let mut ahead = cursor;
    ahead.eat_any(b" \t")?;
    let style = if ahead.digit_run() == 6 { Style::Compact } else { Style::Strict };
    finish(cursor, Date::Full { year, month, day }, Kind::ShortCompact, 0, style)
}

fn day_or_month_first(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let first = cursor.digits(1, 2)?;
    let start = cursor;
    let separator = cursor.eat_any(b"/-. ")?;
    if separator == b'.' {
        cursor.blanks(1);
    }
    if separator == b' ' || cursor.peek()?.is_ascii_alphabetic() {
        return names::after_day(start, i8::try_from(first).ok()?);
    }
    let second = cursor.digits(1, 2)?;
    if !cursor.eat(separator) {
        return without_year(cursor, first, second, separator);
    }
    let digits = cursor.digit_run();
    let third = match digits {
        2 => cursor.take_digits(2)?,
        4 => i64::from(year(cursor.take_digits(4)?)?),
        _ => return None,
    };
    if separator == b'.' {
        let year = if digits == 2 { two_digit_year(third) } else { i16::try_from(third).ok()? };
        let date = Date::Full { year, month: i8::try_from(second).ok()?, day: i8::try_from(first).ok()? };
        return finish(cursor, date, Kind::Numeric, separator, Style::Strict);
    }
    let kind = if digits == 2 { Kind::ShortNumeric } else { Kind::Numeric };
    let date = Date::Numeric([i16::try_from(first).ok()?, i16::try_from(second).ok()?, i16::try_from(third).ok()?]);
    finish(cursor, date, kind, separator, Style::Strict)
}

/// Month before day, with a fraction: only these two programs omit the year.
fn without_year(mut cursor: Cursor<'_>, first: i64, second: i64, separator: u8) -> Option<Stamp<'_>> {
    let join = match (separator, cursor.peek()?) {
        (b'-', b' ') => b' ',
        (b'/', b'-') => b'-',
        _ => return None,
    };
    cursor.skip(1);
    let (time, fraction) = time_of_day(&mut cursor, Style::Strict)?;
    if fraction == 0 || !(1..=12).contains(&first) || !(1..=31).contains(&second) {
        return None;
    }
    let date = Date::NoYear { month: i8::try_from(first).ok()?, day: i8::try_from(second).ok()? };
    let zone = zone::read(&mut cursor);
    let shape = Shape { kind: Kind::NoYear, separator, join, fraction, zone: zone.class() };
    Some(Stamp { date, time, zone, shape, length: cursor.at() })
}

/// Possible years of a log; other numbers in this position are not years.
fn year(value: i64) -> Option<i16> {
    i16::try_from(value).ok().filter(|year| (1970..=9999).contains(year))
}

pub(crate) fn two_digit_year(value: i64) -> i16 {
    // POSIX: 69 to 99 are of the last century.
    let value = i16::try_from(value).unwrap_or(0);
    if value >= 69 { 1900 + value } else { 2000 + value }
}
