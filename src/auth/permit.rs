//! A permit: the decision of the policy that a caller may do an operation on a target, with the reason.
//!
//! Owns what a source can read from a permit. INVARIANT: the fields are private and `Permit::grant` is visible only to
//! [`super::policy`], so code without a permit cannot call a source.

use std::sync::Arc;

use aws_lc_rs::digest;

use super::tenant::{Grant, Scope};
use crate::domain::cover::{Part, cover};
use crate::domain::event::Direction;
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, SourceName, TenantId};
use crate::domain::operation::{Operation, ReadGroup, ReadStream, Reading, StartBy, StreamSelection};
use crate::domain::pattern::Pattern;
use crate::domain::query::LogQuery;
use crate::domain::query::operations::{
    CheckQuery, ReadQuery, ReadReport, RulesFingerprint, RunningQuery, StartQuery, StopQuery,
};
use crate::domain::rules::{Clause, EventRules, Visibility, covers_stream};
use crate::domain::tail::{EventsOperation, TailGroup, TailStream, Tailing};
use crate::domain::time::{Millis, TimeRange};

/// Why an operation is allowed: a scope and a grant that both cover it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GrantReason {
    /// The path of the grant in the configuration.
    pub grant: String,
    /// The scope of the token.
    pub scope: String,
    /// The claim that contains the scope.
    pub claim: String,
    /// The value of the claim that `scope_map` maps to the scope; `None`: the claim contains the scope itself.
    #[serde(rename = "claimValue", skip_serializing_if = "Option::is_none")]
    pub claim_value: Option<String>,
}

impl GrantReason {
    /// The reason that this grant and this scope give.
    pub(super) fn new(grant: &Grant, scope: &Scope) -> Self {
        Self {
            grant: grant.rule.clone(),
            scope: scope.to_string(),
            claim: scope.claim.to_string(),
            claim_value: scope.claim_value.as_deref().map(str::to_owned),
        }
    }
}

/// What one grant covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantCoverage {
    /// The groups.
    pub groups: Vec<Pattern>,
    /// What it shows of their events.
    pub clause: Clause,
}

/// The groups of one source that the caller may see: those that both a grant and a scope cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRule {
    /// The source.
    pub source: SourceName,
    /// The grants.
    pub grants: Vec<GrantCoverage>,
    /// The patterns of the scopes.
    pub scoped: Vec<Pattern>,
}

impl GroupRule {
    /// Whether the caller may see the group.
    #[must_use]
    pub fn allows(&self, group: &str) -> bool {
        self.is_granted(group) && self.scoped.iter().any(|pattern| pattern.matches(group))
    }

    /// Whether a grant covers the group.
    #[must_use]
    pub fn is_granted(&self, group: &str) -> bool {
        self.grants_for(group).next().is_some()
    }

    fn grants_for<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a GrantCoverage> {
        self.grants.iter().filter(move |grant| grant.groups.iter().any(|pattern| pattern.matches(group)))
    }

    /// Whether a grant shows all of the group's events as stored. Only then the caller may see values about the whole group,
    /// such as sizes.
    #[must_use]
    pub fn shows_whole(&self, group: &str) -> bool {
        self.grants_for(group).any(|grant| grant.clause.is_unlimited())
    }

    /// What the grants show of the group's events.
    #[must_use]
    pub fn visibility(&self, group: &str) -> Visibility {
        Visibility::of(self.grants_for(group).map(|grant| grant.clause.clone()).collect())
    }

    /// The prefixes to list, so that the lists contain all groups that the caller may see and that begin with `wanted`. Empty if
    /// there cannot be any: then no list is requested, because it would contain only names of other tenants.
    #[must_use]
    pub fn parts(&self, wanted: &str) -> Vec<Part> {
        let granted: Vec<Pattern> = self.grants.iter().flat_map(|grant| grant.groups.iter().cloned()).collect();
        cover(wanted, &[&granted, &self.scoped])
    }
}

/// The tenant whose share of calls to a source an operation uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The tenant.
    pub tenant: TenantId,
    /// Its calls for each call of a tenant of weight 1, while both have calls waiting.
    pub weight: u32,
}

/// Permission to do one operation. Only [`super::policy`] makes permits; every method of a source requires one.
#[derive(Debug, Clone)]
pub struct Permit<Op> {
    op: Op,
    share: Share,
    subject: String,
    groups: Vec<GroupRule>,
    visible: Vec<Visibility>,
    reason: Option<Arc<GrantReason>>,
}

impl<Op: Operation> Permit<Op> {
    pub(super) fn grant(
        op: Op,
        share: Share,
        subject: String,
        groups: Vec<GroupRule>,
        visible: Vec<Visibility>,
        reason: Option<GrantReason>,
    ) -> Self {
        Self { op, share, subject, groups, visible, reason: reason.map(Arc::new) }
    }

