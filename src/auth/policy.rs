//! The authorization decision: the intersection of a token's scopes and its tenant's grants.
//!
//! Owns the decision, and is the only module that makes permits. Never calls a source, so a refusal does not show whether the
//! group exists.

use std::time::Duration;

use logmark_event_rules::Forbidden;

use super::permit::{GrantCoverage, GrantReason, GroupRule, Permit, Share};
use super::tenant::{Caller, Grant, Scope};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{Action, Operation, Target};
use crate::domain::rules::{Clause, EventMask, EventRules, EventView, Visibility};
use crate::domain::time::{Millis, TimeRange};

/// Why an operation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The tenant has no grant that covers the target. The response is the one for a target that does not exist.
    #[error("no grant of the tenant covers it")]
    NotGranted,
    /// A grant covers the log group, but not a stream that the request names. The response is the one for a stream that does not
    /// exist.
    #[error("no grant of the tenant covers the log stream")]
    StreamNotGranted,
    /// The tenant has a grant, but the token has no scope.
    #[error("the token lacks the scope `{scope}`")]
    InsufficientScope {
        /// A scope that covers the target.
        scope: String,
    },
    /// The tenant may see all groups, but no source contains them all.
    #[error("the log group `{group}` is in another source than `{first}`")]
    SeveralSources {
        /// The first of the groups.
        first: LogGroupName,
        /// A group in another source.
        group: LogGroupName,
    },
    /// The caller's filter uses a masked field, so its answer would tell about the field's values.
    #[error("the filter uses the masked field `{path}`")]
    MaskedField {
        /// The masked path.
        path: String,
    },
    /// The time range is longer than the tenant may read in one request.
    #[error("the range is longer than the tenant's {}", describe(*max))]
    RangeTooLong {
        /// `limits.max_range` of the tenant.
        max: Duration,
    },
}

