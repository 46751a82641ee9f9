//! The authorization decision: the intersection of a token's scopes and its tenant's grants.
//!
//! Owns the decision, and is the only module that makes permits. Never calls a source, so a refusal does not show whether the
//! group exists.

use std::time::Duration;

use super::permit::{GrantCoverage, GrantReason, GroupRule, Permit, Share, StreamRule};
use super::tenant::{Caller, Grant, Scope};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{Action, Operation, Target};
use crate::domain::pattern::Pattern;
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
/// [`Denied`], in this order: no grant (404), several sources (400), no scope (403), range too long (422). So only the first
/// error can be about a group that the tenant may not know of.
pub fn authorize<Op: Operation>(caller: &Caller, op: Op, now: Millis) -> Result<Permit<Op>, Denied> {
    let action = op.action();
    let found = match op.target() {
        Target::Groups => all_groups(caller, action)?,
        Target::Group(group) => one_group(caller, action, RequestedGroup { group, streams: &[], source: op.source() })?,
        Target::Streams(group, streams) => one_group(caller, action, RequestedGroup { group, streams, source: op.source() })?,
        Target::Each(groups) => each_group(caller, action, groups, op.source())?,
    };
    if let (Some(max), Some(range)) = (caller.tenant.limits.max_range, op.range()) {
        check_range(range, max, now)?;
    }
    let Coverage { groups, streams, reason } = found;
    let share = Share { tenant: caller.tenant.id.clone(), weight: caller.tenant.weight };
    Ok(Permit::grant(op, share, caller.claims.subject.clone(), groups, streams, reason))
}

struct Coverage {
    groups: Vec<GroupRule>,
    streams: Vec<StreamRule>,
    reason: Option<GrantReason>,
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
    Ok(Coverage { groups, streams: Vec::new(), reason: None })
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

/// Finds grants and a scope that cover the group and each of the streams named.
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
    Ok(Coverage { groups: vec![rule], streams: vec![stream_rule(&grants)], reason: Some(reason) })
}

/// The streams that the grants cover together.
fn stream_rule(grants: &[&Grant]) -> StreamRule {
    grants.iter().map(|grant| coverage_of(grant).streams).reduce(|all, more| Some([all?, more?].concat())).flatten()
}

/// What a grant covers. A list of streams that contains `*` covers all streams.
fn coverage_of(grant: &Grant) -> GrantCoverage {
    let is_limit = |streams: &&Vec<Pattern>| !streams.iter().any(Pattern::is_everything);
    GrantCoverage { groups: grant.groups.clone(), streams: grant.streams.as_ref().filter(is_limit).cloned() }
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
    Ok(Coverage { groups: vec![rule], streams: there.iter().map(|grants| stream_rule(grants)).collect(), reason: Some(reason) })
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
    /// What is missing, if it is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// A scope that covers the target, if only the scope is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_scope: Option<String>,
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

/// Explains the decision on an action without doing anything.
#[must_use]
pub fn explain(caller: &Caller, action: Action, group: &LogGroupName, stream: Option<&LogStreamName>) -> Explanation {
    match one_group(caller, action, RequestedGroup { group, streams: stream.map_or(&[], std::slice::from_ref), source: None }) {
        Ok(found) => Explanation { allowed: true, because: found.reason, missing: None, needed_scope: None },
        Err(denied) => {
            let needed_scope = match &denied {
                Denied::InsufficientScope { scope } => Some(scope.clone()),
                Denied::NotGranted | Denied::StreamNotGranted | Denied::SeveralSources { .. } | Denied::RangeTooLong { .. } => {
                    None
                }
            };
            Explanation { allowed: false, because: None, missing: Some(denied.to_string()), needed_scope }
        }
    }
}
