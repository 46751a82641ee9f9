//! The `$context` variables that API Gateway can write to access logs.

use crate::field::{Field, Kind};

/// What begins a variable in a template.
pub(crate) const PREFIX: &str = "$context.";

/// Variables with names of their own behind these prefixes: claims, values of authorizers, headers, client certificates.
const OPEN: [&str; 5] = [
    "authorizer.",
    "requestOverride.header.",
    "requestOverride.path.",
    "requestOverride.querystring.",
    "responseOverride.header.",
];

/// A variable of a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable {
    name: Box<str>,
}

impl Variable {
    /// A variable of API Gateway; its name is without `$context.`.
    ///
    /// # Errors
    /// If API Gateway has no such variable: the most similar one, if there is one.
    pub fn new(name: &str) -> Result<Self, Option<&'static str>> {
        let is_open = OPEN.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(is_property));
        if is_open || Field::of_variable(name).is_some() { Ok(Self::unchecked(name)) } else { Err(similar(name)) }
    }

    /// A part of a line that is not a variable of API Gateway.
    pub(crate) fn unchecked(name: &str) -> Self {
        Self { name: name.into() }
    }

    /// The name, without `$context.`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The canonical field that it fills; `None` for claims and other names that an API chooses.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        Field::of_variable(&self.name)
    }

    /// What its values look like.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.field().map_or(Kind::Text, Field::kind)
    }

    /// Whether API Gateway writes the value with its quotes.
    pub(crate) fn is_quoted(&self) -> bool {
        &*self.name == "error.messageString"
    }
}

/// Whether a name behind a prefix is complete: segments between dots.
fn is_property(name: &str) -> bool {
    !name.is_empty() && name.split('.').all(|segment| !segment.is_empty())
}

/// The variable that is meant by an unknown name. A name of the last segment alone counts too (`sourceIp`).
fn similar(name: &str) -> Option<&'static str> {
    let known = || Field::ALL.iter().flat_map(|field| field.variables().iter().copied());
    let last = |variable: &'static str| variable.rsplit('.').next().unwrap_or(variable);
    known()
        .find(|variable| variable.eq_ignore_ascii_case(name))
        .or_else(|| known().find(|variable| last(variable).eq_ignore_ascii_case(name)))
        .or_else(|| logmark_diagnostics::closest(name, known()))
}

/// The known variable that a name differs from in case alone, such as `authorizer.principalID`.
pub(crate) fn same_but_case(name: &str) -> Option<&'static str> {
    let known = || Field::ALL.iter().flat_map(|field| field.variables().iter().copied());
    if known().any(|variable| variable == name) { None } else { known().find(|variable| variable.eq_ignore_ascii_case(name)) }
}