/// A duration in its largest whole unit.
fn describe(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = [(86_400, "day"), (3600, "hour"), (60, "minute")]
        .into_iter()
        .find(|(length, _)| seconds.is_multiple_of(*length))
        .map_or((seconds, "second"), |(length, unit)| (seconds / length, unit));
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Decides, and makes the permit. `now` bounds open ranges.
///
/// # Errors
/// [`Denied`], in this order: no grant (404), several sources (400), no scope (403), masked field (422), range too long (400). So only
/// the first error can be about a group that the tenant may not know of.
pub fn authorize<Op: Operation>(caller: &Caller, op: Op, now: Millis) -> Result<Permit<Op>, Denied> {
    let action = op.action();
    let found = match op.target() {
        Target::Groups => all_groups(caller, action)?,
        Target::Group(group) => one_group(caller, action, RequestedGroup { group, streams: &[], source: op.source() })?,
        Target::Streams(group, streams) => one_group(caller, action, RequestedGroup { group, streams, source: op.source() })?,
        Target::Each(groups) => each_group(caller, action, groups, op.source())?,
    };
    if let Some(filter) = op.filter() {
        check_filter(filter, &found.visible)?;
    }
    if let (Some(max), Some(range)) = (caller.tenant.limits.max_range, op.range()) {
        check_range(range, max, now)?;
    }
    let Coverage { groups, visible, reason } = found;
    let share = Share { tenant: caller.tenant.id.clone(), weight: caller.tenant.weight };
    Ok(Permit::grant(op, share, caller.claims.subject.clone(), groups, visible, reason))
}

struct Coverage {
    groups: Vec<GroupRule>,
    visible: Vec<Visibility>,
    reason: Option<GrantReason>,
}

/// Refuses a filter on a field that is masked in an event that the caller may see.
fn check_filter(filter: &EventFilter, visible: &[Visibility]) -> Result<(), Denied> {
    let masks = visible.iter().filter_map(|visible| visible.rules.as_ref()).flat_map(EventRules::masks);
    let masked_path = |mask: &EventMask| match mask.fields().forbids(filter.pattern())? {
        Forbidden::Path(path) => Some(path.to_string()),
        // The source masks messages before it searches them, or refuses the filter.
        Forbidden::Terms | Forbidden::Fields => None,
    };
    masks.into_iter().find_map(masked_path).map_or(Ok(()), |path| Err(Denied::MaskedField { path }))
}

fn check_range(range: TimeRange, max: Duration, now: Millis) -> Result<(), Denied> {
    let max_millis = i64::try_from(max.as_millis()).unwrap_or(i64::MAX);
    // Future time costs nothing to read, so only the time until `now` counts.
    let end = range.end.map_or(now, |end| end.min(now));
    match range.start {
        Some(start) if end.0.saturating_sub(start.0) <= max_millis => Ok(()),
        _ => Err(Denied::RangeTooLong { max }),
    }
}

fn scopes_for(caller: &Caller, action: Action) -> Vec<&Scope> {
    caller.scopes.iter().filter(|scope| scope.allows(action)).collect()
}

fn all_groups(caller: &Caller, action: Action) -> Result<Coverage, Denied> {
    let grants: Vec<&Grant> = caller.tenant.grants.iter().filter(|grant| grant.allows(action)).collect();
    let scopes = scopes_for(caller, action);
    if let (Some(first), true) = (grants.iter().find_map(|grant| grant.groups.first()), scopes.is_empty()) {
        return Err(Denied::InsufficientScope { scope: format!("logs:{action}:{first}") });
    }
    let scoped: Vec<_> = scopes.iter().map(|scope| scope.groups.clone()).collect();
    let mut groups: Vec<GroupRule> = Vec::new();
    for grant in grants {
        match groups.iter_mut().find(|rule| rule.source == grant.source) {
            Some(rule) => rule.grants.push(coverage_of(grant)),
            None => {
                groups.push(GroupRule { source: grant.source.clone(), grants: vec![coverage_of(grant)], scoped: scoped.clone() })
            }
        }
    }
    Ok(Coverage { groups, visible: Vec::new(), reason: None })
}

/// The target of a request in one group.
#[derive(Clone, Copy)]
struct RequestedGroup<'a> {
    group: &'a LogGroupName,
    /// The streams named; none: the group as a whole.
    streams: &'a [LogStreamName],
    /// The source named; `None`: the first whose grant covers it.
    source: Option<&'a SourceName>,
}

impl RequestedGroup<'_> {
    /// Whether the grant covers the group, in the source that the request names.
    fn is_covered(&self, grant: &Grant, action: Action) -> bool {
        let here = self.source.is_none_or(|source| *source == grant.source);
        here && grant.allows(action) && grant.covers_group(self.group.as_str())
    }

    /// Whether the grant covers any of the streams named.
    fn names_one(&self, grant: &Grant) -> bool {
        self.streams.is_empty() || self.streams.iter().any(|stream| grant.covers_stream(stream.as_str()))
    }
}

/// The source of a group if a request names none; `None`: no source. `stream`: the stream, if the request is about one.
#[must_use]
pub fn default_source<'a>(
    caller: &'a Caller,
    action: Action,
    group: &LogGroupName,
    stream: Option<&LogStreamName>,
) -> Option<&'a SourceName> {
    let asked = RequestedGroup { group, streams: stream.map_or(&[], std::slice::from_ref), source: None };
    let mut grants = caller.tenant.grants.iter();
    grants.find(|grant| asked.is_covered(grant, action) && asked.names_one(grant)).map(|grant| &grant.source)
}

