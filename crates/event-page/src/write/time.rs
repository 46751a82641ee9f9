//! Times as RFC 3339 in UTC with milliseconds, the format of every time in responses.
//!
//! Times before 1970 and after 9999 are clamped: RFC 3339 cannot write the latter.

/// The end of the year 9999.
const LAST_MILLIS: u64 = 253_402_300_799_999;
const SECONDS_OF_DAY: u64 = 86_400;

/// The length of a written time.
pub(super) const LENGTH: usize = 24;
/// The position of the milliseconds' digits.
pub(super) const FRACTION: usize = 20;

/// The last written second. Events are ordered by time, so the day, and often the second, is usually the same.
#[derive(Debug)]
pub(super) struct CachedSecond {
    second: u64,
    text: [u8; LENGTH],
}

impl Default for CachedSecond {
    fn default() -> Self {
        Self { second: 0, text: *b"1970-01-01T00:00:00.000Z" }
    }
}

/// The second of epoch milliseconds, and the digits of the milliseconds.
#[inline]
pub(super) fn split(millis: i64) -> (u64, [u8; 3]) {
    let millis = u64::try_from(millis).unwrap_or(0).min(LAST_MILLIS);
    let (second, fraction) = (millis / 1000, millis % 1000);
    (second, [fraction / 100, fraction / 10 % 10, fraction % 10].map(digit))
}

#[inline]
fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value).unwrap_or(0)
}

impl CachedSecond {
    /// The text of the second with zero milliseconds, if it differs from the last.
    #[inline]
    pub(super) fn renewed(&mut self, second: u64) -> Option<&[u8; LENGTH]> {
        if second == self.second {
            return None;
        }
        self.put_second(second);
        Some(&self.text)
    }

    /// The text of the second with zero milliseconds.
    pub(super) fn text(&self) -> &[u8; LENGTH] {
        &self.text
    }

    /// The whole time.
    pub(super) fn written(&mut self, millis: i64) -> [u8; LENGTH] {
        let (second, fraction) = split(millis);
        let _unchanged = self.renewed(second);
        let mut text = self.text;
        text[FRACTION..FRACTION + fraction.len()].copy_from_slice(&fraction);
        text
    }

    fn put_second(&mut self, second: u64) {
        let (day, clock) = (second / SECONDS_OF_DAY, second % SECONDS_OF_DAY);
        if day != self.second / SECONDS_OF_DAY {
            self.put_day(day);
        }
        self.second = second;
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        self.put(11, [hour / 10, hour % 10]);
        self.put(14, [minute / 10, minute % 10]);
        self.put(17, [second / 10, second % 10]);
    }

    /// Days since 1970 to a date: Howard Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`. Years begin
    /// in March there, so that the leap day is the last one.
    fn put_day(&mut self, day: u64) {
        let day = day + 719_468;
        let (era, day) = (day / 146_097, day % 146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        self.put(0, [year / 1000, year / 100 % 10, year / 10 % 10, year % 10]);
        self.put(5, [month / 10, month % 10]);
        self.put(8, [day / 10, day % 10]);
    }

    #[inline]
    fn put<const N: usize>(&mut self, at: usize, digits: [u64; N]) {
        for (place, value) in self.text.iter_mut().skip(at).zip(digits) {
            *place = digit(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// jiff's range ends a day before the end of the year 9999.
    const LAST_OF_JIFF: i64 = 253_402_207_200_000;

    fn expected(millis: i64) -> String {
        if millis > LAST_OF_JIFF {
            let day = if millis < 253_402_214_400_000 { 30 } else { 31 };
            let clock = millis.min(253_402_300_799_999) % 86_400_000;
            let (second, fraction) = (clock / 1000, clock % 1000);
            return format!("9999-12-{day}T{:02}:{:02}:{:02}.{fraction:03}Z", second / 3600, second / 60 % 60, second % 60);
        }
        let clamped = millis.max(0);
        format!("{:.3}", jiff::Timestamp::from_millisecond(clamped).unwrap())
    }

    fn written(time: &mut CachedSecond, millis: i64) -> String {
        let (second, fraction) = split(millis);
        let same = time.second == second;
        assert_eq!(time.renewed(second).is_none(), same);
        let mut text = time.text().to_vec();
        text[FRACTION..FRACTION + 3].copy_from_slice(&fraction);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_day_is_the_calendars() {
        let mut time = CachedSecond::default();
        for day in 0..2_932_897_i64 {
            let millis = day * 86_400_000 + day % 86_400_000;
            let text = written(&mut time, millis);
            // To save time: all days of some centuries, every eleventh day of the rest.
            if day < 150_000 || day % 11 == 0 {
                assert_eq!(text, expected(millis), "{millis}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_moments_one_after_the_other_are_as_jiff_writes_them(
            start in proptest::num::i64::ANY, near in 0_i64..253_402_300_799_999, steps in proptest::collection::vec(-200_000_i64..200_000, 1..20)
        ) {
            let mut time = CachedSecond::default();
            for base in [start, near] {
                let mut millis = base;
                for step in &steps {
                    millis = millis.saturating_add(*step);
                    proptest::prop_assert_eq!(written(&mut time, millis), expected(millis));
                }
            }
        }
    }
}
