//! `[[auth.issuers]]`: whose tokens are believed, by which keys, and what their claims are called.
//!
//! Owns the section's keys, and that no issuer is believed without an audience or a client to check. Never fetches a key and
//! never looks into one. Look next at `super::providers`, which knows what common issuers send, and [`super::source`].

use std::time::Duration;

use super::providers;
use super::reader::{Field, Table};
use super::spelling::{instead, listed, quoted};
use super::tree::Value;
use super::values::PlainHttp;
use crate::auth::keys::{Algorithm, KeySource};
use crate::auth::reserved::is_reserved;
use crate::auth::token::{IssuerRules, TenantRule};
use crate::domain::name::TenantId;
use crate::domain::pattern::Pattern;

/// Reads `[auth]`.
pub(super) fn read(root: &Table<'_>) -> Vec<IssuerRules> {
    const NEEDED: &str = "write at least one `[[auth.issuers]]`, or no token can be believed";
    let issuers = root.section("auth", |table| {
        let mut seen = Vec::new();
        let issuers = table.required("issuers", NEEDED).map(|field| {
            let are_several = matches!(field.value(), Value::List(items) if items.len() > 1);
            field.tables(NEEDED, |table| issuer(table, are_several, &mut seen))
        });
        issuers.unwrap_or_default()
    });
    issuers.unwrap_or_default()
}

fn issuer(table: &Table<'_>, are_several: bool, seen: &mut Vec<String>) -> Option<IssuerRules> {
    let field = table.required("issuer", "write the `iss` of its tokens");
    let name = field.as_ref().and_then(|field| issuer_name(field, seen));
    let algorithms = table.required("algorithms", "write those that it signs with, such as `[\"RS256\"]`");
    let algorithms = algorithms.and_then(|field| algorithms_of(&field));
    let keys = table.required("keys", "write `discover`, the URL of its JWKS, or `file:PATH`");
    let keys = keys
        .and_then(|keys| key_source(&keys, field.as_ref().filter(|_| name.is_some()), algorithms.as_deref().unwrap_or_default()));
    let (audiences, client_ids) = audiences(table);
    let read = |key, default, least, most| {
        let range = Duration::from_secs(least)..=Duration::from_secs(most);
        table.or(key, Duration::from_secs(default), |field| field.duration(range))
    };
    let (leeway, max_lifetime) = (read("leeway", 60, 0, 300), read("max_lifetime", 86_400, 60, 31 * 86_400));
    let refresh = read("key_refresh", 600, 30, 86_400);
    let tenants = tenants(table, are_several);
    let tenant_claim = table.or("tenant_claim", "tenant".to_owned(), |field| field.name(256));
    let scope_claims = table.or("scope_claims", vec!["scope".to_owned()], |field| {
        field.distinct("name the claims that hold scopes, or leave the key out for `scope`", |item| item.name(256))
    });
    let require_typ = table.or("require_typ", false, Field::truth);
    let allow_private_jwks_uri = table.or("allow_private_jwks_uri", false, Field::truth);
    let (issuer, algorithms, keys) = (name?, algorithms?, keys?);
    let rules = IssuerRules {
        issuer,
        audiences,
        client_ids,
        algorithms,
        keys,
        allow_private_jwks_uri,
        tenants: tenants?,
        tenant_claim,
        scope_claims,
        require_typ,
        leeway,
        max_lifetime,
        refresh,
    };
    providers::warn(table, &rules);
    Some(rules)
}

/// Which tenants the issuer may name: `tenants`, a pattern or a list of them, or `tenant`, the one that all its tokens are for.
fn tenants(table: &Table<'_>, are_several: bool) -> Option<TenantRule> {
    let (fixed, several) = (table.get("tenant"), table.get("tenants"));
    if let Some(field) = fixed {
        table.refuse(&["tenants", "tenant_claim"], "says who the tenant is, and `tenant` does so already: keep one of them");
        return field.parsed(tenant_id).map(TenantRule::Fixed);
    }
    let Some(field) = several else {
        if are_several {
            let text = "is missing: tokens of this issuer can name any tenant, those of the other issuers too; list its own, such \
                        as `tenants = [\"acme\"]`";
            table.warn_absent("tenants", text);
        }
        return Some(TenantRule::Any);
    };
    let patterns = match field.value() {
        Value::List(_) => field.distinct("name at least one, or leave the key out for any", tenant_pattern)?,
        _ => vec![tenant_pattern(&field)?],
    };
    Some(TenantRule::Matching(patterns))
}

