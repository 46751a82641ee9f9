//! Numbers of the language: comparison, text in results, and parsing.
//!
//! Never holds NaN or an infinity: a result that is not finite is missing.

use std::cmp::Ordering;
use std::fmt;

/// The digits after the point that a result shows.
const SHOWN_DECIMALS: usize = 4;
/// Below this, four decimals show a number that is not zero as `0.0000`.
const SMALLEST_PLAIN: f64 = 0.000_05;
/// 2^63: from here on a double does not fit a whole number of 64 bits, and its digits would seem exact.
const LARGEST_PLAIN: f64 = 9_223_372_036_854_775_808.0;

/// A finite number.
///
/// `Display` is the text in results. AWS does not document it; its results show whole numbers in full and others with at most
/// four decimals, so:
///
/// - a whole number has no point; negative zero is `0`;
/// - any other number is rounded to four decimals, without trailing zeros;
/// - a number that would round to zero has an exponent (`1.5E-7`), and so does a number beyond the 64-bit whole numbers (`1E20`).
///
/// ```
/// use logmark_engine::values::number::Number;
///
/// assert_eq!(Number::Double(123.456_78).to_string(), "123.4568");
/// assert_eq!(Number::Double(2.50).to_string(), "2.5");
/// assert_eq!(Number::Double(-0.0).to_string(), "0");
/// assert_eq!(Number::Double(0.000_000_15).to_string(), "1.5E-7");
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// A whole number of 64 bits, exact.
    Integer(i64),
    /// Any other finite number.
    Double(f64),
}

impl Number {
    /// Reads a text that is nothing but a number: a sign, decimal digits with at most one point, an exponent.
    ///
    /// `None` for white space around it, digit separators, hexadecimal, `NaN`, `Infinity`, type suffixes, and for numbers that a
    /// double cannot hold (`1e400`). AWS does not document this: these are the spellings of JSON, with the leading `+` and the
    /// bare point of `.5` and `5.` that logs also contain. A text with white space is not a number; use `trim`.
    ///
    /// ```
    /// use logmark_engine::values::number::Number;
    ///
    /// assert_eq!(Number::parse("-12"), Some(Number::Integer(-12)));
    /// assert_eq!(Number::parse("1.5e3"), Some(Number::Double(1500.0)));
    /// assert_eq!(Number::parse("0x1F"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // `str::parse` also accepts `inf` and `nan`; this check allows only decimal numbers.
        if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            return None;
        }
        if let Ok(whole) = text.parse() {
            return Some(Self::Integer(whole));
        }
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Double)
    }

    /// The nearest double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the result is the nearest double by definition")]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Double(number) => number,
        }
    }

    /// The number without its decimals; `None` if it does not fit 64 bits.
    #[must_use]
    pub fn truncated(self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(number),
            Self::Double(number) => whole(number.trunc()),
        }
    }

    /// A double as a number: whole if it is a whole number of 64 bits, `None` if it is not finite.
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Self> {
        match whole(number) {
            Some(exact) => Some(Self::Integer(exact)),
            None => number.is_finite().then_some(Self::Double(number)),
        }
    }
}

/// A number as a key to hash by: equal numbers have equal keys, whole or not.
///
/// ```
/// use logmark_engine::values::number::{Number, NumberKey};
///
/// assert_eq!(NumberKey::of(Number::Integer(2)), NumberKey::of(Number::Double(2.0)));
/// assert_ne!(NumberKey::of(Number::Integer(2)), NumberKey::of(Number::Double(2.5)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberKey {
    /// A whole number of 64 bits.
    Whole(i64),
    /// The bits of any other number.
    Double(u64),
}

impl NumberKey {
    /// The key of a number.
    #[must_use]
    pub fn of(number: Number) -> Self {
        match number.truncated().filter(|whole| Number::Integer(*whole) == number) {
            Some(whole) => Self::Whole(whole),
            None => Self::Double(number.as_f64().to_bits()),
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> Number {
        match self {
            Self::Whole(number) => Number::Integer(number),
            Self::Double(bits) => Number::Double(f64::from_bits(bits)),
        }
    }
}

/// The same whole number; `None` if `number` has decimals or does not fit.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first, and a fraction is refused")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && (-LARGEST_PLAIN..LARGEST_PLAIN).contains(&number)).then_some(number as i64)
}

/// Compares exactly: a whole number is not rounded to a double.
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(&right),
            // Both zeros are equal, but `total_cmp` distinguishes them.
            (Self::Double(left), Self::Double(right)) => left.partial_cmp(&right).unwrap_or_else(|| left.total_cmp(&right)),
            (Self::Integer(left), Self::Double(right)) => whole_with_double(left, right),
            (Self::Double(left), Self::Integer(right)) => whole_with_double(right, left).reverse(),
        }
    }
}