/// Finds grants and a scope that cover the group and each of the named streams.
fn one_group(caller: &Caller, action: Action, asked: RequestedGroup<'_>) -> Result<Coverage, Denied> {
    let RequestedGroup { group, streams: named, .. } = asked;
    let all: Vec<&Grant> = caller.tenant.grants.iter().filter(|grant| asked.is_covered(grant, action)).collect();
    let scopes = scopes_for(caller, action);
    let scope = scopes.iter().find(|scope| scope.groups.matches(group.as_str()));
    // Only callers that may read the group learn that the stream is the reason.
    let no_stream = if all.is_empty() || scope.is_none() { Denied::NotGranted } else { Denied::StreamNotGranted };
    let Some(first) = all.iter().copied().find(|grant| asked.names_one(grant)) else { return Err(no_stream) };
    let grants: Vec<&Grant> = all.into_iter().filter(|grant| grant.source == first.source).collect();
    if !named.iter().all(|stream| grants.iter().any(|grant| grant.covers_stream(stream.as_str()))) {
        return Err(no_stream);
    }
    let scope = scope.ok_or_else(|| Denied::InsufficientScope { scope: format!("logs:{action}:{group}") })?;
    let reason = GrantReason::new(first, scope);
    let rule = GroupRule {
        source: first.source.clone(),
        grants: grants.iter().map(|grant| coverage_of(grant)).collect(),
        scoped: scopes.iter().map(|scope| scope.groups.clone()).collect(),
    };
    // Grants that cover none of the named streams show nothing of them.
    let used = grants.iter().copied().filter(|grant| asked.names_one(grant));
    Ok(Coverage { groups: vec![rule], visible: vec![visibility(used).of_streams(named)], reason: Some(reason) })
}

/// What the grants show together.
fn visibility<'a>(grants: impl Iterator<Item = &'a Grant>) -> Visibility {
    Visibility::of(grants.map(Grant::clause).collect())
}

fn coverage_of(grant: &Grant) -> GrantCoverage {
    GrantCoverage { groups: grant.groups.clone(), clause: grant.clause() }
}

/// Finds the first source of the configuration in which grants cover each of the groups, and a scope for each.
fn each_group(caller: &Caller, action: Action, groups: &[LogGroupName], source: Option<&SourceName>) -> Result<Coverage, Denied> {
    let of_group = |group: &LogGroupName| -> Vec<&Grant> {
        let asked = RequestedGroup { group, streams: &[], source };
        caller.tenant.grants.iter().filter(|grant| asked.is_covered(grant, action)).collect()
    };
    let grants: Vec<Vec<&Grant>> = groups.iter().map(of_group).collect();
    let (Some(first), false) = (groups.first().zip(grants.first()), grants.iter().any(Vec::is_empty)) else {
        return Err(Denied::NotGranted);
    };
    let in_source = |grants: &[&Grant], source: &SourceName| grants.iter().any(|grant| grant.source == *source);
    let elsewhere = |source: &SourceName| grants.iter().position(|grants| !in_source(grants, source));
    let Some(granted) = first.1.iter().find(|grant| elsewhere(&grant.source).is_none()) else {
        let other = first.1.first().and_then(|grant| elsewhere(&grant.source)).and_then(|index| groups.get(index));
        return Err(Denied::SeveralSources { first: first.0.clone(), group: other.unwrap_or(first.0).clone() });
    };
    let scopes = scopes_for(caller, action);
    let scope_of = |group: &LogGroupName| scopes.iter().find(|scope| scope.groups.matches(group.as_str()));
    let missing: Vec<_> =
        groups.iter().filter(|group| scope_of(group).is_none()).map(|group| format!("logs:{action}:{group}")).collect();
    let Some(scope) = scope_of(first.0).filter(|_| missing.is_empty()) else {
        return Err(Denied::InsufficientScope { scope: missing.join(" ") });
    };
    let source = granted.source.clone();
    let there: Vec<Vec<&Grant>> =
        grants.iter().map(|grants| grants.iter().copied().filter(|grant| grant.source == source).collect()).collect();
    let rule = GroupRule {
        source,
        grants: there.iter().flatten().map(|grant| coverage_of(grant)).collect(),
        scoped: scopes.iter().map(|scope| scope.groups.clone()).collect(),
    };
    let reason = GrantReason::new(granted, scope);
    Ok(Coverage {
        groups: vec![rule],
        visible: there.iter().map(|grants| visibility(grants.iter().copied())).collect(),
        reason: Some(reason),
    })
}

