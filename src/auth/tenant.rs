//! Callers with their scopes, and tenants with their grants.
//!
//! Owns the meaning of a scope and of a grant; [`super::policy`] combines them.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use moka::sync::Cache;

use super::token::{Claims, GrantedScope, VerifiedToken};
use crate::domain::filter::EventFilter;
use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::Action;
use crate::domain::pattern::Pattern;
use crate::domain::query::operations::RulesFingerprint;
use crate::domain::rules::{Clause, EventMask, covers_stream};
use crate::domain::tenant_filter::for_tenant;

/// A scope of a token: `logs:<action>:<group pattern>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `None` is `*`: every action that a scope can name.
    pub action: Option<Action>,
    /// The groups.
    pub groups: Pattern,
    /// The claim that contains it.
    pub claim: Arc<str>,
    /// The value of the claim that `scope_map` maps to it; `None`: the claim contains the scope itself.
    pub claim_value: Option<Arc<str>>,
}

/// A text that is not a scope of this service. Tokens may carry scopes of other services; those are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a scope: write `logs:<action>:<group pattern>`, with the action `read`, `query`, `tail`, `describe` or `*`")]
pub struct InvalidScope;

impl Scope {
    /// Parses a scope of the claim.
    ///
    /// # Errors
    /// [`InvalidScope`] for any other form.
    pub fn parse(text: &str, claim: &Arc<str>) -> Result<Self, InvalidScope> {
        let (action, groups) = text.strip_prefix("logs:").and_then(|rest| rest.split_once(':')).ok_or(InvalidScope)?;
        let action = match action {
            "*" => None,
            word => Some(Action::from_str(word).map_err(|_| InvalidScope)?),
        };
        let groups = Pattern::try_from(groups).map_err(|_| InvalidScope)?;
        Ok(Self { action, groups, claim: Arc::clone(claim), claim_value: None })
    }

    /// Parses a scope of a token.
    ///
    /// # Errors
    /// [`InvalidScope`] for any other form.
    pub fn of(granted: &GrantedScope) -> Result<Self, InvalidScope> {
        Ok(Self { claim_value: granted.claim_value.clone(), ..Self::parse(&granted.value, &granted.claim)? })
    }

    /// Whether it allows the action on any group.
    #[must_use]
    pub fn allows(&self, wanted: Action) -> bool {
        self.action.map_or(wanted != Action::Write, |action| action.implies(wanted))
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "logs:{}:{}", self.action.map_or("*", Action::as_str), self.groups)
    }
}

/// A grant: an entry of the configuration that allows actions on groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The path of the entry in the configuration: `tenants.acme.grants[0]`.
    pub rule: String,
    /// The source of the groups.
    pub source: SourceName,
    /// The groups.
    pub groups: Vec<Pattern>,
    /// The streams in them; `None`: all.
    pub streams: Option<Vec<Pattern>>,
    /// The allowed actions.
    pub actions: Vec<Action>,
    /// Only events that match this filter pattern (`where`); `None`: all.
    pub rows: Option<EventFilter>,
    /// The fields that are hidden (`mask`, `mask_with`); `None`: none.
    pub mask: Option<EventMask>,
}

impl Grant {
    /// What it shows of the events of its groups.
    #[must_use]
    pub fn clause(&self) -> Clause {
        Clause::new(self.streams.clone(), self.rows.clone(), self.mask.clone())
    }

    /// Whether it allows the action on any group.
    #[must_use]
    pub fn allows(&self, wanted: Action) -> bool {
        self.actions.iter().any(|action| action.implies(wanted))
    }

    /// What it covers, as bytes to compare. Names and patterns contain no control characters, so the separators are unambiguous.
    fn encoded(&self) -> Vec<u8> {
        let mut groups: Vec<&str> = self.groups.iter().map(Pattern::as_str).collect();
        groups.sort_unstable();
        let mut bytes = format!("{}\u{2}{}\u{2}", self.source, groups.join("\u{1}")).into_bytes();
        bytes.extend(self.clause().encoded());
        bytes
    }

    /// Whether it covers the group.
    #[must_use]
    pub fn covers_group(&self, group: &str) -> bool {
        self.groups.iter().any(|pattern| pattern.matches(group))
    }

    /// Whether it covers the stream, in a group that it covers.
    #[must_use]
    pub fn covers_stream(&self, stream: &str) -> bool {
        covers_stream(self.streams.as_deref(), stream)
    }
}

/// The limits of a tenant; `None`: no limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Requests per second. A burst can have one second's worth more.
    pub requests_per_second: Option<std::num::NonZeroU32>,
    /// Concurrent requests, until their responses are sent.
    pub concurrent_requests: Option<std::num::NonZeroU32>,
    /// Concurrent Logs Insights queries.
    pub concurrent_queries: Option<u32>,
    /// Concurrent exports: answers with events as NDJSON, CSV or text.
    pub concurrent_exports: Option<u32>,
    /// Concurrent live tails.
    pub tails: Option<u32>,
    /// Gigabytes that queries may scan per UTC day.
    pub scanned_gb_per_day: Option<f64>,
    /// Gigabytes that answers may have per UTC day, before compression.
    pub sent_gb_per_day: Option<f64>,
    /// The longest time range that one request may read.
    pub max_range: Option<Duration>,
}

