//! Rules for nested queries. Pages: CWL_QuerySyntax-Join, CWL_QuerySyntax-Subqueries, CWL_QuerySyntax-Appendcols.

use logmark_diagnostics::{Kind, Spanned};

use super::{Faults, walk};
use crate::ast::{Command, Query};
use crate::commands::at_most_one_join;

/// Checks a whole query.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    at_most_one_join(query, faults);
    for inner in query.commands.iter().flat_map(|command| walk::inner_of(&command.node)) {
        begins_with_source(inner, faults);
        none_inside(inner, faults);
    }
}

/// Every documented nested query begins with `SOURCE`.
fn begins_with_source(inner: Spanned<&Query>, faults: &mut Faults) {
    let Some(first) = inner.node.commands.first() else { return };
    if !matches!(first.node, Command::Source(_)) {
        let hint = "a nested query begins with what it reads: (SOURCE 'group' | fields id)";
        faults.note(
            Kind::Syntax,
            first.span,
            "`SOURCE` at the beginning of the nested query",
            format!("`{}`", first.node.name()),
            hint,
        );
    }
}

/// A nested query contains no other query: neither by `in`, nor by `join` or `appendcols`.
fn none_inside(inner: Spanned<&Query>, faults: &mut Faults) {
    for command in &inner.node.commands {
        for nested in walk::inner_of(&command.node) {
            let span = if nested.span.start == nested.span.end { command.span } else { nested.span };
            faults.note(Kind::Syntax, span, "no query inside a nested query", "another query", "queries nest once");
        }
    }
}
