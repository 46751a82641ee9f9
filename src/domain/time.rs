//! Times: epoch milliseconds inside, RFC 3339 outside, and the forms in which a request may give them.
//!
//! Owns parsing and printing of times, and the [`Clock`]. All other code takes `now` or a [`Clock`], so that tests control the time.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};

/// The end of the year 9999, the last moment that RFC 3339 can write.
pub const LAST_MILLIS: i64 = 253_402_300_799_999;

/// A moment: milliseconds since 1970-01-01T00:00:00Z, as CloudWatch Logs counts. Serializes as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clamped = self.0.clamp(0, LAST_MILLIS);
        match jiff::Timestamp::from_millisecond(clamped) {
            Ok(timestamp) => write!(f, "{timestamp:.3}"),
            Err(_) => write!(f, "{clamped}"),
        }
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

/// A clock. Tests replace it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current time.
    fn now(&self) -> Millis;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the machine's clock is read")]
    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(LAST_MILLIS))
    }
}

/// A clock that a test sets.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct HeldClock(pub(crate) std::sync::atomic::AtomicI64);

#[cfg(test)]
impl HeldClock {
    pub(crate) fn at(now: Millis) -> Self {
        Self(std::sync::atomic::AtomicI64::new(now.0))
    }
}

#[cfg(test)]
impl Clock for HeldClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}

/// A time in the form of a request, not resolved yet. Cursors keep it, so that `-15m` stays `-15m` from page to page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeSpec {
    /// A moment: RFC 3339, epoch milliseconds or epoch seconds.
    At(i64),
    /// Milliseconds before now.
    Ago(i64),
}

/// Why a text is not a time, with what to use instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text has none of the forms.
    #[error(
        "is not a time: give RFC 3339 (`2026-11-20T10:00:00Z`), epoch milliseconds, epoch seconds, or relative (`-15m`, `-1h30m`, `-2d`, `now`, `now-1h`)"
    )]
    NoForm,
    /// A duration without a sign.
    #[error("is a duration, not a time: did you mean `{0}`?")]
    NoSign(String),
    /// A number that reads as a date, and as an epoch time lies in another century.
    #[error("is ambiguous: {0}")]
    Ambiguous(String),
    /// Looks like RFC 3339 without an offset.
    #[error("has no offset from UTC: write `{0}Z`, or an offset such as `+02:00`")]
    NoOffset(String),
    /// `+` in a query string is a space.
    #[error("has a space where the offset's `+` should be: in a query string `+` must be written `%2B`")]
    PlusLost,
    /// The form of RFC 3339, but not a valid time.
    #[error("is not a valid RFC 3339 time")]
    NoSuchMoment,
    /// A relative time that cannot be parsed, with a suggestion.
    #[error("is not a relative time: units are `w`, `d`, `h`, `m`, `s`, largest first and each once, as in `-1h30m`{}", did_you_mean(.0))]
    Relative(Option<String>),
    /// Before 1970 or after 9999.
    #[error("lies outside 1970 to 9999")]
    OutOfRange,
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|suggestion| format!("; did you mean `{suggestion}`?")).unwrap_or_default()
}

impl TimeSpec {
    /// Parses any of the request forms (API, "Times in requests").
    ///
    /// A number of up to 11 digits counts seconds, of 12 and more milliseconds: seconds reach the year 5138 with 11 digits, and
    /// milliseconds need 12 from March 1973 on, before which CloudWatch has no events. Digits behind a decimal point that are
    /// finer than a millisecond are dropped. Numbers that read as dates are refused: see `ambiguous`.
    ///
    /// # Errors
    /// A [`TimeError`] that says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if text == "now" {
            return Ok(Self::Ago(0));
        }
        if let Some(relative) = text.strip_prefix("now-").or_else(|| text.strip_prefix('-')) {
            return parse_relative(relative).map(Self::Ago).map_err(|error| match error {
                TimeError::Relative(_) => TimeError::Relative(length_in(relative)),
                error => error,
            });
        }
        if let Some(number) = parse_number(text) {
            return number.map(Self::At);
        }
        if let Some(relative) = length_in(text.strip_prefix("now").unwrap_or(text)) {
            return Err(TimeError::NoSign(relative));
        }
        parse_rfc3339(text).map(Self::At)
    }

    /// The moment, relative to `now`.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] if it lies before 1970.
    pub fn resolve(self, now: Millis) -> Result<Millis, TimeError> {
        match self {
            Self::At(millis) => Ok(Millis(millis)),
            Self::Ago(ago) => in_range(now.0.checked_sub(ago).ok_or(TimeError::OutOfRange)?).map(Millis),
        }
    }
}

/// A number of seconds or milliseconds; `None`: the text is not a number.
fn parse_number(text: &str) -> Option<Result<i64, TimeError>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_number.then(|| {
        if let Some(detail) = ambiguous(whole) {
            return Err(TimeError::Ambiguous(detail));
        }
        let number: i64 = whole.parse().map_err(|_| TimeError::OutOfRange)?;
        let millis = if whole.len() <= 11 {
            let thousandths: i64 = format!("{fraction:0<3}")[..3].parse().map_err(|_| TimeError::OutOfRange)?;
            number.checked_mul(1000).and_then(|millis| millis.checked_add(thousandths))
        } else {
            Some(number)
        };
        in_range(millis.ok_or(TimeError::OutOfRange)?)
    })
}

