//! The answer of the policy as a value: this caller may do this operation, on this, because of that.
//!
//! Owns what a source may read off a permit. INVARIANT: the fields are private and `Permit::grant` is visible to
//! [`super::policy`] alone, so code that was not allowed something cannot call a source at all.

use aws_lc_rs::digest;

use crate::domain::cover::{Part, cover};
use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::{Operation, ReadGroup, ReadLogs, ReadStream, Reading};
use crate::domain::pattern::Pattern;
use crate::domain::query::operations::{ReadQuery, RulesFingerprint, RunningQuery, StartQuery};

/// Why something was allowed: the scope and the grant that met.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct GrantReason {
    /// The grant's place in the configuration.
    pub grant: String,
    /// The token's scope.
    pub scope: String,
    /// The claim that the scope stood in.
    pub claim: String,
}

/// Groups and streams that one grant covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantCoverage {
    /// The groups.
    pub groups: Vec<Pattern>,
    /// The streams in them.
    pub streams: StreamRule,
}

/// Which groups of one source the caller may see: those that a grant and a scope both cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRule {
    /// The source.
    pub source: SourceName,
    /// The grants.
    pub grants: Vec<GrantCoverage>,
    /// The scopes' patterns.
    pub scoped: Vec<Pattern>,
}

impl GroupRule {
    /// May the caller see the group?
    #[must_use]
    pub fn allows(&self, group: &str) -> bool {
        self.is_granted(group) && self.scoped.iter().any(|pattern| pattern.matches(group))
    }

    /// Does a grant cover the group?
    #[must_use]
    pub fn is_granted(&self, group: &str) -> bool {
        self.grants_for(group).next().is_some()
    }

    fn grants_for<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a GrantCoverage> {
        self.grants.iter().filter(move |grant| grant.groups.iter().any(|pattern| pattern.matches(group)))
    }

    /// Does a grant cover all streams of the group? What is known of the group as a whole is for those callers alone.
    #[must_use]
    pub fn covers_all_streams(&self, group: &str) -> bool {
        self.grants_for(group).any(|grant| grant.streams.is_none())
    }

    /// Does a grant cover the stream of the group?
    #[must_use]
    pub fn covers_stream(&self, group: &str, stream: &str) -> bool {
        let covers = |patterns: &Vec<Pattern>| patterns.iter().any(|pattern| pattern.matches(stream));
        self.grants_for(group).any(|grant| grant.streams.as_ref().is_none_or(covers))
    }

    /// What to ask a list for, so that it gives the groups which the caller may see and which begin with `wanted`. Empty when
    /// there can be none: then nothing is to be asked, for it would be about others' names.
    #[must_use]
    pub fn parts(&self, wanted: &str) -> Vec<Part> {
        let granted: Vec<Pattern> = self.grants.iter().flat_map(|grant| grant.groups.iter().cloned()).collect();
        cover(wanted, &[&granted, &self.scoped])
    }
}

/// Which streams the caller may see; `None`: all.
pub type StreamRule = Option<Vec<Pattern>>;

/// Whose share of a source's calls an operation is paid from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The tenant.
    pub tenant: TenantId,
    /// How many calls it gets for each one of a tenant of weight 1, while both want more than there are.
    pub weight: u32,
}

/// Leave to do one operation. Made by [`super::policy`] only; every source method asks for one.
#[derive(Debug, Clone)]
pub struct Permit<Op> {
    op: Op,
    share: Share,
    subject: String,
    groups: Vec<GroupRule>,
    streams: Vec<StreamRule>,
    reason: Option<GrantReason>,
}

impl<Op: Operation> Permit<Op> {
    pub(super) fn grant(
        op: Op,
        share: Share,
        subject: String,
        groups: Vec<GroupRule>,
        streams: Vec<StreamRule>,
        reason: Option<GrantReason>,
    ) -> Self {
        Self { op, share, subject, groups, streams, reason }
    }

    /// The operation that is allowed, and no other.
    #[must_use]
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The operation alone, for a source that stores what is in it.
    #[must_use]
    pub fn into_op(self) -> Op {
        self.op
    }

    /// Whose leave it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.share.tenant
    }

    /// Whose share of a source's calls it is paid from.
    #[must_use]
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// The token's subject, for the audit line.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Where to look, in order; for an operation on one group the first is the one.
    #[must_use]
    pub fn sources(&self) -> &[GroupRule] {
        &self.groups
    }

    /// May the caller see the group in the source?
    #[must_use]
    pub fn may_see_group(&self, source: &SourceName, group: &str) -> bool {
        self.groups.iter().any(|rule| rule.source == *source && rule.allows(group))
    }

    /// Which streams of the one group the caller may see; `None`: all.
    #[must_use]
    pub fn streams(&self) -> Option<&[Pattern]> {
        self.streams.first().and_then(Option::as_deref)
    }

    /// May the caller see the stream of the one group?
    #[must_use]
    pub fn may_see_stream(&self, stream: &str) -> bool {
        self.streams().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(stream)))
    }

    /// What to ask for, so that it is about the streams of the one group which the caller may see and which begin with `wanted`.
    #[must_use]
    pub fn stream_parts(&self, wanted: &str) -> Vec<Part> {
        match self.streams() {
            None => vec![Part::Prefix(wanted.to_owned())],
            Some(patterns) => cover(wanted, &[patterns]),
        }
    }

    /// Of an operation on several groups: which streams of each the caller may see, in the operation's order.
    #[must_use]
    pub fn stream_rules(&self) -> &[StreamRule] {
        &self.streams
    }

    /// The stream rules as one value to compare: a query that was started under other rules is not to be shown under these.
    #[must_use]
    pub fn rules_fingerprint(&self) -> RulesFingerprint {
        let mut context = digest::Context::new(&digest::SHA256);
        for rule in &self.streams {
            let mut patterns: Vec<&str> = rule.iter().flatten().map(Pattern::as_str).collect();
            patterns.sort_unstable();
            patterns.dedup();
            // Patterns hold no control characters: what separates them can't be in them.
            context.update(if rule.is_some() { b"\x01" } else { b"\x02" });
            patterns.into_iter().for_each(|pattern| context.update(format!("{pattern}\0").as_bytes()));
        }
        RulesFingerprint(*context.finish().as_ref().first_chunk().unwrap_or(&[0; 16]))
    }

    /// Why it was allowed; `None` for lists, in which each item has a reason of its own.
    #[must_use]
    pub fn reason(&self) -> Option<&GrantReason> {
        self.reason.as_ref()
    }
}

/// A permit for [`ReadLogs`], settled.
#[derive(Debug, Clone)]
pub enum ReadPermit {
    /// For one stream.
    Stream(Permit<ReadStream>),
    /// For a group.
    Group(Permit<ReadGroup>),
}

impl Permit<ReadLogs> {
    /// The same leave, for the one operation that it is about.
    #[must_use]
    pub fn narrow(self) -> ReadPermit {
        let Self { op, share, subject, groups, streams, reason } = self;
        match op.reading {
            Reading::Stream(op) => ReadPermit::Stream(Permit { op, share, subject, groups, streams, reason }),
            Reading::Group(op) => ReadPermit::Group(Permit { op, share, subject, groups, streams, reason }),
        }
    }
}

impl Permit<StartQuery> {
    /// The same leave, for reading what it started.
    #[must_use]
    pub fn for_reading(&self, query: RunningQuery) -> Permit<ReadQuery> {
        let Self { op: _, share, subject, groups, streams, reason } = self.clone();
        Permit { op: ReadQuery { query }, share, subject, groups, streams, reason }
    }
}
