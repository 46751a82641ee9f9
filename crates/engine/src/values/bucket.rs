//! `bin`, `datefloor` and `dateceil`: the buckets of time of a period, in UTC.
//!
//! Times are milliseconds since the epoch. Every function uses the [effective](Period::effective) period.
//!
//! Periods of milliseconds to days are counted from the epoch. Weeks begin on Monday, as in ISO 8601 (AWS does not say; counted
//! from the epoch itself they would begin on Thursday). Months, quarters and years are calendar months, counted from January
//! 1970.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use logmark_insights::period::{Period, Unit};

/// The Monday of the week that holds the epoch, which was a Thursday.
const FIRST_MONDAY: i64 = -3 * 86_400_000;

/// `datefloor(t, period)`, and `bin(period)` for the event's `@timestamp`: the start of the bucket that `time` is in.
///
/// AWS says that `bin` "rounds … then truncates"; it truncates: 12:04:59 is in the five minutes of 12:00. `None` if the bucket
/// begins before the first possible timestamp. Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime
/// functions".
///
/// ```
/// use logmark_engine::values::{bucket::floor, time::timestamp_text};
/// use logmark_insights::period::Period;
///
/// let start = floor(1_700_000_000_123, Period::parse("5m")?).map(timestamp_text);
/// assert_eq!(start.as_deref(), Some("2023-11-14 22:10:00.000"));
/// # Ok::<(), logmark_insights::period::PeriodError>(())
/// ```
#[must_use]
pub fn floor(time: i64, period: Period) -> Option<i64> {
    let (count, unit) = period.effective().as_written();
    match Grid::of(count, unit) {
        Grid::Fixed { length, origin } => {
            if let Some(start) = near_floor(time, length, origin) {
                return Some(start);
            }
            let index = i128::from(time).checked_sub(i128::from(origin))?.div_euclid(i128::from(length));
            i64::try_from(index * i128::from(length) + i128::from(origin)).ok()
        }
        Grid::Months(months) => month_start(month_index(time)?.div_euclid(months).checked_mul(months)?),
    }
}

/// The start of a bucket of fixed length; `None` if 64 bits do not suffice, which is possible only near their limits.
fn near_floor(time: i64, length: i64, origin: i64) -> Option<i64> {
    time.checked_sub(origin)?.div_euclid(length).checked_mul(length)?.checked_add(origin)
}

/// The start of the bucket after the one that `time` is in; `None` beyond the last possible timestamp.
///
/// ```
/// use logmark_engine::values::{bucket::next, time::timestamp_text};
/// use logmark_insights::period::Period;
///
/// let next = next(1_700_000_000_123, Period::parse("1mo")?).map(timestamp_text);
/// assert_eq!(next.as_deref(), Some("2023-12-01 00:00:00.000"));
/// # Ok::<(), logmark_insights::period::PeriodError>(())
/// ```
#[must_use]
pub fn next(time: i64, period: Period) -> Option<i64> {
    let (count, unit) = period.effective().as_written();
    match Grid::of(count, unit) {
        Grid::Fixed { length, .. } => floor(time, period)?.checked_add(length),
        Grid::Months(months) => month_start(month_index(time)?.div_euclid(months).checked_add(1)?.checked_mul(months)?),
    }
}

/// `dateceil(t, period)`: the end of the bucket that `time` is in, or `time` itself when a bucket begins with it.
///
/// `None` beyond the last possible timestamp. Source: Boolean, comparison, numeric, datetime, and other functions, "Datetime
/// functions".
///
/// ```
/// use logmark_engine::values::bucket::ceil;
/// use logmark_insights::period::Period;
///
/// let hour = Period::parse("1h")?;
/// assert_eq!(ceil(1, hour), Some(3_600_000));
/// assert_eq!(ceil(3_600_000, hour), Some(3_600_000));
/// # Ok::<(), logmark_insights::period::PeriodError>(())
/// ```
#[must_use]
pub fn ceil(time: i64, period: Period) -> Option<i64> {
    if floor(time, period)? == time { Some(time) } else { next(time, period) }
}

