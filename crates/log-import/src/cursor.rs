//! A position in bytes, for parsing times.
//!
//! INVARIANT: a method that returns `None` or `false` does not move the position.

#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes consumed.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Skips bytes that are known to exist.
    pub(crate) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    pub(crate) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn eat_any(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    pub(crate) fn eat_all(&mut self, wanted: &[u8]) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    /// Skips at most `most` blanks, and returns how many.
    pub(crate) fn blanks(&mut self, most: usize) -> usize {
        let count = self.rest().iter().take(most).take_while(|byte| **byte == b' ').count();
        self.at += count;
        count
    }

    /// The number of digits at the position.
    pub(crate) fn digit_run(&self) -> usize {
        self.rest().iter().take(32).take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Reads all digits at the position, if their number is within the bounds (at most 18).
    pub(crate) fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let run = self.digit_run();
        if run < least || run > most {
            return None;
        }
        self.take_digits(run)
    }

    /// Reads exactly `count` digits (at most 18); more may follow.
    pub(crate) fn take_digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.rest().get(..count)?;
        let value = number(digits)?;
        self.at += count;
        Some(value)
    }

    /// Reads one or two digits as a small number.
    pub(crate) fn small(&mut self) -> Option<i8> {
        self.digits(1, 2).and_then(|value| i8::try_from(value).ok())
    }

    /// Reads exactly two digits; more may follow.
    pub(crate) fn two(&mut self) -> Option<i8> {
        self.take_digits(2).and_then(|value| i8::try_from(value).ok())
    }

    /// Reads the letters at the position, including non-ASCII ones.
    pub(crate) fn word(&self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().take(24).take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
        &rest[..length]
    }

    /// Whether no letter or digit is at the position.
    pub(crate) fn is_word_end(&self) -> bool {
        self.peek().is_none_or(|byte| !byte.is_ascii_alphanumeric())
    }
}

/// The value of at most 18 digits.
pub(crate) fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| value * 10 + i64::from(digit))
    })
}
