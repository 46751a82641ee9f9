//! The fields that are discovered in a message of JSON.
//!
//! Owns their names, their values and their limits; never parses other logs ([`super::log_fields`] does). Rules are from the AWS
//! User Guide, page *Supported logs and discovered fields*:
//! - dot notation; arrays are flattened, the index a part of the name: `items.0.id`;
//! - at most [`MOST_FIELDS`] of an event; a text that holds JSON is one value;
//! - a name that begins with `@` gets another `@`.
//!
//! Where the page is silent: the message must be one object, with white space around it allowed; `null`, `{}` and `[]` do not
//! give fields; a name that occurs twice counts twice and has the later value; names of more than [`LONGEST_NAME`] bytes and
//! values nested deeper than [`DEEPEST`] are left out.

use std::fmt::Write;
use std::ops::ControlFlow;

use serde::de::IgnoredAny;

use super::json::DEEPEST;
use super::json_tokens::{Token, Tokens};
use super::value::Value;

/// Most fields of one event.
pub const MOST_FIELDS: usize = 200;

/// Longest name of a field, in bytes: each field has its whole path as its name, so a long key would be repeated for every leaf.
pub const LONGEST_NAME: usize = 1_024;

/// Shows each field of a message to `visit`, in the order they are written, until it breaks or there are no more.
///
/// Names and texts are borrowed. A message that is not a JSON object has no fields.
///
/// ```
/// use std::ops::ControlFlow;
/// use logmark_engine::values::fields::{self, Leaf};
///
/// let mut found = Vec::new();
/// fields::discover(r#"{"@id": 7, "user": {"tags": ["a", {"b": true}], "none": null}}"#, |name, leaf| {
///     found.push(format!("{name}={leaf:?}"));
///     ControlFlow::Continue(())
/// });
/// assert_eq!(found, ["@@id=Integer(7)", r#"user.tags.0=Text("a")"#, "user.tags.1.b=Boolean(true)"]);
/// ```
pub fn discover(message: &str, visit: impl FnMut(&str, Leaf<'_>) -> ControlFlow<()>) {
    if !message.trim_start().starts_with('{') {
        return;
    }
    let Some(tokens) = Tokens::of(message) else { return };
    let mut walk = Walk { name: String::new(), levels: Vec::new(), left: MOST_FIELDS, visit };
    // Callers know whether their visitor ended early.
    let _ended = walk.run(tokens);
}

/// The fields as a list, in the order they are written; a name that occurs twice has its last value.
///
/// ```
/// use logmark_engine::values::{fields, value::Value};
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

/// One field by its name, as [`all`] gives it; `None` if the event has no such field.
///
/// ```
/// use logmark_engine::values::{fields, value::Value};
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

/// The first JSON object in a message of Lambda, whose lines begin with a time and a request ("only for the first embedded JSON
/// fragment in each log event"); `None` if the message has no such object.
///
/// ```
/// assert_eq!(logmark_engine::values::fields::embedded("INFO {\"a\": 1} {\"b\": 2}\n"), Some("{\"a\": 1}"));
/// ```
#[must_use]
pub fn embedded(message: &str) -> Option<&str> {
    // Each attempt may read to the end of the message.
    const TRIES: usize = 8;
    let begins = message.match_indices('{').take(TRIES).map(|(place, _)| &message[place..]);
    begins.into_iter().find_map(|rest| {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        let valid = values.next().is_some_and(|value| value.is_ok());
        valid.then(|| &rest[..values.byte_offset()])
    })
}

/// The value of a field, borrowed.
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

/// A map or a list that contains the current position.
struct Level {
    /// The length of its own name.
    name: usize,
    /// For a list, the index of its next item.
    index: Option<usize>,
}

/// The current position in one message.
struct Walk<F> {
    /// The name of the current field, extended on entering a map or list and cut on leaving it.
    name: String,
    levels: Vec<Level>,
    left: usize,
    visit: F,
}

impl<F: FnMut(&str, Leaf<'_>) -> ControlFlow<()>> Walk<F> {
    fn run(&mut self, tokens: Tokens<'_>) -> ControlFlow<()> {
        // How many of the open maps and lists are nested too deep to be read.
        let mut beyond = 0_usize;
        for token in tokens {
            match token {
                Token::MapBegins | Token::ListBegins if self.levels.len() == DEEPEST => beyond += 1,
                Token::MapEnds | Token::ListEnds if beyond > 0 => beyond -= 1,
                _ if beyond > 0 => {}
                token => self.step(token)?,
            }
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, token: Token<'_>) -> ControlFlow<()> {
        let leaf = match &token {
            Token::Key(key) => {
                self.key(key);
                return ControlFlow::Continue(());
            }
            Token::MapEnds | Token::ListEnds => {
                self.levels.pop();
                return ControlFlow::Continue(());
            }
            Token::MapBegins | Token::ListBegins | Token::Null => None,
            Token::Boolean(truth) => Some(Leaf::Boolean(*truth)),
            Token::Integer(number) => Some(Leaf::Integer(*number)),
            Token::Double(number) => Some(Leaf::Double(*number)),
            Token::Text(text) => Some(Leaf::Text(text)),
        };
        self.item();
        let opened = match token {
            Token::MapBegins => Some(None),
            Token::ListBegins => Some(Some(0)),
            _ => None,
        };
        self.levels.extend(opened.map(|index| Level { name: self.name.len(), index }));
        match leaf {
            Some(leaf) => self.show(leaf),
            None => ControlFlow::Continue(()),
        }
    }

    /// The name of a map's next value.
    fn key(&mut self, key: &str) {
        let Some(level) = self.levels.last() else { return };
        self.name.truncate(level.name);
        let root = self.levels.len() == 1;
        match (root, key.starts_with('@')) {
            (true, true) => self.name.push('@'),
            (true, false) => {}
            (false, _) => self.name.push('.'),
        }
        self.name.push_str(key);
    }

    /// The name of a list's next item.
    fn item(&mut self) {
        let Some(Level { name, index: Some(index) }) = self.levels.last_mut() else { return };
        self.name.truncate(*name);
        // Writing to a text cannot fail.
        let _written = write!(self.name, ".{index}");
        *index += 1;
    }

    fn show(&mut self, leaf: Leaf<'_>) -> ControlFlow<()> {
        if self.name.len() > LONGEST_NAME {
            return ControlFlow::Continue(());
        }
        self.left -= 1;
        (self.visit)(&self.name, leaf)?;
        if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
