//! Commands, in the order of [`crate::ast::CommandName`].

use std::fmt;

use logmark_diagnostics::Spanned;

use super::separated;
use crate::ast::{
    AddTotals, AppendCols, AutoRegress, CidrLookup, Column, Command, Direction, FieldPath, IndexValues, Join, JoinKind, Limit,
    LimitMode, LogGroups, Lookup, LookupMode, LookupOutput, Matches, Outlier, OutlierAction, Parse, ParseFormat, RelevantFields,
    SavedQuery, Selector, Sessionize, Sort, Source, Stats, TagFilter, Text,
};

type Formatter<'a, 'b> = &'a mut fmt::Formatter<'b>;

/// One command.
pub(super) fn command(f: Formatter<'_, '_>, command: &Command) -> fmt::Result {
    match command {
        Command::SavedQuery(saved) => return saved_query(f, saved),
        other => f.write_str(other.name().spelling())?,
    }
    match command {
        Command::Source(node) => source(f, node),
        Command::Fields(node) => after(f, " ", &node.columns),
        Command::Display(node) => after(f, " ", &node.columns),
        Command::Filter(node) => write!(f, " {}", node.condition),
        Command::FilterIndex(node) => write!(f, " {} {}", node.field, node.values),
        Command::Parse(node) => parse(f, node),
        Command::Json(node) => {
            with(f, " field=", node.input.as_ref())?;
            write!(f, " {} as {}", node.path, node.alias)
        }
        Command::Stats(node) => stats(f, node),
        Command::Sort(node) => sort(f, node),
        Command::Limit(node) => limit(f, node),
        Command::Dedup(node) => after(f, " ", &node.fields),
        Command::Pattern(node) => write!(f, " {}", node.field),
        Command::Diff(node) => with(f, " ", node.against.map(|period| period.node.spelling()).as_ref()),
        Command::Anomaly(_) | Command::Estimate(_) => Ok(()),
        Command::RelevantFields(node) => relevant_fields(f, node),
        Command::Expand(node) => write!(f, " {}", node.field),
        Command::Unnest(node) => write!(f, " {} into {}", node.field, node.alias),
        Command::Lookup(node) => lookup(f, node),
        Command::CidrLookup(node) => cidr_lookup(f, node),
        Command::Join(node) => join(f, node),
        Command::AppendCols(node) => append_cols(f, node),
        Command::LogCompare(node) => write!(f, " timeshift {}", node.timeshift),
        Command::FillDown(node) => node.targets.iter().try_for_each(|target| write!(f, " {target}")),
        Command::FillMissing(node) => node.fills.iter().enumerate().try_for_each(|(index, fill)| {
            write!(f, "{} {} for {}", if index == 0 { " with" } else { "," }, fill.value, fill.field)
        }),
        Command::AddTotals(node) => add_totals(f, node),
        Command::Accum(node) => {
            write!(f, " {}", node.field)?;
            with(f, " as ", node.alias.as_ref())
        }
        Command::AutoRegress(node) => auto_regress(f, node),
        Command::Outlier(node) => outlier(f, node),
        Command::Sessionize(node) => sessionize(f, node),
        Command::CountFrequent(node) => after(f, " ", &node.fields),
        Command::SavedQuery(_) => Ok(()),
    }
}

/// A list between commas behind a word; nothing when it is empty.
fn after<T: fmt::Display>(f: Formatter<'_, '_>, word: &str, list: &[T]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    f.write_str(word)?;
    separated(f, list, ", ")
}

/// Something behind a word; nothing when it is not there.
fn with<T: fmt::Display>(f: Formatter<'_, '_>, word: &str, what: Option<&T>) -> fmt::Result {
    what.map_or(Ok(()), |what| write!(f, "{word}{what}"))
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)?;
        with(f, " as ", self.alias.as_ref())
    }
}

impl fmt::Display for IndexValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal(value) => write!(f, "= {value}"),
            Self::In(values) => {
                f.write_str("in [")?;
                separated(f, values, ", ")?;
                f.write_str("]")
            }
        }
    }
}

fn source(f: Formatter<'_, '_>, source: &Source) -> fmt::Result {
    source.selectors.iter().try_for_each(|selector| write!(f, " {selector}"))?;
    with(f, " start=", source.start.as_ref())?;
    with(f, " end=", source.end.as_ref())
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::LogGroups(groups) => write!(f, "logGroups({groups})"),
            Self::Tags(tags) => {
                f.write_str("logGroupTags([")?;
                separated(f, tags, ", ")?;
                f.write_str("])")
            }
            Self::DataSources(sources) => {
                f.write_str("dataSource([")?;
                separated(f, sources, ", ")?;
                f.write_str("])")
            }
        }
    }
}

impl fmt::Display for LogGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<Text> = self.classes.iter().map(|class| Text::new(class.node.spelling())).collect();
        let texts = |list: &[Spanned<Text>]| list.iter().map(|text| text.node.clone()).collect::<Vec<_>>();
        let lists = [
            ("namePrefix", texts(&self.name_prefixes)),
            ("accountIdentifiers", texts(&self.account_identifiers)),
            ("class", classes),
        ];
        let mut separator = "";
        for (key, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            write!(f, "{separator}{key}: [")?;
            separated(f, list, ", ")?;
            f.write_str("]")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Display for TagFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"key\": {}", self.key)?;
        if !self.values.is_empty() {
            f.write_str(", \"values\": [")?;
            separated(f, &self.values, ", ")?;
            f.write_str("]")?;
        }
        f.write_str("}")
    }
}

