//! Callers, their scopes, and their tenants' grants.
//!
//! Owns the meaning of a scope and of a grant taken alone; [`super::policy`] takes them together.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;

use super::token::Claims;
use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::Action;
use crate::domain::pattern::Pattern;
use crate::domain::query::operations::RulesFingerprint;

/// What a token says its bearer may do: `logs:<action>:<group pattern>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `None` is `*`: every action that a scope can name.
    pub action: Option<Action>,
    /// On which groups.
    pub groups: Pattern,
    /// The claim it came from.
    pub claim: Arc<str>,
}

/// A text that is no scope of ours. Tokens carry other services' scopes too, so this is no fault; it grants nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no scope: write `logs:<action>:<group pattern>`, with the action `read`, `query`, `tail`, `describe` or `*`")]
pub struct InvalidScope;

impl Scope {
    /// Reads one scope that came from `claim`.
    ///
    /// # Errors
    /// [`InvalidScope`] for anything of another form.
    pub fn parse(text: &str, claim: &Arc<str>) -> Result<Self, InvalidScope> {
        let (action, groups) = text.strip_prefix("logs:").and_then(|rest| rest.split_once(':')).ok_or(InvalidScope)?;
        let action = match action {
            "*" => None,
            word => Some(Action::from_str(word).map_err(|_| InvalidScope)?),
        };
        let groups = Pattern::try_from(groups).map_err(|_| InvalidScope)?;
        Ok(Self { action, groups, claim: Arc::clone(claim) })
    }

    /// Does it allow the action, on some group?
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

/// What a tenant may, by one entry of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The entry, as an operator finds it: `tenants.acme.grants[0]`.
    pub rule: String,
    /// Where the groups are.
    pub source: SourceName,
    /// Which groups.
    pub groups: Vec<Pattern>,
    /// Which of their streams; `None`: all.
    pub streams: Option<Vec<Pattern>>,
    /// To do what.
    pub actions: Vec<Action>,
}

impl Grant {
    /// Does it allow the action, on some group?
    #[must_use]
    pub fn allows(&self, wanted: Action) -> bool {
        self.actions.iter().any(|action| action.implies(wanted))
    }

    /// What it covers, as one text. Names and patterns hold no control characters: what separates them can't be in them.
    fn written(&self) -> String {
        let list = |patterns: &[Pattern]| {
            let mut texts: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
            texts.sort_unstable();
            texts.join("\u{1}")
        };
        let streams = self.streams.as_deref().map_or("\u{3}".to_owned(), list);
        format!("{}\u{2}{}\u{2}{streams}\0", self.source, list(&self.groups))
    }

    /// Does it cover the group?
    #[must_use]
    pub fn covers_group(&self, group: &str) -> bool {
        self.groups.iter().any(|pattern| pattern.matches(group))
    }

    /// Does it cover the stream, in a group that it covers?
    #[must_use]
    pub fn covers_stream(&self, stream: &str) -> bool {
        self.streams.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(stream)))
    }
}

/// How much a tenant may ask for; `None` is no limit of the tenant's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Requests per second, with a burst of as many.
    pub requests_per_second: Option<std::num::NonZeroU32>,
    /// Requests at a time, until their answers are sent.
    pub concurrent_requests: Option<std::num::NonZeroU32>,
    /// Logs Insights queries at a time.
    pub concurrent_queries: Option<u32>,
    /// Gigabytes that queries may scan in a day.
    pub scanned_gb_per_day: Option<f64>,
    /// Live tails at a time.
    pub tails: Option<u32>,
    /// The longest stretch of time one request may read.
    pub max_range: Option<Duration>,
}

/// A tenant: what it may, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Who it is.
    pub id: TenantId,
    /// Its share of what is scarce, against the others'.
    pub weight: u32,
    /// How much.
    pub limits: Limits,
    /// What.
    pub grants: Vec<Grant>,
}

impl Tenant {
    /// The grants for the action as one value to compare: what was made under other grants is not to be shown under these.
    #[must_use]
    pub fn grants_fingerprint(&self, action: Action) -> RulesFingerprint {
        let mut rules: Vec<String> = self.grants.iter().filter(|grant| grant.allows(action)).map(Grant::written).collect();
        rules.sort_unstable();
        let digest = digest::digest(&digest::SHA256, rules.concat().as_bytes());
        RulesFingerprint(*digest.as_ref().first_chunk().unwrap_or(&[0; 16]))
    }

    /// Do its grants name more than one source? Only then does it hear of sources.
    #[must_use]
    pub fn has_several_sources(&self) -> bool {
        let mut sources = self.grants.iter().map(|grant| &grant.source);
        sources.next().is_some_and(|first| sources.any(|source| source != first))
    }
}

/// All tenants of the configuration, and the template for those without a section of their own.
#[derive(Debug, Clone, Default)]
pub struct Tenants {
    /// Those with a section.
    pub named: BTreeMap<TenantId, Arc<Tenant>>,
    /// For the others: a grant list in which `{tenant}` stands for the id; `None`: they may nothing.
    pub template: Option<Template>,
}

/// `[tenant_template]`.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// Share.
    pub weight: u32,
    /// Limits.
    pub limits: Limits,
    /// Grants with `{tenant}` in their patterns.
    pub grants: Vec<Grant>,
}

impl Tenants {
    /// The tenant of that id: by its section, else by the template, else one that may nothing.
    #[must_use]
    pub fn get(&self, id: &TenantId) -> Arc<Tenant> {
        if let Some(tenant) = self.named.get(id) {
            return Arc::clone(tenant);
        }
        let template = self.template.clone().unwrap_or_default();
        let filled = |patterns: Vec<Pattern>| patterns.iter().map(|pattern| pattern.for_tenant(id)).collect::<Vec<_>>();
        let grants = template.grants.into_iter().map(|grant| Grant {
            groups: filled(grant.groups),
            streams: grant.streams.map(filled),
            ..grant
        });
        Arc::new(Tenant { id: id.clone(), weight: template.weight, limits: template.limits, grants: grants.collect() })
    }
}

/// Who asks: a verified token and the tenant that it names.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The verified token's claims.
    pub claims: Arc<Claims>,
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// The token's scopes; others' scopes in it are left out.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Takes verified claims and finds their tenant.
    #[must_use]
    pub fn new(claims: Arc<Claims>, tenants: &Tenants) -> Self {
        let scopes = claims.scopes.iter().filter_map(|scope| Scope::parse(&scope.value, &scope.claim).ok()).collect();
        let tenant = tenants.get(&claims.tenant);
        Self { claims, tenant, scopes }
    }
}