fn tenant_pattern(field: &Field<'_>) -> Option<Pattern> {
    field.parsed(|text| {
        // What stands for a part of an id must leave an id behind: `*` is the one character that no id holds.
        let legal = |c: char| c.is_ascii_alphanumeric() || "_.-*".contains(c);
        match text.chars().find(|c| !legal(*c)) {
            Some(c) => {
                Err(format!("has {c:?}, which no tenant's id holds: only `*` is special, and it stands for any characters"))
            }
            None if text.contains('*') => Pattern::try_from(text).map_err(|error| error.to_string()),
            None => tenant_id(text).and_then(|id| Pattern::try_from(id.as_str()).map_err(|error| error.to_string())),
        }
    })
}

/// An id that a tenant can have.
pub(super) fn tenant_id(text: &str) -> Result<TenantId, String> {
    let id = TenantId::try_from(text).map_err(|error| format!("is no tenant's id: it {error}"))?;
    if is_reserved(&id) {
        return Err("is reserved: log groups of AWS or of this service begin with it".to_owned());
    }
    Ok(id)
}

fn issuer_name(field: &Field<'_>, seen: &mut Vec<String>) -> Option<String> {
    let name = field.name(1024)?;
    if seen.contains(&name) {
        field.wrong("is there twice: an issuer has one entry, with all of its audiences");
        return None;
    }
    seen.push(name.clone());
    Some(name)
}

fn audiences(table: &Table<'_>) -> (Vec<String>, Vec<String>) {
    let (audiences, client_ids) = (table.get("audiences"), table.get("client_ids"));
    if audiences.is_none() && client_ids.is_none() {
        let text = "name those in `aud`; for tokens without `aud`, such as Cognito's access tokens, name their `client_ids`";
        table.missing("audiences", text);
    }
    let names = |field: Option<Field<'_>>| {
        let read = |field: Field<'_>| field.distinct("name at least one, or leave the key out", |item| item.name(1024));
        field.and_then(read).unwrap_or_default()
    };
    (names(audiences), names(client_ids))
}

fn algorithms_of(field: &Field<'_>) -> Option<Vec<Algorithm>> {
    let algorithms = field.distinct("name at least one", algorithm)?;
    if algorithms.contains(&Algorithm::Hs256) && algorithms.len() > 1 {
        // One key taken for the other kind's is the oldest forgery there is.
        field.wrong("has `HS256` beside others: a shared key and public keys never go together in one issuer");
        return None;
    }
    Some(algorithms)
}

fn algorithm(field: &Field<'_>) -> Option<Algorithm> {
    let known = Algorithm::ALL.map(Algorithm::name);
    field.parsed(|text| {
        if text.eq_ignore_ascii_case("none") {
            return Err("is no algorithm: a token without a signature is never believed".to_owned());
        }
        let found = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == text);
        found.ok_or_else(|| match known.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            Some(_) => format!("is no algorithm: {}", instead(text, &known)),
            None => format!("is no algorithm that Logmark takes: there are {}", listed(known)),
        })
    })
}

fn key_source(field: &Field<'_>, issuer: Option<&Field<'_>>, algorithms: &[Algorithm]) -> Option<KeySource> {
    let text = field.text()?;
    let shared = algorithms.contains(&Algorithm::Hs256);
    if let Some(path) = text.strip_prefix("file:") {
        return (if shared { field.key_file(path) } else { field.unchangeable(path) }).map(KeySource::File);
    }
    if shared {
        field.wrong("must be `file:PATH` with `HS256`: a shared key is never fetched");
        return None;
    }
    if text == "discover" {
        // A wrong issuer has its error there, not here.
        return issuer?.base_url(PlainHttp::Loopback).map(|_url| KeySource::Discover);
    }
    if !text.contains("://") {
        field.wrong(format_args!("{} is no place of keys: write `discover`, the URL of a JWKS, or `file:PATH`", quoted(text)));
        return None;
    }
    field.url(PlainHttp::Loopback).map(KeySource::Url)
}
