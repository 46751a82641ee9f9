//! The faults of a request's input: the parameter, what is wrong, and the position in a filter pattern or a query.
//!
//! Owns their form in problem documents. The parsers decide what is wrong.

use std::borrow::Cow;
use std::ops::Deref;

use logmark_diagnostics::{Diagnostic, Kind, Report};
use serde::Serialize;

use super::problem::ApiError;

/// One fault of the input: where it is, what is wrong, and what to use instead. A fault of a filter pattern or a query also has
/// its `position` in the text, and the parts of its `detail` as members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The place in the request.
    #[serde(flatten)]
    pub location: ErrorLocation,
    /// The language of the text, if it has one of its own.
    #[serde(skip)]
    pub language: Option<Language>,
    /// What is wrong, and what to use instead.
    #[schema(example = "`yesterday` is not a time: give RFC 3339 (`2026-11-20T10:00:00Z`), …")]
    pub detail: String,
    /// The position in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<TextPosition>,
    /// The kind of fault: `lexical`, `syntax`, `unknown_name`, `arity`, `value`, `limit`, `unsupported` or
    /// `other_language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "syntax")]
    pub kind: Option<Kind>,
    /// What is allowed at this position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "`=`, `!=`, `<`, `<=`, `>` or `>=`")]
    pub expected: Option<String>,
    /// The text at this position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "`==`")]
    pub found: Option<String>,
    /// What to write instead, or the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "equality is one `=`")]
    pub hint: Option<String>,
}

/// Faults that are listed at most. Callers correct the first ones first, and a body can have a fault in every third byte.
pub const MAX_LISTED: usize = 20;

/// The faults of a request: the first [`MAX_LISTED`], and the number of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors {
    listed: Vec<FieldError>,
    count: usize,
}

impl FieldErrors {
    /// Adds one. Its text is made only if it is listed.
    pub fn add(&mut self, error: impl FnOnce() -> FieldError) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(error());
        }
        self.count += 1;
    }

    /// Adds all of the others.
    pub fn append(&mut self, other: Self) {
        let room = MAX_LISTED - self.listed.len();
        self.listed.extend(other.listed.into_iter().take(room));
        self.count += other.count;
    }

    /// The number of all faults, listed or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

impl Deref for FieldErrors {
    type Target = [FieldError];

    fn deref(&self) -> &[FieldError] {
        &self.listed
    }
}

impl FromIterator<FieldError> for FieldErrors {
    fn from_iter<Items: IntoIterator<Item = FieldError>>(items: Items) -> Self {
        let mut faults = Self::default();
        items.into_iter().for_each(|error| faults.add(|| error));
        faults
    }
}

impl From<FieldError> for FieldErrors {
    fn from(error: FieldError) -> Self {
        Self { listed: vec![error], count: 1 }
    }
}

/// A place in a request. `openapi::error_location` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorLocation {
    /// The path, query or header parameter at fault.
    Parameter(Cow<'static, str>),
    /// The member of the body at fault, as a JSON Pointer (RFC 6901); empty for the body as a whole.
    Pointer(Cow<'static, str>),
}

impl ErrorLocation {
    /// The parameter's name, or the pointer.
    #[must_use]
    pub fn name(&self) -> &Cow<'static, str> {
        match self {
            Self::Parameter(name) | Self::Pointer(name) => name,
        }
    }
}

/// The language of a text in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// CloudWatch's filter patterns.
    Filter,
    /// Logs Insights QL.
    Query,
}

/// A position in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Position)]
pub struct TextPosition {
    /// The line, from 1.
    #[schema(example = 1)]
    pub line: usize,
    /// The character in that line, from 1.
    #[schema(example = 12)]
    pub column: usize,
    /// The first byte, from 0.
    #[schema(example = 11)]
    pub start: usize,
    /// The byte after the last.
    #[schema(example = 13)]
    pub end: usize,
}

impl FieldError {
    /// A fault of the whole parameter.
    pub fn new(parameter: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::of(ErrorLocation::Parameter(parameter.into()), detail)
    }

    /// A fault of a member of the body.
    pub fn at(pointer: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::of(ErrorLocation::Pointer(pointer.into()), detail)
    }

    fn of(location: ErrorLocation, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { location, language: None, detail, position: None, kind: None, expected: None, found: None, hint: None }
    }

    /// The faults of a text in a language of its own.
    #[must_use]
    pub fn of_text(location: &ErrorLocation, language: Language, text: &str, diagnostics: &[Diagnostic]) -> FieldErrors {
        let report = Report::new("text", text, diagnostics);
        let one = |diagnostic: &Diagnostic| {
            let Diagnostic { kind, span, expected, found, hint } = diagnostic.clone();
            let (line, column) = report.position(span);
            Self {
                language: Some(language),
                position: Some(TextPosition { line, column, start: span.start, end: span.end }),
                kind: Some(kind),
                expected: Some(expected),
                found: Some(found),
                hint,
                ..Self::of(location.clone(), diagnostic.to_string())
            }
        };
        let mut faults = FieldErrors::default();
        diagnostics.iter().for_each(|diagnostic| faults.add(|| one(diagnostic)));
        faults
    }
}

/// The error of a query that is too long only together with the scope condition.
#[must_use]
pub fn query_too_long(length: usize, most: usize) -> ApiError {
    let save = length.saturating_sub(most);
    let detail = format!(
        "with the conditions that the service adds (time range, permitted streams, row rules) the query has {length} characters, and \
         the source of the logs allows {most}; make it {save} characters shorter, or query fewer log groups at a time"
    );
    ApiError::InvalidText { language: Language::Query, errors: FieldError::at("/query", detail).into() }
}

/// The names of the API's own parameters. Other names are only counted, since a caller can send anything there, even a token.
pub(super) fn names_for_log(errors: &[FieldError]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut made_up = 0;
    for error in errors {
        match *error.location.name() {
            Cow::Borrowed(name) if names.contains(&name) => {}
            Cow::Borrowed(name) => names.push(name),
            Cow::Owned(_) => made_up += 1,
        }
    }
    let made_up = (made_up > 0).then(|| format!("{made_up} with unknown names"));
    names.into_iter().map(str::to_owned).chain(made_up).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_faults_are_listed_and_all_are_counted() {
        let mut faults: FieldErrors = (0..15).map(|n| FieldError::new(format!("a{n}"), "wrong")).collect();
        faults.append((0..10).map(|n| FieldError::new(format!("b{n}"), "wrong")).collect());
        faults.add(|| unreachable!("not listed, so not made"));
        assert_eq!((faults.len(), faults.count()), (MAX_LISTED, 26));
        assert_eq!((faults[0].location.name().as_ref(), faults[19].location.name().as_ref()), ("a0", "b4"));
    }
}
