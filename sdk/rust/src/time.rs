//! Times in requests: the API's forms, or a type that holds a time.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};

/// A time: `"-15m".into()`, `SystemTime::now().into()`, or a `chrono::DateTime`.
///
/// A string is sent unchanged: RFC 3339, epoch milliseconds or seconds, or relative to now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Time(String);

impl Time {
    /// The time in a form of the API.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Time {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Time {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Time {
    fn from(moment: DateTime<Z>) -> Self {
        Self(moment.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl From<SystemTime> for Time {
    fn from(moment: SystemTime) -> Self {
        DateTime::<Utc>::from(moment).into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn moments_are_sent_in_utc() {
        let elsewhere = DateTime::parse_from_rfc3339("2026-11-20T12:00:00.5+02:00").unwrap_or_default();
        assert_eq!(Time::from(elsewhere).as_str(), "2026-11-20T10:00:00.500Z");
        assert_eq!(Time::from(UNIX_EPOCH + Duration::from_secs(86_400)).as_str(), "1970-01-02T00:00:00Z");
        assert_eq!(Time::from("-15m").as_str(), "-15m");
    }
}
