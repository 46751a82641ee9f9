//! The shared part of the checks: diagnostics and refusals of a text.
//!
//! Owns their form. [`logmark_diagnostics`] has the faults; an editor underlines the range from `start` to `end`.

use logmark_diagnostics::{Diagnostic, Report};
use serde::Serialize;

use crate::http::field_error::MAX_LISTED;
use crate::http::problem_code::ProblemCode;

/// A fault of a text.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Diagnostic)]
pub struct DiagnosticBody {
    /// `error`: the text is refused because of it.
    #[schema(example = "error")]
    severity: &'static str,
    /// What is wrong, in one sentence.
    #[schema(example = "expected `=`, `!=`, `<`, `<=`, `>` or `>=`, found `==`")]
    message: String,
    /// The first byte, from 0.
    #[schema(example = 11)]
    start: usize,
    /// The byte after the last.
    #[schema(example = 13)]
    end: usize,
    /// The line, from 1.
    #[schema(example = 1)]
    line: usize,
    /// The character in the line, from 1.
    #[schema(example = 12)]
    column: usize,
    /// What is allowed at this position.
    #[schema(example = "`=`, `!=`, `<`, `<=`, `>` or `>=`")]
    expected: String,
    /// The text at this position.
    #[schema(example = "`==`")]
    found: String,
    /// What to write instead, or the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "equality is one `=`")]
    hint: Option<String>,
    /// The text to put in place of the range, if there is one likely correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "=")]
    fix: Option<String>,
}

/// A part of a text that the tenant's rules do not allow.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Refusal)]
pub struct RefusalBody {
    /// The code of the problem that the text would get.
    #[schema(example = "query_forbidden")]
    code: &'static str,
    /// What is not allowed, and what to use instead.
    #[schema(example = "`SOURCE` reads log groups that the request does not name")]
    detail: String,
    /// The first byte, from 0.
    #[schema(example = 0)]
    start: usize,
    /// The byte after the last.
    #[schema(example = 6)]
    end: usize,
}

impl DiagnosticBody {
    /// The first faults of the text, as many as a problem document lists.
    pub(super) fn all(text: &str, faults: &[Diagnostic]) -> Vec<Self> {
        let report = Report::new("text", text, faults);
        let first = faults.iter().take(MAX_LISTED);
        first
            .map(|fault| {
                let (line, column) = report.position(fault.span);
                Self {
                    severity: "error",
                    message: fault.message(),
                    start: fault.span.start,
                    end: fault.span.end,
                    line,
                    column,
                    expected: fault.expected.clone(),
                    found: fault.found.clone(),
                    hint: fault.hint.clone(),
                    fix: fault.hint.as_deref().and_then(suggestion).map(str::to_owned),
                }
            })
            .collect()
    }
}

impl RefusalBody {
    /// A part of the text from `start` to `end`.
    pub(super) fn new(code: ProblemCode, detail: String, start: usize, end: usize) -> Self {
        Self { code: code.as_str(), detail, start, end }
    }

    /// The first refused parts of a query, as many as a problem document lists.
    pub(super) fn all(refused: &[Diagnostic]) -> Vec<Self> {
        let first = refused.iter().take(MAX_LISTED);
        first.map(|part| Self::new(ProblemCode::QueryForbidden, part.to_string(), part.span.start, part.span.end)).collect()
    }
}

/// The correction that a hint suggests. The parsers write hints with one correction in these forms.
fn suggestion(hint: &str) -> Option<&str> {
    const FORMS: [&str; 5] =
        ["did you mean `", "equality is one `", "inequality is `", "less or equal is `", "greater or equal is `"];
    let rest = FORMS.iter().find_map(|form| hint.strip_prefix(form))?;
    rest.trim_end_matches('?').strip_suffix('`').filter(|fix| !fix.contains('`'))
}

#[cfg(test)]
mod tests {
    use logmark_diagnostics::{Kind, Span};

    use super::*;

    #[test]
    fn a_fault_has_its_position_and_its_correction() {
        let text = "é |\nstat count(*)";
        let fault = Diagnostic::new(Kind::UnknownName, Span::new(5, 9), "a command", "`stat`").hint("did you mean `stats`?");
        let [body] = &DiagnosticBody::all(text, &[fault])[..] else { panic!("one fault") };
        assert_eq!((body.line, body.column, body.start, body.end), (2, 1, 5, 9));
        assert_eq!((body.message.as_str(), body.fix.as_deref()), ("expected a command, found `stat`", Some("stats")));
    }

    #[test]
    fn only_a_hint_with_one_correction_has_a_fix() {
        for (hint, fix) in [
            ("did you mean `stats`?", Some("stats")),
            ("did you mean `a` or `b`?", None),
            ("equality is one `=`", Some("=")),
            ("for a regular expression write `= %regex%`", None),
            ("", None),
        ] {
            assert_eq!(suggestion(hint), fix, "{hint}");
        }
    }

    #[test]
    fn the_list_of_faults_is_bounded() {
        let fault = Diagnostic::new(Kind::Syntax, Span::new(0, 1), "a term", "`x`");
        assert_eq!(DiagnosticBody::all("x", &vec![fault; 1000]).len(), MAX_LISTED);
    }
}
