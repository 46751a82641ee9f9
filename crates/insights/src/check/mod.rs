//! What a query must keep beyond its grammar: each rule is one function, in the file of its kind.
//!
//! These are the rules that the documentation states, or that CloudWatch was seen to enforce; each names where it comes
//! from. A rule that is not broken says nothing, and no rule looks at what the log groups hold.

pub(crate) mod walk;
mod order;
pub(crate) mod aggregates;
mod patterns;
mod counts;
mod queries;
mod scope;

use logmark_diagnostics::{Diagnostic, Kind, Span};

use crate::ast::Query;
use crate::parse::ParseOptions;

/// All that a query breaks, in no order.
pub(crate) fn faults(query: &Query, options: ParseOptions) -> Vec<Diagnostic> {
    let mut faults = Faults(Vec::new());
    queries::check(query, &mut faults);
    walk::queries(query, &mut |query| {
        order::check(query, options, &mut faults);
        aggregates::check(query, &mut faults);
        patterns::check(query, &mut faults);
        counts::check(query, &mut faults);
        scope::check(query, &mut faults);
    });
    faults.0
}

/// What was found.
pub(crate) struct Faults(Vec<Diagnostic>);

impl Faults {
    /// Notes a fault.
    fn note(&mut self, kind: Kind, span: Span, expected: impl Into<String>, found: impl Into<String>, hint: &str) {
        let fault = Diagnostic::new(kind, span, expected, found);
        self.0.push(if hint.is_empty() { fault } else { fault.hint(hint) });
    }
}
