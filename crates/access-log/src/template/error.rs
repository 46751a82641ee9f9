//! Errors of templates: what is wrong, where, what to do.

use std::fmt;
use std::ops::Range;

/// An error of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The bytes of the template with the error.
    pub place: Range<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl TemplateError {
    pub(crate) fn new(place: Range<usize>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place, problem: problem.into(), hint: hint.into() }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}: {}", self.place.start, self.problem, self.hint)
    }
}

impl std::error::Error for TemplateError {}

/// All errors of a template, in the order of their places; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateErrors(pub(crate) Vec<TemplateError>);

impl TemplateErrors {
    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &TemplateError> {
        self.0.iter()
    }
}

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for TemplateErrors {}