/// Why a number may be a date written without separators: `YYYYMMDD`, with `hhmm` or `hhmmss` behind it. As an epoch time such
/// a number lies in 1970, 1976 or 2612. Every number of 8 digits is refused, since none is a likely time; 10 digits (`YYYYMMDDhh`)
/// are likely seconds.
fn ambiguous(digits: &str) -> Option<String> {
    let part = |from: usize| digits.get(from..from + 2).unwrap_or("00");
    let number = |from: usize| part(from).parse().unwrap_or(u8::MAX);
    let is_date = digits.starts_with("19") || digits.starts_with("20");
    let is_date = is_date && (1..=12).contains(&number(4)) && (1..=31).contains(&number(6));
    let is_clock = number(8) < 24 && number(10) < 60 && number(12) < 60;
    match digits.len() {
        8 if is_date => {}
        8 => return Some("8 digits are neither seconds nor milliseconds of this century: give 10 or 13".to_owned()),
        12 | 14 if is_date && is_clock => {}
        _ => return None,
    }
    let (year, clock) = (digits.get(..4).unwrap_or_default(), [part(8), part(10), part(12)].join(":"));
    Some(format!("write a date as `{year}-{}-{}T{clock}Z`, and an epoch time with 10 or 13 digits", part(4), part(6)))
}

/// The relative time for a duration such as `15m`, `+1h30m`, `15 min` or `2 days ago`; `None`: the text is not a duration.
fn length_in(text: &str) -> Option<String> {
    const UNITS: [(&str, &[&str]); 5] = [
        ("w", &["w", "week", "weeks"]),
        ("d", &["d", "day", "days"]),
        ("h", &["h", "hr", "hrs", "hour", "hours"]),
        ("m", &["m", "min", "mins", "minute", "minutes"]),
        ("s", &["s", "sec", "secs", "second", "seconds"]),
    ];
    let text = text.trim_start_matches(['+', '-', ' ']);
    let mut rest = text.strip_suffix("ago").unwrap_or(text).trim_end();
    let mut length = "-".to_owned();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let behind = behind.trim_start();
        let (word, behind) = behind.split_at(behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len()));
        let (unit, _) = UNITS.iter().find(|(_, words)| words.contains(&word))?;
        length += number;
        length += unit;
        rest = behind.trim_start();
    }
    let is_relative = length.strip_prefix('-').is_some_and(|length| parse_relative(length).is_ok());
    is_relative.then_some(length)
}

fn in_range(millis: i64) -> Result<i64, TimeError> {
    if (0..=LAST_MILLIS).contains(&millis) { Ok(millis) } else { Err(TimeError::OutOfRange) }
}

fn parse_rfc3339(text: &str) -> Result<i64, TimeError> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 10
        && bytes.iter().take(10).enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    if !shaped {
        return Err(TimeError::NoForm);
    }
    let separated = matches!(bytes.get(10), Some(b'T' | b't'));
    let rest = text.get(11..).unwrap_or("");
    if !separated {
        return Err(if bytes.len() == 10 { TimeError::NoOffset(format!("{text}T00:00:00")) } else { TimeError::NoForm });
    }
    if let Some((clock, offset)) = rest.split_once(' ')
        && clock.len() >= 8
        && offset.len() == 5
    {
        return Err(TimeError::PlusLost);
    }
    let has_offset = rest.contains(['Z', 'z', '+', '-']);
    if !has_offset {
        return Err(TimeError::NoOffset(text.to_owned()));
    }
    // RFC 3339 §5.6: seconds are required, the offset is hh:mm, and nothing follows; jiff alone accepts more.
    let clock_end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(clock_end);
    let offset_fits = matches!(offset, "Z" | "z") || (offset.len() == 6 && offset.as_bytes()[3] == b':');
    if clock.len() < 8 || !offset_fits || (clock.len() > 8 && clock.as_bytes()[8] != b'.') {
        return Err(TimeError::NoSuchMoment);
    }
    let timestamp: jiff::Timestamp = text.parse().map_err(|_| TimeError::NoSuchMoment)?;
    in_range(timestamp.as_millisecond())
}

fn parse_relative(text: &str) -> Result<i64, TimeError> {
    const UNITS: [(char, i64); 5] = [('w', 604_800_000), ('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1000)];
    let mut total: i64 = 0;
    let mut allowed = UNITS.as_slice();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let unit = tail.chars().next().ok_or(TimeError::Relative(None))?;
        let place = allowed.iter().position(|(letter, _)| *letter == unit).ok_or(TimeError::Relative(None))?;
        let number: i64 = number.parse().map_err(|_| TimeError::Relative(None))?;
        let part = number.checked_mul(allowed[place].1).ok_or(TimeError::OutOfRange)?;
        total = total.checked_add(part).ok_or(TimeError::OutOfRange)?;
        allowed = &allowed[place + 1..];
        rest = &tail[unit.len_utf8()..];
    }
    if text.is_empty() { Err(TimeError::Relative(None)) } else { Ok(total) }
}

/// Parses a duration in the form of the configuration: `31d`, `1h30m`, `60s`.
///
/// # Errors
/// [`TimeError::Relative`] or [`TimeError::OutOfRange`].
pub fn parse_duration(text: &str) -> Result<std::time::Duration, TimeError> {
    let millis = parse_relative(text)?;
    u64::try_from(millis).map(std::time::Duration::from_millis).map_err(|_| TimeError::OutOfRange)
}

/// A half-open range of time: it contains `start`, but not `end`. CloudWatch's calls differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// First moment in the range; `None`: from the beginning.
    pub start: Option<Millis>,
    /// First moment after the range; `None`: open.
    pub end: Option<Millis>,
}

impl TimeRange {
    /// Whether the range contains the moment.
    #[must_use]
    pub fn contains(&self, moment: Millis) -> bool {
        self.start.is_none_or(|start| start <= moment) && self.end.is_none_or(|end| moment < end)
    }
}

#[cfg(test)]
mod tests;
