//! Counts since 1970.
//!
//! - The unit follows from the digits before the point: 10 are seconds, 13 milliseconds, 16 microseconds, 19 nanoseconds.
//! - A fraction or an exponent (`1.7951688001234567e+09`) marks a time; a plain count may also be an id ([`Kind::Count`]).
//! - Also `/Date(1795168800123+0100)/` of .NET and `@4000…` (TAI64N) of daemontools.

use crate::civil::{Date, Kind, Shape, Stamp, TimeOfDay};
use crate::cursor::Cursor;
use crate::zone::Zone;

/// The unit of a number, if the caller knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// 100,000,000 seconds: 3 March 1973. A smaller number in a time field is a duration or a counter.
const LEAST_SECONDS: i64 = 100_000_000;

/// A decimal number as digits, because a float has too few digits for nanoseconds.
pub(crate) struct Decimal {
    /// 15 digits and more lose nothing: the part before the point.
    whole: i64,
    /// Digits before the point, after the exponent moved it.
    digits: usize,
    nanos: i64,
    is_plain: bool,
    pub(crate) length: usize,
}

pub(super) fn parse(bytes: &[u8]) -> Option<Stamp<'_>> {
    let value = decimal(bytes)?;
    let ends = bytes.get(value.length).is_none_or(|byte| b" \t,;:|])}>\"'\r".contains(byte));
    let ms = match value.digits {
        10 => value.in_unit(Unit::Seconds)?,
        13 => value.in_unit(Unit::Milliseconds)?,
        16 => value.in_unit(Unit::Microseconds)?,
        19 => value.in_unit(Unit::Nanoseconds)?,
        _ => return None,
    };
    let kind = if value.is_plain { Kind::Count } else { Kind::Epoch };
    ends.then(|| stamp(ms, kind, value.length))
}

pub(crate) fn stamp<'a>(ms: i64, kind: Kind, length: usize) -> Stamp<'a> {
    Stamp { date: Date::Instant(ms), time: TimeOfDay::default(), zone: Zone::None, shape: Shape::of(kind), length }
}

/// The number at the start of `bytes`, in a known unit: 9 or 10 digits of seconds, and so on.
pub(crate) fn in_unit_at(bytes: &[u8], unit: Unit) -> Option<i64> {
    let value = decimal(bytes)?;
    let ends = bytes.get(value.length).is_none_or(|byte| b" \t,;:|])}>\"'\r".contains(byte));
    let expected = match unit {
        Unit::Seconds => 9..=10,
        Unit::Milliseconds => 12..=13,
        Unit::Microseconds => 15..=16,
        Unit::Nanoseconds => 18..=19,
    };
    (ends && expected.contains(&value.digits)).then(|| value.in_unit(unit)).flatten()
}

/// The whole of `text`, unit by magnitude or as given.
pub(crate) fn value(text: &[u8], unit: Option<Unit>) -> Option<i64> {
    let value = decimal(text).filter(|value| value.length == text.len())?;
    if let Some(unit) = unit {
        return value.in_unit(unit);
    }
    match value.whole {
        ..LEAST_SECONDS => None,
        LEAST_SECONDS..100_000_000_000 => value.in_unit(Unit::Seconds),
        100_000_000_000..100_000_000_000_000 => value.in_unit(Unit::Milliseconds),
        100_000_000_000_000..100_000_000_000_000_000 => value.in_unit(Unit::Microseconds),
        _ => value.in_unit(Unit::Nanoseconds),
    }
}

impl Decimal {
    fn in_unit(&self, unit: Unit) -> Option<i64> {
        match unit {
            Unit::Seconds => self.whole.checked_mul(1_000)?.checked_add(self.nanos / 1_000_000),
            Unit::Milliseconds => Some(self.whole),
            Unit::Microseconds => Some(self.whole / 1_000),
            Unit::Nanoseconds => Some(self.whole / 1_000_000),
        }
    }
}

fn decimal(bytes: &[u8]) -> Option<Decimal> {
    let run = |bytes: &[u8]| bytes.iter().take(40).take_while(|byte| byte.is_ascii_digit()).count();
    let before = run(bytes);
    if before == 0 || before > 19 {
        return None;
    }
    let mut length = before;
    let mut after: &[u8] = &[];
    if bytes.get(before) == Some(&b'.') {
        let places = run(&bytes[before + 1..]);
        after = &bytes[before + 1..before + 1 + places];
        // The point after `1700000000.` ends a sentence, not a number.
        length += if places == 0 { 0 } else { 1 + places };
    }
    let exponent = exponent(&bytes[length..]);
    let is_plain = length == before && exponent.is_none();
    let shift = exponent.map_or(0, |(shift, taken)| {
        length += taken;
        shift
    });
    let places = usize::try_from(shift).ok()?;
    let significant: Vec<u8>;
    let (whole, fraction): (&[u8], &[u8]) = if places == 0 {
        (&bytes[..before], after)
    } else {
        let mut moved = [&bytes[..before], after].concat();
        moved.resize(moved.len().max(before + places), b'0');
        significant = moved;
        significant.split_at(before + places)
    };
    let digits = whole.len();
    // An i64 of nanoseconds has at most 19 digits.
    let value = if digits > 19 { return None } else { std::str::from_utf8(whole).ok()?.parse().ok()? };
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanos = padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(Decimal { whole: value, digits, nanos, is_plain, length })
}

/// `e+09`: how far the point moves to the right, and its bytes.
fn exponent(bytes: &[u8]) -> Option<(i8, usize)> {
    let mut cursor = Cursor::new(bytes);
    cursor.eat_any(b"eE")?;
    cursor.eat(b'+');
    let shift = cursor.digits(1, 2)?;
    (shift <= 18).then_some((i8::try_from(shift).ok()?, cursor.at()))
}

/// `/Date(1795168800123)/`; the zone in it says only how it was shown.
pub(super) fn dot_net(bytes: &[u8]) -> Option<Stamp<'_>> {
    let mut cursor = Cursor::new(bytes);
    (cursor.eat_all(b"/Date(") || cursor.eat_all(b"\\/Date(")).then_some(())?;
    let ms = cursor.digits(11, 14)?;
    if cursor.eat_any(b"+-").is_some() {
        cursor.digits(4, 4)?;
    }
    (cursor.eat_all(b")/") || cursor.eat_all(b")\\/")).then(|| stamp(ms, Kind::DotNet, cursor.at()))
}

/// `@` and 24 hexadecimal digits: seconds since 1970 in TAI from 2^62, then nanoseconds. Like `tai64nlocal`, which reads what
/// daemontools writes, it counts 10 leap seconds.
pub(super) fn tai64(bytes: &[u8]) -> Option<Stamp<'_>> {
    const LABEL: i64 = 1 << 62;
    let digits = std::str::from_utf8(bytes.get(1..25)?).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || bytes.get(25).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let seconds = i64::from_str_radix(&digits[..16], 16).ok()?.checked_sub(LABEL + 10)?;
    let nanos = i64::from_str_radix(&digits[16..], 16).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let ms = seconds.checked_mul(1000)?.checked_add(nanos / 1_000_000)?;
    (ms >= 0).then(|| stamp(ms, Kind::Tai64, 25))
}
