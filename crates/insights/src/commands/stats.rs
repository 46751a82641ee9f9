//! `stats`: aggregates of groups.
//!
//! - `stats aggregate [as name], … [by expression [as name], …] [offset period]`
//! - `group by` is read as `by`: it is not documented, but CloudWatch runs such queries
//! - at most ten of them in a query (AWS, June 2026). Before it was two, and still is for log groups of the Infrequent Access
//!   class: CloudWatch enforces that limit itself, because the text of a query does not tell the class
//! - `sort` and `limit` come after the last of several
//! - aggregates do not contain aggregates, and groups are not made by aggregates
//! - a second `stats` sees only the fields of the first
//!
//! Pages: CWL_QuerySyntax-Stats, CWL_QuerySyntax-timeseries-functions.

use std::collections::HashSet;
use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned, quoted};

use super::column::columns;
use super::{Column, Command, CommandName, CommandRules, NewFields, Part, PartMut, RowEffect};
use crate::ast::{Argument, Call, Expression, FieldPath, Period, Query};
use crate::check::Faults;
use crate::check::aggregates::{aggregates, aggregates_of};
use crate::check::walk;
use crate::functions::{Function, FunctionKind};
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::{ParseOptions, names};
use crate::print::{after, with};
use crate::reach::scope::{Replaces, Rows, Scope};
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Use, Uses, Window};
use crate::token::TokenKind;

/// `stats count(*) as n, max(x) by bin(5m), f offset 1d`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The aggregates of each group; at least one.
    pub aggregates: Vec<Column>,
    /// The expressions whose values are equal within a group; none: all rows are one group.
    pub by: Vec<Column>,
    /// `offset 1h`: how far the bins are shifted.
    pub offset: Option<Spanned<Period>>,
}

impl CommandRules for Stats {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.at_word("by") {
            let hint = "write the aggregates before `by`: stats count(*) by field";
            return Err(cursor.fail(Kind::Syntax, "an aggregate", Some(hint.to_owned())));
        }
        let aggregates = columns(cursor)?;
        let next = cursor.ahead(1);
        if cursor.at_word("group") && next.kind == TokenKind::Word && cursor.text(next).eq_ignore_ascii_case("by") {
            cursor.advance();
        }
        let by = if cursor.take_word("by") { columns(cursor)? } else { Vec::new() };
        if cursor.at_word("by") {
            return Err(cursor.fail(Kind::Syntax, "`by` once", Some("separate groups by commas: by a, b".to_owned())));
        }
        if cursor.at_word("where") || cursor.at_word("having") {
            return Err(cursor.fail_after_command("put a condition in a `filter` after a `|`"));
        }
        if cursor.at_word("group") {
            return Err(cursor.fail_after_command("write groups after `by`: stats count(*) by host"));
        }
        let offset = if cursor.take_word("offset") { Some(names::period(cursor)?) } else { None };
        Ok(Self { aggregates, by, offset })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        after(f, " ", &self.aggregates)?;
        after(f, " by ", &self.by)?;
        with(f, " offset ", self.offset.as_ref())
    }

    fn reach(&self, walker: &mut Walker, scope: &mut Scope, _word: Span) {
        let Self { aggregates, by, offset } = self;
        // The rows before are gone, and so are their columns.
        scope.shown.clear();
        scope.rows = Rows::Computed;
        walker.columns(scope, aggregates, Uses::of(Use::Aggregated));
        for column in by {
            let first = scope.shown.len();
            walker.columns(scope, std::slice::from_ref(column), Uses::of(Use::Grouped));
            let Column { expression, alias } = column;
            // After `by f`, `f` is the name of a column.
            if let (Expression::Field(path), None, Some(node)) = (&expression.node, alias, scope.shown.get(first).copied()) {
                walker.define(scope, &Spanned::new(path.clone(), expression.span), vec![node], Replaces::Wholly);
            }
        }
        // Names that were defined before are gone, too.
        scope.certain_from = scope.command;
        if let Some(offset) = offset {
            walker.reaches(Beyond::TimeRange(Window::StatsOffset), offset.span);
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn parts(&self) -> Vec<Part<'_>> {
        self.aggregates.iter().chain(&self.by).map(Part::Column).collect()
    }

    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        self.aggregates.iter_mut().chain(&mut self.by).map(PartMut::Column).collect()
    }

    fn new_fields(&self) -> NewFields {
        NewFields::Only(self.aggregates.iter().chain(&self.by).map(Column::name).collect())
    }

    fn check(query: &Query, options: ParseOptions, faults: &mut Faults) {
        let all = || query.commands.iter().filter(|command| command.node.name() == CommandName::Stats);
        for command in all().skip(options.max_stats) {
            let expected = format!("at most {} `stats` in a query", options.max_stats);
            faults.note(Kind::Limit, command.span, expected, "another", "");
        }
        if all().count() > 1 {
            order_after_last(query, faults);
        }
        for command in all() {
            if let Command::Stats(stats) = &command.node {
                stats.check_aggregates(command.span, faults);
                stats.check_groups(faults);
            }
        }
    }
}

