//! What a query may hold and nobody is given: what lies beyond its log groups and its time range, upstream's handles, and the
//! operator's account.
//!
//! Owns the list. Works on what the query reaches, never on its text, so that no spelling, comment or nesting hides a thing.

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{Column, Command, Expression, FieldPath, Query};
use logmark_insights::reach::{Beyond, Reach, Reference, Referent, Use, Window};

use super::QueryReach;
use crate::domain::name::LogGroupName;

/// The handle of an event, good for the whole account.
const POINTER: &str = "@ptr";
/// The group of an event, after the account's number.
const LOG: &str = "@log";

/// Everything of the kind in a query for a source with this reach, each at its place.
pub(super) fn in_query(query: &Query, reach_of_source: QueryReach) -> Vec<Diagnostic> {
    let reach = Reach::of(query);
    let mut found: Vec<Diagnostic> = reach
        .beyond()
        .iter()
        .filter(|beyond| !is_harmless(&beyond.node))
        .filter(|beyond| reach_of_source == QueryReach::Confined || !is_named(beyond, query))
        .map(|beyond| {
            let expected = "a query of its log groups, its time range and what is not masked";
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
/// among them: which groups it reads, the request says.
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
fn plain_columns(query: &Query) -> Vec<Span> {
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

/// A reference to an event's handle, or to what names the operator's account, in a form in which its value could leave. `@log` of a
/// local source is the group alone, and Grafana's queries trim it.
fn of_reference(reference: &Reference, shown: &[Span], reach: QueryReach) -> Option<Diagnostic> {
    let Referent::Field(path) = &reference.what else { return None };
    if begins_with(path, POINTER) && reference.origin.is_of_events() && !shown.contains(&reference.span) {
        let expected = "`@ptr` as a column of its own in `fields` or `display`";
        return Some(
            fault(reference.span, expected, "another use of it").hint("it is a handle, replaced in the answer by one of yours"),
        );
    }
    if !reference.what.names_account() || !reference.uses.contains(Use::Shown) || is_entity_without_account(path) {
        return None;
    }
    let taken_apart =
        [Use::Computed, Use::Parsed, Use::Expanded, Use::Compared].into_iter().any(|way| reference.uses.contains(way));
    match begins_with(path, LOG) {
        true if taken_apart && reach == QueryReach::Confined => Some(
            fault(reference.span, "`@log` as it is", "something made of it")
                .hint("it holds the number of the operator's account: show it, filter and group by it"),
        ),
        true => None,
        false => Some(
            fault(reference.span, "a field of your events", &format!("`{}`", path.flat_name()))
                .hint("it holds the number of the operator's account"),
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
    // Numbers are elements of a list, whatever stands there.
    let is_number = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
    let names_account = |step: &str| step.contains("account") || step.contains("identifier") || step.ends_with("arn");
    let mut steps = attribute.split('.');
    let is_attribute = matches!(steps.next(), Some("keyattributes" | "attributes")) && steps.clone().next().is_some();
    is_attribute && steps.all(|step| !is_number(step) && !names_account(step))
}

/// Is it the field, or a step into it? Names are compared without case, as in doubt CloudWatch might.
fn begins_with(path: &FieldPath, name: &str) -> bool {
    path.head.as_str().eq_ignore_ascii_case(name)
}
