//! Moments as text in results, parsing of moments, and time zones.
//!
//! A moment is a number of milliseconds since 1970-01-01 00:00:00 UTC. Never reads a clock: callers pass the time.

use super::coerce;
use super::value::Value;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use std::fmt;

/// The text of a moment in results: `YYYY-MM-DD HH:MM:SS.mmm`, in UTC.
///
/// Outside the years -9999 to 9999 it is the number of milliseconds. AWS does not document the form; the console and
/// `GetQueryResults` show it for `@timestamp` and `bin`.
///
/// ```
/// use logmark_engine::values::time::timestamp_text;
///
/// assert_eq!(timestamp_text(1_700_000_000_123), "2023-11-14 22:13:20.123");
/// assert_eq!(timestamp_text(0), "1970-01-01 00:00:00.000");
/// ```
#[must_use]
pub fn timestamp_text(millis: i64) -> String {
    match Timestamp::from_millisecond(millis) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
        Err(_) => millis.to_string(),
    }
}

/// The moment of a text in the form of [`timestamp_text`] or ISO 8601.
///
/// Reads a date, a date and time of day with `T` or a space between, with up to nine decimals (those beyond milliseconds are
/// dropped), and with `Z` or an offset after a time of day; UTC without an offset. `None` for anything else, and for a date or
/// time of day that does not exist.
///
/// ```
/// use logmark_engine::values::time::parse_timestamp;
///
/// assert_eq!(parse_timestamp("2023-11-14 22:13:20.123"), Some(1_700_000_000_123));
/// assert_eq!(parse_timestamp("2023-11-14T23:13:20+01:00"), Some(1_700_000_000_000));
/// assert_eq!(parse_timestamp("2023-02-30"), None);
/// ```
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<i64> {
    // The parsers below accept more than ISO 8601 (bare `20231114`, which is a number here), so `YYYY-MM-DD` is required first.
    let is_extended = text.is_char_boundary(10) && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    if !is_extended || text.contains('[') {
        return None;
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(floor_to_millis(moment));
    }
    let is_date = text.len() == 10;
    let civil = if is_date {
        text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())
    } else {
        text.parse::<DateTime>().ok()?
    };
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| floor_to_millis(zoned.timestamp()))
}

/// Milliseconds rounded down; `Timestamp::as_millisecond` rounds towards the epoch.
pub(super) fn floor_to_millis(moment: Timestamp) -> i64 {
    let towards_epoch = moment.as_millisecond();
    if moment.subsec_nanosecond() % 1_000_000 < 0 { towards_epoch - 1 } else { towards_epoch }
}

/// `now()` at a moment in milliseconds: the whole seconds since the epoch.
///
/// Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime functions".
///
/// ```
/// assert_eq!(logmark_engine::values::time::epoch_seconds(1_700_000_000_999), 1_700_000_000);
/// ```
#[must_use]
pub const fn epoch_seconds(millis: i64) -> i64 {
    millis.div_euclid(1_000)
}

/// `fromMillis(n)`: the timestamp `n` milliseconds after the epoch; missing if `n` is not a moment (see [`coerce::moment`]).
///
/// Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime functions".
///
/// ```
/// use logmark_engine::values::{time::from_millis, value::Value};
///
/// assert_eq!(from_millis(&Value::from("1700000000123")).to_string(), "2023-11-14 22:13:20.123");
/// ```
#[must_use]
pub fn from_millis(value: &Value) -> Value {
    coerce::moment(value).map_or(Value::Missing, Value::Timestamp)
}

/// `toMillis(t)`: the milliseconds from the epoch to a timestamp or the text of a timestamp.
///
/// Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime functions".
///
/// ```
/// use logmark_engine::values::{time::to_millis, value::Value};
///
/// assert_eq!(to_millis(&Value::from("2023-11-14T14:13:20.123-08:00")), Value::from(1_700_000_000_123));
/// ```
#[must_use]
pub fn to_millis(value: &Value) -> Value {
    coerce::moment(value).into()
}