fn parse(f: Formatter<'_, '_>, parse: &Parse) -> fmt::Result {
    with(f, " ", parse.input.as_ref())?;
    match &parse.format {
        ParseFormat::Glob { pattern, aliases } => {
            write!(f, " {pattern}")?;
            after(f, " as ", aliases)
        }
        ParseFormat::Regex { pattern, aliases, matches } => {
            write!(f, " {pattern}")?;
            after(f, " as ", aliases)?;
            f.write_str(if *matches == Matches::All { " multi" } else { "" })
        }
        ParseFormat::Logfmt { alias } => write!(f, " logfmt as {alias}"),
        ParseFormat::Xml { path, alias } => write!(f, " xml {path} as {alias}"),
        ParseFormat::Csv { aliases } => after(f, " csv as ", aliases),
    }
}

fn stats(f: Formatter<'_, '_>, stats: &Stats) -> fmt::Result {
    after(f, " ", &stats.aggregates)?;
    after(f, " by ", &stats.by)?;
    with(f, " offset ", stats.offset.as_ref())
}

fn sort(f: Formatter<'_, '_>, sort: &Sort) -> fmt::Result {
    for (index, key) in sort.keys.iter().enumerate() {
        write!(f, "{} {}", if index > 0 { "," } else { "" }, key.expression)?;
        f.write_str(match key.direction {
            None => "",
            Some(Direction::Ascending) => " asc",
            Some(Direction::Descending) => " desc",
        })?;
    }
    Ok(())
}

fn limit(f: Formatter<'_, '_>, limit: &Limit) -> fmt::Result {
    let any = if limit.mode == LimitMode::Any { " any" } else { "" };
    write!(f, "{any} {}", limit.count)
}

fn relevant_fields(f: Formatter<'_, '_>, relevant: &RelevantFields) -> fmt::Result {
    after(f, " ", &relevant.fields)?;
    write!(f, " where {}", relevant.condition)
}

fn lookup(f: Formatter<'_, '_>, lookup: &Lookup) -> fmt::Result {
    write!(f, " {}", lookup.table.node.as_str())?;
    for (index, key) in lookup.keys.iter().enumerate() {
        write!(f, "{} {}", if index > 0 { "," } else { "" }, key.column)?;
        with(f, " as ", key.field.as_ref())?;
    }
    outputs(f, lookup.mode, &lookup.outputs)
}

fn cidr_lookup(f: Formatter<'_, '_>, lookup: &CidrLookup) -> fmt::Result {
    write!(f, " {} {}", lookup.table.node.as_str(), lookup.field)?;
    with(f, " as ", lookup.column.as_ref())?;
    outputs(f, lookup.mode, &lookup.outputs)
}

fn outputs(f: Formatter<'_, '_>, mode: LookupMode, outputs: &[LookupOutput]) -> fmt::Result {
    write!(f, " {}", mode.spelling())?;
    for (index, output) in outputs.iter().enumerate() {
        write!(f, "{} {}", if index > 0 { "," } else { "" }, output.column)?;
        with(f, " as ", output.alias.as_ref())?;
    }
    Ok(())
}

fn join(f: Formatter<'_, '_>, join: &Join) -> fmt::Result {
    let kind = if join.kind == JoinKind::Left { " type=left" } else { "" };
    write!(f, "{kind} left={} right={} where ", join.left, join.right)?;
    for (index, key) in join.keys.iter().enumerate() {
        write!(f, "{}{} = {}", if index > 0 { " and " } else { "" }, key.first, key.second)?;
    }
    write!(f, " ({})", join.query)
}

fn append_cols(f: Formatter<'_, '_>, append: &AppendCols) -> fmt::Result {
    f.write_str(if append.overrides { " override=true" } else { "" })?;
    with(f, " max=", append.max.as_ref())?;
    write!(f, " ({})", append.query)
}

fn add_totals(f: Formatter<'_, '_>, totals: &AddTotals) -> fmt::Result {
    with(f, " fieldname=", totals.field_name.as_ref())?;
    f.write_str(if totals.row { "" } else { " row=false" })?;
    f.write_str(if totals.column { " col=true" } else { "" })?;
    after(f, " ", &totals.fields)
}

fn auto_regress(f: Formatter<'_, '_>, regress: &AutoRegress) -> fmt::Result {
    write!(f, " {}", regress.field)?;
    with(f, " as ", regress.alias.as_ref())?;
    match regress.lags.map(|lags| lags.node) {
        None => Ok(()),
        Some((first, last)) if first == last => write!(f, " p={first}"),
        Some((first, last)) => write!(f, " p={first}-{last}"),
    }
}

fn outlier(f: Formatter<'_, '_>, outlier: &Outlier) -> fmt::Result {
    f.write_str(if outlier.action == OutlierAction::Remove { " action=remove" } else { "" })?;
    with(f, " param=", outlier.param.as_ref())?;
    f.write_str(if outlier.use_lower { " uselower=true" } else { "" })?;
    f.write_str(if outlier.mark { " mark=true" } else { "" })?;
    outlier.fields.iter().try_for_each(|field: &Spanned<FieldPath>| write!(f, " {field}"))
}

fn sessionize(f: Formatter<'_, '_>, sessionize: &Sessionize) -> fmt::Result {
    after(f, " ", &sessionize.fields)?;
    with(f, " maxspan ", sessionize.max_span.as_ref())?;
    with(f, " as ", sessionize.alias.as_ref())
}

fn saved_query(f: Formatter<'_, '_>, saved: &SavedQuery) -> fmt::Result {
    write!(f, "${}(", saved.name)?;
    for (index, argument) in saved.arguments.iter().enumerate() {
        write!(f, "{}{} = {}", if index > 0 { ", " } else { "" }, argument.parameter, argument.value)?;
    }
    f.write_str(")")
}
