//! The fields that are discovered in a message of JSON.
//!
//! Owns their names, their values and their limits; never parses other logs ([`super::log_fields`] does). Rules are those
//! of the AWS User Guide, page *Supported logs and discovered fields*:
//! - dot notation; arrays are flattened, the index a part of the name: `items.0.id`;
//! - at most [`MOST_FIELDS`] of an event; a text that holds JSON is one value;
//! - a name that begins with `@` gets another one.
//!
//! Where it is silent: the message must be one object (white space around it apart); `null`, `{}` and `[]` are no fields,
//! as a field without a value is a missing one; a name that comes twice counts twice and the later value is the field's;
//! names of more than [`LONGEST_NAME`] bytes are left out.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::ops::ControlFlow;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::value::Value;

/// Most fields of one event.
pub const MOST_FIELDS: usize = 200;

/// Longest name of a field, in bytes: each field carries its whole way, and a long key would be repeated for every leaf.
pub const LONGEST_NAME: usize = 1_024;

/// Shows each field of a message to `visit`, in the order they are written, until it breaks or there are no more.
///
/// Nothing is built: the name and the text are lent. A message that is no JSON object shows nothing.
///
/// ```
/// use std::ops::ControlFlow;
/// use logmark_insights::values::fields::{self, Leaf};
///
/// let mut found = Vec::new();
/// fields::discover(r#"{"@id": 7, "user": {"tags": ["a", {"b": true}], "none": null}}"#, |name, leaf| {
///     found.push(format!("{name}={leaf:?}"));
///     ControlFlow::Continue(())
/// });
/// assert_eq!(found, ["@@id=Integer(7)", r#"user.tags.0=Text("a")"#, "user.tags.1.b=Boolean(true)"]);
/// ```
pub fn discover(message: &str, visit: impl FnMut(&str, Leaf<'_>) -> ControlFlow<()>) {
    // A fault at the end must not leave the fields before it: the message is read once to see that it is JSON.
    if !message.trim_start().starts_with('{') || serde_json::from_str::<IgnoredAny>(message).is_err() {
        return;
    }
    let mut walk = Walk { name: String::new(), left: MOST_FIELDS, visit, ended: Cell::new(false) };
    let mut reader = serde_json::Deserializer::from_str(message);
    // The only fault left is that the walk ended early.
    let _ended = Node { walk: &mut walk, root: true }.deserialize(&mut reader);
}

/// The fields as a list, in the order they are written; of a name that comes twice the last value.
///
/// ```
/// use logmark_insights::values::{fields, value::Value};
/// assert_eq!(fields::all(r#"{"a": {"b": 1}, "a.b": 2}"#), [("a.b".to_owned(), Value::Integer(2))]);
/// ```
#[must_use]
pub fn all(message: &str) -> Vec<(String, Value)> {
    let mut fields: Vec<(String, Value)> = Vec::new();
    discover(message, |name, leaf| {
        // At most 200, so that looking through them is cheap.
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some(field) => field.1 = leaf.into(),
            None => fields.push((name.to_owned(), leaf.into())),
        }
        ControlFlow::Continue(())
    });
    fields
}

/// One field by its name, as [`all`] would give it; `None` when there is none.
///
/// ```
/// use logmark_insights::values::{fields, value::Value};
/// assert_eq!(fields::find(r#"{"items": [{"id": "i-7"}]}"#, "items.0.id"), Some(Value::Text("i-7".into())));
/// ```
#[must_use]
pub fn find(message: &str, name: &str) -> Option<Value> {
    let mut found = None;
    discover(message, |each, leaf| {
        if each == name {
            found = Some(leaf.into());
        }
        ControlFlow::Continue(())
    });
    found
}

/// The first object of JSON in a message of Lambda, whose lines begin with a time and a request ("only for the first
/// embedded JSON fragment in each log event"); `None` when there is none.
///
/// ```
/// assert_eq!(logmark_insights::values::fields::embedded("INFO {\"a\": 1} {\"b\": 2}\n"), Some("{\"a\": 1}"));
/// ```
#[must_use]
pub fn embedded(message: &str) -> Option<&str> {
    // Each try may read to the end.
    const TRIES: usize = 8;
    let begins = message.match_indices('{').take(TRIES).map(|(place, _)| &message[place..]);
    begins.into_iter().find_map(|rest| {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let valid = values.next().is_some_and(|value| value.is_ok());
        valid.then(|| &rest[..values.byte_offset()])
    })
}

/// The value of a field, lent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leaf<'t> {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number that fits.
    Integer(i64),
    /// Any other number.
    Double(f64),
    /// A text.
    Text(&'t str),
}

impl From<Leaf<'_>> for Value {
    fn from(leaf: Leaf<'_>) -> Self {
        match leaf {
            Leaf::Boolean(truth) => Self::Boolean(truth),
            Leaf::Integer(number) => Self::Integer(number),
            Leaf::Double(number) => Self::Double(number),
            Leaf::Text(text) => Self::Text(text.to_owned()),
        }
    }
}

/// The way through one message.
struct Walk<F> {
    /// The name of the place, extended and cut as the way goes down and up.
    name: String,
    left: usize,
    visit: F,
    ended: Cell<bool>,
}

impl<F: FnMut(&str, Leaf<'_>) -> ControlFlow<()>> Walk<F> {
    fn show<E: Error>(&mut self, leaf: Leaf<'_>) -> Result<(), E> {
        if self.name.len() > LONGEST_NAME {
            return Ok(());
        }
        self.left -= 1;
        if (self.visit)(&self.name, leaf).is_break() || self.left == 0 {
            self.ended.set(true);
            return Err(E::custom("ended"));
        }
        Ok(())
    }

    /// Goes one part down, does what is to be done there, and comes back.
    fn within<R>(&mut self, root: bool, part: impl fmt::Display, down: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.name.len();
        let dot = if root { "" } else { "." };
        // Writing to a text cannot fail.
        let _written = write!(self.name, "{dot}{part}");
        let result = down(self);
        self.name.truncate(length);
        result
    }
}

/// What stands at the place of the walk.
struct Node<'w, F> {
    walk: &'w mut Walk<F>,
    root: bool,
}

impl<'de, F: FnMut(&str, Leaf<'_>) -> ControlFlow<()>> DeserializeSeed<'de> for Node<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&str, Leaf<'_>) -> ControlFlow<()>> Visitor<'de> for Node<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.walk.show(Leaf::Boolean(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.walk.show(Leaf::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.walk.show(match super::json::unsigned(number) {
            Value::Integer(number) => Leaf::Integer(number),
            Value::Double(number) => Leaf::Double(number),
            _ => return Ok(()),
        })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.walk.show(Leaf::Double(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.show(Leaf::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        loop {
            let next = self.walk.within(false, index, |walk| items.next_element_seed(Node { walk, root: false }))?;
            if next.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<std::borrow::Cow<'de, str>>()? {
            let mark = if self.root && key.starts_with('@') { "@" } else { "" };
            let part = format_args!("{mark}{key}").to_string();
            self.walk.within(self.root, part, |walk| entries.next_value_seed(Node { walk, root: false }))?;
        }
        Ok(())
    }
}