fn whole_with_double(left: i64, right: f64) -> Ordering {
    match whole(right.floor()) {
        Some(floor) if floor == left && right.fract() != 0.0 => Ordering::Less,
        Some(floor) => left.cmp(&floor),
        None if right.is_sign_negative() => Ordering::Greater,
        None => Ordering::Less,
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = match *self {
            Self::Integer(number) => return write!(formatter, "{number}"),
            Self::Double(number) => number,
        };
        if let Some(whole) = whole(number) {
            return write!(formatter, "{whole}");
        }
        if number.abs() >= LARGEST_PLAIN {
            return write!(formatter, "{number:E}");
        }
        if number.abs() >= SMALLEST_PLAIN {
            return formatter.write_str(without_trailing_zeros(&format!("{number:.SHOWN_DECIMALS$}")));
        }
        let text = format!("{number:.SHOWN_DECIMALS$E}");
        match text.split_once('E') {
            Some((digits, exponent)) => write!(formatter, "{}E{exponent}", without_trailing_zeros(digits)),
            None => formatter.write_str(&text),
        }
    }
}

fn without_trailing_zeros(decimals: &str) -> &str {
    decimals.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::Number;
    use proptest::prelude::{Strategy as _, any, prop_assert, prop_assert_eq, proptest};
    use std::cmp::Ordering;

    #[test]
    fn text_is_a_number_only_when_it_is_nothing_else() {
        for (text, number) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("+5", 5.0),
            ("007", 7.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1.25", -1.25),
            ("1e3", 1000.0),
            ("1E+3", 1000.0),
            ("2e-2", 0.02),
            ("1e-400", 0.0),
        ] {
            assert_eq!(Number::parse(text).map(Number::as_f64), Some(number), "{text}");
        }
        let refused =
            "| |.|+|-|e5|1e|1e+|1.2.3|--1|1 |\t1|1_000|1,000|0x10|1f|10ms|NaN|nan|inf|Infinity|-inf|1e400|-1e400|\u{0661}|½";
        for text in refused.split('|') {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn results_show_numbers_without_noise_and_never_as_a_zero_that_they_are_not() {
        for (number, text) in [
            (Number::Integer(i64::MIN), "-9223372036854775808"),
            (Number::Double(3.0), "3"),
            (Number::Double(-2.75), "-2.75"),
            (Number::Double(1.0 / 3.0), "0.3333"),
            (Number::Double(2.0 / 3.0), "0.6667"),
            (Number::Double(0.1 + 0.2), "0.3"),
            (Number::Double(0.99999), "1"),
            (Number::Double(0.0001), "0.0001"),
            (Number::Double(0.000_05), "0.0001"),
            (Number::Double(0.000_049), "4.9E-5"),
            (Number::Double(-0.0), "0"),
            (Number::Double(5e-324), "4.9407E-324"),
            (Number::Double(1e18), "1000000000000000000"),
            (Number::Double(1e20), "1E20"),
            (Number::Double(-1.5e300), "-1.5E300"),
            (Number::Double(123_456_789.123_456), "123456789.1235"),
        ] {
            assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn whole_numbers_compare_exactly_with_doubles() {
        let big = 9_007_199_254_740_993_i64;
        assert_eq!(Number::Integer(big).cmp(&Number::Double(9_007_199_254_740_992.0)), Ordering::Greater);
        assert_eq!(Number::Integer(i64::MAX).cmp(&Number::Double(9_223_372_036_854_775_808.0)), Ordering::Less);
        assert_eq!(Number::Integer(i64::MIN).cmp(&Number::Double(-9_223_372_036_854_775_808.0)), Ordering::Equal);
        assert_eq!(Number::Integer(-2).cmp(&Number::Double(-1.5)), Ordering::Less);
        assert_eq!(Number::Integer(-1).cmp(&Number::Double(-1.5)), Ordering::Greater);
        assert_eq!(Number::Double(0.0), Number::Double(-0.0));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_nearly_the_same_number(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let shown = Number::Double(number).to_string();
            let back = Number::parse(&shown).map(Number::as_f64).unwrap();
            prop_assert!((back - number).abs() <= 0.000_05 + number.abs() * 1e-15, "{number} shown as {shown}");
            prop_assert_eq!(back == 0.0, number == 0.0);
        }

        #[test]
        fn a_whole_number_reads_back(number in any::<i64>()) {
            prop_assert_eq!(Number::parse(&Number::Integer(number).to_string()), Some(Number::Integer(number)));
        }
    }
}
