//! References of a query, and whether they can hold the value of a given field.

use crate::ast::{FieldPath, Name, Wildcard};

use super::Uses;
use logmark_diagnostics::Span;

/// A reference of a query to a field, by name or implicitly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The target of the reference.
    pub what: Referent,
    /// The position of the name, or of the command's word when no name is written; empty when neither is written.
    pub span: Span,
    /// Where the value comes from.
    pub origin: Origin,
    /// The uses of the value, directly and through all names that are computed from it.
    pub uses: Uses,
    /// The nesting of the query with the reference: 0 for the query itself, 1 in a `join`, `appendcols` or `in ( … )`.
    pub nesting: usize,
}

/// The target of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referent {
    /// A field.
    Field(FieldPath),
    /// All fields whose names match the wildcard.
    Like(Wildcard),
    /// All fields: the text does not tell which fields the command reads.
    All,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The events.
    Events,
    /// A name that the query defined earlier.
    Query,
    /// Either: the documentation leaves open which of them the name means.
    Either,
    /// A column of a lookup table.
    Table,
}

/// A name that the query defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinedName {
    /// The name.
    pub name: FieldPath,
    /// Where it is defined.
    pub span: Span,
    /// The later uses of the name, directly and through names that are computed from it.
    pub uses: Uses,
    /// As in [`Reference::nesting`].
    pub nesting: usize,
}

impl Origin {
    /// Whether the value can come from the events.
    #[must_use]
    pub const fn is_of_events(self) -> bool {
        match self {
            Self::Events | Self::Either => true,
            Self::Query | Self::Table => false,
        }
    }
}

impl Referent {
    /// Whether the value can be the whole event, or leads to it: `@message`, `@ptr`, all fields.
    #[must_use]
    pub fn is_whole_event(&self) -> bool {
        ["@message", "@ptr"].into_iter().any(|whole| self.may_be(whole))
    }

    /// Whether the value can name an AWS account or its resources: `@log`, `@aws.account`, `@source.log`, `@entity…`.
    #[must_use]
    pub fn names_account(&self) -> bool {
        ["@log", "@aws.account", "@source.log", "@entity"].into_iter().any(|system| self.may_be(system))
    }

    /// Whether the value can be the value of the field, a part of it, or a value that contains it. Names are compared without
    /// case, and in any spelling of their steps. In doubt the answer is yes.
    #[must_use]
    pub fn may_hold(&self, field: &FieldPath) -> bool {
        self.is_whole_event() || self.may_be(&plain(field))
    }

    /// The same for a name in [`plain`] form, without the check for the whole event.
    fn may_be(&self, plain_name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Field(path) => overlap(&plain(path), plain_name),
            Self::Like(wildcard) => {
                let pattern = normal(wildcard.as_str());
                let beginning = pattern.split('*').next().unwrap_or_default();
                plain_name.starts_with(beginning) || is_within(beginning, plain_name)
            }
        }
    }
}

impl DefinedName {
    /// Whether the name can be the name of the field, of a part of it, or of a value that contains it.
    #[must_use]
    pub fn may_be(&self, field: &FieldPath) -> bool {
        overlap(&plain(&self.name), &plain(field))
    }
}

/// A path in the form in which names are compared: the steps joined by points, in lower case. CloudWatch shows a field of the
/// event whose own name begins with `@` with `@@`.
pub(super) fn plain(path: &FieldPath) -> String {
    normal(&path.flat_name())
}

fn normal(name: &str) -> String {
    let name = name.to_lowercase();
    match name.strip_prefix("@@") {
        Some(own) => format!("@{own}"),
        None => name,
    }
}

/// Whether one is the other or a part of it.
fn overlap(left: &str, right: &str) -> bool {
    left == right || is_within(left, right) || is_within(right, left)
}

/// `a.b.c` is within `a.b`.
fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether CloudWatch adds that field to every event. AWS does not document whether a query can redefine its name.
pub(super) fn is_system(plain_name: &str) -> bool {
    const SYSTEM: [&str; 9] =
        ["@message", "@ptr", "@timestamp", "@ingestiontime", "@logstream", "@log", "@aws", "@entity", "@source"];
    SYSTEM.into_iter().any(|system| overlap(plain_name, system))
}

/// The path without its first step, when a name follows it: `a.k` is `k` of `a`.
fn without_head(path: &FieldPath) -> Option<FieldPath> {
    use crate::ast::Segment;
    match path.rest.split_first() {
        Some((Segment::Name(head), rest)) => Some(FieldPath { head: head.clone(), rest: rest.to_vec() }),
        Some((Segment::Index(_), _)) | None => None,
    }
}

/// The path without the name of one side of a `join` (in lower case) at its beginning. The name and the rest may be in one pair
/// of backticks: `` `a.k` `` is the column `a.k`.
pub(super) fn without_side(path: &FieldPath, side: &str) -> Option<FieldPath> {
    if path.head.as_str().to_lowercase() == side
        && let Some(inner) = without_head(path)
    {
        return Some(inner);
    }
    let flat = path.flat_name();
    let as_written = flat.split_at_checked(side.len()).filter(|(name, _)| name.to_lowercase() == side);
    let inner = match as_written.and_then(|(_, rest)| rest.strip_prefix('.')) {
        Some(inner) => inner.to_owned(),
        None => flat.to_lowercase().strip_prefix(side)?.strip_prefix('.')?.to_owned(),
    };
    Name::new(inner).ok().map(FieldPath::field)
}

/// Whether the name could be the text of an expression, which is the name of a column without an alias.
pub(super) fn could_be_text(name: &Name) -> bool {
    !name.as_str().chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '@' | '.'))
}