    /// The allowed operation.
    #[must_use]
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The operation, for a source that stores its content.
    #[must_use]
    pub fn into_op(self) -> Op {
        self.op
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.share.tenant
    }

    /// The tenant whose share of calls to a source it uses.
    #[must_use]
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// The subject of the token, for the audit line.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The sources to read, in order. For an operation on one group only the first is used.
    #[must_use]
    pub fn sources(&self) -> &[GroupRule] {
        &self.groups
    }

    /// Whether the caller may see the group in the source.
    #[must_use]
    pub fn may_see_group(&self, source: &SourceName, group: &str) -> bool {
        self.groups.iter().any(|rule| rule.source == *source && rule.allows(group))
    }

    /// The streams of the one group that the caller may see; `None`: all.
    #[must_use]
    pub fn streams(&self) -> Option<&[Pattern]> {
        self.visible.first().and_then(|visible| visible.streams.as_deref())
    }

    /// Whether the caller may see the stream of the one group.
    #[must_use]
    pub fn may_see_stream(&self, stream: &str) -> bool {
        covers_stream(self.streams(), stream)
    }

    /// The prefixes to list, so that the lists contain all streams of the one group that the caller may see and that begin with
    /// `wanted`.
    #[must_use]
    pub fn stream_parts(&self, wanted: &str) -> Vec<Part> {
        match self.streams() {
            None => vec![Part::Prefix(wanted.to_owned())],
            Some(patterns) => cover(wanted, &[patterns]),
        }
    }

    /// The row rules and masks of the one group; `None`: every event of the visible streams is shown as stored.
    #[must_use]
    pub fn rules(&self) -> Option<&EventRules> {
        self.visible.first().and_then(|visible| visible.rules.as_ref())
    }

    /// Whether it shows every event of the one group as stored.
    #[must_use]
    pub fn shows_whole(&self) -> bool {
        self.visible.first().is_none_or(Visibility::is_whole)
    }

    /// Whether a grant shows all events of the stream of the one group, perhaps with masked fields.
    #[must_use]
    pub fn shows_all_rows_of(&self, stream: &str) -> bool {
        self.rules().is_none_or(|rules| rules.shows_all_rows_of(stream))
    }

    /// For an operation on several groups: what the caller may see of each group, in the order of the operation.
    #[must_use]
    pub fn visibility(&self) -> &[Visibility] {
        &self.visible
    }

    /// The rules as one value to compare. Results of a query are only shown under the rules that it was started with.
    #[must_use]
    pub fn rules_fingerprint(&self) -> RulesFingerprint {
        let mut context = digest::Context::new(&digest::SHA256);
        for visible in &self.visible {
            let mut patterns: Vec<&str> = visible.streams.iter().flatten().map(Pattern::as_str).collect();
            patterns.sort_unstable();
            patterns.dedup();
            // Patterns contain no control characters, so the separators are unambiguous.
            context.update(if visible.streams.is_some() { b"\x01" } else { b"\x02" });
            patterns.into_iter().for_each(|pattern| context.update(format!("{pattern}\0").as_bytes()));
            let mut clauses: Vec<Vec<u8>> = visible.rules.iter().flat_map(EventRules::clauses).map(Clause::encoded).collect();
            clauses.sort_unstable();
            clauses.iter().for_each(|clause| context.update(clause));
        }
        RulesFingerprint(*context.finish().as_ref().first_chunk().unwrap_or(&[0; 16]))
    }

    /// Why it is allowed; `None` for lists, where each item has its own reason.
    #[must_use]
    pub fn reason(&self) -> Option<&GrantReason> {
        self.reason.as_deref()
    }

    /// The reason, for an audit line that is written after the permit was used.
    #[must_use]
    pub fn shared_reason(&self) -> Option<Arc<GrantReason>> {
        self.reason.clone()
    }
}

/// A permit for [`EventsOperation`], by action and target.
#[derive(Debug, Clone)]
pub enum EventsPermit {
    /// To read one stream.
    ReadStream(Permit<ReadStream>),
    /// To read a group.
    ReadGroup(Permit<ReadGroup>),
    /// To follow one stream.
    TailStream(Permit<TailStream>),
    /// To follow a group.
    TailGroup(Permit<TailGroup>),
}

impl Permit<EventsOperation> {
    /// The same permission, for the specific operation.
    #[must_use]
    pub fn narrow(self) -> EventsPermit {
        let Self { op, share, subject, groups, visible, reason } = self;
        match op {
            EventsOperation::Read(op) => match op.reading {
                Reading::Stream(op) => EventsPermit::ReadStream(Permit { op, share, subject, groups, visible, reason }),
                Reading::Group(op) => EventsPermit::ReadGroup(Permit { op, share, subject, groups, visible, reason }),
            },
            EventsOperation::Tail(op) => match op.tailing {
                Tailing::Stream(op) => EventsPermit::TailStream(Permit { op, share, subject, groups, visible, reason }),
                Tailing::Group(op) => EventsPermit::TailGroup(Permit { op, share, subject, groups, visible, reason }),
            },
        }
    }

