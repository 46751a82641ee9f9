//! The commands: one file each, which compiles the command and runs it.
//!
//! To add one: write `commands/<name>.rs` with a `compile` function and an [`Operator`](crate::operator::Operator), and add it to
//! the `match` of `compile` below. `limit.rs` is the shortest example, `dedup.rs` one that keeps state.

mod accum;
mod add_totals;
mod append_cols;
mod auto_regress;
mod count_frequent;
mod dedup;
mod estimate;
mod expand;
mod fields;
mod fill_down;
mod fill_missing;
mod filter;
mod join;
mod json;
mod key;
mod limit;
mod lookup;
mod outlier;
mod parse;
mod pattern;
mod relevant_fields;
mod sessionize;
mod sort;
mod stats;
mod numeric;
mod unnest;

use logmark_diagnostics::{Diagnostic, Spanned};
use logmark_insights::ast::{Command, CommandName, Matches, ParseFormat, Query};
use logmark_insights::support::unsupported_command;

use crate::plan::Builder;

/// A command with its neighbours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'q> {
    /// The command.
    pub(crate) command: &'q Spanned<Command>,
    /// The commands before it.
    pub(crate) preceding: &'q [Spanned<Command>],
    /// The commands after it.
    pub(crate) following: &'q [Spanned<Command>],
    /// Whether the query is inside another one.
    pub(crate) is_inner: bool,
}

/// Compiles all commands of a query. An error in one does not hide an error in the next.
pub(crate) fn compile_all(query: &Query, builder: &mut Builder<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let matched_behind = leading_filters(&query.commands);
    for (index, command) in query.commands.iter().enumerate() {
        if index == matched_behind {
            builder.count_matches();
        }
        let following = query.commands.get(index + 1..).unwrap_or_default();
        let preceding = query.commands.get(..index).unwrap_or_default();
        let place = Place { command, preceding, following, is_inner: builder.is_inner() };
        diagnostics.extend(compile(place, builder).err());
    }
    if matched_behind >= query.commands.len() {
        builder.count_matches();
    }
    diagnostics
}

/// The number of commands at the beginning of the query that neither join nor multiply rows, up to and including their last
/// `filter`.
fn leading_filters(commands: &[Spanned<Command>]) -> usize {
    let is_leading = |command: &Spanned<Command>| match &command.node {
        Command::Parse(parse) => !matches!(parse.format, ParseFormat::Regex { matches: Matches::All, .. }),
        command => {
            matches!(
                command.name(),
                CommandName::Source | CommandName::Fields | CommandName::Display | CommandName::Filter | CommandName::Json
            )
        }
    };
    let leading = commands.iter().take_while(|command| is_leading(command)).count();
    let filter = commands.iter().take(leading).rposition(|command| matches!(command.node, Command::Filter(_)));
    filter.map_or(0, |last| last + 1)
}

fn compile(place: Place<'_>, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let unsupported = || Err(unsupported_command(place.command.node.name(), place.command.span));
    match &place.command.node {
        Command::Source(source) if place.is_inner && source.start.is_none() && source.end.is_none() => {
            builder.read_groups(&source.selectors)
        }
        Command::Fields(fields) => fields::compile(fields, builder),
        Command::Display(display) => fields::compile_display(display, builder),
        Command::Filter(filter) => filter::compile(filter, builder),
        Command::Parse(parse) => parse::compile(parse, builder),
        Command::Json(json) => json::compile(json, builder),
        Command::Stats(stats) => stats::compile(stats, builder),
        Command::Sort(sort) => sort::compile(sort, place.following, builder),
        Command::Limit(limit) => limit::compile(limit, builder),
        Command::Dedup(dedup) => dedup::compile(dedup, builder),
        Command::Expand(expand) => expand::compile(expand, builder),
        Command::Unnest(unnest) => unnest::compile(unnest, builder),
        Command::Pattern(pattern) => pattern::compile(pattern, builder),
        Command::RelevantFields(relevant) => relevant_fields::compile(relevant, builder),
        Command::Lookup(lookup) => lookup::compile(lookup, builder),
        Command::CidrLookup(lookup) => lookup::compile_cidr(lookup, builder),
        Command::Join(join) => join::compile(join, place.command.span, builder),
        Command::AppendCols(append) => append_cols::compile(append, builder),
        Command::FillDown(fill) => fill_down::compile(fill, builder),
        Command::FillMissing(fill) => fill_missing::compile(fill, place.command.span, place.preceding, builder),
        Command::AddTotals(totals) => add_totals::compile(totals, builder),
        Command::Accum(accum) => accum::compile(accum, builder),
        Command::AutoRegress(regress) => auto_regress::compile(regress, builder),
        Command::Outlier(outlier) => outlier::compile(outlier, builder),
        Command::Sessionize(sessionize) => sessionize::compile(sessionize, place.command.span, place.preceding, builder),
        Command::CountFrequent(frequent) => count_frequent::compile(frequent, builder),
        Command::Estimate(_) => estimate::compile(builder),
        Command::Source(_)
        | Command::FilterIndex(_)
        | Command::Diff(_)
        | Command::Anomaly(_)
        | Command::LogCompare(_)
        | Command::SavedQuery(_) => unsupported(),
    }
}
