//! Which command may stand where.

use logmark_diagnostics::{Kind, Spanned};

use super::Faults;
use crate::ast::{Command, CommandName, Query};
use crate::parse::ParseOptions;

/// All rules of order, for one query without those inside it.
pub(super) fn check(query: &Query, options: ParseOptions, faults: &mut Faults) {
    source_first(query, faults);
    few_stats(query, options, faults);
    order_after_stats(query, faults);
    limit_after_dedup(query, faults);
    estimate_last(query, faults);
    pattern_before(query, faults);
    pattern_not_after_sort(query, faults);
}

fn is(command: &Spanned<Command>, name: CommandName) -> bool {
    command.node.name() == name
}

/// `SOURCE` chooses what is read, and so begins the query. Page: CWL_QuerySyntax-Source.
fn source_first(query: &Query, faults: &mut Faults) {
    for command in query.commands.iter().skip(1).filter(|command| is(command, CommandName::Source)) {
        let hint = "one `SOURCE` names all that is read; only the text of a dashboard has one for each log group";
        faults.note(
            Kind::Syntax,
            command.span,
            "`SOURCE` at the beginning of the query only",
            "`SOURCE` behind another command",
            hint,
        );
    }
}

/// At most ten `stats` commands (AWS, June 2026; two before, and still in the Infrequent Access class, whose limit CloudWatch
/// applies itself: the class is not in the text).
fn few_stats(query: &Query, options: ParseOptions, faults: &mut Faults) {
    let stats = query.commands.iter().filter(|command| is(command, CommandName::Stats));
    for command in stats.skip(options.max_stats) {
        let expected = format!("at most {} `stats` in a query", options.max_stats);
        faults.note(Kind::Limit, command.span, expected, "another", "");
    }
}

/// `sort` and `limit` stand behind the last of several `stats`. Page: CWL_QuerySyntax-Stats.
fn order_after_stats(query: &Query, faults: &mut Faults) {
    let last = query.commands.iter().rposition(|command| is(command, CommandName::Stats));
    let several = query.commands.iter().filter(|command| is(command, CommandName::Stats)).count() > 1;
    for command in query.commands.iter().take(last.filter(|_| several).unwrap_or_default()) {
        if is(command, CommandName::Sort) || is(command, CommandName::Limit) {
            let name = command.node.name();
            let expected = format!("`{name}` behind the last `stats`");
            faults.note(Kind::Syntax, command.span, expected, format!("`{name}` before it"), "");
        }
    }
}

/// Nothing but `limit` may follow `dedup`. Page: CWL_QuerySyntax-Dedup.
fn limit_after_dedup(query: &Query, faults: &mut Faults) {
    let dedup = query.commands.iter().position(|command| is(command, CommandName::Dedup));
    let Some(dedup) = dedup else { return };
    for command in query.commands.iter().skip(dedup + 1).filter(|command| !is(command, CommandName::Limit)) {
        let hint = "put everything else before `dedup`: sort @timestamp desc | dedup server | limit 20";
        faults.note(Kind::Syntax, command.span, "nothing but `limit` behind `dedup`", format!("`{}`", command.node.name()), hint);
    }
}

/// `estimate` ends a query. Page: CWL_QuerySyntax-Estimate.
fn estimate_last(query: &Query, faults: &mut Faults) {
    let before_last = query.commands.len().saturating_sub(1);
    for command in query.commands.iter().take(before_last).filter(|command| is(command, CommandName::Estimate)) {
        faults.note(Kind::Syntax, command.span, "`estimate` at the end of the query", "more commands behind it", "");
    }
}

/// `anomaly` works on what `pattern` found. Page: CWL_QuerySyntax-Anomaly. `diff` does too, but the console puts it behind
/// queries without (page: `CWL_AnalyzeLogData_Compare`).
fn pattern_before(query: &Query, faults: &mut Faults) {
    let pattern = query.commands.iter().position(|command| is(command, CommandName::Pattern)).unwrap_or(usize::MAX);
    for (place, command) in query.commands.iter().enumerate() {
        let name = command.node.name();
        if name == CommandName::Anomaly && place < pattern {
            let expected = format!("`pattern` before `{name}`");
            let hint = format!("write `pattern @message | {name}`");
            faults.note(Kind::Syntax, command.span, expected, "none", &hint);
        }
    }
}

/// A `pattern` behind a `sort` is not valid, a `sort` behind a `pattern` is. Page: CWL_QuerySyntax-Pattern.
fn pattern_not_after_sort(query: &Query, faults: &mut Faults) {
    let sort = query.commands.iter().position(|command| is(command, CommandName::Sort)).unwrap_or(usize::MAX);
    for (_, command) in
        query.commands.iter().enumerate().filter(|(place, command)| *place > sort && is(command, CommandName::Pattern))
    {
        faults.note(Kind::Syntax, command.span, "`pattern` before `sort`", "`pattern` behind it", "put the `sort` last");
    }
}
