//! The times of access logs, in milliseconds since 1970.

/// `17/May/2015:10:05:03 +0000`.
pub(crate) fn clf(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(':')?;
    let (time, zone) = rest.split_once(' ')?;
    let mut parts = date.splitn(3, '/');
    let (day, month, year) = (digits(parts.next()?, 2)?, month(parts.next()?)?, digits(parts.next()?, 4)?);
    Some(days(year, month, day)? * 86_400_000 + time_of_day(time)? - offset(zone)?)
}

/// `2018-07-02` and `22:23:00.186`, in UTC.
pub(crate) fn iso(date: &str, time: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (whole, part) = time.split_once('.').unwrap_or((time, "0"));
    let millis = format!("{part:0<3}");
    Some(days(year, month, day)? * 86_400_000 + time_of_day(whole)? + digits(millis.get(..3)?, 3)?)
}

/// Milliseconds since 1970; 10 digits are seconds, as some templates multiply.
pub(crate) fn epoch(text: &str) -> Option<i64> {
    let count: i64 =
        if text.len() <= 13 && text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok()? } else { return None };
    Some(if text.len() <= 10 { count * 1000 } else { count })
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn month(name: &str) -> Option<i64> {
    MONTHS.iter().position(|month| *month == name).and_then(|place| i64::try_from(place + 1).ok())
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// `22:23:00`; a leap second counts as the second behind it.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute, second) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    (hour < 24 && minute < 60 && second <= 60).then_some(((hour * 60 + minute) * 60 + second) * 1000)
}

/// `+0130`, in milliseconds.
fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('+') { 1 } else { -1 };
    let number = digits(text.strip_prefix(['+', '-'])?, 4)?;
    (number % 100 < 60).then_some(sign * (number / 100 * 60 + number % 100) * 60_000)
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March, so that a leap day is the last day of a year; 719,468 days are from year 0 to 1970.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = years.div_euclid(400);
    let in_era = years.rem_euclid(400);
    Some(era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + (153 * months + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::{clf, epoch, iso};

    #[test]
    fn times_are_milliseconds_since_1970() {
        assert_eq!(clf("17/May/2015:10:05:03 +0000"), Some(1_431_857_103_000));
        assert_eq!(clf("17/May/2015:12:05:03 +0200"), Some(1_431_857_103_000));
        assert_eq!(clf("17/May/2015:08:35:03 -0130"), Some(1_431_857_103_000));
        assert_eq!(clf("01/Jan/1970:00:00:00 +0000"), Some(0));
        assert_eq!(iso("2015-05-17", "10:05:03.25"), Some(1_431_857_103_250));
        assert_eq!(epoch("1431857103000"), Some(1_431_857_103_000));
        assert_eq!(epoch("1431857103"), Some(1_431_857_103_000));
    }

    #[test]
    fn wrong_times_are_not_read() {
        for text in
            ["29/Feb/2015:10:05:03 +0000", "17/Mai/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000", "-", "", "17/May/2015"]
        {
            assert_eq!(clf(text), None, "{text}");
        }
        assert_eq!(epoch("-"), None);
    }
}
