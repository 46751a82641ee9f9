//! When events happen: a day with a busy afternoon and a quiet night, a weekend, and one bad quarter of an hour.
//!
//! Owns time as the samples know it, and how it is written in each kind of log. All in UTC.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::random::Random;

/// Traffic by the hour of the day, in percent of the busiest.
const BY_HOUR: [u32; 24] = [18, 14, 12, 11, 12, 16, 26, 42, 60, 76, 88, 95, 92, 97, 100, 98, 93, 86, 78, 70, 60, 48, 36, 25];

/// In percent of a working day.
const WEEKEND: u32 = 55;

/// Each day from 10:17 to 10:32 the backend is slow and fails: something for the sample queries to find, in every 24 hours.
const INCIDENT_MINUTES: std::ops::Range<i64> = 617..632;

/// How fast events follow each other; those of one Lambda invocation, which come together, count one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrafficLevel {
    /// With the hour and the day of the week; about one in 25 seconds over a working day.
    DayAndNight,
    /// The same at any hour: for lines that are watched arriving.
    Steady {
        /// Milliseconds between two, on average.
        mean_gap_ms: u32,
    },
}

/// Milliseconds between two events in the busiest hour.
const BUSIEST_GAP_MS: f64 = 14_000.0;

impl TrafficLevel {
    /// Milliseconds from `at` to the next event.
    pub(super) fn gap(self, at: i64, random: &mut Random) -> i64 {
        match self {
            Self::DayAndNight => random.wait(BUSIEST_GAP_MS * 100.0 / f64::from(traffic(at))),
            Self::Steady { mean_gap_ms } => random.wait(f64::from(mean_gap_ms)),
        }
    }
}

/// Percent of the busiest hour, between the neighbouring hours' values.
fn traffic(at: i64) -> u32 {
    let minute = minute_of_day(at) as u32;
    let (hour, past) = ((minute / 60) as usize, minute % 60);
    let percent = (BY_HOUR[hour % 24] * (60 - past) + BY_HOUR[(hour + 1) % 24] * past) / 60;
    let weekday = timestamp(at).to_zoned(TimeZone::UTC).weekday();
    if matches!(weekday, Weekday::Saturday | Weekday::Sunday) { percent * WEEKEND / 100 } else { percent }
}

/// Whether the backend has its bad quarter of an hour.
pub(super) fn incident(at: i64) -> bool {
    INCIDENT_MINUTES.contains(&minute_of_day(at))
}

fn minute_of_day(at: i64) -> i64 {
    at.rem_euclid(86_400_000) / 60_000
}

/// Times outside what a calendar can hold become 1970.
fn timestamp(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-11-20T10:00:00.123Z`.
pub(super) fn iso(at: i64) -> String {
    format!("{:.3}", timestamp(at))
}

/// `20/Nov/2026:10:00:00 +0000`.
pub(super) fn clf(at: i64) -> String {
    timestamp(at).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// `2026-11-20 10:00:00,123`.
pub(super) fn log4j(at: i64) -> String {
    format!("{},{:03}", timestamp(at).strftime("%Y-%m-%d %H:%M:%S"), at.rem_euclid(1000))
}

/// `2026/11/20`, as Lambda's stream names begin.
pub(super) fn day(at: i64) -> String {
    timestamp(at).strftime("%Y/%m/%d").to_string()
}
