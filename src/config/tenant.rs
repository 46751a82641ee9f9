//! `[tenants.<id>]` and `[tenant_template]`: who may what, and how much of it.
//!
//! Owns the sections' keys, and that a rule which this version cannot keep is refused rather than left out. The types are
//! those of [`crate::auth::tenant`], which decides by them. Look next at [`super::pattern`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::issuer::tenant_id;
use super::pattern::{self, Braces, Names};
use super::reader::{Field, Table};
use super::source::Declared;
use super::spelling::{closest, listed};
use crate::auth::reserved::reached_by;
use crate::auth::tenant::{Grant, Limits, Template, Tenant, Tenants};
use crate::domain::name::{SourceName, TenantId};
use crate::domain::operation::Action;

/// Reads both sections.
pub(super) fn read(root: &Table<'_>, sources: &Declared) -> Tenants {
    let (tenants, template) = (root.get("tenants"), root.get("tenant_template"));
    if tenants.is_none() && template.is_none() {
        root.warn_absent("tenants", "is missing, and so is `tenant_template`: nobody may see anything");
    }
    let named = tenants.and_then(|field| field.table(|table| Some(named(table, sources))));
    let template = template.and_then(|field| field.table(|table| self::template(table, sources)));
    Tenants { named: named.unwrap_or_default(), template }
}

fn named(table: &Table<'_>, sources: &Declared) -> BTreeMap<TenantId, Arc<Tenant>> {
    let mut named = BTreeMap::new();
    for (key, field) in table.each() {
        let id = tenant_id(key).map_err(|text| table.at_key(key, text)).ok();
        let read = field.table(|table| {
            let (weight, limits) = share(table);
            Some((weight, limits, grants(table, sources)))
        });
        if let (Some(id), Some((weight, limits, grants))) = (id, read) {
            named.insert(id.clone(), Arc::new(Tenant { id, weight, limits, grants }));
        }
    }
    named
}

fn grants(table: &Table<'_>, sources: &Declared) -> Vec<Grant> {
    let Some(field) = table.get("grants") else {
        table.warn_absent("grants", "is missing: this tenant may see nothing, whatever [tenant_template] says");
        return Vec::new();
    };
    let empty = "leave the key out if this tenant may see nothing";
    field.tables(empty, |table| grant(table, sources, Braces::Literal))
}

fn template(table: &Table<'_>, sources: &Declared) -> Option<Template> {
    table.refuse(&["grants"], "is no key here: [tenant_template] is itself one grant, so write `groups` and `actions` into it");
    let (weight, limits) = share(table);
    let grant = grant(table, sources, Braces::Filled)?;
    Some(Template { weight, limits, grants: vec![grant] })
}

fn share(table: &Table<'_>) -> (u32, Limits) {
    let weight = table.or("weight", 1, |field| field.whole(1..=1000));
    (weight, table.or("limits", Limits::default(), |field| field.table(|table| Some(limits(table)))))
}

fn limits(table: &Table<'_>) -> Limits {
    const YEARS: Duration = Duration::from_secs(100 * 366 * 86_400);
    let count = |key, least| table.get(key).and_then(|field| field.whole::<u32>(least..=1_000_000));
    let max_range = table.get("max_range");
    Limits {
        requests_per_second: count("requests_per_second", 1).and_then(NonZeroU32::new),
        concurrent_requests: count("concurrent_requests", 1).and_then(NonZeroU32::new),
        concurrent_queries: count("concurrent_queries", 0),
        scanned_gb_per_day: table.get("scanned_gb_per_day").and_then(|field| field.amount()),
        tails: count("tails", 0),
        max_range: max_range.and_then(|field| field.duration(Duration::from_secs(1)..=YEARS)),
    }
}

fn grant(table: &Table<'_>, sources: &Declared, braces: Braces) -> Option<Grant> {
    // Served without them, the grant would show more than its author meant.
    let unsupported =
        "is not supported yet by this version: a grant with row or field rules is refused rather than served without them";
    table.refuse(&["where", "mask"], unsupported);
    let source = source(table, sources, braces);
    let groups = table.required("groups", "name the log groups, such as `[\"/acme/*\"]`");
    let groups = groups.and_then(|field| {
        field.distinct("it would grant nothing", |item| {
            let pattern = pattern::read(item, Names::Groups, braces)?;
            if braces == Braces::Filled && !pattern::names_tenant(&pattern) {
                item.warn("has no `{tenant}`: every tenant without a section of its own may see these groups");
            } else if let Some(prefix) = (braces == Braces::Filled).then(|| reached_by(pattern.as_str())).flatten() {
                item.warn(format_args!(
                    "can match groups that AWS or this service writes, `{prefix}…`, for some id of a tenant: put a prefix of your \
                     own before it, such as `/customers/{{tenant}}/*`"
                ));
            }
            Some(pattern)
        })
    });
    let empty = "it would grant nothing; leave the key out for all streams";
    let streams = table.get("streams");
    let streams = streams.and_then(|field| field.distinct(empty, |item| pattern::read(item, Names::Streams, braces)));
    let actions = table.required("actions", "name what it allows: `read`, `query`, `tail`, `describe`");
    let actions = actions.and_then(|field| field.distinct("it would grant nothing", action));
    Some(Grant { rule: table.path.clone(), source: source?, groups: groups?, streams, actions: actions? })
}

/// Without the key: the only source. Of several a tenant's grant must name one; the template, as the documentation writes it,
/// is for the first.
fn source(table: &Table<'_>, sources: &Declared, braces: Braces) -> Option<SourceName> {
    let Some(field) = table.get("source") else {
        return match sources.names.as_slice() {
            _ if sources.incomplete => None,
            [only] => Some(only.clone()),
            [first, ..] if braces == Braces::Filled => {
                table.warn_absent("source", format_args!("is missing: these are groups of `{first}`, the first of the sources"));
                Some(first.clone())
            }
            several => {
                table.missing("source", &format!("there are {}; say which one is meant", listed(several)));
                None
            }
        };
    };
    let name = field.parsed(|text| SourceName::try_from(text))?;
    if !sources.names.contains(&name) && !sources.incomplete {
        let known: Vec<&str> = sources.names.iter().map(SourceName::as_str).collect();
        let text = match closest(name.as_str(), known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("`[[sources]]` has {}", listed(known)),
        };
        field.wrong(format_args!("`{name}` is no source: {text}"));
    }
    Some(name)
}

fn action(field: &Field<'_>) -> Option<Action> {
    field.parsed(|text| match text {
        "*" => Err("is not taken in a grant: write out `read`, `query`, `tail`, `describe`, so that what is added later is \
                    granted by you and not by itself"
            .to_owned()),
        word => Action::from_str(word).map_err(|error| error.to_string()),
    })
}
