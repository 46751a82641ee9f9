//! Reading numbers, month names and zones off the front of some bytes, and making milliseconds of them.
//!
//! - A time without a zone is UTC.
//! - A zone is `Z`, an offset (`+02:00`, `+0200`, `+02`), or one of the abbreviations in [`ABBREVIATIONS`].
//! - Only 1970 and later: CloudWatch timestamps are not negative.
//! - Fractions beyond milliseconds are cut, not rounded.
//!
//! Never: searches; a form says where it wants to begin. Next: `iso`, `clf`, `syslog`, `epoch`.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// RFC 822 §5.1 for North America (so `CST` is Central Time), and European and East Asian names that mean one offset only.
/// Names with several meanings and no standard for them (`IST`, `BST`) are left out: a time with one counts as UTC.
const ABBREVIATIONS: [(&[u8], i32); 21] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"UT", 0),
    (b"EST", -5),
    (b"EDT", -4),
    (b"CST", -6),
    (b"CDT", -5),
    (b"MST", -7),
    (b"MDT", -6),
    (b"PST", -8),
    (b"PDT", -7),
    (b"WET", 0),
    (b"WEST", 1),
    (b"CET", 1),
    (b"CEST", 2),
    (b"EET", 2),
    (b"EEST", 3),
    (b"MSK", 3),
    (b"JST", 9),
    (b"KST", 9),
    (b"AEST", 10),
];

/// A position in some bytes. Every method moves on when it succeeds and stays when it does not.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    rest: &'a [u8],
}

/// A date and a time of day, not yet known to exist.
#[derive(Clone, Copy)]
pub(super) struct Civil {
    pub(super) year: i16,
    pub(super) month: i8,
    pub(super) day: i8,
    pub(super) time: TimeOfDay,
}

#[derive(Clone, Copy)]
pub(super) struct TimeOfDay {
    pub(super) hour: i8,
    pub(super) minute: i8,
    pub(super) second: i8,
    pub(super) nanosecond: i32,
}

impl<'a> Scan<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn byte(&mut self, wanted: u8) -> Option<()> {
        self.any(&[wanted]).map(drop)
    }

    pub(super) fn any(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        wanted.contains(first).then(|| {
            self.rest = rest;
            *first
        })
    }

    /// Exactly `count` digits, at most four.
    pub(super) fn digits(&mut self, count: usize) -> Option<i16> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let mut value: i16 = 0;
        for digit in digits {
            value = value.checked_mul(10)?.checked_add(i16::from(digit.checked_sub(b'0').filter(|d| *d < 10)?))?;
        }
        self.rest = rest;
        Some(value)
    }

    pub(super) fn two_digits(&mut self) -> Option<i8> {
        self.digits(2).and_then(|value| i8::try_from(value).ok())
    }

    /// English, three letters, the first a capital.
    pub(super) fn month(&mut self) -> Option<i8> {
        const NAMES: [&[u8]; 12] =
            [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
        let (name, rest) = self.rest.split_at_checked(3)?;
        let month = (1..).zip(NAMES).find(|(_, known)| *known == name)?.0;
        self.rest = rest;
        Some(month)
    }

    /// `10:05:03`, with a fraction after `.` or `,` if there is one. 60 is read as 59, for leap seconds.
    pub(super) fn time_of_day(&mut self) -> Option<TimeOfDay> {
        let mut scan = *self;
        let hour = scan.two_digits()?;
        scan.byte(b':')?;
        let minute = scan.two_digits()?;
        scan.byte(b':')?;
        let second = scan.two_digits()?;
        let second = if second == 60 { 59 } else { second };
        let nanosecond = scan.fraction().unwrap_or(0);
        *self = scan;
        Some(TimeOfDay { hour, minute, second, nanosecond })
    }

    /// Nanoseconds; digits after the ninth are passed over.
    pub(super) fn fraction(&mut self) -> Option<i32> {
        let mut scan = *self;
        scan.any(b".,")?;
        let digits = scan.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let padded = scan.rest[..digits].iter().copied().chain(std::iter::repeat(b'0')).take(9);
        let nanosecond = padded.fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
        self.rest = &scan.rest[digits..];
        Some(nanosecond)
    }

    /// A zone, attached or after one space. `None` leaves whatever comes next untouched.
    pub(super) fn zone(&mut self) -> Option<Offset> {
        let mut scan = *self;
        let spaced = scan.byte(b' ').is_some();
        let offset = if !spaced && scan.any(b"Zz").is_some() {
            Offset::UTC
        } else if let Some(sign) = scan.any(b"+-") {
            scan.numeric_offset(sign, spaced)?
        } else {
            let letters = scan.rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            let (name, rest) = scan.rest.split_at(letters);
            scan.rest = rest;
            let hours = ABBREVIATIONS.iter().find(|(known, _)| *known == name)?.1;
            Offset::from_seconds(hours * 3600).ok()?
        };
        if scan.rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        *self = scan;
        Some(offset)
    }

    /// After a space, `-5` or `-12` is far likelier a dash and a number than a zone: minutes are then required.
    fn numeric_offset(&mut self, sign: u8, spaced: bool) -> Option<Offset> {
        let hours = self.two_digits()?;
        let before_minutes = *self;
        let colon = self.byte(b':').is_some();
        let minutes = match self.two_digits() {
            Some(minutes) => minutes,
            None if spaced || colon => return None,
            None => {
                *self = before_minutes;
                0
            }
        };
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
        Offset::from_seconds(if sign == b'-' { -seconds } else { seconds }).ok()
    }
}

impl Civil {
    /// Milliseconds since 1970, or `None` when there is no such day or it was before 1970.
    pub(super) fn to_ms(self, offset: Option<Offset>) -> Option<i64> {
        let TimeOfDay { hour, minute, second, nanosecond } = self.time;
        let civil = DateTime::new(self.year, self.month, self.day, hour, minute, second, nanosecond).ok()?;
        let ms = offset.unwrap_or(Offset::UTC).to_timestamp(civil).ok()?.as_millisecond();
        (ms >= 0).then_some(ms)
    }
}
