//! The values of one line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use smallvec::SmallVec;

use crate::field::Field;
use crate::layout::{Encoding, Layout, RequestPart, Source};
use crate::sequence::Place;
use crate::{time, xml};

/// The text that API Gateway and web servers write for a missing value.
pub const MISSING: &str = "-";

/// The places of values; most formats have few.
pub(crate) type Places = SmallVec<[Place; 16]>;

/// The values of an access line, borrowed from it. A value that the line does not have, or has as `-`, is missing.
#[derive(Clone)]
pub struct Record<'f, 'l> {
    pub(crate) layout: &'f Layout,
    pub(crate) line: &'l str,
    pub(crate) places: Places,
    /// Whether the values of strings may have JSON escapes.
    pub(crate) is_json: bool,
    pub(crate) is_repaired: bool,
}

impl<'l> Record<'_, 'l> {
    /// The text of a field as the line has it; escapes of JSON are resolved, percent-encoding is not.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Cow<'l, str>> {
        match self.layout.source(field)? {
            Source::Slot(slot) => self.value(slot),
            Source::Request(slot, part) => self.request(slot, part).map(Cow::Borrowed),
            Source::Peer(slot) => self.raw(slot).and_then(peer).map(Cow::Borrowed),
            Source::Millis(slot) => self.millis(slot).map(|millis| Cow::Owned(shown(millis))),
            Source::MillisSum(slots) => self.sum(slots).map(|millis| Cow::Owned(shown(millis))),
            Source::DateAndTime(date, time) => Some(Cow::Owned(format!("{} {}", self.raw(date)?, self.raw(time)?))),
            Source::Percent(slot) => self.raw(slot).map(percent_decoded),
        }
    }

    /// The text of a field without percent-encoding and without the backslashes of quoted values.
    #[must_use]
    pub fn decoded(&self, field: Field) -> Option<Cow<'l, str>> {
        let text = self.text(field)?;
        let is_quoted = match self.layout.source(field)? {
            Source::Slot(slot) => self.layout.slots.get(slot)?.encoding == Encoding::Quoted,
            Source::Request(..) => true,
            _ => false,
        };
        let text = if is_quoted { unescaped(text) } else { text };
        Some(match percent_decode_str(&text).decode_utf8_lossy() {
            Cow::Borrowed(_) => text,
            Cow::Owned(decoded) => Cow::Owned(decoded),
        })
    }

    /// The number of a field.
    #[must_use]
    pub fn number(&self, field: Field) -> Option<f64> {
        match self.layout.source(field)? {
            Source::Millis(slot) => self.millis(slot),
            Source::MillisSum(slots) => self.sum(slots),
            _ => self.text(field)?.parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }

    /// The whole number of a field.
    #[must_use]
    pub fn integer(&self, field: Field) -> Option<i64> {
        self.text(field)?.parse().ok()
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.text(Field::Status)?.parse().ok()
    }

    /// The time of the request, in milliseconds since 1970; `None` if the line has none that can be read.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        let exact = self.text(Field::RequestTimeEpoch).and_then(|text| time::epoch(&text));
        exact.or_else(|| match self.layout.source(Field::RequestTime)? {
            Source::DateAndTime(date, time) => time::iso(self.raw(date)?, self.raw(time)?),
            _ => {
                let text = self.text(Field::RequestTime)?;
                time::clf(&text).or_else(|| time::iso(text.get(..10)?, text.get(11..)?.trim_end_matches('Z')))
            }
        })
    }

    /// The value of a variable by its name without `$context.`, such as a claim.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<Cow<'l, str>> {
        self.value(self.layout.slot_of(name)?)
    }

    /// Whether the line is not the JSON that its template promises (a quote without an escape, a missing value without quotes), and
    /// was read by the places of the template's literals.
    #[must_use]
    pub fn is_repaired(&self) -> bool {
        self.is_repaired
    }

    /// All fields that the line has.
    #[must_use]
    pub fn values(&self) -> Values {
        let fields = self.layout.fields().filter_map(|field| Some((field, self.text(field)?.into_owned())));
        Values { fields: fields.collect(), variables: self.own_variables().collect() }
    }

    /// Variables that fill no field.
    fn own_variables(&self) -> impl Iterator<Item = (String, String)> {
        let slots = self.layout.slots.iter().enumerate().filter(|(_, slot)| slot.variable.field().is_none());
        slots.filter_map(|(number, slot)| Some((slot.variable.name().to_owned(), self.value(number)?.into_owned())))
    }

    /// The text between the literals of the line.
    fn raw(&self, slot: usize) -> Option<&'l str> {
        let (start, end) = self.places.get(slot).copied().flatten()?;
        let text = self.line.get(start..end)?;
        // API Gateway writes the quotes of some values itself.
        let is_quoted = self.layout.slots.get(slot).is_some_and(|slot| slot.variable.is_quoted());
        let inner = || text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let text = if is_quoted { inner().unwrap_or(text) } else { text };
        Some(text).filter(|text| *text != MISSING)
    }

    fn value(&self, slot: usize) -> Option<Cow<'l, str>> {
        let raw = self.raw(slot)?;
        if self.layout.slots.get(slot).is_some_and(|slot| slot.encoding == Encoding::Xml) {
            return Some(xml::unescaped(raw));
        }
        if !self.is_json || memchr::memchr(b'\\', raw.as_bytes()).is_none() {
            return Some(Cow::Borrowed(raw));
        }
        // A line that is not JSON may have backslashes that escape nothing.
        json_text(raw).or(Some(Cow::Borrowed(raw))).filter(|text| *text != MISSING)
    }

    /// A part of a request line. A line that is not a request has none.
    fn request(&self, slot: usize, part: RequestPart) -> Option<&'l str> {
        let (method, rest) = self.raw(slot)?.split_once(' ')?;
        let (path, protocol) = rest.rsplit_once(' ')?;
        let is_request =
            !path.is_empty() && !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let is_protocol = protocol
            .strip_prefix("HTTP/")
            .is_some_and(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
        (is_request && is_protocol).then_some(match part {
            RequestPart::Method => method,
            RequestPart::Path => path,
            RequestPart::Protocol => protocol,
        })
    }

    /// Seconds in milliseconds; `None` for a negative number.
    fn millis(&self, slot: usize) -> Option<f64> {
        self.raw(slot)?.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds * 1000.0)
    }

    fn sum(&self, slots: [usize; 3]) -> Option<f64> {
        slots.iter().try_fold(0.0, |sum, slot| Some(sum + self.millis(*slot)?))
    }
}

impl fmt::Debug for Record<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.layout.fields().filter_map(|field| Some((field.name(), self.text(field)?)));
        f.debug_map().entries(fields).finish()
    }
}

/// The values of a record that is built or compared: fields, and variables with names of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Values of canonical fields.
    pub fields: BTreeMap<Field, String>,
    /// Values of other variables, by name.
    pub variables: BTreeMap<String, String>,
}

impl Values {
    /// The values with one more field.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<String>) -> Self {
        self.fields.insert(field, value.into());
        self
    }
}

/// `address:port` without the port; an IPv6 address loses its brackets.
fn peer(text: &str) -> Option<&str> {
    let (address, _) = text.rsplit_once(':')?;
    Some(address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address))
}

/// Milliseconds with at most three decimals.
fn shown(millis: f64) -> String {
    let text = format!("{millis:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// The text of the inside of a JSON string.
fn json_text(raw: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<String>(&format!("\"{raw}\"")).ok().map(Cow::Owned)
}

/// A quoted value without its backslashes; other escapes than `\"` and `\\` stay.
fn unescaped(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('"' | '\\')) => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    Cow::Owned(plain)
}
