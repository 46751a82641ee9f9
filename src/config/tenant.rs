//! `[tenants.<id>]` and `[tenant_template]`: the grants and limits of tenants.
//!
//! Owns the sections' keys.
//! [`crate::auth::tenant`] has the types and decides by them. See also [`super::pattern`] and [`super::rules`].

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use logmark_event_rules::{MaskPath, Replacement};
use serde::{Deserialize, Deserializer};

use super::issuer::tenant_id;
use super::pattern::{self, Braces, Names};
use super::rules::{self, RawRules};
use super::source::{self, Declared};
use super::spelling::{expected, listed};
use super::validation::Key;
use super::values;
use crate::auth::reserved::reached_by;
use crate::auth::tenant::{Grant, Limits, Template, Tenant, Tenants};
use crate::domain::filter::EventFilter;
use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::Action;
use crate::domain::pattern::Pattern;

/// `[tenants.<id>]` as written. The fields of [`Tenant`] describe the keys.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct RawTenant {
    #[serde(deserialize_with = "values::integer::<1, 1000, _, _>")]
    weight: u32,
    #[serde(with = "LimitKeys")]
    limits: Limits,
    grants: Vec<RawGrant>,
}

impl Default for RawTenant {
    fn default() -> Self {
        Self { weight: 1, limits: Limits::default(), grants: Vec::new() }
    }
}

/// The keys of [`Limits`].
#[derive(Deserialize)]
#[serde(remote = "Limits", default = "Limits::default")]
struct LimitKeys {
    #[serde(deserialize_with = "values::positive::<1_000_000, _>")]
    requests_per_second: Option<NonZeroU32>,
    #[serde(deserialize_with = "values::positive::<1_000_000, _>")]
    concurrent_requests: Option<NonZeroU32>,
    #[serde(deserialize_with = "values::optional_integer::<0, 1_000_000, _, _>")]
    concurrent_queries: Option<u32>,
    #[serde(deserialize_with = "values::optional_integer::<0, 1_000_000, _, _>")]
    concurrent_exports: Option<u32>,
    #[serde(deserialize_with = "values::optional_integer::<0, 1_000_000, _, _>")]
    tails: Option<u32>,
    #[serde(deserialize_with = "values::optional_amount")]
    scanned_gb_per_day: Option<f64>,
    #[serde(deserialize_with = "values::optional_amount")]
    sent_gb_per_day: Option<f64>,
    #[serde(deserialize_with = "values::optional_duration::<1, { 100 * 366 * 86_400 }, _>")]
    max_range: Option<Duration>,
}

/// An entry of `[[tenants.<id>.grants]]` as written.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawGrant {
    #[serde(deserialize_with = "source::name")]
    source: Option<SourceName>,
    #[serde(deserialize_with = "groups")]
    groups: Vec<Pattern>,
    #[serde(deserialize_with = "streams")]
    streams: Option<Vec<Pattern>>,
    #[serde(deserialize_with = "actions")]
    actions: Vec<Action>,
    #[serde(rename = "where", deserialize_with = "rules::rows")]
    rows: Option<EventFilter>,
    #[serde(deserialize_with = "rules::mask")]
    mask: Option<Vec<MaskPath>>,
    #[serde(deserialize_with = "rules::replacement")]
    mask_with: Option<Replacement>,
}

/// `[tenant_template]` as written: one grant, where `{tenant}` stands for the id, and the keys of a tenant.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct RawTemplate {
    #[serde(deserialize_with = "values::integer::<1, 1000, _, _>")]
    weight: u32,
    #[serde(with = "LimitKeys")]
    limits: Limits,
    #[serde(deserialize_with = "source::name")]
    source: Option<SourceName>,
    #[serde(deserialize_with = "template_groups")]
    groups: Vec<Pattern>,
    #[serde(deserialize_with = "template_streams")]
    streams: Option<Vec<Pattern>>,
    #[serde(deserialize_with = "actions")]
    actions: Vec<Action>,
    #[serde(rename = "where", deserialize_with = "rules::rows")]
    rows: Option<EventFilter>,
    #[serde(deserialize_with = "rules::mask")]
    mask: Option<Vec<MaskPath>>,
    #[serde(deserialize_with = "rules::replacement")]
    mask_with: Option<Replacement>,
}

impl Default for RawTemplate {
    fn default() -> Self {
        let RawTenant { weight, limits, .. } = RawTenant::default();
        let RawGrant { source, groups, streams, actions, rows, mask, mask_with } = RawGrant::default();
        Self { weight, limits, source, groups, streams, actions, rows, mask, mask_with }
    }
}

fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pattern>, D::Error> {
    values::list(deserializer, Some(GRANTS_NOTHING), |text| pattern::check(text, Names::Groups, Braces::Literal))
}

fn template_groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pattern>, D::Error> {
    values::list(deserializer, Some(GRANTS_NOTHING), |text| pattern::check(text, Names::Groups, Braces::Filled))
}

fn streams<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Pattern>>, D::Error> {
    values::list(deserializer, Some(NO_STREAMS), |text| pattern::check(text, Names::Streams, Braces::Literal)).map(Some)
}

fn template_streams<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Pattern>>, D::Error> {
    values::list(deserializer, Some(NO_STREAMS), |text| pattern::check(text, Names::Streams, Braces::Filled)).map(Some)
}

fn actions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Action>, D::Error> {
    values::list(deserializer, Some(GRANTS_NOTHING), |text| match text {
        "*" => Err("is not allowed in a grant: list `read`, `query`, `tail` or `describe`, so that the grant does not include \
                    actions of later versions"
            .to_owned()),
        word => Action::from_str(word).map_err(|error| error.to_string()),
    })
}

