//! The tenant of a token, by the issuer's [`TenantRule`].
//!
//! - A whole number counts as its digits, because tenant ids may be database keys.
//! - A list is accepted only with `tenant_map`, where its values must give exactly one tenant. Without the map the order of a list
//!   would choose the tenant.
//!
//! See also `path`, which finds the claim.

use std::collections::BTreeMap;

use serde_json::Value;

use super::claims::{UnverifiedClaims, malformed};
use super::error::{Excerpt, TokenError};
use super::rules::{IssuerRules, TenantRule};
use crate::auth::reserved::is_reserved;
use crate::domain::name::TenantId;

/// 2^53: JSON parsers differ on larger whole numbers (RFC 8259 §6).
const FIRST_INEXACT: u64 = 1 << 53;

pub(super) fn tenant(claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<TenantId, TokenError> {
    let name = rules.tenant_claim.as_str();
    let patterns = match &rules.tenants {
        TenantRule::Fixed(tenant) => return Ok(tenant.clone()),
        TenantRule::Mapped(map) => return mapped(&claims.at(name), map, name),
        TenantRule::Any => None,
        TenantRule::Matching(patterns) => Some(patterns),
    };
    let text = match claims.at(name).as_slice() {
        [] => return Err(TokenError::MissingClaim(name.into())),
        [value] => text(value, name)?,
        _ => return Err(malformed(name)),
    };
    let tenant = TenantId::try_from(text).map_err(|_| TokenError::Tenant(name.into()))?;
    if is_reserved(&tenant) {
        return Err(TokenError::ReservedTenant);
    }
    if patterns.is_some_and(|patterns| !patterns.iter().any(|pattern| pattern.matches(tenant.as_str()))) {
        return Err(TokenError::ForeignTenant(Excerpt::of(tenant.as_str())));
    }
    Ok(tenant)
}

fn text(value: &Value, name: &str) -> Result<String, TokenError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => {
            Ok(number.as_u64().filter(|number| *number < FIRST_INEXACT).ok_or_else(|| malformed(name))?.to_string())
        }
        _ => Err(malformed(name)),
    }
}

/// The tenant that the map gives for the values. Values without an entry are ignored beside one with an entry, because a list of
/// groups has other groups too.
fn mapped(found: &[&Value], map: &BTreeMap<String, TenantId>, name: &str) -> Result<TenantId, TokenError> {
    let mut values = Vec::new();
    for value in found {
        match value {
            Value::Array(items) => values.extend(items),
            single => values.push(*single),
        }
    }
    let texts = values.into_iter().map(|value| text(value, name)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = texts.first() else { return Err(TokenError::MissingClaim(name.into())) };
    let mut tenants = texts.iter().filter_map(|text| map.get(text));
    let Some(tenant) = tenants.next() else {
        return Err(TokenError::UnmappedTenant { claim: name.into(), value: Excerpt::of(first) });
    };
    if tenants.all(|other| other == tenant) { Ok(tenant.clone()) } else { Err(TokenError::SeveralTenants(name.into())) }
}
