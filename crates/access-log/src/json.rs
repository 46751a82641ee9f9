//! JSON lines: objects whose members may be in another order, or formatted differently, than the template.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::sequence::{Match, Place, Sequence};

/// Where values are in an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members {
    values: HashMap<Box<str>, Member>,
    /// Objects and arrays with values inside.
    inner: HashMap<Box<str>, Self>,
}

/// A member with values.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    /// A value.
    Value(usize),
    /// A string of several values and literals.
    Composed(Sequence),
}

/// Why a line is not such an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotJson {
    /// The text ends inside of the object.
    Cut,
    /// Other text, or a value that occurs twice.
    Other,
}

impl Members {
    /// Adds a member at the end of a path.
    pub(crate) fn add(&mut self, path: &[String], member: Member) {
        match path {
            [key] => drop(self.values.insert(key.as_str().into(), member)),
            [key, rest @ ..] => self.inner.entry(key.as_str().into()).or_default().add(rest, member),
            [] => {}
        }
    }

    /// Finds the places of the values in a line.
    pub(crate) fn find(&self, line: &str, places: &mut [Place]) -> Result<(), NotJson> {
        let mut found = 0;
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let object = Object { members: self, line, places, found: &mut found };
        let outcome = object.deserialize(&mut deserializer).and_then(|()| deserializer.end());
        match outcome {
            Ok(()) => Ok(()),
            Err(error) if error.is_eof() && found > 0 => Err(NotJson::Cut),
            Err(_) => Err(NotJson::Other),
        }
    }
}

struct Object<'m, 'l, 'p> {
    members: &'m Members,
    line: &'l str,
    places: &'p mut [Place],
    /// How many values were found.
    found: &'p mut usize,
}

impl<'l> Object<'_, 'l, '_> {
    /// Takes the value of a member.
    fn take(&mut self, member: &Member, raw: &'l str) -> Result<(), &'static str> {
        // A raw value is a part of the line.
        let start = (raw.as_ptr() as usize).wrapping_sub(self.line.as_ptr() as usize);
        let is_text = raw.starts_with('"');
        let place = if is_text { (start + 1, start + raw.len() - 1) } else { (start, start + raw.len()) };
        *self.found += 1;
        match member {
            Member::Value(slot) => {
                let entry = self.places.get_mut(*slot).ok_or("no such value")?;
                if entry.replace(place).is_some() {
                    return Err("a value that occurs twice");
                }
                if raw == "null" {
                    *entry = None;
                }
            }
            Member::Composed(sequence) => self.compose(sequence, place)?,
        }
        Ok(())
    }

    /// Splits a string of several values. One of another form has none of them.
    fn compose(&mut self, sequence: &Sequence, (start, end): (usize, usize)) -> Result<(), &'static str> {
        let text = self.line.get(start..end).ok_or("no text")?;
        let mut inner = vec![None; self.places.len()];
        if sequence.find(text, &mut inner) != Match::Full {
            return Ok(());
        }
        for (entry, place) in self.places.iter_mut().zip(inner) {
            if let Some((from, to)) = place
                && entry.replace((start + from, start + to)).is_some()
            {
                return Err("a value that occurs twice");
            }
        }
        Ok(())
    }

    fn inside<'s>(&'s mut self, members: &'s Members) -> Object<'s, 'l, 's> {
        Object { members, line: self.line, places: self.places, found: self.found }
    }
}

impl<'l> DeserializeSeed<'l> for Object<'_, 'l, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'l>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'l> Visitor<'l> for Object<'_, 'l, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'l>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'l, str>>()? {
            let members = self.members;
            if let Some(member) = members.values.get(&*key) {
                self.take(member, map.next_value::<&'l RawValue>()?.get()).map_err(A::Error::custom)?;
            } else if let Some(inner) = members.inner.get(&*key) {
                map.next_value_seed(self.inside(inner))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'l>>(mut self, mut elements: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let (members, key) = (self.members, index.to_string());
            let more = if let Some(member) = members.values.get(key.as_str()) {
                match elements.next_element::<&'l RawValue>()? {
                    Some(raw) => self.take(member, raw.get()).map(|()| true).map_err(A::Error::custom)?,
                    None => false,
                }
            } else if let Some(inner) = members.inner.get(key.as_str()) {
                elements.next_element_seed(self.inside(inner))?.is_some()
            } else {
                elements.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}