    /// Whether another permit for the same operation shows the same: the same source, groups, streams, rows and fields.
    #[must_use]
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.groups == other.groups && self.visible == other.visible
    }
}

impl Permit<ReadStream> {
    /// The same permission, for reading the stream as a group of one stream.
    #[must_use]
    pub fn as_group(&self) -> Permit<ReadGroup> {
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        let ReadStream { group, stream, range, direction } = op;
        let streams = StreamSelection::Names(vec![stream]);
        let op = ReadGroup { group, streams, filter: None, range, start_by: StartBy::Caller, direction };
        Permit { op, share, subject, groups, visible, reason }
    }
}

impl Permit<TailStream> {
    /// The same permission, for reading the stream's events in a range, as events of the group: they have ids there.
    #[must_use]
    pub fn for_reading(&self, range: TimeRange) -> Permit<ReadGroup> {
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        let TailStream { group, stream } = op;
        let op = reading(group, StreamSelection::Names(vec![stream]), None, range);
        Permit { op, share, subject, groups, visible, reason }
    }

    /// The same permission, for reading the stream in a range.
    #[must_use]
    pub fn for_reading_stream(&self, range: TimeRange) -> Permit<ReadStream> {
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        let TailStream { group, stream } = op;
        let op = ReadStream { group, stream, range, direction: Direction::Forward };
        Permit { op, share, subject, groups, visible, reason }
    }
}

impl Permit<TailGroup> {
    /// The same permission, for reading the group's events in a range.
    #[must_use]
    pub fn for_reading(&self, range: TimeRange) -> Permit<ReadGroup> {
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        let TailGroup { group, streams: selected, filter } = op;
        Permit { op: reading(group, selected, filter, range), share, subject, groups, visible, reason }
    }
}

fn reading(group: LogGroupName, streams: StreamSelection, filter: Option<EventFilter>, range: TimeRange) -> ReadGroup {
    ReadGroup { group, streams, filter, range, start_by: StartBy::Service, direction: Direction::Forward }
}

impl Permit<ReadReport> {
    /// The same permission, for starting a query of the report over those of its groups that `is_read` chooses. The range is that of
    /// the report, or as long as that. `None`: the query names groups of its own, or no group is chosen.
    #[must_use]
    pub fn for_starting(
        &self,
        query: LogQuery,
        (start, end): (Millis, Millis),
        is_read: impl Fn(usize) -> bool,
    ) -> Option<Permit<StartQuery>> {
        let longest = self.op.end.0.saturating_sub(self.op.start.0);
        if !query.nested_groups().is_empty() || end.0.saturating_sub(start.0) > longest {
            return None;
        }
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        let all = op.groups.into_iter().zip(visible).enumerate();
        let (names, visible): (Vec<_>, Vec<_>) = all.filter(|(index, _)| is_read(*index)).map(|(_, group)| group).unzip();
        let op = (!names.is_empty()).then(|| StartQuery::new(query, names, start, end))?;
        Some(Permit { op, share, subject, groups, visible, reason })
    }
}

impl Permit<CheckQuery> {
    /// The same permission, for starting the query that it checks. `None`: the text is not a query.
    #[must_use]
    pub fn for_starting(&self) -> Option<Permit<StartQuery>> {
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        Some(Permit { op: op.start_query()?, share, subject, groups, visible, reason })
    }
}

impl Permit<StartQuery> {
    /// The same permission, for estimating the query that it starts.
    #[must_use]
    pub fn for_checking(&self) -> Permit<CheckQuery> {
        let Self { op, share, subject, groups, visible, reason } = self.clone();
        let StartQuery { query, groups: names, own_groups, start, end } = op;
        let op = CheckQuery { query: Some(query), groups: names, own_groups, start, end };
        Permit { op, share, subject, groups, visible, reason }
    }

    /// The same permission, for reading the results of the query that it started.
    #[must_use]
    pub fn for_reading(&self, query: RunningQuery) -> Permit<ReadQuery> {
        let Self { op: _, share, subject, groups, visible, reason } = self.clone();
        Permit { op: ReadQuery { query }, share, subject, groups, visible, reason }
    }
}

impl Permit<ReadQuery> {
    /// The same permission, for stopping the query: a query is stopped when its caller loses the permission to read it.
    #[must_use]
    pub fn for_stopping(&self) -> Permit<StopQuery> {
        let Self { op: ReadQuery { query }, share, subject, groups, visible, reason } = self.clone();
        Permit { op: StopQuery { query }, share, subject, groups, visible, reason }
    }
}
