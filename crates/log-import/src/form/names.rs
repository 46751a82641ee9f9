//! Times with the name of a month, in English and the usual locales of `date`.
//!
//! - A weekday before the date is skipped: `Fri Nov 20 …`, `Friday, 20-Nov-26 …`, `Fri 2026-11-20 …`.
//! - The year stands after the day, after the time (`Fri Nov 20 10:00:00 2026`), or after the zone (`10:00:00 UTC 2026`); a zone
//!   may follow the year (`10:00:00 2026 +0100`). Without a year, the file determines it.
//! - `I1120 10:00:00.123456` is the time of klog and glog.

use super::digits::two_digit_year;
use super::{Style, finish, parse as any, time_of_day};
use crate::civil::{Date, Kind, Shape, Stamp};
use crate::cursor::Cursor;
use crate::zone::{self, Zone};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Names that differ from the English: German, French, Spanish, Italian, Portuguese, Dutch.
const FOREIGN_MONTHS: &[(&str, i8)] = &[
    ("januar", 1),
    ("jän", 1),
    ("jänner", 1),
    ("janv", 1),
    ("janvier", 1),
    ("ene", 1),
    ("enero", 1),
    ("gen", 1),
    ("gennaio", 1),
    ("januari", 1),
    ("janeiro", 1),
    ("februar", 2),
    ("févr", 2),
    ("février", 2),
    ("febrero", 2),
    ("febbraio", 2),
    ("februari", 2),
    ("fev", 2),
    ("fevereiro", 2),
    ("mär", 3),
    ("mrz", 3),
    ("märz", 3),
    ("mars", 3),
    ("marzo", 3),
    ("mrt", 3),
    ("maart", 3),
    ("março", 3),
    ("avril", 4),
    ("avr", 4),
    ("abr", 4),
    ("abril", 4),
    ("aprile", 4),
    ("mai", 5),
    ("mayo", 5),
    ("mag", 5),
    ("maggio", 5),
    ("mei", 5),
    ("maio", 5),
    ("juni", 6),
    ("juin", 6),
    ("junio", 6),
    ("giu", 6),
    ("giugno", 6),
    ("junho", 6),
    ("juli", 7),
    ("juil", 7),
    ("juillet", 7),
    ("julio", 7),
    ("lug", 7),
    ("luglio", 7),
    ("julho", 7),
    ("août", 8),
    ("ago", 8),
    ("agosto", 8),
    ("augustus", 8),
    ("sept", 9),
    ("septembre", 9),
    ("septiembre", 9),
    ("set", 9),
    ("settembre", 9),
    ("setembro", 9),
    ("okt", 10),
    ("oktober", 10),
    ("octobre", 10),
    ("octubre", 10),
    ("ott", 10),
    ("ottobre", 10),
    ("out", 10),
    ("outubro", 10),
    ("novembre", 11),
    ("noviembre", 11),
    ("novembro", 11),
    ("dez", 12),
    ("dezember", 12),
    ("déc", 12),
    ("décembre", 12),
    ("dic", 12),
    ("diciembre", 12),
    ("dicembre", 12),
    ("dezembro", 12),
];

const WEEKDAYS: &[&str] = &[
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "tues",
    "thur",
    "thurs",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mo",
    "di",
    "mi",
    "do",
    "fr",
    "sa",
    "so",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "lun",
    "mar",
    "mer",
    "jeu",
    "ven",
    "sam",
    "dim",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "mié",
    "jue",
    "vie",
    "sáb",
    "dom",
    "gio",
    "sab",
    "seg",
    "ter",
    "qua",
    "qui",
    "sex",
    "ma",
    "wo",
    "vr",
    "za",
    "zo",
];

/// Reads a month's name and the point that may abbreviate it.
pub(super) fn month(cursor: &mut Cursor<'_>) -> Option<i8> {
    let word = cursor.word();
    let month = month_of(word)?;
    cursor.skip(word.len());
    // `20 nov. 2026`; in `20.Nov.2026` the point is the separator, and can be skipped too.
    cursor.eat(b'.');
    Some(month)
}

fn month_of(word: &[u8]) -> Option<i8> {
    if word.len() < 3 || word.len() > 12 {
        return None;
    }
    let english = |name: &str| name.as_bytes().get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if let Some((month, name)) = (1..).zip(MONTHS).find(|(_, name)| english(name)) {
        return (word.len() == 3 || word.len() == name.len() || word.eq_ignore_ascii_case(b"sept")).then_some(month);
    }
    let word = std::str::from_utf8(word).ok()?.to_lowercase();
    FOREIGN_MONTHS.iter().find(|(name, _)| *name == word).map(|(_, month)| *month)
}

fn is_weekday(word: &[u8]) -> bool {
    let same = |name: &str| name.as_bytes().eq_ignore_ascii_case(word);
    WEEKDAYS.iter().any(|name| same(name))
        || !word.is_ascii() && std::str::from_utf8(word).is_ok_and(|word| WEEKDAYS.contains(&word.to_lowercase().as_str()))
}

