//! The tokens of a message of JSON: texts, numbers, and values without wanted fields.

use super::special::special;
use super::{Ended, Quoted, Scan};
use crate::values::number::Number;

impl<'s> Scan<'s, '_> {
    /// Checks a list or map that is nested too deep to have fields, without recursion.
    pub(super) fn skip_structure(&mut self) -> Result<(), Ended> {
        let rest = self.text.get(self.place..).ok_or(Ended::Invalid)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => {
                self.place += values.byte_offset();
                Ok(())
            }
            _ => Err(Ended::Invalid),
        }
    }

    /// A text, from its opening quote to after its closing quote.
    pub(super) fn quoted(&mut self) -> Result<Quoted<'s>, Ended> {
        self.expect(b'"')?;
        let start = self.place;
        let mut is_plain = true;
        loop {
            self.place += special(self.bytes.get(self.place..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_plain = false;
                    self.escape()?;
                }
                _ => return Err(Ended::Invalid),
            }
        }
        let text = self.text.get(start..self.place).ok_or(Ended::Invalid)?;
        self.place += 1;
        let closed = self.text.get(start..self.place).ok_or(Ended::Invalid)?;
        Ok(Quoted { text, closed, is_plain })
    }

    pub(super) fn escape(&mut self) -> Result<(), Ended> {
        let rest = self.bytes.get(self.place + 1..).unwrap_or_default();
        match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.place += 2,
            Some(b'u') if rest.get(1..5).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => self.place += 6,
            _ => return Err(Ended::Invalid),
        }
        Ok(())
    }

    /// A number as written; `None` if no double can hold it.
    pub(super) fn number(&mut self) -> Result<Option<&'s str>, Ended> {
        let start = self.place;
        if self.peek() == Some(b'-') {
            self.place += 1;
        }
        match self.peek() {
            Some(b'0') => self.place += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Ended::Invalid),
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if has_exponent {
            self.place += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.place += 1;
            }
            self.digits()?;
        }
        let written = self.text.get(start..self.place).ok_or(Ended::Invalid)?;
        // Every number of fewer digits fits a double.
        let is_small = !has_exponent && written.len() < 300;
        Ok(if is_small || Number::parse(written).is_some() { Some(written) } else { None })
    }

    /// At least one digit.
    pub(super) fn digits(&mut self) -> Result<(), Ended> {
        let start = self.place;
        while let Some(b'0'..=b'9') = self.peek() {
            self.place += 1;
        }
        if self.place == start { Err(Ended::Invalid) } else { Ok(()) }
    }
}
