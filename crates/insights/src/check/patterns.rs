//! Patterns and the fields that they make. Pages: CWL_QuerySyntax-Parse, CWL_QuerySyntax-Filter.
//!
//! A regular expression must be one for some engine: CloudWatch's knows look-around, back-references and large repetitions,
//! which the engine of this crate refuses when it compiles them.

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Faults, walk};
use crate::ast::{Argument, Call, Command, Expression, FieldPath, MatchPattern, ParseFormat, Query, Regex, Text};
use crate::functions::Function;
use crate::regex_syntax::shape::RegexShape;
use crate::regex_syntax::wrong_everywhere;

/// All rules of patterns, for one query without those inside it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    for command in &query.commands {
        if let Command::Parse(parse) = &command.node {
            check_format(&parse.format, faults);
        }
        for expression in walk::expressions(&command.node) {
            walk::parts(expression, &mut |part| check_part(part, faults));
        }
    }
}

/// The regular expression in an expression.
fn check_part(part: Spanned<&Expression>, faults: &mut Faults) {
    match part.node {
        Expression::Match(_, _, Spanned { node: MatchPattern::Regex(regex), span }) => {
            note_wrong(regex.as_str(), *span, faults);
        }
        Expression::Call(call) if call.function.node == Function::RegexReplace => {
            if let Some((text, span)) = text_at(call, 1) {
                note_wrong(text.as_str(), span, faults);
            }
        }
        _ => {}
    }
}

/// The text that an argument is.
fn text_at(call: &Call, place: usize) -> Option<(&Text, Span)> {
    match call.arguments.get(place)? {
        Spanned { node: Argument::Expression(Expression::Text(text)), span } => Some((text, *span)),
        _ => None,
    }
}

fn check_format(format: &ParseFormat, faults: &mut Faults) {
    match format {
        ParseFormat::Glob { pattern, aliases } => {
            let stars = pattern.node.as_str().matches('*').count();
            let span = aliases
                .first()
                .map_or(pattern.span, |alias| alias.span)
                .to(aliases.last().map_or(pattern.span, |alias| alias.span));
            if stars == 0 {
                faults.note(
                    Kind::Value,
                    pattern.span,
                    "at least one `*` in the text",
                    "none",
                    "`*` stands for what is taken out",
                );
            } else if stars != aliases.len() {
                let hint = "every `*` in the text becomes one field";
                faults.note(Kind::Arity, span, plural(stars, "name"), aliases.len().to_string(), hint);
            }
        }
        ParseFormat::Regex { pattern, aliases, .. } => check_groups(pattern, aliases, faults),
        ParseFormat::Logfmt { .. } | ParseFormat::Csv { .. } | ParseFormat::Xml { .. } => {}
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The groups of an expression in `parse` become fields: by their names, or by the names behind `as`.
fn check_groups(pattern: &Spanned<Regex>, aliases: &[Spanned<FieldPath>], faults: &mut Faults) {
    note_wrong(pattern.node.as_str(), pattern.span, faults);
    // What has no shape was noted.
    let Ok(RegexShape { groups, names }) = RegexShape::of(pattern.node.as_str()) else { return };
    let named = names.len();
    let hint = "name what is taken out: /user=(?<user>\\w+)/";
    let Some(last) = aliases.last() else {
        if named == 0 {
            faults.note(
                Kind::Value,
                pattern.span,
                "a group with a name",
                if groups == 0 { "no group" } else { "groups without names" },
                hint,
            );
        }
        return;
    };
    let span = aliases.first().map_or(last.span, |alias| alias.span).to(last.span);
    let same = || aliases.iter().map(|alias| alias.node.flat_name()).eq(names.iter().cloned());
    if named > 0 && same() {
        // `/(?<a>x)/ as a` says it twice.
    } else if named > 0 {
        faults.note(
            Kind::Syntax,
            span,
            "no `as` behind groups with names",
            "names",
            "the names of the groups are those of the fields",
        );
    } else if groups == 0 {
        faults.note(Kind::Value, pattern.span, "a group: what is taken out stands in `(` and `)`", "no group", hint);
    } else if groups != aliases.len() {
        faults.note(
            Kind::Arity,
            span,
            plural(groups, "name"),
            aliases.len().to_string(),
            "every group of the expression becomes one field; `(?:` and `)` make none",
        );
    }
}

/// Notes what is wrong with an expression for every engine, at its place.
fn note_wrong(source: &str, span: Span, faults: &mut Faults) {
    let Some(error) = wrong_everywhere(source) else { return };
    let mut fault = error.diagnostic(span.start + 1);
    // An expression with escapes differs from the text of the query, so that its positions are not positions in the query.
    let as_written = span.end - span.start == source.len() + 2;
    if !as_written || fault.span.start == fault.span.end {
        fault.span = span;
    }
    faults.0.push(fault);
}
