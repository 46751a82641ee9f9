//! The answer of the policy as a value: this caller may do this operation, on this, because of that.
//!
//! Owns what a source may read off a permit. INVARIANT: the fields are private and `Permit::grant` is visible to
//! [`super::policy`] alone, so code that was not allowed something cannot call a source at all.

use aws_lc_rs::digest;

use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::{Operation, ReadGroup, ReadLogs, ReadStream, Reading};
use crate::domain::pattern::{Pattern, common_prefix, longer};
use crate::domain::query::run::{ReadQuery, RulesMark, RunningQuery, StartQuery};

/// Why something was allowed: the scope and the grant that met.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Why {
    /// The grant's place in the configuration.
    pub grant: String,
    /// The token's scope.
    pub scope: String,
    /// The claim that the scope stood in.
    pub claim: String,
}

/// Which groups of one source the caller may see: those that a grant and a scope both cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRule {
    /// The source.
    pub source: SourceName,
    /// The grants' patterns.
    pub granted: Vec<Pattern>,
    /// The scopes' patterns.
    pub scoped: Vec<Pattern>,
}

impl GroupRule {
    /// May the caller see the group?
    #[must_use]
    pub fn allows(&self, group: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(group));
        any(&self.granted) && any(&self.scoped)
    }

    /// What every group that the caller may see and that begins with `wanted` begins with, so that others' names need not
    /// be looked at. `None` when no group can be both: then nothing is to be asked, for it would be about others' names.
    #[must_use]
    pub fn prefix_with<'a>(&'a self, wanted: &'a str) -> Option<&'a str> {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.may_begin_with(wanted));
        if !any(&self.granted) || !any(&self.scoped) {
            return None;
        }
        longer(common_prefix(&self.granted), common_prefix(&self.scoped)).and_then(|shown| longer(wanted, shown))
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
    why: Option<Why>,
}

impl<Op: Operation> Permit<Op> {
    pub(super) fn grant(
        op: Op,
        share: Share,
        subject: String,
        groups: Vec<GroupRule>,
        streams: Vec<StreamRule>,
        why: Option<Why>,
    ) -> Self {
        Self { op, share, subject, groups, streams, why }
    }

    /// The operation that is allowed, and no other.
    #[must_use]
    pub fn op(&self) -> &Op {
        &self.op
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

    /// Of an operation on several groups: which streams of each the caller may see, in the operation's order.
    #[must_use]
    pub fn stream_rules(&self) -> &[StreamRule] {
        &self.streams
    }

    /// The stream rules as one value to compare: a query that was started under other rules is not to be shown under these.
    #[must_use]
    pub fn rules_mark(&self) -> RulesMark {
        let mut context = digest::Context::new(&digest::SHA256);
        for rule in &self.streams {
            let mut patterns: Vec<&str> = rule.iter().flatten().map(Pattern::as_str).collect();
            patterns.sort_unstable();
            patterns.dedup();
            // Patterns hold no control characters: what separates them can't be in them.
            context.update(if rule.is_some() { b"\x01" } else { b"\x02" });
            patterns.into_iter().for_each(|pattern| context.update(format!("{pattern}\0").as_bytes()));
        }
        RulesMark(*context.finish().as_ref().first_chunk().unwrap_or(&[0; 16]))
    }

    /// Why it was allowed; `None` for lists, in which each item has a reason of its own.
    #[must_use]
    pub fn why(&self) -> Option<&Why> {
        self.why.as_ref()
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
        let Self { op, share, subject, groups, streams, why } = self;
        match op.reading {
            Reading::Stream(op) => ReadPermit::Stream(Permit { op, share, subject, groups, streams, why }),
            Reading::Group(op) => ReadPermit::Group(Permit { op, share, subject, groups, streams, why }),
        }
    }
}

impl Permit<StartQuery> {
    /// The same leave, for reading what it started.
    #[must_use]
    pub fn for_reading(&self, query: RunningQuery) -> Permit<ReadQuery> {
        let Self { op: _, share, subject, groups, streams, why } = self.clone();
        Permit { op: ReadQuery { query }, share, subject, groups, streams, why }
    }
}
