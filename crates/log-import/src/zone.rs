//! Zones next to a time.
//!
//! - Offsets: `Z`, `+01:00`, `+0100`, `-03`, `GMT+0100`, `UTC+2`, `+060` (minutes, as DB2 writes them).
//! - Names: IANA names, and abbreviations with one offset.
//! - An abbreviation with several meanings (`CST`, `IST`, `BST`, …) needs `--timezone`.
//! - Any other word is text, not a zone.
//!
//! The two-digit offset after a blank needs care: `10:00:00 -03 [42]` has one, `10:00:00 -12 degrees` has not. It counts when it
//! is padded with a zero, has a `+`, or is followed by punctuation, a capital or the end.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::civil::ZoneClass;
use crate::cursor::Cursor;
use crate::zone_names::{ABBREVIATIONS, AMBIGUOUS, SPELLED_OUT};

/// A written zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Zone<'a> {
    None,
    /// Seconds east of UTC.
    Offset(i32),
    /// An IANA name in the database.
    Iana(&'a str),
    /// An abbreviation with several meanings.
    Ambiguous(&'a str),
}

impl Zone<'_> {
    pub(crate) fn class(self) -> ZoneClass {
        match self {
            Self::None => ZoneClass::None,
            Self::Offset(0) => ZoneClass::Utc,
            Self::Offset(_) => ZoneClass::Offset,
            Self::Iana(_) | Self::Ambiguous(_) => ZoneClass::Name,
        }
    }
}

/// Reads a zone directly after a time, or after one or two blanks. Without a zone, nothing is consumed.
pub(crate) fn read<'a>(cursor: &mut Cursor<'a>) -> Zone<'a> {
    let mut ahead = *cursor;
    let spaced = ahead.blanks(2) > 0;
    let zone = match ahead.peek() {
        Some(b'Z' | b'z') => {
            ahead.skip(1);
            ahead.is_word_end().then_some(Zone::Offset(0))
        }
        Some(b'+' | b'-') => offset(&mut ahead, if spaced { Before::Blank } else { Before::Time }).map(Zone::Offset),
        Some(b'(' | b'[') => enclosed(&mut ahead),
        Some(byte) if byte.is_ascii_alphabetic() => spelled_out(&mut ahead).or_else(|| named(&mut ahead)),
        _ => None,
    };
    let Some(zone) = zone else { return Zone::None };
    // `+01:00[Europe/Berlin]`: the offset suffices.
    let mut after = ahead;
    if matches!(zone, Zone::Offset(_)) && after.peek() == Some(b'[') && enclosed(&mut after).is_some() {
        ahead = after;
    }
    *cursor = ahead;
    zone
}

/// The prefix of an offset.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Time,
    Blank,
    /// `UTC` or `GMT`.
    Name,
}

fn offset(cursor: &mut Cursor<'_>, before: Before) -> Option<i32> {
    let mut ahead = *cursor;
    let sign = ahead.eat_any(b"+-")?;
    let run = ahead.digit_run();
    let mut minutes = match run {
        1 if before == Before::Name => ahead.take_digits(1)? * 60,
        2 => ahead.take_digits(2)? * 60,
        // DB2: minutes.
        3 if before == Before::Time => ahead.take_digits(3)?,
        4 => {
            let hours = ahead.take_digits(2)?;
            hours * 60 + ahead.take_digits(2).filter(|minutes| *minutes < 60)?
        }
        _ => return None,
    };
    let mut colon = false;
    if run <= 2 && ahead.peek() == Some(b':') && ahead.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
        ahead.skip(1);
        minutes += ahead.digits(2, 2).filter(|minutes| *minutes < 60)?;
        colon = true;
    }
    let first = cursor.peek_at(1);
    if run == 2 && !colon && before == Before::Blank && sign == b'-' && first != Some(b'0') && !ends_a_header(&ahead) {
        return None;
    }
    if !ahead.is_word_end() || minutes > 15 * 60 {
        return None;
    }
    *cursor = ahead;
    let seconds = i32::try_from(minutes * 60).ok()?;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// Whether the next text looks like a field of a header, not like prose.
fn ends_a_header(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.blanks(4);
    ahead.peek().is_none_or(|byte| byte.is_ascii_uppercase() || b"[](),;|\"':<-".contains(&byte))
}

fn spelled_out<'a>(cursor: &mut Cursor<'a>) -> Option<Zone<'a>> {
    if cursor.eat_all(b"Coordinated Universal Time") {
        return Some(Zone::Offset(0));
    }
    SPELLED_OUT.iter().find_map(|(name, zone)| {
        let mut ahead = *cursor;
        let is_whole = ahead.eat_all(name.as_bytes())
            && [&b" Standard Time"[..], b" Daylight Time", b" Summer Time"].iter().any(|end| ahead.eat_all(end));
        is_whole.then(|| {
            *cursor = ahead;
            Zone::Iana(zone)
        })
    })
}

