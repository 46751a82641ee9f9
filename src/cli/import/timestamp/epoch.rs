//! Times as a count since 1970: seconds, with or without a fraction, milliseconds, microseconds, nanoseconds.
//!
//! - In text only the number a line begins with counts, and only when its length gives the unit away:
//!   10 digits are seconds, 13 milliseconds, 16 microseconds, 19 nanoseconds. That is 2001 to 2286; to leave out
//!   telephone numbers and ids it must also not be later than a year from `now`.
//! - In a JSON field whose name says time, the magnitude decides, and nothing before March 1973 is taken:
//!   small numbers there are durations.
//! - A fraction is read as written, in decimal: no binary floating point comes between.

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// 100,000,000 seconds: 3 March 1973. Below it in seconds, a number in a time field is a duration or a counter.
const LEAST_SECONDS: i64 = 100_000_000;

const YEAR_MS: i64 = 366 * 86_400_000;

/// A number without sign: the digits before the point, and the value of the first nine after it.
struct Decimal {
    digits: usize,
    whole: i64,
    nanos: i64,
    /// Bytes it takes.
    length: usize,
}

/// The number that begins at the first of `bytes` and is a word of its own, unit by its number of digits.
pub(super) fn at(bytes: &[u8], now: i64) -> Option<i64> {
    let number = word(bytes)?;
    let ms = match number.digits {
        10 => number.in_unit(Unit::Seconds)?,
        13 => number.in_unit(Unit::Milliseconds)?,
        16 => number.whole / 1_000,
        19 => number.whole / 1_000_000,
        _ => return None,
    };
    (ms <= now.saturating_add(YEAR_MS)).then_some(ms)
}

/// The same with the unit given: 9 or 10 digits of seconds, 12 or 13 of milliseconds (1973 to 2286).
pub(super) fn in_unit_at(bytes: &[u8], unit: Unit) -> Option<i64> {
    let number = word(bytes)?;
    let digits = match unit {
        Unit::Seconds => 9..=10,
        Unit::Milliseconds => 12..=13,
    };
    if !digits.contains(&number.digits) {
        return None;
    }
    number.in_unit(unit)
}

/// The whole of `text`, unit by magnitude or as given.
pub(super) fn value(text: &[u8], unit: Option<Unit>) -> Option<i64> {
    let number = decimal(text).filter(|number| number.length == text.len())?;
    if let Some(unit) = unit {
        return number.in_unit(unit);
    }
    match number.whole {
        ..LEAST_SECONDS => None,
        LEAST_SECONDS..100_000_000_000 => number.in_unit(Unit::Seconds),
        100_000_000_000..100_000_000_000_000 => number.in_unit(Unit::Milliseconds),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number.whole / 1_000),
        _ => Some(number.whole / 1_000_000),
    }
}

fn word(bytes: &[u8]) -> Option<Decimal> {
    let number = decimal(bytes)?;
    let ends = bytes.get(number.length).is_none_or(|byte| b" \t,;:|])}>\"'\r".contains(byte));
    ends.then_some(number)
}

fn decimal(bytes: &[u8]) -> Option<Decimal> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // 19 digits are the most an i64 of nanoseconds has.
    if digits == 0 || digits > 19 {
        return None;
    }
    let whole = std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    let mut length = digits;
    let mut nanos = 0;
    if bytes.get(digits) == Some(&b'.') {
        let after = &bytes[digits + 1..];
        let places = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let padded = after[..places].iter().copied().chain(std::iter::repeat(b'0')).take(9);
        nanos = padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        // The point after `1700000000.` ends a sentence, not a number.
        length += if places == 0 { 0 } else { 1 + places };
    }
    Some(Decimal { digits, whole, nanos, length })
}

impl Decimal {
    fn in_unit(&self, unit: Unit) -> Option<i64> {
        match unit {
            Unit::Seconds => self.whole.checked_mul(1_000)?.checked_add(self.nanos / 1_000_000),
            Unit::Milliseconds => Some(self.whole),
        }
    }
}
