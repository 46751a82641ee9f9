//! Conditions on the fields of a space-delimited message.
//!
//! Owns how a message is cut into fields and which field of the message each field of the pattern is.

use memchr::memmem::Finder;

use super::error::CompileError;
use super::formula::Formula;
use super::needles::Needles;
use super::value::{Scalar, ValueTest};
use crate::ast::{Condition, Field, FieldTest, Fields, NamedField};

/// With at most this many fields after `...` a message is split into fields once, otherwise twice.
const LAST: usize = 16;

/// A compiled space-delimited pattern.
#[derive(Debug)]
pub(super) struct Delimited {
    needles: Needles,
    /// The fields before `...`, or all of them.
    head: Vec<FieldPattern>,
    /// The fields after `...`, if the pattern has one.
    tail: Option<Vec<FieldPattern>>,
}

/// The name and the condition of one field of the pattern.
#[derive(Debug, Default)]
struct FieldPattern {
    name: Option<String>,
    condition: Option<(Formula, Vec<ValueTest>)>,
}

impl Delimited {
    pub(super) fn new(pattern: &Fields) -> Result<Self, CompileError> {
        let (mut head, mut tail) = (Vec::new(), None);
        for field in &pattern.fields {
            match field {
                Field::Ellipsis(_) if tail.is_some() => return Err(CompileError::SeveralEllipses),
                Field::Ellipsis(_) => tail = Some(Vec::new()),
                field => tail.as_mut().unwrap_or(&mut head).push(FieldPattern::new(field)?),
            }
        }
        if pattern.fields.is_empty() {
            // AWS's API reference matches `[]` with every event (TestMetricFilter, the third example).
            tail = Some(Vec::new());
        }
        Ok(Self { needles: Needles::of_fields(pattern.fields.iter().filter_map(condition)), head, tail })
    }

    /// Characters that occur in each matching message; empty if none are known.
    pub(super) fn needles(&self) -> Vec<&Finder<'static>> {
        self.needles.certain()
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let mut allows = |_, pattern: Option<&FieldPattern>, text: &str| pattern.is_none_or(|pattern| pattern.allows(text));
        if !self.needles.may_match(message) {
            return false;
        }
        match &self.tail {
            // When nothing follows `...`, its fields need not be read.
            Some(tail) if tail.is_empty() => Self::assign_head(&self.head, message, &mut allows).is_some(),
            Some(tail) if tail.len() <= LAST => {
                Self::assign_head(&self.head, message, &mut allows).is_some_and(|split| allow_last(tail, split))
            }
            _ => self.assign(message, allows),
        }
    }

    /// The message's fields with their names; without one, `$` and the field's number from 1.
    pub(super) fn extract<'a>(&'a self, message: &'a str, mut take: impl FnMut(Option<&'a str>, usize, &'a str)) {
        self.assign(message, |number, pattern, text| {
            take(pattern.and_then(|pattern| pattern.name.as_deref()), number, text);
            true
        });
    }

    /// Calls `take` with each field of the message, its number from 1, and its entry in the pattern, if any, until it returns
    /// false. Returns false then, and when the message has too few fields.
    fn assign<'a>(&'a self, message: &'a str, mut take: impl FnMut(usize, Option<&'a FieldPattern>, &'a str) -> bool) -> bool {
        let before = self.head.len();
        let Some(tail) = &self.tail else {
            // Without `...` the last field is the rest of the message.
            let Some((last, others)) = self.head.split_last() else { return true };
            let rest = Self::assign_head(others, message, &mut take).and_then(Split::rest);
            return rest.is_some_and(|rest| take(before, Some(last), rest));
        };
        let Some(split) = Self::assign_head(&self.head, message, &mut take) else { return false };
        let Some(between) = split.clone().count().checked_sub(tail.len()) else { return false };
        let patterns = std::iter::repeat_n(None, between).chain(tail.iter().map(Some));
        split.zip(patterns).enumerate().all(|(index, (text, pattern))| take(before + index + 1, pattern, text))
    }

    /// The same for the first fields of the message. Returns the rest of the message, or `None` for false.
    fn assign_head<'a>(
        head: &'a [FieldPattern],
        message: &'a str,
        take: &mut impl FnMut(usize, Option<&'a FieldPattern>, &'a str) -> bool,
    ) -> Option<Split<'a>> {
        let mut split = Split::new(message);
        let taken = head.iter().enumerate().all(|(index, pattern)| {
            let text = split.next();
            text.is_some_and(|text| take(index + 1, Some(pattern), text))
        });
        taken.then_some(split)
    }
}

/// Whether the last fields satisfy the conditions. Keeps the last fields while the message is split once.
fn allow_last(tail: &[FieldPattern], split: Split<'_>) -> bool {
    let mut last = [""; LAST];
    let (mut next, mut count) = (0, 0);
    for text in split {
        if let Some(slot) = last.get_mut(next) {
            *slot = text;
        }
        next = if next + 1 == tail.len() { 0 } else { next + 1 };
        count += 1;
    }
    // The slot that would be written next holds the oldest field.
    let kept = last.iter().take(tail.len()).cycle().skip(next);
    count >= tail.len() && tail.iter().zip(kept).all(|(pattern, text)| pattern.allows(text))
}

fn condition(field: &Field) -> Option<&Condition<FieldTest>> {
    match field {
        Field::Named(NamedField { condition, .. }) => condition.as_ref(),
        Field::Ellipsis(_) | Field::Empty(_) => None,
    }
}

