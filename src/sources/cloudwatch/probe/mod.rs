//! `logmark check --online`: harmless calls that show which permissions the source has, and in words what is missing.
//!
//! Owns the calls. INVARIANT: they change nothing, start nothing, and show no data: of lists only one group's name is used, and events
//! are asked for in a range that has none. A call that needs a valid request is made with an invalid one, since AWS checks permissions
//! before the request's content: any other error than a refusal means that the permission is there. See also `queries::probe`.

mod writes;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::CloudWatch;
use super::errors::CallError;
use super::wire::{DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents};
use crate::auth::permit::Share;
use crate::domain::name::{LogGroupName, TenantId};
use crate::domain::operation::Action;
use crate::domain::pattern::Pattern;

/// A difference of clocks beyond which tokens would be refused, in milliseconds: the default `leeway` of an issuer.
const MAX_SKEW_MS: i64 = 60_000;
/// Patterns of groups that are checked. More would take longer than a check may.
const MAX_PATTERNS: usize = 10;
/// Groups in which one is looked for that matches a pattern: a page of AWS's list.
const GROUPS_PAGE: usize = 50;
/// A name that no stream has.
const NO_STREAM: &str = "logmark-check-of-permissions";
/// A filter pattern without its end.
const NOT_A_FILTER: &str = "{ $.a = ";

/// What the configuration needs of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The actions that grants allow, by the pattern of their groups. `{tenant}` in it stands for any id.
    pub actions: BTreeMap<Pattern, BTreeSet<Action>>,
    /// The group that audit lines are written to.
    pub audit_group: Option<LogGroupName>,
}

/// The result of one check: what was checked (nothing: the source itself), and what was found, or why it fails and what to do.
pub type Probed = (Option<String>, Result<String, String>);

/// The permissions that were checked on one group.
#[derive(Default)]
pub(super) struct Permissions {
    /// Names of permissions that are there.
    granted: Vec<&'static str>,
    faults: Vec<String>,
    /// What works without a permission, and how.
    notes: Vec<String>,
}

impl Permissions {
    pub(super) fn outcome(self) -> Result<String, String> {
        if !self.faults.is_empty() {
            return Err(self.faults.join("; "));
        }
        let names: Vec<String> = self.granted.iter().map(|name| format!("`logs:{name}`")).collect();
        let notes = self.notes.iter().map(|note| format!("; {note}"));
        Ok(format!("permission for {}{}", names.join(", "), notes.collect::<String>()))
    }

    /// Records the result of a call. Any error but a refusal means that AWS looked at the request, so that the permission is there.
    pub(super) fn record<T>(&mut self, name: &'static str, place: &str, answer: Result<T, CallError>) {
        match answer {
            Ok(_) | Err(CallError::NotFound(_) | CallError::InvalidParameter | CallError::MalformedQuery) => {
                self.granted.push(name)
            }
            Err(CallError::Refused(what)) => self.faults.push(refused(name, place, &what)),
            Err(error) => self.faults.push(format!("`{name}`: {}", error.plain())),
        }
    }
}

/// A permission that is missing.
fn refused(name: &str, place: &str, what: &str) -> String {
    format!("AWS refuses `{name}`{place} ({what}): allow `logs:{name}` in the policy of the role (docs/iam.md)")
}

impl CloudWatch {
    /// Checks credentials, region, endpoint, clock, and the permissions that the configuration needs.
    pub async fn probe(&self, needs: &Needs) -> Vec<Probed> {
        let share = match TenantId::try_from("check") {
            Ok(tenant) => Share { tenant, weight: 1 },
            Err(error) => return vec![(None, Err(error.to_string()))],
        };
        let first = self.reached(&share).await;
        if first.is_err() {
            return vec![(None, first)];
        }
        let patterns: Vec<_> = needs.actions.iter().take(MAX_PATTERNS).collect();
        let groups = join_all(patterns.into_iter().map(|(pattern, actions)| self.group(&share, pattern, actions))).await;
        let mut probed = vec![(None, first)];
        probed.extend(groups);
        if let Some(more) = needs.actions.len().checked_sub(MAX_PATTERNS).filter(|more| *more > 0) {
            probed.push((Some("other groups".to_owned()), Ok(format!("{more} more patterns of groups are not checked"))));
        }
        if needs.actions.values().any(|actions| actions.contains(&Action::Query)) {
            probed.push((Some("queries".to_owned()), self.check_running_queries(&share).await));
        }
        if let Some(group) = &needs.audit_group {
            probed.push((Some(format!("audit group `{group}`")), self.audit_group(&share, group.as_str()).await));
        }
        probed
    }

    /// Whether the source answers, with the permission for `DescribeLogGroups`.
    async fn reached(&self, share: &Share) -> Result<String, String> {
        let call = DescribeLogGroups { log_group_name_prefix: None, next_token: None, limit: 1 };
        if let Err(error) = self.client.call(share, &call).await {
            let known = self.client.reported();
            return Err(if known.is_empty() { error.plain().to_string() } else { known.join("; ") });
        }
        let skew = self.client.clock_skew_ms();
        if skew.abs() > MAX_SKEW_MS {
            let (seconds, direction) = (skew.unsigned_abs() / 1000, if skew > 0 { "behind" } else { "ahead of" });
            return Err(format!(
                "CloudWatch Logs answers, but this machine's clock is {seconds} seconds {direction} that of AWS: synchronise it (NTP), \
                 or tokens are refused as expired or not yet valid"
            ));
        }
        Ok(format!("{} answers, with permission for `logs:DescribeLogGroups`", self.client.endpoint()))
    }

