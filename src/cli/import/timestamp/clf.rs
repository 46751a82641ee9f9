//! The Common Log Format's time: `17/May/2015:10:05:03 +0000`.
//!
//! - Apache and nginx write it in brackets, API Gateway's CSV, XML and JSON access logs without; both are read.
//! - A fraction (`10:05:03.123`, `HAProxy`) and a missing zone are allowed.

use super::scan::{Civil, Scan};

/// The time that begins at the first of `bytes`, which is a digit of the day.
pub(super) fn at(bytes: &[u8]) -> Option<i64> {
    let mut scan = Scan::new(bytes);
    let day = scan.two_digits()?;
    scan.byte(b'/')?;
    let month = scan.month()?;
    scan.byte(b'/')?;
    let year = scan.digits(4)?;
    scan.byte(b':')?;
    let time = scan.time_of_day()?;
    Civil { year, month, day, time }.to_ms(scan.zone())
}
