//! One fault of a request's input: which parameter, what is wrong, and for a text in a language of its own, where in it.
//!
//! Owns the shape in which faults leave in a problem document. Never decides what is wrong.

use std::borrow::Cow;

use logmark_diagnostics::{Diagnostic, Kind, Report};
use serde::Serialize;

/// One fault of the input: where it is, and what is wrong with it or what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The path, query or header parameter at fault.
    #[schema(example = "start")]
    pub parameter: Cow<'static, str>,
    /// What is wrong, and what to write instead.
    #[schema(example = "`yesterday` is not a time: give RFC 3339 (`2026-11-20T10:00:00Z`), …")]
    pub detail: String,
    /// For a text in a language of its own: the place in it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub fault: Option<TextFault>,
}

impl FieldError {
    /// A fault of the whole parameter.
    pub fn new(parameter: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), detail: detail.into(), fault: None }
    }

    /// The faults of a parameter that is a text in a language of its own.
    #[must_use]
    pub fn of_text(parameter: &'static str, text: &str, diagnostics: &[Diagnostic]) -> Vec<Self> {
        let report = Report::new(parameter, text, diagnostics);
        let one = |diagnostic: &Diagnostic| Self {
            parameter: parameter.into(),
            detail: diagnostic.to_string(),
            fault: Some(TextFault::new(&report, diagnostic)),
        };
        diagnostics.iter().map(one).collect()
    }
}

/// Where in a filter pattern or a query a fault is, and what is expected there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TextFault {
    /// What sort of fault it is: `lexical`, `syntax`, `unknown_name`, `arity`, `value`, `limit`, `unsupported` or
    /// `other_language`.
    #[schema(value_type = String, example = "syntax")]
    pub kind: Kind,
    /// The first byte of the place, from 0.
    #[schema(example = 12)]
    pub start: usize,
    /// The byte behind the place.
    #[schema(example = 14)]
    pub end: usize,
    /// The line, from 1.
    #[schema(example = 1)]
    pub line: usize,
    /// The character in that line, from 1.
    #[schema(example = 13)]
    pub column: usize,
    /// What could stand there.
    #[schema(example = "a comparison with a value")]
    pub expected: String,
    /// What stands there.
    #[schema(example = "`==`")]
    pub found: String,
    /// What to write instead, or why it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "write `=` to compare")]
    pub hint: Option<String>,
}

impl TextFault {
    fn new(report: &Report<'_>, diagnostic: &Diagnostic) -> Self {
        let Diagnostic { kind, span, expected, found, hint } = diagnostic.clone();
        let (line, column) = report.position(span);
        Self { kind, start: span.start, end: span.end, line, column, expected, found, hint }
    }
}
