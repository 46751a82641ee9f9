//! The usual time fields of a JSON line.
//!
//! - Only fields of the outermost object, in the order of [`NAMES`], not in the order of the line.
//! - One pass over the line; values of other fields are skipped without being built.
//! - A line that breaks off (API Gateway cuts at 1,024 bytes) gives the fields it had until there.
//!
//! Never: reads a time; it hands out texts. Next: `timestamp`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The name that is likeliest to be the event's own time first. `eventTime` is `CloudTrail`'s, `requestTime…` API Gateway's
/// (`requestTimeEpoch` has milliseconds and so comes first), `_time` Splunk's and Axiom's.
const NAMES: [&str; 11] = [
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "eventTime",
    "requestTimeEpoch",
    "requestTime",
    "date",
    "datetime",
    "_time",
    "Timestamp",
];

/// A time is never longer; a longer value is prose.
const LONGEST_VALUE: usize = 64;

/// The value of a usual field.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    /// As written in the line.
    Number(&'a str),
}

/// The values of those usual fields the line has, the likeliest first.
pub(super) fn candidates(line: &[u8]) -> impl Iterator<Item = Value<'_>> {
    let mut found = [None; NAMES.len()];
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    // What was found before an error stays found.
    let _ = deserializer.deserialize_map(Collect(&mut found));
    found.into_iter().flatten().filter_map(value)
}

fn value(raw: &RawValue) -> Option<Value<'_>> {
    let raw = raw.get();
    if raw.len() > LONGEST_VALUE {
        return None;
    }
    match raw.as_bytes().first()? {
        b'"' => {
            let plain = raw.strip_prefix('"')?.strip_suffix('"')?;
            let text = if plain.contains('\\') { Cow::Owned(serde_json::from_str(raw).ok()?) } else { plain.into() };
            Some(Value::Text(text))
        }
        b'0'..=b'9' => Some(Value::Number(raw)),
        _ => None,
    }
}

struct Collect<'f, 'de>(&'f mut [Option<&'de RawValue>; NAMES.len()]);

impl<'de> Visitor<'de> for Collect<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            match key.0 {
                Some(at) => {
                    let value = map.next_value()?;
                    self.0.get_mut(at).ok_or_else(|| A::Error::custom("no such name"))?.get_or_insert(value);
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The position of a key in [`NAMES`].
struct Key(Option<usize>);

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
        Ok(Key(NAMES.iter().position(|name| *name == key)))
    }
}
