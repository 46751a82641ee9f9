//! `--timestamp-format`: one time format instead of all.
//!
//! - The words `rfc3339`, `clf`, `epoch`, `epoch-ms`, `epoch-us`, `epoch-ns` and `syslog` name built-in formats.
//! - Text with a `%` is a `strptime` format of `jiff`, e.g. `%d.%m.%Y %H:%M:%S%.f`. `%.f` also reads a comma. Without a year the
//!   years are chosen as for syslog. A date without a time means midnight. Without a zone (`%z`) the time is in `--timezone`.
//! - A format that could never give an instant (no day, a zone by name, an unknown directive) is refused before any line is read.
//!
//! See also: `place` for its position in a line.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::civil::{Date, Kind, Shape, Stamp, TimeOfDay};
use crate::form;
use crate::form::epoch::{self, Unit};
use crate::zone::Zone;

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
    /// Neither a known word nor a format.
    #[error(
        "unknown timestamp format `{0}`: use one of rfc3339, clf, epoch, epoch-ms, epoch-us, epoch-ns, syslog, or a strptime format such as `%Y-%m-%d %H:%M:%S`"
    )]
    Unknown(String),
    /// A directive that is unknown, or known for writing only.
    #[error("timestamp format `{format}` cannot be read: {source}")]
    Directive {
        /// The format as given.
        format: String,
        /// The directive, and what is wrong with it.
        source: jiff::Error,
    },
    /// The directives do not determine a day.
    #[error("timestamp format `{format}` gives no day: {source}")]
    NoDay {
        /// The format as given.
        format: String,
        /// What is missing.
        source: jiff::Error,
    },
    /// `%Q` and its like.
    #[error("timestamp format `{0}` has a zone by name: use an offset (`%z`), or leave the zone out and give --timezone")]
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
            "epoch-us" => Form::Epoch(Unit::Microseconds),
            "epoch-ns" => Form::Epoch(Unit::Nanoseconds),
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
    /// The time at the start of `bytes`.
    pub(crate) fn at<'a>(&self, bytes: &'a [u8]) -> Option<Stamp<'a>> {
        let of = |test: fn(Shape) -> bool| form::parse(bytes).filter(|stamp| test(stamp.shape));
        match &self.0 {
            Form::Rfc3339 => of(|shape| matches!(shape.kind, Kind::YearFirst | Kind::Compact)),
            Form::Clf => of(|shape| shape.kind == Kind::DayMonthName && shape.separator == b'/'),
            // RFC 5424 syslog has another time format.
            Form::Syslog => of(|shape| matches!(shape.kind, Kind::NoYear | Kind::MonthNameDay | Kind::YearFirst)),
            Form::Epoch(unit) => {
                let length = bytes.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
                epoch::in_unit_at(bytes, *unit).map(|ms| epoch::stamp(ms, Kind::Epoch, length))
            }
            Form::Strptime(format) => strptime(format, bytes),
        }
    }

    /// Whether it is a count since 1970, which has only digits.
    pub(crate) fn is_count(&self) -> bool {
        matches!(self.0, Form::Epoch(_))
    }

    /// A JSON number, or the digits of a JSON string.
    pub(crate) fn value<'a>(&self, text: &'a [u8]) -> Option<Stamp<'a>> {
        match &self.0 {
            Form::Epoch(unit) => epoch::value(text, Some(*unit)).map(|ms| epoch::stamp(ms, Kind::Epoch, text.len())),
            _ => self.at(text),
        }
    }
}

/// Maximum length of a time.
const LONGEST: usize = 96;

fn strptime<'a>(format: &str, bytes: &'a [u8]) -> Option<Stamp<'a>> {
    let head = &bytes[..bytes.len().min(LONGEST)];
    if format.contains("%.") && has_decimal_comma(head) {
        let mut dotted = head.to_vec();
        for at in 1..dotted.len().saturating_sub(1) {
            if dotted[at] == b',' && dotted[at - 1].is_ascii_digit() && dotted[at + 1].is_ascii_digit() {
                dotted[at] = b'.';
            }
        }
        if let Some(stamp) = broken_down(format, &dotted) {
            return Some(stamp);
        }
    }
    broken_down(format, head)
}

fn has_decimal_comma(head: &[u8]) -> bool {
    memchr::memchr_iter(b',', head)
        .any(|at| at > 0 && head[at - 1].is_ascii_digit() && head.get(at + 1).is_some_and(u8::is_ascii_digit))
}

fn broken_down<'a>(format: &str, head: &[u8]) -> Option<Stamp<'a>> {
    let (time, length) = BrokenDownTime::parse_prefix(format, head).ok()?;
    stamp(&time, length)
}

fn stamp<'a>(time: &BrokenDownTime, length: usize) -> Option<Stamp<'a>> {
    let shape = Shape::of(Kind::Chosen);
    if let Some(timestamp) = time.timestamp() {
        return Some(Stamp { shape, ..epoch::stamp(timestamp.as_millisecond(), Kind::Chosen, length) });
    }
    let zone = time.offset().map_or(Zone::None, |offset| Zone::Offset(offset.seconds()));
    let (date, clock) = if time.year().is_none() && time.iso_week_year().is_none() {
        (Date::NoYear { month: time.month()?, day: time.day()? }, time.to_time().ok()?)
    } else {
        let civil = time.to_datetime().ok()?;
        (Date::Full { year: civil.year(), month: civil.month(), day: civil.day() }, civil.time())
    };
    let time =
        TimeOfDay { hour: clock.hour(), minute: clock.minute(), second: clock.second(), nanosecond: clock.subsec_nanosecond() };
    Some(Stamp { date, time, zone, shape, length })
}

/// Writes a known time in the format and reads it back: the only way to find every error in the format before the first line.
fn probe(format: &str) -> Result<(), TimestampFormatError> {
    let directive = |source| TimestampFormatError::Directive { format: format.to_owned(), source };
    let sample = DateTime::constant(2024, 2, 29, 13, 45, 6, 123_456_789);
    let sample = sample.to_zoned(TimeZone::UTC).map_err(directive)?;
    let text = BrokenDownTime::from(&sample).to_string(format).map_err(directive)?;
    let time = BrokenDownTime::parse(format, &text).map_err(directive)?;
    if time.iana_time_zone().is_some() {
        return Err(TimestampFormatError::NamedZone(format.to_owned()));
    }
    if stamp(&time, text.len()).is_some() {
        return Ok(());
    }
    let source = time.to_datetime().err().unwrap_or_else(|| jiff::Error::from_args(format_args!("no day")));
    Err(TimestampFormatError::NoDay { format: format.to_owned(), source })
}