/// `sort` and `limit` come after the last of several `stats`.
fn order_after_last(query: &Query, faults: &mut Faults) {
    let last = query.commands.iter().rposition(|command| command.node.name() == CommandName::Stats).unwrap_or_default();
    for command in query.commands.iter().take(last) {
        let name = command.node.name();
        if matches!(name, CommandName::Sort | CommandName::Limit) {
            let expected = format!("`{name}` after the last `stats`");
            faults.note(Kind::Syntax, command.span, expected, format!("`{name}` before it"), "");
        }
    }
}

impl Stats {
    /// There is an aggregate, and none inside another.
    fn check_aggregates(&self, span: Span, faults: &mut Faults) {
        let mut any = false;
        for column in &self.aggregates {
            for (call, _) in aggregates(&column.expression) {
                any = true;
                not_nested(call, faults);
            }
        }
        if any {
            return;
        }
        let span = self.aggregates.first().map_or(span, |column| column.expression.span);
        let bare = self.aggregates.first().and_then(|column| match &column.expression.node {
            Expression::Field(field) => Function::find(&field.flat_name()).filter(|function| function.is_aggregate()),
            _ => None,
        });
        let hint = match bare {
            Some(Function::Count) => "a function has parentheses: count(*)".to_owned(),
            Some(function) => format!("a function has parentheses: {function}(field)"),
            None => "`stats` computes aggregates of each group: stats count(*) by field".to_owned(),
        };
        faults.note(Kind::Syntax, span, "an aggregate, such as count(*)", "none", &hint);
    }

    /// Groups exist before their aggregates.
    fn check_groups(&self, faults: &mut Faults) {
        for (call, span) in self.by.iter().flat_map(|column| aggregates(&column.expression)) {
            let name = call.function.node;
            if name.signature().kind == FunctionKind::Aggregate {
                let hint = "groups exist before their aggregates";
                let expected = "an expression of one event after `by`";
                faults.note(Kind::Syntax, span, expected, format!("the aggregate `{name}`"), hint);
            }
        }
    }

    /// The fields of this `stats`, which follows a `stats` that gives the fields `before`, are known, and `@timestamp` is when
    /// there is a `bin`.
    pub(crate) fn check_fields(&self, before: &[String], faults: &mut Faults) {
        let mut known: HashSet<String> = before.iter().map(|name| comparable(name)).collect();
        // An alias can be used by later columns, and by the groups.
        for column in self.by.iter().chain(&self.aggregates) {
            walk::parts(&column.expression, &mut |part| match part.node {
                Expression::Field(field) if !is_known(field, &known) => {
                    let found = quoted(&field.flat_name());
                    let hint = "after a `stats` only its columns exist";
                    faults.note(Kind::Syntax, part.span, "a field that the previous `stats` gives", found, hint);
                }
                Expression::Call(call) if call.function.node == Function::Bin && !known.contains("@timestamp") => {
                    let hint = "name the bins in the first: by bin(5m) as t, and write datefloor(t, 1h) in the second";
                    let expected = "no `bin` after a `stats` that does not give `@timestamp`";
                    faults.note(Kind::Syntax, part.span, expected, "`bin`", hint);
                }
                _ => {}
            });
            known.insert(comparable(&column.name()));
        }
    }
}

/// An aggregate of an aggregate needs two `stats`.
fn not_nested(outer: &Call, faults: &mut Faults) {
    for argument in &outer.arguments {
        let Argument::Expression(expression) = &argument.node else { continue };
        let Some((inner, span)) = aggregates_of(Spanned::new(expression, argument.span)).into_iter().next() else { continue };
        let hint = "aggregate in one `stats`, and the result in a second";
        let expected = format!("an expression of one event in `{}`", outer.function.node);
        faults.note(Kind::Syntax, span, expected, format!("the aggregate `{}`", inner.function.node), hint);
    }
}

/// A name as names are compared: without blanks and case, because the name of a column without an alias is the text of its
/// expression.
fn comparable(name: &str) -> String {
    name.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether a field, or the map or list that it is a part of, is among these names.
fn is_known(field: &FieldPath, known: &HashSet<String>) -> bool {
    let flat = comparable(&field.flat_name());
    let ends = flat.match_indices('.').map(|(point, _)| point).chain([flat.len()]);
    ends.into_iter().any(|end| known.contains(&flat[..end]))
}
