//! Rules for regular expressions. Pages: CWL_QuerySyntax-Filter, CWL_QuerySyntax-operations-functions.
//!
//! A regular expression must be valid for some engine: CloudWatch supports look-around, back-references and large repetitions,
//! which the engine of this project refuses when it compiles them.

use logmark_diagnostics::{Span, Spanned};

use super::{Faults, walk};
use crate::ast::{Argument, Call, Expression, MatchPattern, Query, Text};
use crate::functions::Function;
use crate::regex_syntax::error_for_every_engine;

/// Checks one query, without the queries nested in it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    for command in &query.commands {
        for expression in walk::expressions(&command.node) {
            walk::parts(expression, &mut |part| check_part(part, faults));
        }
    }
}

/// The regular expression in an expression.
fn check_part(part: Spanned<&Expression>, faults: &mut Faults) {
    match part.node {
        Expression::Match(_, _, Spanned { node: MatchPattern::Regex(regex), span }) => {
            check_regex(regex.as_str(), *span, faults);
        }
        Expression::Call(call) if call.function.node == Function::RegexReplace => {
            if let Some((text, span)) = text_at(call, 1) {
                check_regex(text.as_str(), span, faults);
            }
        }
        _ => {}
    }
}

/// The argument at an index, when it is a text.
fn text_at(call: &Call, index: usize) -> Option<(&Text, Span)> {
    match call.arguments.get(index)? {
        Spanned { node: Argument::Expression(Expression::Text(text)), span } => Some((text, *span)),
        _ => None,
    }
}

/// Reports an expression that is invalid for every engine, at its position.
pub(crate) fn check_regex(source: &str, span: Span, faults: &mut Faults) {
    let Some(error) = error_for_every_engine(source) else { return };
    let mut fault = error.diagnostic(span.start + 1);
    // With escapes the pattern differs from the text of the query, so positions in it are not positions in the query.
    let as_written = span.end - span.start == source.len() + 2;
    if !as_written || fault.span.start == fault.span.end {
        fault.span = span;
    }
    faults.0.push(fault);
}