/// `stats … offset period`: the moment one period later. Months, quarters and years are calendar months; a day that the later
/// month does not have becomes its last day.
///
/// AWS says that `offset` shifts "time-series bins by a specified duration", to compare them with those of the same period
/// before. So bins are shown later than their events: the bins of an hour ago are shown beside the current ones. `None` beyond
/// the last possible timestamp. Source: Time-series functions, "offset".
///
/// ```
/// use logmark_engine::values::bucket::shifted;
/// use logmark_insights::period::Period;
///
/// assert_eq!(shifted(0, Period::parse("1h")?), Some(3_600_000));
/// assert_eq!(shifted(0, Period::parse("1mo")?), Some(31 * 86_400_000));
/// # Ok::<(), logmark_insights::period::PeriodError>(())
/// ```
#[must_use]
pub fn shifted(time: i64, period: Period) -> Option<i64> {
    let (count, unit) = period.as_written();
    let count = i64::from(count);
    if let Some(millis) = unit.millis() {
        return time.checked_add(count.checked_mul(millis)?);
    }
    let months = match unit {
        Unit::Year => count.checked_mul(12)?,
        Unit::Quarter => count.checked_mul(3)?,
        _ => count,
    };
    let moment = Timestamp::from_millisecond(time).ok()?.to_zoned(TimeZone::UTC);
    let later = moment.checked_add(Span::new().try_months(months).ok()?).ok()?;
    Some(later.timestamp().as_millisecond())
}

/// How a period divides time.
enum Grid {
    /// Buckets of equal length, in milliseconds; one begins at the origin.
    Fixed { length: i64, origin: i64 },
    /// Buckets of this many calendar months.
    Months(i64),
}

impl Grid {
    fn of(count: u32, unit: Unit) -> Self {
        let count = i64::from(count);
        match (unit, unit.millis()) {
            (Unit::Week, Some(millis)) => Self::Fixed { length: count * millis, origin: FIRST_MONDAY },
            (_, Some(millis)) => Self::Fixed { length: count * millis, origin: 0 },
            (Unit::Year, None) => Self::Months(count * 12),
            (Unit::Quarter, None) => Self::Months(count * 3),
            (_, None) => Self::Months(count),
        }
    }
}

