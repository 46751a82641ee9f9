//! Numbers as AWS's pages describe them: an integer or a decimal, optionally a sign before it, optionally `e` and an integer
//! after it.
//!
//! `400`, `+1000`, `-1.5`, `10e3`, `10e-3`. `E` is read like `e`. `5.` and `.5` are not numbers there and unlikely to be texts,
//! so they are refused.

use crate::ast::Number;

/// The kind of an unquoted word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    /// A number.
    Number(Number),
    /// Written like a number, but not one: `5.`, `.5`, `1.e3`.
    Malformed,
    /// A number that no 64-bit float can hold: `1e999`, `1e-999`.
    OutOfRange,
    /// Something else.
    NotNumber,
}

/// Reads a whole word as a number.
pub(crate) fn read(word: &str) -> Reading {
    let characters = |character: char| character.is_ascii_digit() || matches!(character, '+' | '-' | '.' | 'e' | 'E');
    // The standard parser reads more than the language has (`inf`, `nan`), and all that it has.
    if !word.chars().all(characters) {
        return Reading::NotNumber;
    }
    let Ok(value) = word.parse::<f64>() else { return Reading::NotNumber };
    if !is_number(word) {
        return Reading::Malformed;
    }
    let is_zero = !mantissa(word).contains(|digit: char| matches!(digit, '1'..='9'));
    if !value.is_finite() || (value == 0.0 && !is_zero) {
        return Reading::OutOfRange;
    }
    Reading::Number(Number { value, text: word.to_owned() })
}

/// Sign, digits, perhaps a point and digits, perhaps `e`, a sign and digits.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|character| character.is_ascii_digit());
    let unsigned = mantissa(word);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// The part before the `e`, without the sign.
fn mantissa(word: &str) -> &str {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    unsigned.split(['e', 'E']).next().unwrap_or_default()
}
