//! Calendar dates, times of day, and their instants.
//!
//! - Instants are milliseconds since 1970; fractions are cut, not rounded.
//! - Years are 1970 to 9999. Earlier and later dates are not times of log events.
//!
//! See also: `zone` for offsets and zone names.

use crate::zone::Zone;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// A time as written, before year, order of day and month, and zone are determined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp<'a> {
    pub(crate) date: Date,
    pub(crate) time: TimeOfDay,
    pub(crate) zone: Zone<'a>,
    pub(crate) shape: Shape,
    /// The length of the time in bytes.
    pub(crate) length: usize,
}

/// The date of a [`Stamp`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Date {
    Full {
        year: i16,
        month: i8,
        day: i8,
    },
    NoYear {
        month: i8,
        day: i8,
    },
    /// Three numbers, whose order is determined for the whole file.
    Numeric([i16; 3]),
    /// The year is counted in a Japanese era.
    Era,
    /// The instant itself, in milliseconds, without a date.
    Instant(i64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: i8,
    pub(crate) nanosecond: i32,
}

impl TimeOfDay {
    pub(crate) fn millis(self) -> i64 {
        let seconds = (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second);
        seconds * 1000 + i64::from(self.nanosecond) / 1_000_000
    }
}

/// The format of a time, which lines of one file share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// Between the parts of the date.
    pub(crate) separator: u8,
    /// Between date and time.
    pub(crate) join: u8,
    /// Before the fraction; 0 without one.
    pub(crate) fraction: u8,
    pub(crate) zone: ZoneClass,
}

impl Shape {
    pub(crate) const fn of(kind: Kind) -> Self {
        Self { kind, separator: 0, join: 0, fraction: 0, zone: ZoneClass::None }
    }

    /// Whether the formats are the same except for the fraction and the zone: some programs omit a zero fraction.
    pub(crate) fn is_variant_of(self, other: Self) -> bool {
        (self.kind, self.separator, self.join) == (other.kind, other.separator, other.join)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ZoneClass {
    None,
    Utc,
    Offset,
    Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `2026-11-20 10:00:00`
    YearFirst,
    /// `20261120T100000`
    Compact,
    /// `261120 10:00:00`
    ShortCompact,
    /// `11/20/2026 10:00:00`
    Numeric,
    /// `26/11/20 10:00:00`
    ShortNumeric,
    /// `20-Nov-2026 10:00:00`
    DayMonthName,
    /// `Nov 20, 2026 10:00:00`
    MonthNameDay,
    /// `Nov 20 10:00:00`
    NoYear,
    /// `2026年11月20日 10時00分00秒`
    EastAsian,
    /// `I1120 10:00:00`
    Klog,
    /// `1795168800`, a plain count
    Count,
    /// `1795168800.123`, `1.7951688e9`, `[1795168800]`
    Epoch,
    /// `/Date(1795168800123)/`
    DotNet,
    /// `@400000006adb…`
    Tai64,
    /// By `--timestamp-format`.
    Chosen,
}

/// Days from 1970-01-01 to a date that exists. After Howard Hinnant, `days_from_civil`.
pub(crate) fn days(year: i16, month: i8, day: i8) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) || !(1970..=9999).contains(&year) {
        return None;
    }
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

pub(crate) fn is_leap(year: i16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) fn month_days(year: i16, month: i8) -> i8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Milliseconds since 1970 as if the time were UTC.
pub(crate) fn local_ms(year: i16, month: i8, day: i8, time: TimeOfDay) -> Option<i64> {
    Some(days(year, month, day)? * DAY_MS + time.millis())
}

/// The year of an instant in UTC.
pub(crate) fn year_of(ms: i64) -> i16 {
    let day = ms.div_euclid(DAY_MS);
    // At most one too many: 365.2425 days make a mean year.
    let guess = i16::try_from(1970 + (day * 10_000).div_euclid(3_652_425)).unwrap_or(9999).clamp(1970, 9999);
    match (days(guess, 1, 1), days(guess.saturating_add(1), 1, 1)) {
        (Some(first), _) if day < first => guess - 1,
        (_, Some(next)) if day >= next => guess + 1,
        _ => guess,
    }
}

#[cfg(test)]
mod tests {
    use super::{TimeOfDay, days, local_ms, year_of};

    #[test]
    fn days_agree_with_an_independent_calendar() {
        let mut date = jiff::civil::date(1970, 1, 1);
        for day in 0..200_000 {
            assert_eq!(days(date.year(), date.month(), date.day()), Some(day), "{date}");
            assert_eq!(year_of(day * super::DAY_MS), date.year(), "{date}");
            date = date.tomorrow().unwrap();
        }
        assert_eq!((days(2026, 2, 29), days(2026, 13, 1), days(1969, 12, 31), days(2026, 4, 31)), (None, None, None, None));
        let time = TimeOfDay { hour: 10, minute: 0, second: 0, nanosecond: 123_999_999 };
        assert_eq!(local_ms(2026, 11, 20, time), Some(1_795_168_800_123));
    }
}
