//! RFC 3164 syslog: `Mar 22 13:45:01`, without a year.
//!
//! - The year is the latest that puts the time no later than a day after `now`. Lines from around New Year therefore
//!   fall on both sides of it, and 29 February falls into a leap year. A log older than a year needs an older `now`
//!   (the file's modification time serves).
//! - A year is taken when there is one: `Mar 22 2026 13:45:01` (Cisco), `Fri Nov 20 10:00:00 2026` (`ctime`, Apache's
//!   error log), `Fri Nov 20 10:00:00 UTC 2026` (`date`).
//! - The day may be padded with a space or a zero, or not at all.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::scan::{Civil, Scan, TimeOfDay};

const DAY_MS: i64 = 86_400_000;

/// 29 February is at most eight years from the next (1896 to 1904, 2096 to 2104).
const YEARS_BACK: i16 = 8;

/// The time that begins at the first of `bytes`, which is the month. `now` is in milliseconds.
pub(super) fn at(bytes: &[u8], now: i64) -> Option<i64> {
    let mut scan = Scan::new(bytes);
    let month = scan.month()?;
    scan.byte(b' ')?;
    let day = day(&mut scan)?;
    scan.byte(b' ')?;
    let early_year = year(&mut scan, b' ');
    let time = scan.time_of_day()?;
    if scan.rest().first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let zone = scan.zone();
    let written = early_year.or_else(|| {
        scan.byte(b' ')?;
        year(&mut scan, b' ')
    });
    match written {
        Some(year) => Civil { year, month, day, time }.to_ms(zone),
        None => latest(month, day, time, zone, now),
    }
}

/// The latest year with such a day in which the time is at most a day after `now`.
pub(super) fn latest(month: i8, day: i8, time: TimeOfDay, zone: Option<Offset>, now: i64) -> Option<i64> {
    let bound = now.saturating_add(DAY_MS);
    let last = Offset::UTC.to_datetime(Timestamp::from_millisecond(bound).ok()?).year();
    // One more: with a zone ahead of UTC the year may have begun there already.
    (0..=YEARS_BACK + 1).filter_map(|back| Civil { year: last + 1 - back, month, day, time }.to_ms(zone)).find(|ms| *ms <= bound)
}

fn day(scan: &mut Scan<'_>) -> Option<i8> {
    let padded = scan.byte(b' ').is_some();
    if !padded && let Some(day) = scan.two_digits() {
        return Some(day);
    }
    scan.digits(1).and_then(|day| i8::try_from(day).ok())
}

/// Four digits of a plausible year and the byte `after` them, or nothing more; a process id or port is seldom in this range.
fn year(scan: &mut Scan<'_>, after: u8) -> Option<i16> {
    let mut ahead = *scan;
    let year = ahead.digits(4).filter(|year| (1970..2200).contains(year))?;
    match ahead.rest().first() {
        None | Some(b']') => {}
        Some(byte) if *byte == after => ahead.byte(after)?,
        Some(_) => return None,
    }
    *scan = ahead;
    Some(year)
}
