//! `scope_map`, `tenant_map` and `required_claims` of an issuer: tables whose keys are values or names of claims.
//!
//! Owns the form of their entries. [`crate::auth::token`] applies them. See also [`super::issuer`], whose keys they are.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::issuer::tenant_id;
use super::pattern::{self, Braces, Names};
use super::spelling::quoted;
use super::validation::Key;
use super::values;
use crate::auth::token::{ClaimValue, RequiredClaims, ScopeMap, ScopeTemplate};
use crate::domain::name::TenantId;
use crate::domain::pattern::Pattern;

/// Characters of the longest name or value of a claim in the configuration.
const LONGEST: usize = 1024;
/// 2^53: JSON parsers differ on larger whole numbers (RFC 8259 §6).
const FIRST_INEXACT: u64 = 1 << 53;
/// A key with dots that is not quoted makes a table in a table.
const UNQUOTED: &str = "write names with dots in quotes, such as `\"kubernetes.io.namespace\" = …`";

/// The scopes of one entry of `scope_map`.
pub(super) struct Scopes(Vec<ScopeTemplate>);

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScopesVisitor)
    }
}

struct ScopesVisitor;

impl<'de> Visitor<'de> for ScopesVisitor {
    type Value = Scopes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of scopes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Scopes, A::Error> {
        let empty = "list at least one scope, or remove the entry";
        values::list(SeqAccessDeserializer::new(items), Some(empty), scope).map(Scopes)
    }

    fn visit_map<A: MapAccess<'de>>(self, _entries: A) -> Result<Scopes, A::Error> {
        Err(A::Error::custom(format_args!("must be an array of scopes, not a table: {UNQUOTED}")))
    }
}

fn scope(text: &str) -> Result<ScopeTemplate, String> {
    let template = ScopeTemplate::try_from(text).map_err(|error| error.to_string())?;
    groups(text).map(|_| template)
}

/// The pattern of groups in a scope.
fn groups(scope: &str) -> Result<Pattern, String> {
    let groups = scope.splitn(3, ':').nth(2).unwrap_or_default();
    pattern::check(groups, Names::Groups, Braces::Filled).map_err(|error| error.to_string())
}

/// A tenant of `tenant_map`.
pub(super) struct MappedTenant(TenantId);

impl<'de> Deserialize<'de> for MappedTenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::text(deserializer, tenant_id).map(Self)
    }
}

/// The accepted values of one entry of `required_claims`.
pub(super) struct AcceptedValues(Vec<ClaimValue>);

impl<'de> Deserialize<'de> for AcceptedValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AcceptedValuesVisitor)
    }
}

struct AcceptedValuesVisitor;

impl<'de> Visitor<'de> for AcceptedValuesVisitor {
    type Value = AcceptedValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, an integer, a boolean or an array of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AcceptedValues, E> {
        OneValue::text(text).map(|value| AcceptedValues(vec![value]))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<AcceptedValues, E> {
        Ok(AcceptedValues(vec![ClaimValue::Boolean(truth)]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<AcceptedValues, E> {
        OneValue::integer(number).map(|value| AcceptedValues(vec![value]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AcceptedValues, A::Error> {
        if items.size_hint() == Some(0) {
            return Err(A::Error::custom("is empty: list at least one value, or remove the entry"));
        }
        let mut values = Vec::new();
        while let Some(OneValue(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(AcceptedValues(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, _entries: A) -> Result<AcceptedValues, A::Error> {
        Err(A::Error::custom(format_args!("must be a value or an array of values, not a table: {UNQUOTED}")))
    }
}

/// One accepted value, so that its errors are located at the item of an array.
struct OneValue(ClaimValue);

impl OneValue {
    fn text<E: Error>(text: &str) -> Result<ClaimValue, E> {
        let text = values::name::<LONGEST>(text).map_err(|error| E::custom(format_args!("{} {error}", quoted(text))))?;
        Ok(ClaimValue::Text(text))
    }

    fn integer<E: Error>(number: i64) -> Result<ClaimValue, E> {
        if number.unsigned_abs() < FIRST_INEXACT {
            Ok(ClaimValue::Integer(number))
        } else {
            Err(E::custom("must be smaller than 2^53: JSON parsers differ on larger numbers"))
        }
    }
}

impl<'de> Deserialize<'de> for OneValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneValueVisitor)
    }
}

struct OneValueVisitor;

impl Visitor<'_> for OneValueVisitor {
    type Value = OneValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, an integer or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OneValue, E> {
        OneValue::text(text).map(OneValue)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<OneValue, E> {
        Ok(OneValue(ClaimValue::Boolean(truth)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<OneValue, E> {
        OneValue::integer(number).map(OneValue)
    }
}

/// Checks `scope_map`.
pub(super) fn scope_map(raw: BTreeMap<String, Scopes>, key: &Key<'_>) -> ScopeMap {
    for (value, Scopes(scopes)) in &raw {
        let entry = key.key(value);
        check_name(value, &entry);
        if value.contains('*') {
            entry.warn("has `*`, which is literal here: values of claims are compared whole");
        }
        for (scope, key) in scopes.iter().zip(entry.items()) {
            if let Ok(groups) = groups(&scope.to_string()) {
                pattern::warn(&groups, Braces::Filled, &key);
            }
        }
    }
    raw.into_iter().map(|(value, Scopes(scopes))| (value, scopes)).collect()
}

/// Checks `tenant_map`.
pub(super) fn tenant_map(raw: &BTreeMap<String, MappedTenant>, key: &Key<'_>) -> BTreeMap<String, TenantId> {
    if raw.is_empty() && !key.has_errors() {
        key.error("is empty: list the values of the tenant claim, each with its tenant, or remove the key");
    }
    raw.keys().for_each(|value| check_name(value, &key.key(value)));
    raw.iter().map(|(value, MappedTenant(tenant))| (value.clone(), tenant.clone())).collect()
}

/// Checks `required_claims`.
pub(super) fn required_claims(raw: BTreeMap<String, AcceptedValues>, key: &Key<'_>) -> RequiredClaims {
    raw.keys().for_each(|name| check_name(name, &key.key(name)));
    raw.into_iter().map(|(name, AcceptedValues(values))| (name, values)).collect()
}

/// Checks a key of a table, which is a value or a name of a claim.
fn check_name(name: &str, entry: &Key<'_>) {
    if let Err(error) = values::name::<LONGEST>(name) {
        entry.key_error(format_args!("the key {} {error}", quoted(name)));
    }
}