/// The features that a source can lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFeatures {
    /// It runs Logs Insights queries.
    pub runs_queries: bool,
    /// It has a live tail.
    pub tails: bool,
}

/// The explanation of a decision, for `GET /me/explain` and `logmark explain`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// The grant, the scope and the claim that allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<GrantReason>,
    /// The row rules and masks of the grants that show the group's events, if one of them has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ExplainedRule>,
    /// What is missing, if it is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// A scope that covers the target, if only the scope is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_scope: Option<String>,
}

/// What one grant shows of a group's events.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedRule {
    /// Only events of these streams; `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streams: Option<Vec<String>>,
    /// Only events that match this filter pattern; `None`: all.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// The masked JSON paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mask: Vec<String>,
}

impl From<&Clause> for ExplainedRule {
    fn from(clause: &Clause) -> Self {
        Self {
            streams: clause.streams.as_ref().map(|patterns| patterns.iter().map(ToString::to_string).collect()),
            rows: clause.rows.as_ref().map(ToString::to_string),
            mask: clause.mask.as_ref().map(EventMask::path_texts).unwrap_or_default(),
        }
    }
}

impl std::fmt::Display for ExplainedRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = |texts: &[String]| texts.join(", ");
        let streams = self.streams.as_ref().map(|streams| format!(" of the streams {}", all(streams)));
        let rows = self.rows.as_ref().map(|rows| format!(" that match {rows}"));
        write!(f, "events{}{}", streams.unwrap_or_default(), rows.unwrap_or_default())?;
        if self.mask.is_empty() { Ok(()) } else { write!(f, ", with masked {}", all(&self.mask)) }
    }
}

impl Explanation {
    /// The explanation with the limits of the group's source: an allowed action can still be unsupported there.
    #[must_use]
    pub fn within(self, action: Action, source: SourceFeatures) -> Self {
        let lacking = match action {
            Action::Tail if !source.tails => "the source that holds the log group has no live tail",
            Action::Query if !source.runs_queries => "the source that holds the log group runs no Logs Insights queries",
            Action::Tail | Action::Query | Action::Read | Action::Describe | Action::Write => return self,
        };
        if self.allowed {
            return Self { allowed: false, missing: Some(format!("token and grant allow it, but {lacking}")), ..self };
        }
        self
    }
}

/// How a read of the stream shows an event, for tests of a policy.
///
/// # Errors
/// [`Denied`], if the stream cannot be read.
pub fn view_event(caller: &Caller, group: &LogGroupName, stream: &LogStreamName, message: &str) -> Result<EventView, Denied> {
    let asked = RequestedGroup { group, streams: std::slice::from_ref(stream), source: None };
    let found = one_group(caller, Action::Read, asked)?;
    let rules = found.visible.first().and_then(|visible| visible.rules.as_ref());
    Ok(rules.map_or(EventView::Unchanged, |rules| rules.view(stream.as_str(), message)))
}

/// Explains the decision on an action without doing anything.
#[must_use]
pub fn explain(caller: &Caller, action: Action, group: &LogGroupName, stream: Option<&LogStreamName>) -> Explanation {
    match one_group(caller, action, RequestedGroup { group, streams: stream.map_or(&[], std::slice::from_ref), source: None }) {
        Ok(found) => {
            let rules = found.visible.first().and_then(|visible| visible.rules.as_ref());
            let rules = rules.map(|rules| rules.clauses().iter().map(ExplainedRule::from).collect());
            Explanation {
                allowed: true,
                because: found.reason,
                rules: rules.unwrap_or_default(),
                missing: None,
                needed_scope: None,
            }
        }
        Err(denied) => {
            let needed_scope = match &denied {
                Denied::InsufficientScope { scope } => Some(scope.clone()),
                Denied::NotGranted
                | Denied::StreamNotGranted
                | Denied::SeveralSources { .. }
                | Denied::MaskedField { .. }
                | Denied::RangeTooLong { .. } => None,
            };
            Explanation { allowed: false, because: None, rules: Vec::new(), missing: Some(denied.to_string()), needed_scope }
        }
    }
}
