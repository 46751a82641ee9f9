//! Names of fields, and paths into their values.

use std::fmt;

/// One name, without its backticks: not empty, without backticks and control characters.
///
/// A leading `@` is part of the name: ``@`aws.tag.x:y` `` is the name `@aws.tag.x:y`. A point is too: `` `a.b` `` is one
/// name, `a.b` is a [`FieldPath`] of two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// The path to a value: `@message`, `a.items.0.id`, `list[0]`, ``map.`special.key` ``.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath {
    /// The field.
    pub head: Name,
    /// The steps into its value.
    pub rest: Vec<Segment>,
}

/// One step into a structured value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// `.name`. Digits are a name, too: `.0` is the name `0`, as in flattened arrays of JSON.
    Name(Name),
    /// `[3]`: an element, from 0.
    Index(u32),
}

/// A name with `*`, which stands for any characters: `cpu*`. Letters, digits, `_`, `@`, `.` and at least one `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wildcard(String);

/// The language cannot write this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotWritable {
    what: &'static str,
}

impl Name {
    /// A name.
    ///
    /// # Errors
    ///
    /// [`NotWritable`] for the empty name, `@` alone, names with a backtick or a control character, and names that end in `\`: the
    /// language has no escapes for them.
    pub fn new(name: impl Into<String>) -> Result<Self, NotWritable> {
        let name = name.into();
        match name.as_str() {
            text if text.trim_start_matches('@').is_empty() => Err(NotWritable::new("an empty name")),
            text if text.ends_with('\\') => Err(NotWritable::new("a name that ends in `\\`")),
            text if text.contains('`') => Err(NotWritable::new("a name with a backtick")),
            text if text.chars().any(char::is_control) => Err(NotWritable::new("a name with a control character")),
            _ => Ok(Self(name)),
        }
    }

    /// The characters, without backticks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldPath {
    /// The path of a field without steps.
    #[must_use]
    pub const fn field(head: Name) -> Self {
        Self { head, rest: Vec::new() }
    }

    /// The name in a flattened event: the steps joined by points, without backticks (`a.items.0.id` for both `a.items.0.id` and
    /// `a.items[0].id`).
    #[must_use]
    pub fn flat_name(&self) -> String {
        let mut flat = self.head.0.clone();
        for segment in &self.rest {
            flat.push('.');
            match segment {
                Segment::Name(name) => flat.push_str(&name.0),
                Segment::Index(index) => flat.push_str(&index.to_string()),
            }
        }
        flat
    }

    /// The path after the first name `first`: `id` for `left.id` and `left`. `None` for another first name, or without a name after it.
    #[must_use]
    pub fn behind(&self, first: &str) -> Option<Self> {
        let (next, rest) = self.rest.split_first().filter(|_| self.head.0 == first)?;
        match next {
            Segment::Name(head) => Some(Self { head: head.clone(), rest: rest.to_vec() }),
            Segment::Index(_) => None,
        }
    }

    /// Whether it is the field with that name, without steps.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.rest.is_empty() && self.head.0 == name
    }
}

impl Wildcard {
    /// A name with `*`.
    ///
    /// # Errors
    ///
    /// [`NotWritable`] without a `*`, or with a character that needs backticks.
    pub fn new(name: impl Into<String>) -> Result<Self, NotWritable> {
        let name = name.into();
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '@' | '.' | '*');
        if !name.contains('*') || !name.chars().all(plain) {
            return Err(NotWritable::new("a wildcard without `*` or with other characters than letters, digits, `_`, `@`, `.`"));
        }
        Ok(Self(name))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NotWritable {
    /// The language cannot write `what`.
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

impl fmt::Display for NotWritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query language cannot write {}", self.what)
    }
}

impl std::error::Error for NotWritable {}

impl TryFrom<&str> for Name {
    type Error = NotWritable;

    fn try_from(name: &str) -> Result<Self, NotWritable> {
        Self::new(name)
    }
}

impl From<Name> for FieldPath {
    fn from(head: Name) -> Self {
        Self::field(head)
    }
}