/// A time zone by its name; date functions take one as their last argument.
///
/// ```
/// use logmark_engine::values::time::Zone;
///
/// assert!(Zone::parse("Europe/Berlin").is_ok() && Zone::parse("+05:30").is_ok());
/// assert_eq!(Zone::parse("Mars/Base").unwrap_err().to_string(), "unknown time zone `Mars/Base`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC, the default zone of functions.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Looks a zone up: an IANA name in any case (`America/New_York`), `UTC`, `GMT` or `Z`, or an offset from UTC (`+05`,
    /// `+0530`, `+05:30`, also with `UTC` or `GMT` before it).
    ///
    /// # Errors
    /// When no time zone has this name.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone { name: name.to_owned() };
        if name == "Z" {
            return Ok(Self::UTC);
        }
        let offset = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or(name);
        if offset.is_empty() && !name.is_empty() {
            return Ok(Self::UTC);
        }
        if offset.starts_with(['+', '-']) {
            let seconds = offset_seconds(offset).ok_or_else(unknown)?;
            return Offset::from_seconds(seconds).map(|offset| Self(TimeZone::fixed(offset))).map_err(|_| unknown());
        }
        TimeZone::get(name).map(Self).map_err(|_| unknown())
    }

    /// The moment as a date and time of day in this zone; `None` outside the years -9999 to 9999.
    pub(super) fn at(&self, millis: i64) -> Option<Zoned> {
        Timestamp::from_millisecond(millis).ok().map(|moment| moment.to_zoned(self.0.clone()))
    }

    /// The moment of a date and time of day in this zone. Where clocks are set back it is the earlier of two; where they are set
    /// forward, a skipped time of day is moved forward by the gap, as in Java.
    pub(super) fn moment(&self, civil: DateTime) -> Option<i64> {
        civil.to_zoned(self.0.clone()).ok().map(|zoned| floor_to_millis(zoned.timestamp()))
    }
}

/// Seconds east of Greenwich of `±HH`, `±HHMM` or `±HH:MM`; at most 18 hours, as in Java.
pub(super) fn offset_seconds(text: &str) -> Option<i32> {
    const LARGEST: i32 = 18 * 3_600;
    let (sign, digits) = match text.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let two = |tens: u8, ones: u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
    };
    let (hours, minutes) = match *digits {
        [a, b] => (two(a, b)?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (two(a, b)?, two(c, d)?),
        _ => return None,
    };
    let seconds = hours * 3_600 + minutes * 60;
    (minutes < 60 && seconds <= LARGEST).then_some(sign * seconds)
}

/// No time zone has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownZone {
    /// The name as written.
    pub name: String,
}

impl fmt::Display for UnknownZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "unknown time zone `{}`", self.name)
    }
}

impl std::error::Error for UnknownZone {}

#[cfg(test)]
mod tests {
    use super::{Zone, offset_seconds, parse_timestamp, timestamp_text};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn timestamps_are_read_in_the_forms_that_logs_write() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("1970-01-01 00:00:00", 0),
            ("1970-01-01 00:00:00.001", 1),
            ("1970-01-01T00:00:00.5", 500),
            ("1970-01-01T00:00:00.0019999Z", 1),
            ("1969-12-31T23:59:59.9995Z", -1),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01T00:00:00-0530", 19_800_000),
            ("1970-01-01 00:00", 0),
        ] {
            assert_eq!(parse_timestamp(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "now",
            "2024",
            "2024-01",
            "20240101",
            "2024-13-01",
            "2024-01-01T25:00:00Z",
            "2024-01-01 10:00:00 PM",
            "2024-01-01T00:00:00[UTC]",
            "é024-01-01",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn zones_have_names_and_offsets() {
        for name in ["UTC", "GMT", "Z", "Asia/Tokyo", "europe/london", "+02", "-0330", "UTC+01:00", "GMT-5:00"] {
            assert_eq!(Zone::parse(name).is_ok(), name != "GMT-5:00", "{name}");
        }
        for name in ["", "Nowhere", "+25:00", "+1", "UTC+", "+05:99"] {
            assert!(Zone::parse(name).is_err(), "{name}");
        }
        assert_eq!(offset_seconds("-0330"), Some(-12_600));
    }

    proptest! {
        #[test]
        fn the_text_of_a_moment_reads_back(millis in -62_135_596_800_000_i64..253_402_300_800_000) {
            prop_assert_eq!(parse_timestamp(&timestamp_text(millis)), Some(millis));
        }
    }
}
