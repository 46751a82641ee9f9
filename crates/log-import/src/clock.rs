//! Converts a written time to an instant: determines year, order of day and month, and zone.
//!
//! Never guesses: an ambiguous time is an [`Unknown`], and the line is reported.

use jiff::tz::TimeZone;

use crate::civil::{DAY_MS, Date, Kind, Stamp, local_ms};
use crate::order::{ORDERS, Order};
use crate::years::{self, Track};
use crate::zone::{self, Zone};

/// Why a written time has no instant.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// 31 February, or before 1970.
    #[error("the time does not exist")]
    NoSuchTime,
    /// An abbreviation with several meanings, of at most five letters.
    #[error("the zone `{}` has several meanings: give --timezone, for example `--timezone {}`", name(.0), example(.0))]
    Zone([u8; 5]),
    /// The abbreviation is not one of `--timezone`.
    #[error("the zone `{}` is not used in the zone of --timezone", name(.0))]
    OtherZone([u8; 5]),
    /// `03/04/2026`.
    #[error(
        "the date can be read as day/month or month/day: give --timestamp-format, for example '%d/%m/%Y %H:%M:%S' or '%m/%d/%Y %H:%M:%S'"
    )]
    Order,
    /// `令和8年`, `R8.11.20`.
    #[error("the year is counted in a Japanese era: write the dates of the file with the year of the Gregorian calendar")]
    Era,
    /// The time has no year, and the input is too long to count years backwards.
    #[error("the year is unknown when reading from a pipe: import the file itself, or give the first line's year with --year")]
    Year,
}

fn letters(text: &str) -> [u8; 5] {
    let mut name = [0; 5];
    name.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    name
}

fn name(letters: &[u8; 5]) -> &str {
    std::str::from_utf8(letters).unwrap_or_default().trim_end_matches('\0')
}

fn example(letters: &[u8; 5]) -> &'static str {
    match name(letters) {
        "CST" => "America/Chicago` or `--timezone Asia/Shanghai",
        "IST" => "Asia/Kolkata` or `--timezone Asia/Jerusalem",
        "BST" => "Europe/London` or `--timezone Asia/Dhaka",
        "AST" => "America/Halifax` or `--timezone Asia/Riyadh",
        "SST" => "Pacific/Pago_Pago` or `--timezone +08:00",
        "GST" => "Asia/Dubai",
        _ => "+04:00",
    }
}

/// How years are found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Years {
    /// The file's times have years; other times are near them.
    Near,
    /// From the first line's year on.
    From { first: i16, track: Track, is_certain: bool },
}

/// Converts the times of one file.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The modification time of the file, or now.
    pub(crate) bound: i64,
    pub(crate) timezone: Option<TimeZone>,
    pub(crate) years: Years,
    pub(crate) order: Option<Order>,
    zone: Option<(String, TimeZone)>,
}

impl Clock {
    pub(crate) fn new(bound: i64, timezone: Option<TimeZone>) -> Self {
        Self { bound, timezone, years: Years::Near, order: None, zone: None }
    }

    /// The instant in milliseconds. `near` is the time of a line close by.
    pub(crate) fn ms(&mut self, stamp: &Stamp<'_>, near: Option<i64>) -> Result<i64, Unknown> {
        let local = match stamp.date {
            Date::Instant(ms) => return self.of_count(stamp, ms),
            Date::Full { year, month, day } => local_ms(year, month, day, stamp.time).ok_or(Unknown::NoSuchTime)?,
            Date::NoYear { month, day } => self.of_year(stamp, month, day, near)?,
            Date::Numeric(numbers) => self.of_order(stamp, numbers, near)?,
            Date::Era => return Err(Unknown::Era),
        };
        self.in_zone(local, stamp.zone)
    }

    /// Records the time of a line.
    pub(crate) fn accept(&mut self, stamp: &Stamp<'_>) {
        if let (Years::From { track, .. }, Date::NoYear { month, day }) = (&mut self.years, stamp.date) {
            *track = track.step(month, day).1;
        }
    }

    /// Ten digits that are years away are a telephone number at least as often as a time.
    fn of_count(&self, stamp: &Stamp<'_>, ms: i64) -> Result<i64, Unknown> {
        let is_far = stamp.shape.kind == Kind::Count && ms > self.bound.saturating_add(366 * DAY_MS);
        if ms < 0 || is_far { Err(Unknown::NoSuchTime) } else { Ok(ms) }
    }

    fn of_year(&self, stamp: &Stamp<'_>, month: i8, day: i8, near: Option<i64>) -> Result<i64, Unknown> {
        let (year, is_certain) = match (self.years, near) {
            (Years::From { first, track, is_certain }, _) => (first.checked_add(track.step(month, day).0), is_certain),
            (Years::Near, Some(near)) => (years::nearest_year(month, day, stamp.time, near), true),
            (Years::Near, None) => (years::latest_year(month, day, stamp.time, self.bound), true),
        };
        let ms = local_ms(year.ok_or(Unknown::NoSuchTime)?, month, day, stamp.time).ok_or(Unknown::NoSuchTime)?;
        if !is_certain && ms > self.bound.saturating_add(DAY_MS) {
            return Err(Unknown::Year);
        }
        Ok(ms)
    }

    fn of_order(&self, stamp: &Stamp<'_>, numbers: [i16; 3], near: Option<i64>) -> Result<i64, Unknown> {
        if let Some(order) = self.order {
            return order.ms(numbers, stamp.time).ok_or(Unknown::NoSuchTime);
        }
        let possible: Vec<i64> = ORDERS.iter().filter_map(|order| order.ms(numbers, stamp.time)).collect();
        if let [] | [_] = possible[..] {
            return possible.first().copied().ok_or(Unknown::NoSuchTime);
        }
        let mut close = possible.iter().filter(|ms| near.is_some_and(|near| ms.abs_diff(near) < 2 * DAY_MS.unsigned_abs()));
        match (close.next(), close.next()) {
            (Some(ms), None) => Ok(*ms),
            _ => Err(Unknown::Order),
        }
    }

    fn in_zone(&mut self, local: i64, zone: Zone<'_>) -> Result<i64, Unknown> {
        let ms = match (zone, &self.timezone) {
            (Zone::Offset(seconds), _) => Some(local - i64::from(seconds) * 1000),
            (Zone::None, None) => Some(local),
            (Zone::None, Some(timezone)) => zone::instant(local, timezone),
            (Zone::Iana(name), _) => self.named(name).and_then(|timezone| zone::instant(local, &timezone)),
            (Zone::Ambiguous(name), None) => return Err(Unknown::Zone(letters(name))),
            (Zone::Ambiguous(name), Some(timezone)) => match zone::instant_named(local, name, timezone) {
                Some(ms) => Some(ms),
                None => return Err(Unknown::OtherZone(letters(name))),
            },
        };
        ms.filter(|ms| *ms >= 0).ok_or(Unknown::NoSuchTime)
    }

    fn named(&mut self, name: &str) -> Option<TimeZone> {
        if let Some((known, zone)) = &self.zone
            && known == name
        {
            return Some(zone.clone());
        }
        let zone = TimeZone::get(name).ok()?;
        self.zone = Some((name.to_owned(), zone.clone()));
        Some(zone)
    }
}
