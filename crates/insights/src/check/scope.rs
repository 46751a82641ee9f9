//! What a second `stats` can see. Page: CWL_QuerySyntax-Stats.
//!
//! Behind a `stats` there is nothing but what it computed. Only a query whose fields are all known from its text is held to
//! that: behind a command that brings fields of its own nothing is said.

use std::collections::HashSet;

use logmark_diagnostics::{Kind, Spanned, quoted};

use super::{Faults, walk};
use crate::ast::{Column, Command, Expression, FieldPath, ParseFormat, Query, Stats};
use crate::functions::Function;

/// The rule, for one query without those inside it.
pub(super) fn check(query: &Query, faults: &mut Faults) {
    let mut known: Option<Vec<String>> = None;
    for command in &query.commands {
        match (&command.node, &mut known) {
            (Command::Stats(stats), before) => {
                if let Some(names) = before {
                    check_stats(stats, names, faults);
                }
                *before = Some(outputs(stats));
            }
            (Command::Fields(fields), Some(names)) => fields.columns.iter().for_each(|column| names.push(name(column))),
            (Command::Parse(parse), Some(names)) => match &parse.format {
                ParseFormat::Glob { aliases, .. } | ParseFormat::Csv { aliases } => names.extend(aliases.iter().map(flat)),
                ParseFormat::Regex { .. } => known = None,
                ParseFormat::Logfmt { alias } | ParseFormat::Xml { alias, .. } => names.push(flat(alias)),
            },
            (Command::Json(json), Some(names)) => names.push(flat(&json.alias)),
            (Command::Filter(_) | Command::Display(_) | Command::Sort(_) | Command::Limit(_) | Command::Dedup(_), _) => {}
            (_, known) => *known = None,
        }
    }
}

fn flat(path: &Spanned<FieldPath>) -> String {
    path.node.flat_name()
}

/// The name of a column: its alias, or its text.
fn name(column: &Column) -> String {
    match (&column.alias, &column.expression.node) {
        (Some(alias), _) => flat(alias),
        (None, Expression::Field(field)) => field.flat_name(),
        (None, expression) => expression.to_string(),
    }
}

fn outputs(stats: &Stats) -> Vec<String> {
    stats.aggregates.iter().chain(&stats.by).map(name).collect()
}

/// Every field of a second `stats` is known, and `@timestamp` when there is a `bin`.
fn check_stats(stats: &Stats, before: &[String], faults: &mut Faults) {
    let mut known: HashSet<String> = before.iter().map(|name| plain(name)).collect();
    // An alias can be used by the columns behind it, and by the groups.
    for column in stats.by.iter().chain(&stats.aggregates) {
        walk::parts(&column.expression, &mut |part| match part.node {
            Expression::Field(field) if !is_known(field, &known) => {
                let found = quoted(&field.flat_name());
                let hint = "behind a `stats` there is only what it computed";
                faults.note(Kind::Syntax, part.span, "a field that the `stats` before gives", found, hint);
            }
            Expression::Call(call) if call.function.node == Function::Bin && !known.contains("@timestamp") => {
                let hint = "name the bins in the first: by bin(5m) as t, and write datefloor(t, 1h) in the second";
                faults.note(Kind::Syntax, part.span, "no `bin` behind a `stats` that does not give `@timestamp`", "`bin`", hint);
            }
            _ => {}
        });
        known.insert(plain(&name(column)));
    }
}

/// A name as it is compared: how the text of a column without an alias was spaced and cased is no matter.
fn plain(name: &str) -> String {
    name.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether a field, or the map or list that it is a part of, is among those names.
fn is_known(field: &FieldPath, known: &HashSet<String>) -> bool {
    let flat = plain(&field.flat_name());
    let ends = flat.match_indices('.').map(|(point, _)| point).chain([flat.len()]);
    ends.into_iter().any(|end| known.contains(&flat[..end]))
}
