//! `--timestamp-format`: one form of time instead of all.
//!
//! - The words `rfc3339`, `clf`, `epoch`, `epoch-ms` and `syslog` name the built-in forms.
//! - Anything with a `%` is a `strptime` format as `jiff` reads it, e.g. `%d.%m.%Y %H:%M:%S%.f`. Without a zone (`%z`) the
//!   time is UTC. Without a year it is the latest that is not in the future, as in `syslog`. A date alone is its midnight.
//! - A format that could never give an instant (no day, a zone by name, an unknown directive) is refused here, before any
//!   line is read.
//!
//! Next: `timestamp` for where in a line it is looked for.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::epoch::Unit;
use super::scan::TimeOfDay;
use super::{clf, epoch, iso, syslog};

/// One form of time, chosen by the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct TimestampFormat(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Rfc3339,
    Clf,
    Epoch(Unit),
    Syslog,
    Strptime(String),
}

/// Why a `--timestamp-format` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TimestampFormatError {
    /// Neither a word nor a format.
    #[error(
        "unknown timestamp format `{0}`: one of rfc3339, clf, epoch, epoch-ms, syslog, or a strptime format such as `%Y-%m-%d %H:%M:%S`"
    )]
    Unknown(String),
    /// A directive that is unknown, or known for writing only.
    #[error("timestamp format `{format}` cannot be read: {source}")]
    Directive {
        /// The format as given.
        format: String,
        /// Which directive, and why not.
        source: jiff::Error,
    },
    /// The directives do not add up to a day.
    #[error("timestamp format `{format}` gives no day: {source}")]
    NoDay {
        /// The format as given.
        format: String,
        /// What is missing.
        source: jiff::Error,
    },
    /// `%Q` and its like.
    #[error("timestamp format `{0}` has a zone by name: use an offset (`%z`), or leave the zone out for UTC")]
    NamedZone(String),
}

impl FromStr for TimestampFormat {
    type Err = TimestampFormatError;

    fn from_str(format: &str) -> Result<Self, Self::Err> {
        Ok(Self(match format {
            "rfc3339" => Form::Rfc3339,
            "clf" => Form::Clf,
            "epoch" => Form::Epoch(Unit::Seconds),
            "epoch-ms" => Form::Epoch(Unit::Milliseconds),
            "syslog" => Form::Syslog,
            _ if format.contains('%') => {
                probe(format)?;
                Form::Strptime(format.to_owned())
            }
            _ => return Err(TimestampFormatError::Unknown(format.to_owned())),
        }))
    }
}

impl TimestampFormat {
    /// The time that begins at the first of `bytes`.
    pub(super) fn at(&self, bytes: &[u8], now: i64) -> Option<i64> {
        match &self.0 {
            Form::Rfc3339 => iso::at(bytes),
            Form::Clf => clf::at(bytes),
            Form::Epoch(unit) => epoch::in_unit_at(bytes, *unit),
            // RFC 5424 is syslog too, and has the other form.
            Form::Syslog => syslog::at(bytes, now).or_else(|| iso::at(bytes)),
            Form::Strptime(format) => {
                let (time, _) = BrokenDownTime::parse_prefix(format, bytes).ok()?;
                instant(&time, now).ok().filter(|ms| *ms >= 0)
            }
        }
    }

    /// A JSON number, or the digits of a JSON string.
    pub(super) fn number(&self, text: &str, now: i64) -> Option<i64> {
        match &self.0 {
            Form::Epoch(unit) => epoch::value(text.as_bytes(), Some(*unit)),
            Form::Strptime(_) => self.at(text.as_bytes(), now),
            _ => None,
        }
    }
}

/// Writes a known time in the format and reads it back: the only way to hear of every mistake before the first line.
fn probe(format: &str) -> Result<(), TimestampFormatError> {
    let directive = |source| TimestampFormatError::Directive { format: format.to_owned(), source };
    let sample = DateTime::constant(2024, 2, 29, 13, 45, 6, 123_456_789);
    let sample = sample.to_zoned(TimeZone::UTC).map_err(directive)?;
    let text = BrokenDownTime::from(&sample).to_string(format).map_err(directive)?;
    let time = BrokenDownTime::parse(format, &text).map_err(directive)?;
    if time.iana_time_zone().is_some() {
        return Err(TimestampFormatError::NamedZone(format.to_owned()));
    }
    let now = sample.timestamp().as_millisecond();
    instant(&time, now).map(drop).map_err(|source| TimestampFormatError::NoDay { format: format.to_owned(), source })
}

fn instant(time: &BrokenDownTime, now: i64) -> Result<i64, jiff::Error> {
    if let Some(timestamp) = time.timestamp() {
        return Ok(timestamp.as_millisecond());
    }
    if let Some(ms) = without_year(time, now) {
        return Ok(ms);
    }
    let civil = time.to_datetime()?;
    Ok(time.offset().unwrap_or(Offset::UTC).to_timestamp(civil)?.as_millisecond())
}

fn without_year(time: &BrokenDownTime, now: i64) -> Option<i64> {
    if time.year().is_some() || time.iso_week_year().is_some() {
        return None;
    }
    let clock = time.to_time().ok()?;
    let clock =
        TimeOfDay { hour: clock.hour(), minute: clock.minute(), second: clock.second(), nanosecond: clock.subsec_nanosecond() };
    syslog::latest(time.month()?, time.day()?, clock, time.offset(), now)
}
