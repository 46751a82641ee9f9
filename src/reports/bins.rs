//! Periods of time series: their words, their choice by the range, and where they begin in a time zone.
//!
//! Queries bin in UTC only. For other zones and for weeks and months a query bins finely, and the rows are joined here.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::domain::time::Millis;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Rows of a time series without a dimension at most.
pub const MOST_BINS: i64 = 1000;
/// Bins that the service chooses itself have about this many in the range.
const GOOD_BINS: i64 = 200;

/// A period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bin {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// Thirty minutes.
    M30,
    /// One hour.
    H1,
    /// Three hours.
    H3,
    /// Six hours.
    H6,
    /// Twelve hours.
    H12,
    /// A day.
    D1,
    /// A week, from Monday.
    W1,
    /// A month.
    Mo1,
}

impl Bin {
    /// The words of requests, also those of the query language.
    pub const WORDS: [(&'static str, Self); 11] = [
        ("1m", Self::M1),
        ("5m", Self::M5),
        ("15m", Self::M15),
        ("30m", Self::M30),
        ("1h", Self::H1),
        ("3h", Self::H3),
        ("6h", Self::H6),
        ("12h", Self::H12),
        ("1d", Self::D1),
        ("1w", Self::W1),
        ("1mo", Self::Mo1),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, bin)| *bin == self).map_or("1h", |(word, _)| word)
    }

    /// Its length in milliseconds; of a month, that of the shortest.
    #[must_use]
    pub fn millis(self) -> i64 {
        match self {
            Self::M1 => MINUTE,
            Self::M5 => 5 * MINUTE,
            Self::M15 => 15 * MINUTE,
            Self::M30 => 30 * MINUTE,
            Self::H1 => HOUR,
            Self::H3 => 3 * HOUR,
            Self::H6 => 6 * HOUR,
            Self::H12 => 12 * HOUR,
            Self::D1 => DAY,
            Self::W1 => 7 * DAY,
            Self::Mo1 => 28 * DAY,
        }
    }

    /// The shortest period of which the range has about 200.
    #[must_use]
    pub fn for_range(start: Millis, end: Millis) -> Self {
        let fits = |bin: &Self| (end.0 - start.0) / bin.millis() <= GOOD_BINS;
        Self::WORDS.into_iter().map(|(_, bin)| bin).find(fits).unwrap_or(Self::Mo1)
    }

    /// The shortest period of which the range has not too many.
    #[must_use]
    pub fn shortest(start: Millis, end: Millis) -> Self {
        let fits = |bin: &Self| (end.0 - start.0) / bin.millis() < MOST_BINS;
        Self::WORDS.into_iter().map(|(_, bin)| bin).find(fits).unwrap_or(Self::Mo1)
    }

    /// The period that a query bins by, so that every period of the zone consists of whole ones.
    #[must_use]
    pub fn of_query(self, zone: &TimeZone, start: Millis, end: Millis) -> Self {
        let most = if *zone == TimeZone::UTC { Self::D1 } else { divisor_of_offsets(zone, start, end) };
        self.min(most)
    }

    /// Where the period begins that a moment is in.
    #[must_use]
    pub fn start_of(self, moment: Millis, zone: &TimeZone) -> Millis {
        let Ok(time) = Timestamp::from_millisecond(moment.0) else { return moment };
        let offset = i64::from(zone.to_offset(time).seconds()) * 1000;
        if self <= Self::H1 {
            // Short periods follow the offset, so that the hour that a change of the clocks repeats is two.
            return Millis((moment.0 + offset).div_euclid(self.millis()) * self.millis() - offset);
        }
        let local = zone.to_datetime(time);
        let begin = self.local_start(local);
        begin.to_zoned(zone.clone()).map_or(moment, |begin| Millis(begin.timestamp().as_millisecond()))
    }

    fn local_start(self, local: DateTime) -> DateTime {
        let day = local.date();
        match self {
            Self::H3 | Self::H6 | Self::H12 => {
                let hours = i8::try_from(self.millis() / HOUR).unwrap_or(1);
                day.at(local.hour() / hours * hours, 0, 0, 0)
            }
            Self::W1 => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(since_monday.days()).unwrap_or(day).at(0, 0, 0, 0)
            }
            Self::Mo1 => day.first_of_month().at(0, 0, 0, 0),
            _ => day.at(0, 0, 0, 0),
        }
    }
}