impl FieldPattern {
    fn new(field: &Field) -> Result<Self, CompileError> {
        let Field::Named(NamedField { name, .. }) = field else { return Ok(Self::default()) };
        let name = Some(name.node.clone());
        let Some(condition) = condition(field) else { return Ok(Self { name, condition: None }) };
        let mut tests = Vec::new();
        let formula = Formula::new(condition, &mut |test: &FieldTest| {
            tests.push(ValueTest::of_comparison(&test.comparison)?);
            Ok(tests.len() - 1)
        })?;
        Ok(Self { name, condition: Some((formula, tests)) })
    }

    fn allows(&self, text: &str) -> bool {
        let Some((formula, tests)) = &self.condition else { return true };
        formula.holds(&|number| tests.get(number).is_some_and(|test| test.holds(Scalar::Text(text))))
    }
}

/// The fields of a message, from first to last.
///
/// Any number of blanks (spaces, tabs, line ends) separates fields. A field that begins with `[` or `"` ends at the next `]` or
/// `"`, with any blanks between. If a blank or the end of the message follows, the delimiters are not part of the field.
#[derive(Debug, Clone)]
struct Split<'a> {
    text: &'a str,
    position: usize,
    /// The character does not occur in the rest, so that it is not searched again and splitting takes linear time.
    no_bracket: bool,
    no_quote: bool,
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The position of the next blank, or the end. Reads eight bytes at a time: fields are short, so a search with a higher fixed
/// cost would be slower.
fn next_blank(bytes: &[u8], mut position: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    while let Some(word) = bytes.get(position..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        // Bytes below `!` have their high bits marked, blanks among them; the lowest mark is exact.
        let marks = word.wrapping_sub(ONES * 0x21) & !word & (ONES * 0x80);
        if marks == 0 {
            position += 8;
            continue;
        }
        position += usize::try_from(marks.trailing_zeros() / 8).unwrap_or_default();
        if bytes.get(position).copied().is_some_and(is_blank) {
            return position;
        }
        position += 1;
    }
    let rest = bytes.get(position..).unwrap_or_default();
    rest.iter().position(|byte| is_blank(*byte)).map_or(bytes.len(), |length| position + length)
}

impl<'a> Split<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, position: 0, no_bracket: false, no_quote: false }
    }

    /// The rest, from the next field to the last, as written, or a single field without its delimiters; `None` when no field
    /// follows.
    fn rest(mut self) -> Option<&'a str> {
        self.blanks();
        let rest = self.text.get(self.position..)?.trim_end_matches(|character| u8::try_from(character).is_ok_and(is_blank));
        let first = self.next()?;
        self.blanks();
        Some(if self.position == self.text.len() { first } else { rest })
    }

    fn blanks(&mut self) {
        while self.text.as_bytes().get(self.position).copied().is_some_and(is_blank) {
            self.position += 1;
        }
    }

    /// The position of the delimiter that closes the group that begins here.
    fn close(&mut self, open: u8) -> Option<usize> {
        let (close, absent) = match open {
            b'[' => (b']', &mut self.no_bracket),
            b'"' => (b'"', &mut self.no_quote),
            _ => return None,
        };
        if *absent {
            return None;
        }
        let found = memchr::memchr(close, self.text.as_bytes().get(self.position + 1..)?);
        *absent = found.is_none();
        Some(self.position + 1 + found?)
    }
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.blanks();
        let bytes = self.text.as_bytes();
        let start = self.position;
        let close = self.close(*bytes.get(start)?);
        self.position = next_blank(bytes, close.map_or(start, |close| close + 1));
        match close {
            Some(close) if close + 1 == self.position => self.text.get(start + 1..close),
            _ => self.text.get(start..self.position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Split;

    #[test]
    fn a_message_is_cut_at_blanks_but_not_within_brackets_and_quotes() {
        for (message, fields) in [
            ("", vec![]),
            (" \t\r\n", vec![]),
            ("a b\tc\nd", vec!["a", "b", "c", "d"]),
            ("  a   b  ", vec!["a", "b"]),
            (
                r#"1.2.3.4 - [10/Oct/2000:13:25:15 -0700] "GET / HTTP/1.0" 200"#,
                vec!["1.2.3.4", "-", "10/Oct/2000:13:25:15 -0700", "GET / HTTP/1.0", "200"],
            ),
            (r#""" [] x"#, vec!["", "", "x"]),
            ("[a b]c d", vec!["[a b]c", "d"]),
            ("[ERROR]: it failed", vec!["[ERROR]:", "it", "failed"]),
            (r#"key="a b" c"#, vec![r#"key="a"#, r#"b""#, "c"]),
            ("[a b", vec!["[a", "b"]),
            (r#""a b"#, vec![r#""a"#, "b"]),
            ("[a [b] c", vec!["a [b", "c"]),
            ("é [ü ö]", vec!["é", "ü ö"]),
        ] {
            assert_eq!(Split::new(message).collect::<Vec<_>>(), fields, "{message:?}");
        }
    }

    #[test]
    fn the_rest_is_as_written_unless_it_is_one_field() {
        for (message, rest) in
            [("a b  c ", Some("b  c")), ("a [b c]\n", Some("b c")), ("a [b c] d", Some("[b c] d")), ("a", None), ("a  ", None)]
        {
            let mut split = Split::new(message);
            assert_eq!(split.next(), Some("a"));
            assert_eq!(split.rest(), rest, "{message:?}");
        }
    }
}
