//! Numbers as patterns and messages write them.
//!
//! Owns reading and comparing them. Integers of up to 38 digits are compared exactly, because logs carry identifiers that an
//! `f64` would round into each other; everything else is compared as `f64`.

use std::cmp::Ordering;

use crate::ast::Operator;

/// The digits of the longest integer that is kept exactly: `i128` holds every number of 38 digits.
const EXACT_DIGITS: usize = 38;

/// A number's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numeric {
    Integer(i128),
    Float(f64),
}

impl Numeric {
    /// Reads `-1`, `+1000`, `1.5`, `10e3`, `1e-3`; nothing else is a number: no `inf`, `0x10`, `.5`, blanks.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        let whole = digits(bytes, start)?;
        let mut end = whole;
        if bytes.get(end) == Some(&b'.') {
            end = digits(bytes, end + 1)?;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end = digits(bytes, end + 1 + sign)?;
        }
        if end != bytes.len() {
            return None;
        }
        if end == whole && whole - start <= EXACT_DIGITS {
            // Almost every number is short, and 64 bits are read much faster than 128.
            let short = whole - start <= 18;
            return if short { text.parse::<i64>().ok().map(i128::from) } else { text.parse().ok() }.map(Self::Integer);
        }
        text.parse().ok().filter(|value: &f64| value.is_finite()).map(Self::Float)
    }

    /// Whether `self operator other` holds.
    pub(crate) fn is(self, operator: Operator, other: Self) -> bool {
        let order = match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => Some(left.cmp(&right)),
            (left, right) => left.approximate().partial_cmp(&right.approximate()),
        };
        let Some(order) = order else { return false };
        match operator {
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterOrEqual => order != Ordering::Less,
        }
    }

    fn approximate(self) -> f64 {
        match self {
            #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rounding is what an approximation is")]
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// The end of the digits that begin there; at least one.
fn digits(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(start + count)
}

#[cfg(test)]
mod tests {
    use super::Numeric;
    use crate::ast::Operator;

    #[test]
    fn numbers_are_read_in_the_forms_of_the_user_guide_and_no_others() {
        for text in ["0", "-1", "+1000", "1.5", "10e3", "1e-3", "1e+3", "007", "99999999999999999999999999999999999999"] {
            assert!(Numeric::parse(text).is_some(), "{text}");
        }
        for text in ["", "-", "+", ".5", "1.", "1e", "1e+", "inf", "NaN", "0x10", " 1", "1 ", "1_000", "--1", "1e400"] {
            assert!(Numeric::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn long_identifiers_are_compared_exactly_and_other_numbers_by_value() {
        let is = |left: &str, operator, right: &str| Numeric::parse(left).unwrap().is(operator, Numeric::parse(right).unwrap());
        assert!(is("9007199254740993", Operator::NotEqual, "9007199254740992"));
        assert!(is("123456789012345678901234567890", Operator::Less, "123456789012345678901234567891"));
        assert!(is("10e3", Operator::Equal, "10000"));
        assert!(is("1.50", Operator::Equal, "1.5"));
        assert!(is("-0", Operator::Equal, "0"));
        assert!(is("2", Operator::GreaterOrEqual, "1.5"));
    }
}