const GRANTS_NOTHING: &str = "the grant would allow nothing";
const NO_STREAMS: &str = "the grant would allow nothing; remove the key to allow all streams";

/// Checks both sections. `files` are the tenants with files of their own, and those files.
pub(super) fn validate(
    tenants: BTreeMap<String, RawTenant>,
    template: Option<RawTemplate>,
    files: Vec<(Arc<Tenant>, PathBuf)>,
    root: &Key<'_>,
    sources: &Declared,
) -> Tenants {
    let (key, template_key) = (root.key("tenants"), root.key("tenant_template"));
    if !key.is_set() && !template_key.is_set() {
        key.warn("is missing, and so is `tenant_template`: no tenant may read anything");
    }
    let mut named: HashMap<_, _> = HashMap::with_capacity(tenants.len() + files.len());
    let mut paths = HashMap::new();
    for (tenant, path) in files {
        if !tenants.is_empty() {
            paths.insert(tenant.id.clone(), path);
        }
        named.insert(tenant.id.clone(), tenant);
    }
    for (name, raw) in tenants {
        let key = key.key(&name);
        match tenant_id(&name) {
            Ok(id) => {
                if let Some(path) = paths.get(&id) {
                    key.key_error(format_args!("is also in `{}`: remove one of the two", path.display()));
                }
                named.insert(id.clone(), Arc::new(validate_tenant(id, raw, &key, sources)));
            }
            Err(error) => {
                let _noted_errors = validate_grants(raw.grants, &key, sources);
                key.key_error(error);
            }
        }
    }
    Tenants::new(named, template.and_then(|template| validate_template(template, &template_key, sources)))
}

/// Checks a tenant's own keys.
pub(super) fn validate_tenant(id: TenantId, raw: RawTenant, key: &Key<'_>, sources: &Declared) -> Tenant {
    let grants = validate_grants(raw.grants, key, sources);
    Tenant { id, weight: raw.weight, limits: raw.limits, grants }
}

fn validate_grants(grants: Vec<RawGrant>, tenant: &Key<'_>, sources: &Declared) -> Vec<Grant> {
    let key = tenant.key("grants");
    if !key.is_set() {
        key.warn("is missing: this tenant may read nothing, even if [tenant_template] allows more");
    }
    key.require_items("remove the key if this tenant may read nothing");
    grants.into_iter().zip(key.items()).filter_map(|(raw, key)| validate_grant(raw, &key, sources, Braces::Literal)).collect()
}

fn validate_template(raw: RawTemplate, key: &Key<'_>, sources: &Declared) -> Option<Template> {
    let RawTemplate { weight, limits, source, groups, streams, actions, rows, mask, mask_with } = raw;
    let grant = RawGrant { source, groups, streams, actions, rows, mask, mask_with };
    let grant = validate_grant(grant, key, sources, Braces::Filled)?;
    Some(Template { weight, limits, grants: vec![grant] })
}

fn validate_grant(raw: RawGrant, key: &Key<'_>, sources: &Declared, braces: Braces) -> Option<Grant> {
    key.key("groups").require("list the log groups, such as `[\"/acme/*\"]`");
    key.key("actions").require("list what the grant allows: `read`, `query`, `tail`, `describe`");
    for (group, key) in raw.groups.iter().zip(key.key("groups").items()) {
        pattern::warn(group, braces, &key);
        if braces == Braces::Filled {
            warn_of_template(group, &key);
        }
    }
    for (stream, key) in raw.streams.iter().flatten().zip(key.key("streams").items()) {
        pattern::warn(stream, braces, &key);
    }
    let source = validate_source(raw.source, &key.key("source"), sources, braces)?;
    let rules = RawRules { rows: raw.rows, mask: raw.mask, mask_with: raw.mask_with };
    let (rows, mask) = rules::validate(rules, key, &raw.actions, braces)?;
    Some(Grant { rule: key.path.clone(), source, groups: raw.groups, streams: raw.streams, actions: raw.actions, rows, mask })
}

fn warn_of_template(group: &Pattern, key: &Key<'_>) {
    if !pattern::names_tenant(group) {
        key.warn("has no `{tenant}`: every tenant without its own section may read these groups");
    } else if let Some(prefix) = reached_by(group.as_str()) {
        key.warn(format_args!(
            "matches groups that AWS or this service writes, `{prefix}…`, for some tenant ids: begin the pattern with your own \
             prefix, such as `/customers/{{tenant}}/*`"
        ));
    }
}

/// The source of a grant. Without the key it is the only source; the template uses the first.
fn validate_source(given: Option<SourceName>, key: &Key<'_>, sources: &Declared, braces: Braces) -> Option<SourceName> {
    let Some(name) = given else {
        return match sources.names.as_slice() {
            _ if key.is_set() || sources.incomplete => None,
            [only] => Some(only.clone()),
            [first, ..] if braces == Braces::Filled => {
                key.warn(format_args!("is missing: the grant applies to `{first}`, the first source"));
                Some(first.clone())
            }
            several => {
                key.require(format_args!("name one of the sources {}", listed(several)));
                None
            }
        };
    };
    // All grants of a source share its name: with many tenants that saves memory.
    if let Some(known) = sources.names.iter().find(|known| **known == name) {
        return Some(known.clone());
    }
    if !sources.incomplete {
        let known: Vec<&str> = sources.names.iter().map(SourceName::as_str).collect();
        key.error(format_args!("`{name}` is not a source: {}", expected(name.as_str(), &known)));
    }
    Some(name)
}