/// `(UTC)`, `[Europe/Berlin]`, `(Pacific Standard Time)`.
fn enclosed<'a>(cursor: &mut Cursor<'a>) -> Option<Zone<'a>> {
    let mut ahead = *cursor;
    let close = if ahead.eat_any(b"([")? == b'(' { b')' } else { b']' };
    let zone = match ahead.peek()? {
        b'+' | b'-' => Zone::Offset(offset(&mut ahead, Before::Time)?),
        _ => spelled_out(&mut ahead).or_else(|| named(&mut ahead))?,
    };
    if !ahead.eat(close) {
        return None;
    }
    *cursor = ahead;
    Some(zone)
}

fn named<'a>(cursor: &mut Cursor<'a>) -> Option<Zone<'a>> {
    let rest = cursor.rest();
    let mut ahead = *cursor;
    let letters = rest.iter().take(8).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = std::str::from_utf8(&rest[..letters]).ok()?;
    if letters < rest.len() && b"/_".contains(&rest[letters]) || letters == 8 {
        return iana(cursor);
    }
    ahead.skip(letters);
    let zone = match word {
        "UTC" | "GMT" | "UT" => {
            let attached = offset(&mut ahead, Before::Name);
            let spaced = || {
                let mut after = ahead;
                (after.blanks(1) == 1).then_some(())?;
                let seconds = offset(&mut after, Before::Blank)?;
                ahead = after;
                Some(seconds)
            };
            Zone::Offset(attached.or_else(spaced).unwrap_or(0))
        }
        "ChST" => Zone::Offset(600 * 60),
        _ => match ABBREVIATIONS.iter().find(|(known, _)| *known == word) {
            Some((_, minutes)) => Zone::Offset(minutes * 60),
            None => Zone::Ambiguous(AMBIGUOUS.iter().find(|known| **known == word).map(|_| word)?),
        },
    };
    if !ahead.is_word_end() {
        return None;
    }
    *cursor = ahead;
    Some(zone)
}

fn iana<'a>(cursor: &mut Cursor<'a>) -> Option<Zone<'a>> {
    let rest = cursor.rest();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(byte);
    let length = rest.iter().take(48).take_while(|byte| is_part(byte)).count();
    let name = std::str::from_utf8(&rest[..length]).ok().filter(|name| name.contains('/'))?;
    TimeZone::get(name).ok()?;
    cursor.skip(length);
    Some(Zone::Iana(name))
}

/// The instant, in milliseconds, of a local time in a zone. A time skipped by a change of clocks is read with the offset before
/// the change; of an ambiguous time the first instant is used.
pub(crate) fn instant(local_ms: i64, zone: &TimeZone) -> Option<i64> {
    let civil = civil(local_ms)?;
    Some(zone.to_ambiguous_timestamp(civil).compatible().ok()?.as_millisecond())
}

/// The instant of a local time with an abbreviation of `zone`; `None` if the zone does not use the abbreviation.
pub(crate) fn instant_named(local_ms: i64, name: &str, zone: &TimeZone) -> Option<i64> {
    let civil = civil(local_ms)?;
    // Also accepts the abbreviation within half a year, for logs that use standard time all year.
    const HALF_YEAR_MS: i64 = 182 * crate::civil::DAY_MS;
    let direct = zone.to_ambiguous_timestamp(civil).compatible().ok()?.as_millisecond();
    for at in [direct, direct - 3_600_000, direct + 3_600_000, direct - HALF_YEAR_MS, direct + HALF_YEAR_MS] {
        let Ok(timestamp) = Timestamp::from_millisecond(at) else { continue };
        let info = zone.to_offset_info(timestamp);
        if info.abbreviation() == name {
            return Some(local_ms - i64::from(info.offset().seconds()) * 1000);
        }
    }
    None
}

fn civil(local_ms: i64) -> Option<DateTime> {
    let timestamp = Timestamp::from_millisecond(local_ms).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(timestamp))
}

/// The stamp without a borrow of the text, unless its zone needs the text.
pub(crate) fn detached<'a>(stamp: crate::civil::Stamp<'_>) -> Option<crate::civil::Stamp<'a>> {
    use crate::civil::Stamp;
    let zone = match stamp.zone {
        Zone::None => Zone::None,
        Zone::Offset(seconds) => Zone::Offset(seconds),
        Zone::Iana(_) | Zone::Ambiguous(_) => return None,
    };
    Some(Stamp { date: stamp.date, time: stamp.time, zone, shape: stamp.shape, length: stamp.length })
}

/// Why a `--timezone` is invalid.
#[derive(Debug, thiserror::Error)]
#[error("unknown time zone `{0}`: give an IANA name such as `Europe/Berlin`, or an offset such as `+01:00`")]
pub struct TimezoneError(String);

/// The zone of an IANA name, `UTC` or an offset.
///
/// # Errors
/// If it is something else. An abbreviation such as `CST` is refused, because it is as ambiguous as in the log.
pub fn timezone(text: &str) -> Result<TimeZone, TimezoneError> {
    let mut cursor = Cursor::new(text.as_bytes());
    let zone = match read(&mut cursor) {
        Zone::Offset(seconds) if cursor.rest().is_empty() => jiff::tz::Offset::from_seconds(seconds).ok().map(TimeZone::fixed),
        _ => TimeZone::get(text).ok(),
    };
    zone.ok_or_else(|| TimezoneError(text.to_owned()))
}