/// The longest period that divides every offset of the zone in the range: zones with half and quarter hours need shorter ones.
fn divisor_of_offsets(zone: &TimeZone, start: Millis, end: Millis) -> Bin {
    // A zone changes its offset a few times a year: looking every ten days finds each.
    let days = (end.0 - start.0) / (10 * DAY) + 1;
    let moments = (0..=days).map(|step| (start.0 + step * 10 * DAY).min(end.0));
    let offsets = moments.filter_map(|moment| Timestamp::from_millisecond(moment).ok());
    let mut all = offsets.map(|moment| i64::from(zone.to_offset(moment).seconds()) * 1000);
    let mut divides = Bin::H1;
    while let (Some(offset), true) = (all.next(), divides > Bin::M1) {
        divides =
            [Bin::H1, Bin::M15, Bin::M1].into_iter().find(|bin| *bin <= divides && offset % bin.millis() == 0).unwrap_or(Bin::M1);
    }
    divides
}

/// The begin of a period in a query's row: `2026-11-20 10:00:00.000`, in UTC.
pub(super) fn parse_time(text: &str) -> Option<Millis> {
    let time: DateTime = text.parse().ok()?;
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(Millis(zoned.timestamp().as_millisecond()))
}

/// A moment with the offset of the zone, such as `2026-11-20T11:00:00.000+01:00`; in UTC with `Z`.
pub(super) fn print_time(moment: Millis, zone: &TimeZone) -> String {
    let Ok(time) = Timestamp::from_millisecond(moment.0) else { return moment.to_string() };
    let offset = zone.to_offset(time);
    if *zone == TimeZone::UTC { moment.to_string() } else { time.display_with_offset(offset).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        Millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn periods_begin_in_the_time_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let kathmandu = TimeZone::get("Asia/Kathmandu").unwrap();
        for (bin, zone, moment, begin) in [
            (Bin::D1, &TimeZone::UTC, "2026-11-20T23:30:00Z", "2026-11-20T00:00:00Z"),
            (Bin::D1, &berlin, "2026-11-20T23:30:00Z", "2026-11-20T23:00:00Z"),
            (Bin::D1, &berlin, "2026-10-25T22:59:59Z", "2026-10-24T22:00:00Z"),
            (Bin::D1, &berlin, "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z"),
            (Bin::H1, &kathmandu, "2026-11-20T10:20:00Z", "2026-11-20T10:15:00Z"),
            // The hour from two to three is there twice.
            (Bin::H1, &berlin, "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z"),
            (Bin::H1, &berlin, "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z"),
            (Bin::H6, &berlin, "2026-03-29T03:30:00Z", "2026-03-28T23:00:00Z"),
            (Bin::W1, &TimeZone::UTC, "2026-11-29T12:00:00Z", "2026-11-23T00:00:00Z"),
            (Bin::Mo1, &berlin, "2026-10-31T23:30:00Z", "2026-10-31T23:00:00Z"),
        ] {
            assert_eq!(bin.start_of(at(moment), zone), at(begin), "{bin:?} {moment}");
        }
    }

    #[test]
    fn queries_bin_so_that_the_periods_of_a_zone_are_whole() {
        let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        for (zone, bin, expected) in [
            ("UTC", Bin::Mo1, Bin::D1),
            ("UTC", Bin::H3, Bin::H3),
            ("Europe/Berlin", Bin::D1, Bin::H1),
            ("Europe/Berlin", Bin::M5, Bin::M5),
            ("Asia/Kathmandu", Bin::D1, Bin::M15),
            ("Australia/Lord_Howe", Bin::D1, Bin::M15),
        ] {
            let zone = if zone == "UTC" { TimeZone::UTC } else { TimeZone::get(zone).unwrap() };
            assert_eq!(bin.of_query(&zone, start, end), expected, "{zone:?} {bin:?}");
        }
    }

    #[test]
    fn the_period_follows_the_range() {
        let start = at("2026-01-01T00:00:00Z");
        let after = |millis: i64| Millis(start.0 + millis);
        assert_eq!(Bin::for_range(start, after(HOUR)), Bin::M1);
        assert_eq!(Bin::for_range(start, after(DAY)), Bin::M15);
        assert_eq!(Bin::for_range(start, after(30 * DAY)), Bin::H6);
        assert_eq!(Bin::shortest(start, after(30 * DAY)), Bin::H1);
        assert_eq!(parse_time("2015-05-17 10:05:03.000"), Some(at("2015-05-17T10:05:03Z")));
    }
}
