//! Who may what: the intersection of a token's scopes and its tenant's grants.
//!
//! Owns the decision, and is the only maker of permits. Never asks a source: a group that the caller may not know of is
//! refused without anybody learning whether it exists.

use std::time::Duration;

use super::permit::{GrantCoverage, GrantReason, GroupRule, Permit, Share, StreamRule};
use super::tenant::{Caller, Grant, Scope};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{Action, Operation, Target};
use crate::domain::pattern::Pattern;
use crate::domain::time::{Millis, TimeRange};

/// Why an operation is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The tenant has no grant that covers it: it answers as if it did not exist.
    #[error("no grant of the tenant covers it")]
    NotGranted,
    /// The caller may do it in the log group, but not with a stream that it names: it answers as if that did not exist.
    #[error("no grant of the tenant covers the log stream")]
    StreamNotGranted,
    /// The tenant may, the token may not.
    #[error("the token has no scope that covers it; `{scope}` would")]
    InsufficientScope {
        /// A scope that would do.
        scope: String,
    },
    /// The tenant may see all the groups, but they are not in one source.
    #[error("the log group `{group}` is in another source than `{first}`")]
    SeveralSources {
        /// The first of the groups.
        first: LogGroupName,
        /// One that is elsewhere.
        group: LogGroupName,
    },
    /// The tenant may not read so much time in one request.
    #[error("the range is longer than the tenant's {}", describe(*max))]
    RangeTooLong {
        /// The tenant's `limits.max_range`.
        max: Duration,
    },
}

/// A length of time in its largest whole unit.
fn describe(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = [(86_400, "day"), (3600, "hour"), (60, "minute")]
        .into_iter()
        .find(|(length, _)| seconds.is_multiple_of(*length))
        .map_or((seconds, "second"), |(length, unit)| (seconds / length, unit));
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Asks for leave. `now` bounds open ranges.
///
/// # Errors
/// [`Denied`], in the order: not granted (404), in several sources (400), not scoped (403), too long a range (422). So none
/// but the first ever speaks of a group that the tenant may not know of.
pub fn authorize<Op: Operation>(caller: &Caller, op: Op, now: Millis) -> Result<Permit<Op>, Denied> {
    let found = match op.target() {
        Target::Groups => all_groups(caller, Op::ACTION)?,
        Target::Group(group) => one_group(caller, Op::ACTION, RequestedGroup { group, streams: &[], source: op.source() })?,
        Target::Streams(group, streams) => one_group(caller, Op::ACTION, RequestedGroup { group, streams, source: op.source() })?,
        Target::Each(groups) => each_group(caller, Op::ACTION, groups, op.source())?,
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
    // What is still to come is no work: an open range, or one that ends with the present millisecond, is not too long by it.
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

/// One group, as it is asked for.
#[derive(Clone, Copy)]
struct RequestedGroup<'a> {
    group: &'a LogGroupName,
    /// The streams named; none: the group as a whole.
    streams: &'a [LogStreamName],
    /// The source named; `None`: the first whose grant covers it.
    source: Option<&'a SourceName>,
}

impl RequestedGroup<'_> {
    /// Does the grant cover the group, in the source that is asked for?
    fn is_covered(&self, grant: &Grant, action: Action) -> bool {
        let here = self.source.is_none_or(|source| *source == grant.source);
        here && grant.allows(action) && grant.covers_group(self.group.as_str())
    }

    /// Is it of any use to the streams named?
    fn names_one(&self, grant: &Grant) -> bool {
        self.streams.is_empty() || self.streams.iter().any(|stream| grant.covers_stream(stream.as_str()))
    }
}

/// Where a group is looked for when a request names no source; `None`: nowhere. `stream`: one of its streams, if it is that.
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

/// Looks for grants and a scope that cover the group and each of the streams named.
fn one_group(caller: &Caller, action: Action, asked: RequestedGroup<'_>) -> Result<Coverage, Denied> {
    let RequestedGroup { group, streams: named, .. } = asked;
    let all: Vec<&Grant> = caller.tenant.grants.iter().filter(|grant| asked.is_covered(grant, action)).collect();
    let scopes = scopes_for(caller, action);
    let scope = scopes.iter().find(|scope| scope.groups.matches(group.as_str()));
    // That the group is not the reason is said to those who may read it alone.
    let no_stream = if all.is_empty() || scope.is_none() { Denied::NotGranted } else { Denied::StreamNotGranted };
    let Some(first) = all.iter().copied().find(|grant| asked.names_one(grant)) else { return Err(no_stream) };
    let grants: Vec<&Grant> = all.into_iter().filter(|grant| grant.source == first.source).collect();
    if !named.iter().all(|stream| grants.iter().any(|grant| grant.covers_stream(stream.as_str()))) {
        return Err(no_stream);
    }
    let scope = scope.ok_or_else(|| Denied::InsufficientScope { scope: format!("logs:{action}:{group}") })?;
    let reason = GrantReason { grant: first.rule.clone(), scope: scope.to_string(), claim: scope.claim.to_string() };
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

/// What a grant covers. A list of streams with `*` in it is no limit.
fn coverage_of(grant: &Grant) -> GrantCoverage {
    let is_limit = |streams: &&Vec<Pattern>| !streams.iter().any(Pattern::is_everything);
    GrantCoverage { groups: grant.groups.clone(), streams: grant.streams.as_ref().filter(is_limit).cloned() }
}

/// Looks for one source in which grants cover each of the groups, and for a scope for each. The first source of the
/// configuration that has them all is the one.
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
    let reason = GrantReason { grant: granted.rule.clone(), scope: scope.to_string(), claim: scope.claim.to_string() };
    Ok(Coverage { groups: vec![rule], streams: there.iter().map(|grants| stream_rule(grants)).collect(), reason: Some(reason) })
}

/// The answer to "may I, and why": what `GET /me/explain` and `logmark explain` show.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// May the caller?
    pub allowed: bool,
    /// The grant, the scope and the claim that say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<GrantReason>,
    /// What is missing, in words, when not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// A scope that would do, when only the token is short of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_scope: Option<String>,
}

impl Explanation {
    /// The same for a service that lacks what the action needs: what is permitted there still cannot be done. `runs_queries`: the
    /// source that holds the group runs Logs Insights queries.
    #[must_use]
    pub fn within(self, action: Action, runs_queries: bool) -> Self {
        let lacking = match action {
            Action::Tail => "this version of the service has no live tail; read again from the last cursor instead",
            Action::Query if !runs_queries => "the source that holds the log group runs no Logs Insights queries",
            Action::Query | Action::Read | Action::Describe | Action::Write => return self,
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
