//! The refused parts of queries: reads beyond its log groups and its range, pointers of upstream, and the operator's account.
//!
//! Owns the list. It works on the parsed query's reach, never on its text, so that spelling, comments and nesting make no difference.

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{Column, Command, Expression, FieldPath, Query};
use logmark_insights::reach::{Beyond, Reach, Reference, Referent, Use, Window};

use super::QueryReach;
use crate::domain::name::LogGroupName;

/// The pointer to an event, valid for the whole account.
const POINTER: &str = "@ptr";
/// The group of an event, after the account id.
const LOG: &str = "@log";

/// Every refused part of a query for a source with this reach, with its position.
pub(super) fn in_query(query: &Query, reach_of_source: QueryReach) -> Vec<Diagnostic> {
    let reach = Reach::of(query);
    let mut found: Vec<Diagnostic> = reach
        .beyond()
        .iter()
        .filter(|beyond| !is_harmless(&beyond.node))
        .filter(|beyond| reach_of_source == QueryReach::Confined || !is_named(beyond, query))
        .map(|beyond| {
            let expected = "a query within its log groups, its time range and the data masks";
            fault(beyond.span, expected, &format!("`{}`", beyond.node.word())).hint(beyond.node.to_string())
        })
        .collect();
    let shown = plain_columns(query);
    found.extend(reach.references().filter_map(|reference| of_reference(reference, &shown, reach_of_source)));
    found.sort_by_key(|fault| (fault.span.start, fault.span.end));
    found.dedup();
    found
}

fn fault(span: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Kind::Unsupported, span, expected, found)
}

/// `filterIndex` reads only events of the query, and fewer of them. `stats … offset` shifts bins; should it read an earlier
/// period, the scope condition's filter stands before it with both ends of the range.
fn is_harmless(beyond: &Beyond) -> bool {
    matches!(beyond, Beyond::FieldIndex { .. } | Beyond::TimeRange(Window::StatsOffset))
}

/// Whether it is a query inside the query, a log group that one names, or a lookup table. `SOURCE` of the query itself is not
/// among them, since the request names the groups that it reads.
fn is_named(beyond: &Spanned<Beyond>, query: &Query) -> bool {
    let own_sources = query.commands.iter().filter(|command| matches!(command.node, Command::Source(_)));
    let is_own =
        own_sources.map(|command| command.span).any(|span| span.start <= beyond.span.start && beyond.span.end <= span.end);
    match &beyond.node {
        Beyond::OtherQuery(_) | Beyond::Lookup { .. } | Beyond::CidrLookup { .. } => true,
        Beyond::Source => !is_own,
        Beyond::LogGroup { name } => !is_own && LogGroupName::try_from(name.as_str()).is_ok(),
        Beyond::LogGroups { .. }
        | Beyond::LogGroupTags { .. }
        | Beyond::DataSources { .. }
        | Beyond::OtherAccounts { .. }
        | Beyond::TimeRange(_)
        | Beyond::SavedQuery { .. }
        | Beyond::FieldIndex { .. }
        | Beyond::Unmask
        | Beyond::TooDeep => false,
    }
}

/// The log groups that queries inside the query name, each once.
pub(super) fn nested_groups(query: &Query) -> Vec<LogGroupName> {
    let mut groups = Vec::new();
    for beyond in Reach::of(query).beyond() {
        if let Beyond::LogGroup { name } = &beyond.node
            && is_named(beyond, query)
            && let Ok(group) = LogGroupName::try_from(name.as_str())
            && !groups.contains(&group)
        {
            groups.push(group);
        }
    }
    groups
}

/// Whether the query may read events before its range.
pub(super) fn may_read_earlier(query: &Query) -> bool {
    Reach::of(query).beyond().iter().any(|beyond| beyond.node.leaves_its_time_range())
}

/// Where `fields` and `display` show a field under its own name.
pub(super) fn plain_columns(query: &Query) -> Vec<Span> {
    let columns = query.commands.iter().flat_map(|command| -> &[Column] {
        match &command.node {
            Command::Fields(fields) => &fields.columns,
            Command::Display(display) => &display.columns,
            _ => &[],
        }
    });
    let plain = columns.filter(|column| column.alias.is_none() && matches!(column.expression.node, Expression::Field(_)));
    plain.map(|column| column.expression.span).collect()
}

/// A reference to an event's pointer, or to a field with the operator's account, in a form that could show its value. `@log` of a local
/// source is the group alone, and Grafana's queries trim it.
fn of_reference(reference: &Reference, shown: &[Span], reach: QueryReach) -> Option<Diagnostic> {
    let Referent::Field(path) = &reference.what else { return None };
    if begins_with(path, POINTER) && reference.origin.is_of_events() && !shown.contains(&reference.span) {
        let expected = "`@ptr` as a column of its own in `fields` or `display`";
        return Some(
            fault(reference.span, expected, "another use of it").hint("the answer has a pointer of this service in its place"),
        );
    }
    if !reference.what.names_account() || !reference.uses.contains(Use::Shown) || is_entity_without_account(path) {
        return None;
    }
    let taken_apart =
        [Use::Computed, Use::Parsed, Use::Expanded, Use::Compared].into_iter().any(|way| reference.uses.contains(way));
    match begins_with(path, LOG) {
        true if taken_apart && reach == QueryReach::Confined => Some(
            fault(reference.span, "`@log` unchanged", "a value computed from it")
                .hint("it has the id of the operator's account: only show it, filter or group by it"),
        ),
        true => None,
        false => Some(
            fault(reference.span, "a field of your events", &format!("`{}`", path.flat_name()))
                .hint("it has the id of the operator's account"),
        ),
    }
}

/// Whether it is one attribute of the event's entity (`@entity.KeyAttributes.Name`, `@entity.Attributes.EKS.Cluster`), and not
/// one that is named after the account or an identifier with its number. A map of attributes may hold those too.
fn is_entity_without_account(path: &FieldPath) -> bool {
    names_entity_attribute(&path.flat_name())
}

/// The same of a field's name, its steps joined by points.
pub(crate) fn names_entity_attribute(name: &str) -> bool {
    let name = name.to_lowercase();
    let Some(attribute) = name.strip_prefix("@entity.") else { return false };
    // A number is an element of a list, which can have any attribute.
    let is_number = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
    let names_account = |step: &str| step.contains("account") || step.contains("identifier") || step.ends_with("arn");
    let mut steps = attribute.split('.');
    let is_attribute = matches!(steps.next(), Some("keyattributes" | "attributes")) && steps.clone().next().is_some();
    is_attribute && steps.all(|step| !is_number(step) && !names_account(step))
}

/// Whether the path is the field, or a step into it. Names are compared without case, since CloudWatch might do so.
fn begins_with(path: &FieldPath, name: &str) -> bool {
    path.head.as_str().eq_ignore_ascii_case(name)
}