    /// Checks the permissions on one group of the pattern.
    async fn group(&self, share: &Share, pattern: &Pattern, actions: &BTreeSet<Action>) -> Probed {
        let group = match self.group_of(share, pattern).await {
            Ok(Some(group)) => group,
            Ok(None) => {
                let none = "no such log group exists yet, so that permissions on it cannot be checked".to_owned();
                return (Some(format!("groups `{}`", pattern.as_str())), Ok(none));
            }
            Err(error) => return (Some(format!("groups `{}`", pattern.as_str())), Err(error.plain().to_string())),
        };
        let mut permissions = Permissions::default();
        self.lists(share, &group.name, &mut permissions).await;
        if actions.contains(&Action::Read) || actions.contains(&Action::Tail) {
            self.events(share, &group.name, &mut permissions).await;
        }
        if actions.contains(&Action::Tail) && self.tail.uses_sessions() {
            self.live_tail(&group, &mut permissions).await;
        }
        if actions.contains(&Action::Query) {
            self.check_query_start(share, &group.name, &mut permissions).await;
        }
        (Some(format!("group `{}`", group.name)), permissions.outcome())
    }

    /// A group that matches the pattern.
    async fn group_of(&self, share: &Share, pattern: &Pattern) -> Result<Option<FoundGroup>, CallError> {
        let any_tenant = Pattern::try_from(pattern.as_str().replace("{tenant}", "*")).unwrap_or_else(|_| pattern.clone());
        let prefix = any_tenant.as_str().split('*').next().filter(|prefix| !prefix.is_empty());
        let call = DescribeLogGroups { log_group_name_prefix: prefix, next_token: None, limit: GROUPS_PAGE };
        let answer = self.client.call(share, &call).await?;
        let found = answer.log_groups.into_iter().find(|group| any_tenant.matches(&group.log_group_name));
        Ok(found.map(|group| {
            let arn = group.log_group_arn.or_else(|| group.arn.map(|arn| arn.trim_end_matches(":*").to_owned()));
            FoundGroup { arn: arn.unwrap_or_else(|| group.log_group_name.clone()), name: group.log_group_name }
        }))
    }

    async fn lists(&self, share: &Share, group: &str, permissions: &mut Permissions) {
        let call = DescribeLogStreams::one(group, NO_STREAM);
        permissions.record("DescribeLogStreams", &on(group), self.client.call(share, &call).await.map(drop));
    }

    /// Events before 1970 plus 2 milliseconds, and of a stream that does not exist.
    async fn events(&self, share: &Share, group: &str, permissions: &mut Permissions) {
        let filter = FilterLogEvents {
            log_group_name: group,
            filter_pattern: None,
            log_stream_names: None,
            log_stream_name_prefix: None,
            start_time: Some(0),
            end_time: Some(1),
            next_token: None,
            limit: 1,
            start_from_head: None,
            interleaved: true,
        };
        permissions.record("FilterLogEvents", &on(group), self.client.call(share, &filter).await.map(drop));
        let get = GetLogEvents {
            log_group_name: group,
            log_stream_name: NO_STREAM,
            start_time: Some(0),
            end_time: Some(1),
            next_token: None,
            limit: 1,
            start_from_head: true,
        };
        permissions.record("GetLogEvents", &on(group), self.client.call(share, &get).await.map(drop));
    }

    /// A session with an invalid filter does not start. Tails also work without sessions.
    async fn live_tail(&self, group: &FoundGroup, permissions: &mut Permissions) {
        let sdk = self.client.upstream().sdk();
        let call = sdk.start_live_tail().log_group_identifiers(&group.arn).log_event_filter_pattern(NOT_A_FILTER).send();
        match tokio::time::timeout(self.client.deadline(), call).await {
            Err(_elapsed) => permissions.faults.push("`StartLiveTail`: no answer in time".to_owned()),
            // A compatible server that takes any filter: dropping the session ends it.
            Ok(Ok(_session)) => permissions.granted.push("StartLiveTail"),
            Ok(Err(error)) => match super::errors::Failure::of_sdk(&error).into_call_error() {
                CallError::Refused(what) => permissions.notes.push(format!(
                    "AWS refuses `StartLiveTail` ({what}), so that live tails poll and are some seconds later: allow \
                     `logs:StartLiveTail`, or set `tail.sessions = 0`"
                )),
                CallError::Upstream(what) => {
                    permissions.notes.push(format!("no live tail sessions ({what}), so that live tails poll"))
                }
                error => permissions.record("StartLiveTail", &on(&group.name), Err::<(), _>(error)),
            },
        }
    }
}

struct FoundGroup {
    name: String,
    /// Without `:*` at its end.
    arn: String,
}

/// The group in an error.
pub(super) fn on(group: &str) -> String {
    format!(" on `{group}`")
}