/// The months from January 1970 to the month of a moment.
fn month_index(time: i64) -> Option<i64> {
    let date = Timestamp::from_millisecond(time).ok()?.to_zoned(TimeZone::UTC).date();
    Some((i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1)
}

fn month_start(index: i64) -> Option<i64> {
    let year = i16::try_from(index.div_euclid(12).checked_add(1970)?).ok()?;
    let month = i8::try_from(index.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, month, 1).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(first.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::{ceil, floor, next};
    use crate::values::time::{parse_timestamp, timestamp_text};
    use logmark_insights::period::{Period, Unit};
    use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

    /// time, period, floor, ceil
    const TABLE: [(&str, &str, &str, &str); 17] = [
        ("2024-03-15 13:47:31.250", "1ms", "2024-03-15 13:47:31.250", "2024-03-15 13:47:31.250"),
        ("2024-03-15 13:47:31.250", "500ms", "2024-03-15 13:47:31.000", "2024-03-15 13:47:31.500"),
        ("2024-03-15 13:47:31.250", "30s", "2024-03-15 13:47:30.000", "2024-03-15 13:48:00.000"),
        ("2024-03-15 13:47:31.250", "300s", "2024-03-15 13:47:00.000", "2024-03-15 13:48:00.000"),
        ("2024-03-15 13:47:31.250", "5m", "2024-03-15 13:45:00.000", "2024-03-15 13:50:00.000"),
        ("2024-03-15 13:47:31.250", "1h", "2024-03-15 13:00:00.000", "2024-03-15 14:00:00.000"),
        ("2024-03-15 13:00:00.000", "1h", "2024-03-15 13:00:00.000", "2024-03-15 13:00:00.000"),
        ("2024-03-15 13:47:31.250", "12h", "2024-03-15 12:00:00.000", "2024-03-16 00:00:00.000"),
        ("2024-03-15 13:47:31.250", "1d", "2024-03-15 00:00:00.000", "2024-03-16 00:00:00.000"),
        ("2024-03-15 13:47:31.250", "1w", "2024-03-11 00:00:00.000", "2024-03-18 00:00:00.000"),
        ("2024-03-11 00:00:00.000", "1w", "2024-03-11 00:00:00.000", "2024-03-11 00:00:00.000"),
        ("2024-03-15 13:47:31.250", "1mo", "2024-03-01 00:00:00.000", "2024-04-01 00:00:00.000"),
        ("2024-03-15 13:47:31.250", "1q", "2024-01-01 00:00:00.000", "2024-04-01 00:00:00.000"),
        ("2024-12-31 23:59:59.999", "1y", "2024-01-01 00:00:00.000", "2025-01-01 00:00:00.000"),
        ("1969-12-31 23:59:59.999", "1h", "1969-12-31 23:00:00.000", "1970-01-01 00:00:00.000"),
        ("1970-01-01 00:00:00.000", "1w", "1969-12-29 00:00:00.000", "1970-01-05 00:00:00.000"),
        ("1969-12-31 23:59:59.999", "1q", "1969-10-01 00:00:00.000", "1970-01-01 00:00:00.000"),
    ];

    #[test]
    fn buckets_begin_and_end_on_the_clock_and_in_the_calendar() {
        for (time, period, start, end) in TABLE {
            let (moment, length) = (parse_timestamp(time).unwrap(), Period::parse(period).unwrap());
            assert_eq!(floor(moment, length).map(timestamp_text).as_deref(), Some(start), "{time} {period}");
            assert_eq!(ceil(moment, length).map(timestamp_text).as_deref(), Some(end), "{time} {period}");
        }
    }

    #[test]
    fn a_bucket_that_no_timestamp_can_name_is_none() {
        let day = Period::parse("1d").unwrap();
        assert_eq!(floor(i64::MIN, day), None);
        assert_eq!(ceil(i64::MAX, day), None);
        assert_eq!(floor(i64::MAX, Period::parse("1mo").unwrap()), None);
        assert_eq!(ceil(0, Period::new(u32::MAX, Unit::Year).unwrap()), Some(0));
        assert_eq!(next(0, Period::new(u32::MAX, Unit::Year).unwrap()), None);
        assert_eq!(floor(-1, Period::new(u32::MAX, Unit::Day).unwrap()), Some(-86_400_000 * i64::from(u32::MAX)));
    }

    fn period() -> impl Strategy<Value = Period> {
        let unit = prop_oneof![
            Just(Unit::Millisecond),
            Just(Unit::Second),
            Just(Unit::Minute),
            Just(Unit::Hour),
            Just(Unit::Day),
            Just(Unit::Week),
            Just(Unit::Month),
            Just(Unit::Quarter),
            Just(Unit::Year)
        ];
        (1..2_000_u32, unit).prop_map(|(count, unit)| Period::new(count, unit).unwrap())
    }

    proptest! {
        #[test]
        fn a_moment_is_in_its_bucket(time in -10_000_000_000_000_i64..10_000_000_000_000, period in period()) {
            let (start, after) = (floor(time, period).unwrap(), next(time, period).unwrap());
            prop_assert!(start <= time && time < after);
            prop_assert_eq!(floor(start, period), Some(start));
            prop_assert_eq!(floor(after, period), Some(after));
            prop_assert_eq!(floor(after - 1, period), Some(start));
            prop_assert_eq!(ceil(start, period), Some(start));
            prop_assert_eq!(ceil(time, period), Some(if start == time { start } else { after }));
        }
    }
}
