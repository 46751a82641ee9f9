//! The rules for queries beyond the grammar. The rules for one command are in its file in `commands`, the rules for expressions
//! and nested queries are here.
//!
//! These are the rules that the documentation states, or that CloudWatch enforces; each names its source. No rule depends on
//! the contents of the log groups.

pub(crate) mod walk;
pub(crate) mod aggregates;
pub(crate) mod patterns;
mod counts;
mod queries;
mod scope;

use logmark_diagnostics::{Diagnostic, Kind, Span};

use crate::ast::Query;
use crate::commands::check_each;
use crate::parse::ParseOptions;

/// The errors of all rules that a query breaks, in no order.
pub(crate) fn faults(query: &Query, options: ParseOptions) -> Vec<Diagnostic> {
    let mut faults = Faults(Vec::new());
    queries::check(query, &mut faults);
    walk::queries(query, &mut |query| {
        check_each(query, options, &mut faults);
        aggregates::check(query, &mut faults);
        patterns::check(query, &mut faults);
        counts::check(query, &mut faults);
        scope::check(query, &mut faults);
    });
    faults.0
}

/// The errors found so far.
pub(crate) struct Faults(Vec<Diagnostic>);

impl Faults {
    /// Adds an error. An empty hint is no hint.
    pub(crate) fn note(&mut self, kind: Kind, span: Span, expected: impl Into<String>, found: impl Into<String>, hint: &str) {
        let fault = Diagnostic::new(kind, span, expected, found);
        self.0.push(if hint.is_empty() { fault } else { fault.hint(hint) });
    }
}