pub(super) fn parse(bytes: &[u8]) -> Option<Stamp<'_>> {
    let cursor = Cursor::new(bytes);
    let word = cursor.word();
    match word.len() {
        0 => None,
        1 => klog(cursor),
        _ => month_first(cursor).or_else(|| after_weekday(cursor, word)),
    }
}

fn after_weekday<'a>(mut cursor: Cursor<'a>, word: &[u8]) -> Option<Stamp<'a>> {
    if word.len() > 10 || !is_weekday(word) {
        return None;
    }
    cursor.skip(word.len());
    cursor.eat_any(b".");
    cursor.eat_any(b",");
    (cursor.blanks(2) > 0).then_some(())?;
    let stamp = any(cursor.rest())?;
    let is_date = !matches!(stamp.date, Date::Instant(_)) && stamp.shape.kind != Kind::Klog;
    is_date.then(|| Stamp { length: cursor.at() + stamp.length, ..stamp })
}

/// `I1120 10:00:00.123456`, `I20261120 10:00:00.123456`.
fn klog(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    cursor.eat_any(b"IWEFDC")?;
    let year = match cursor.digit_run() {
        4 => None,
        8 => Some(i16::try_from(cursor.take_digits(4)?).ok()?),
        _ => return None,
    };
    let month = cursor.two().filter(|month| (1..=12).contains(month))?;
    let day = cursor.two().filter(|day| (1..=31).contains(day))?;
    cursor.eat(b' ').then_some(())?;
    let (time, fraction) = time_of_day(&mut cursor, Style::Strict)?;
    let date = match year {
        Some(year) => Date::Full { year, month, day },
        None => Date::NoYear { month, day },
    };
    let shape = Shape { fraction, ..Shape::of(Kind::Klog) };
    Some(Stamp { date, time, zone: Zone::None, shape, length: cursor.at() })
}

fn month_first(mut cursor: Cursor<'_>) -> Option<Stamp<'_>> {
    let is_short = cursor.word().len() <= 4;
    let month = month(&mut cursor)?;
    cursor.eat_any(b"-/");
    cursor.blanks(2);
    let day = cursor.small().filter(|day| (1..=31).contains(day))?;
    let stamp = rest(cursor, month, day, Kind::MonthNameDay)?;
    // Times without a year abbreviate the month; `March 22 13:45:01` is prose.
    (is_short || stamp.shape.kind != Kind::NoYear).then_some(stamp)
}

/// The rest after the day of `20/Nov/2026:10:00:00` and similar times.
pub(super) fn after_day(mut cursor: Cursor<'_>, day: i8) -> Option<Stamp<'_>> {
    let separator = cursor.eat_any(b"/-. ")?;
    cursor.blanks(1);
    let name = cursor.word();
    let month = month(&mut cursor)?;
    // The Common Log Format is always written with a capital.
    if separator == b'/' && !name.first().is_some_and(u8::is_ascii_uppercase) || !(1..=31).contains(&day) {
        return None;
    }
    rest(cursor, month, day, Kind::DayMonthName)
}

/// Year, time and zone, in the orders that occur.
fn rest<'a>(cursor: Cursor<'a>, month: i8, day: i8, kind: Kind) -> Option<Stamp<'a>> {
    let mut ahead = cursor;
    let separator = ahead.peek()?;
    ahead.eat_any(b"/-.,");
    ahead.blanks(2);
    if ahead.peek_at(1) != Some(b':') && ahead.peek_at(2) != Some(b':') || ahead.digit_run() == 4 {
        let year = match ahead.digit_run() {
            4 => i16::try_from(ahead.take_digits(4)?).ok()?,
            2 => two_digit_year(ahead.take_digits(2)?),
            _ => return None,
        };
        return finish(ahead, Date::Full { year, month, day }, kind, separator, Style::Strict);
    }
    // `20-Nov-26:…` has a two-digit year and then a colon; an hour never follows `-`.
    if b"/-".contains(&separator) {
        let year = two_digit_year(ahead.digits(2, 2)?);
        return finish(ahead, Date::Full { year, month, day }, kind, separator, Style::Strict);
    }
    let (time, fraction) = time_of_day(&mut ahead, Style::Strict)?;
    let mut zone = zone::read(&mut ahead);
    let year = late_year(&mut ahead);
    if year.is_some() && zone == Zone::None {
        zone = zone::read(&mut ahead);
    }
    let date = match year {
        Some(year) => Date::Full { year, month, day },
        None => Date::NoYear { month, day },
    };
    let kind = if year.is_some() { kind } else { Kind::NoYear };
    let shape = Shape { kind, separator, join: b' ', fraction, zone: zone.class() };
    Some(Stamp { date, time, zone, shape, length: ahead.at() })
}

/// A year after the time.
fn late_year(cursor: &mut Cursor<'_>) -> Option<i16> {
    let mut ahead = *cursor;
    (ahead.blanks(2) > 0).then_some(())?;
    let year = ahead.digits(4, 4)?;
    if !(1970..=2199).contains(&year) || !ahead.peek().is_none_or(|byte| b" \t],;:)>\"'|".contains(&byte)) {
        return None;
    }
    *cursor = ahead;
    i16::try_from(year).ok()
}
