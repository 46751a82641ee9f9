//! How many and how much.

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Faults, walk};
use crate::ast::{Argument, Call, Command, Expression, Query, Selector, Source};
use crate::functions::Function;

/// All rules of numbers, for one query without those inside it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    for command in &query.commands {
        if let Command::Source(source) = &command.node {
            few_selectors(source, faults);
        }
        for expression in walk::expressions(&command.node) {
            walk::parts(expression, &mut |part| {
                if let Expression::Call(call) = part.node {
                    percent(call, faults);
                    at_least_one(call, faults);
                }
            });
        }
    }
}

/// At most 5 prefixes, 20 accounts, 10 data sources. Page: CWL_QuerySyntax-Source.
fn few_selectors(source: &Source, faults: &mut Faults) {
    for selector in &source.selectors {
        match &selector.node {
            Selector::LogGroups(groups) => {
                few(&groups.name_prefixes, 5, "prefixes", faults);
                few(&groups.account_identifiers, 20, "accounts", faults);
            }
            Selector::DataSources(sources) => few(sources, 10, "data sources", faults),
            Selector::Group(_) | Selector::Tags(_) => {}
        }
    }
}

fn few<T>(list: &[Spanned<T>], most: usize, what: &str, faults: &mut Faults) {
    if let (Some(first), Some(last)) = (list.get(most), list.last()) {
        faults.note(Kind::Limit, first.span.to(last.span), format!("at most {most} {what}"), list.len().to_string(), "");
    }
}

/// The number that an argument is.
fn number_at(call: &Call, place: usize) -> Option<(f64, Span)> {
    match call.arguments.get(place)? {
        Spanned { node: Argument::Expression(Expression::Number(number)), span } => Some((number.value(), *span)),
        _ => None,
    }
}

/// A percentile is from 0 to 100. Page: CWL_QuerySyntax-Stats.
fn percent(call: &Call, faults: &mut Faults) {
    if let (Function::Pct, Some((number, span))) = (call.function.node, number_at(call, 1))
        && !(0.0..=100.0).contains(&number)
    {
        faults.note(Kind::Value, span, "a percentage from 0 to 100", number.to_string(), "pct(field, 99.9)");
    }
}

/// No histogram has no ranges, and no list of the commonest is empty.
fn at_least_one(call: &Call, faults: &mut Faults) {
    let place = match call.function.node {
        Function::Histogram => 1,
        Function::TopK => 0,
        _ => return,
    };
    if let Some((number, span)) = number_at(call, place).filter(|(number, _)| *number <= 0.0) {
        faults.note(Kind::Value, span, "a number above 0", number.to_string(), "");
    }
}
