//! RFC 3339, ISO 8601 and their relatives: year, month, day, time.
//!
//! - `2026-11-20T10:00:00.123Z`, `2026-11-20 10:00:00,123` (log4j, Python), `2026/11/20 10:00:00` (nginx, Go),
//!   `20261120T100000Z` (basic form, as in `X-Amz-Date`).
//! - Between date and time: `T`, `t`, a space or `_`. Seconds are required, a fraction and a zone are not.
//! - RFC 5424 syslog is this form after its header `<34>1 `.

use super::scan::{Civil, Scan, TimeOfDay};

/// The time that begins at the first of `bytes`.
pub(super) fn at(bytes: &[u8]) -> Option<i64> {
    let mut scan = Scan::new(bytes);
    let year = scan.digits(4)?;
    let civil = match scan.any(b"-/") {
        Some(separator) => extended(&mut scan, year, separator)?,
        None => basic(&mut scan, year)?,
    };
    if scan.rest().first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    civil.to_ms(scan.zone())
}

fn extended(scan: &mut Scan<'_>, year: i16, separator: u8) -> Option<Civil> {
    let month = scan.two_digits()?;
    scan.byte(separator)?;
    let day = scan.two_digits()?;
    scan.any(b"Tt _")?;
    let time = scan.time_of_day()?;
    Some(Civil { year, month, day, time })
}

fn basic(scan: &mut Scan<'_>, year: i16) -> Option<Civil> {
    let month = scan.two_digits()?;
    let day = scan.two_digits()?;
    scan.byte(b'T')?;
    let (hour, minute, second) = (scan.two_digits()?, scan.two_digits()?, scan.two_digits()?);
    let nanosecond = scan.fraction().unwrap_or(0);
    Some(Civil { year, month, day, time: TimeOfDay { hour, minute, second, nanosecond } })
}