/// A tenant with its grants and limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its share of calls and memory, relative to other tenants.
    pub weight: u32,
    /// Its limits.
    pub limits: Limits,
    /// Its grants.
    pub grants: Vec<Grant>,
}

impl Tenant {
    /// The grants for the action as one value to compare. Results are only shown under the grants that they were made with.
    #[must_use]
    pub fn grants_fingerprint(&self, action: Action) -> RulesFingerprint {
        let mut rules: Vec<Vec<u8>> = self.grants.iter().filter(|grant| grant.allows(action)).map(Grant::encoded).collect();
        rules.sort_unstable();
        let digest = digest::digest(&digest::SHA256, &rules.concat());
        RulesFingerprint(*digest.as_ref().first_chunk().unwrap_or(&[0; 16]))
    }

    /// Whether its grants name more than one source. Only then do responses show sources.
    #[must_use]
    pub fn has_several_sources(&self) -> bool {
        let mut sources = self.grants.iter().map(|grant| &grant.source);
        sources.next().is_some_and(|first| sources.any(|source| source != first))
    }
}

/// Tenants made from the template that are kept, so that their patterns are not made again for each request.
const KEPT_TENANTS: u64 = 10_000;

/// The tenants of the configuration, and the template for all others. Two are equal if they have the same tenants and template.
#[derive(Debug, Clone)]
pub struct Tenants {
    /// The tenants with a section or a file of their own.
    pub named: HashMap<TenantId, Arc<Tenant>>,
    /// For all others: grants where `{tenant}` stands for the id; `None`: they have no grants.
    pub template: Option<Template>,
    /// Those made from the template.
    made: Cache<TenantId, Arc<Tenant>>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self::new(HashMap::new(), None)
    }
}

/// `[tenant_template]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    /// As in [`Tenant`].
    pub weight: u32,
    /// As in [`Tenant`].
    pub limits: Limits,
    /// Grants with `{tenant}` in their patterns.
    pub grants: Vec<Grant>,
}

impl Tenants {
    /// The tenants with these sections, and the template.
    #[must_use]
    pub fn new(named: HashMap<TenantId, Arc<Tenant>>, template: Option<Template>) -> Self {
        Self { named, template, made: Cache::new(KEPT_TENANTS) }
    }

    /// The tenants with a section or a file, by id.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Arc<Tenant>> {
        let mut tenants: Vec<_> = self.named.values().collect();
        tenants.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        tenants
    }

    /// The tenant with this id: from its section, or from the template, or without grants.
    #[must_use]
    pub fn get(&self, id: &TenantId) -> Arc<Tenant> {
        if let Some(tenant) = self.named.get(id) {
            return Arc::clone(tenant);
        }
        self.made.get_with_by_ref(id, || self.make(id))
    }

    /// Fills in the template.
    fn make(&self, id: &TenantId) -> Arc<Tenant> {
        let template = self.template.clone().unwrap_or_default();
        let filled = |patterns: Vec<Pattern>| patterns.iter().map(|pattern| pattern.for_tenant(id)).collect::<Vec<_>>();
        // A grant without its rule would show more: a rule that cannot be filled in leaves no grant.
        let grants = template.grants.into_iter().filter_map(|grant| {
            let rows = match &grant.rows {
                Some(rows) => Some(for_tenant(rows, id)?),
                None => None,
            };
            Some(Grant { groups: filled(grant.groups), streams: grant.streams.map(filled), rows, ..grant })
        });
        Arc::new(Tenant { id: id.clone(), weight: template.weight, limits: template.limits, grants: grants.collect() })
    }
}

impl PartialEq for Tenants {
    fn eq(&self, other: &Self) -> bool {
        // Tenants whose files have not changed are the same values in both.
        let is_same = |one: &Arc<Tenant>, other: &Arc<Tenant>| Arc::ptr_eq(one, other) || one == other;
        let has_same = |(id, tenant)| other.named.get(id).is_some_and(|other| is_same(tenant, other));
        self.template == other.template && self.named.len() == other.named.len() && self.named.iter().all(has_same)
    }
}

/// The caller: a verified token and its tenant.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The claims of the verified token.
    pub claims: Arc<Claims>,
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// The scopes of the token for this service.
    pub scopes: Arc<[Scope]>,
}

impl Caller {
    /// From verified claims, whose scopes are parsed here.
    #[must_use]
    pub fn new(claims: Arc<Claims>, tenants: &Tenants) -> Self {
        Self::of_token(VerifiedToken::new(claims), tenants)
    }

    /// From a verified token, whose scopes are parsed already.
    #[must_use]
    pub fn of_token(token: VerifiedToken, tenants: &Tenants) -> Self {
        let tenant = tenants.get(&token.claims.tenant);
        Self { claims: token.claims, tenant, scopes: token.scopes }
    }
}
