//! `[[auth.issuers]]`: the issuers of accepted tokens, their keys and their claims.
//!
//! Owns the section's keys, and the rule that every issuer has an audience or a client id to check. Never fetches or parses a
//! key. See also `super::providers`, which knows the tokens of common issuers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::{SeqAccessDeserializer, StrDeserializer};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::claims::{self, AcceptedValues, MappedTenant, Scopes};
use super::providers;
use super::spelling::{expected, quoted};
use super::validation::Key;
use super::values::{self, PlainHttp, parse_base_url, parse_url};
use crate::auth::keys::{Algorithm, KeySource};
use crate::auth::reserved::is_reserved;
use crate::auth::token::{IDENTITY_CLAIMS, IssuerRules, TenantRule};
use crate::domain::name::TenantId;
use crate::domain::pattern::Pattern;

/// `[auth]` as written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAuth {
    issuers: Vec<RawIssuer>,
}

/// An entry of `[[auth.issuers]]` as written. The fields of [`IssuerRules`] describe the keys.
#[derive(Deserialize)]
#[serde(default)]
struct RawIssuer {
    /// Required.
    #[serde(deserialize_with = "issuer_name")]
    issuer: Option<String>,
    /// Required.
    #[serde(deserialize_with = "algorithms")]
    algorithms: Vec<Algorithm>,
    /// Required: `discover`, the URL of a JWKS, or `file:PATH`.
    keys: Option<String>,
    /// Required, if `client_ids` is not set.
    #[serde(deserialize_with = "names")]
    audiences: Vec<String>,
    #[serde(deserialize_with = "names")]
    client_ids: Vec<String>,
    #[serde(deserialize_with = "values::duration::<0, 300, _>")]
    leeway: Duration,
    #[serde(deserialize_with = "values::duration::<60, { 31 * 86_400 }, _>")]
    max_lifetime: Duration,
    #[serde(deserialize_with = "values::duration::<30, 86_400, _>")]
    key_refresh: Duration,
    /// The tenant of all tokens.
    #[serde(deserialize_with = "tenant")]
    tenant: Option<TenantId>,
    /// The tenants that tokens can name: a pattern, or a list of patterns.
    #[serde(deserialize_with = "tenants")]
    tenants: Option<Vec<Pattern>>,
    #[serde(deserialize_with = "claim")]
    tenant_claim: String,
    /// The tenants of the values of `tenant_claim`.
    tenant_map: BTreeMap<String, MappedTenant>,
    #[serde(deserialize_with = "claim_names")]
    scope_claims: Vec<String>,
    scope_map: BTreeMap<String, Scopes>,
    required_claims: BTreeMap<String, AcceptedValues>,
    require_typ: bool,
    allow_private_jwks_uri: bool,
}

impl Default for RawIssuer {
    fn default() -> Self {
        Self {
            issuer: None,
            algorithms: Vec::new(),
            keys: None,
            audiences: Vec::new(),
            client_ids: Vec::new(),
            leeway: Duration::from_secs(60),
            max_lifetime: Duration::from_secs(86_400),
            key_refresh: Duration::from_secs(600),
            tenant: None,
            tenants: None,
            tenant_claim: "tenant".to_owned(),
            tenant_map: BTreeMap::new(),
            scope_claims: vec!["scope".to_owned()],
            scope_map: BTreeMap::new(),
            required_claims: BTreeMap::new(),
            require_typ: false,
            allow_private_jwks_uri: false,
        }
    }
}

fn issuer_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    values::text(deserializer, values::name::<1024>).map(Some)
}

fn claim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    values::text(deserializer, values::name::<256>)
}

fn claim_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    values::list(deserializer, Some("list the claims with scopes, or remove the key to use `scope`"), values::name::<256>)
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    values::list(deserializer, Some("list at least one value, or remove the key"), values::name::<1024>)
}

fn algorithms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Algorithm>, D::Error> {
    values::list(deserializer, Some("list at least one algorithm"), |text| {
        if text.eq_ignore_ascii_case("none") {
            return Err("is not allowed: tokens without a signature are never accepted".to_owned());
        }
        let known = Algorithm::ALL.map(Algorithm::name);
        text.parse::<Algorithm>().map_err(|_| format!("is not a supported algorithm: {}", expected_algorithm(text, &known)))
    })
}

/// A word in the wrong case is a misspelling; other names, such as `HS512`, are real algorithms, so no other is suggested.
fn expected_algorithm(text: &str, known: &[&str]) -> String {
    let is_misspelt = known.iter().any(|name| name.eq_ignore_ascii_case(text));
    expected(if is_misspelt { text } else { "" }, known)
}

fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TenantId>, D::Error> {
    values::text(deserializer, tenant_id).map(Some)
}

fn tenants<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Pattern>>, D::Error> {
    deserializer.deserialize_any(TenantsVisitor).map(Some)
}

struct TenantsVisitor;

impl<'de> Visitor<'de> for TenantsVisitor {
    type Value = Vec<Pattern>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array")
    }

    fn visit_str<E: serde::de::Error>(self, pattern: &str) -> Result<Vec<Pattern>, E> {
        values::text(StrDeserializer::new(pattern), tenant_pattern).map(|pattern| vec![pattern])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<Pattern>, A::Error> {
        let empty = "list at least one tenant, or remove the key to accept any";
        values::list(SeqAccessDeserializer::new(items), Some(empty), tenant_pattern)
    }
}

fn tenant_pattern(text: &str) -> Result<Pattern, String> {
    // `*` is the only wildcard, because no id contains it.
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-*".contains(c);
    match text.chars().find(|c| !legal(*c)) {
        Some(c) => Err(format!("has {c:?}, which tenant ids cannot contain: the only wildcard is `*`, for any characters")),
        None if text.contains('*') => Pattern::try_from(text).map_err(|error| error.to_string()),
        None => tenant_id(text).and_then(|id| Pattern::try_from(id.as_str()).map_err(|error| error.to_string())),
    }
}

/// The id of a tenant. Reserved ids are refused.
pub(super) fn tenant_id(text: &str) -> Result<TenantId, String> {
    let id = TenantId::try_from(text).map_err(|error| format!("is not a tenant id: it {error}"))?;
    if is_reserved(&id) {
        return Err("is reserved: names of log groups of AWS or of this service begin with it".to_owned());
    }
    Ok(id)
}

/// Checks `[auth]`.
pub(super) fn validate(raw: RawAuth, key: &Key<'_>) -> Vec<IssuerRules> {
    const NEEDED: &str = "write at least one `[[auth.issuers]]`, or no token is accepted";
    let key = key.key("issuers");
    key.require(NEEDED);
    key.require_items(NEEDED);
    let are_several = raw.issuers.len() > 1;
    let mut seen: Vec<String> = Vec::new();
    let mut rules = Vec::new();
    for (issuer, key) in raw.issuers.into_iter().zip(key.items()) {
        if let Some(name) = &issuer.issuer {
            if seen.contains(name) {
                key.key("issuer").error("is listed twice: write one entry for an issuer, with all of its audiences");
            }
            seen.push(name.clone());
        }
        rules.extend(validate_issuer(issuer, are_several, &key));
    }
    rules
}

fn validate_issuer(raw: RawIssuer, are_several: bool, key: &Key<'_>) -> Option<IssuerRules> {
    key.key("issuer").require("write the `iss` of its tokens");
    key.key("algorithms").require("list its signing algorithms, such as `[\"RS256\"]`");
    key.key("keys").require("write `discover`, the URL of its JWKS, or `file:PATH`");
    if !key.key("client_ids").is_set() {
        let hint =
            "list the accepted values of `aud`; for tokens without `aud`, such as Cognito's access tokens, set `client_ids`";
        key.key("audiences").require(hint);
    }
    if raw.algorithms.contains(&Algorithm::Hs256) && raw.algorithms.len() > 1 {
        // A public key accepted as the shared key would let anyone sign tokens (RFC 8725, section 2.1).
        key.key("algorithms").error("lists `HS256` with others: an issuer uses either a shared key or public keys");
        return None;
    }
    let keys = raw.keys.as_ref().and_then(|keys| key_source(keys, &raw, key));
    let tenants = tenant_rule(&raw, are_several, key);
    let rules = IssuerRules {
        issuer: raw.issuer?,
        audiences: raw.audiences,
        client_ids: raw.client_ids,
        algorithms: raw.algorithms,
        keys: keys?,
        allow_private_jwks_uri: raw.allow_private_jwks_uri,
        tenants,
        tenant_claim: raw.tenant_claim,
        scope_claims: raw.scope_claims,
        scope_map: claims::scope_map(raw.scope_map, &key.key("scope_map")),
        required_claims: claims::required_claims(raw.required_claims, &key.key("required_claims")),
        require_typ: raw.require_typ,
        leeway: raw.leeway,
        max_lifetime: raw.max_lifetime,
        refresh: raw.key_refresh,
    };
    warn_of_identity_claims(&rules, key);
    providers::warn(key, &rules);
    Some(rules)
}

fn warn_of_identity_claims(rules: &IssuerRules, key: &Key<'_>) {
    for (claim, key) in rules.scope_claims.iter().zip(key.key("scope_claims").items()) {
        if IDENTITY_CLAIMS.contains(&claim.as_str()) && rules.scope_map.is_empty() {
            key.warn(format_args!(
                "gives no scopes without `scope_map`: {} identifies a user, a client or an issuer",
                quoted(claim)
            ));
        }
    }
}

/// The tenants that the issuer may name.
fn tenant_rule(raw: &RawIssuer, are_several: bool, key: &Key<'_>) -> TenantRule {
    if key.key("tenant").is_set() {
        key.refuse(
            &["tenants", "tenant_claim", "tenant_map"],
            "conflicts with `tenant`, which sets the tenant of all tokens: remove one of them",
        );
    }
    let map_key = key.key("tenant_map");
    if map_key.is_set() {
        key.refuse(&["tenants"], "conflicts with `tenant_map`, which lists the tenants: remove one of them");
        return TenantRule::Mapped(claims::tenant_map(&raw.tenant_map, &map_key));
    }
    match (&raw.tenant, &raw.tenants) {
        (Some(tenant), _) => TenantRule::Fixed(tenant.clone()),
        (None, Some(patterns)) => TenantRule::Matching(patterns.clone()),
        (None, None) => {
            if are_several && !key.key("tenant").is_set() && !key.key("tenants").is_set() {
                let text = "is missing: tokens of this issuer can name any tenant, including those of the other issuers; list its \
                            own, such as `tenants = [\"acme\"]`";
                key.key("tenants").warn(text);
            }
            TenantRule::Any
        }
    }
}

fn key_source(text: &str, raw: &RawIssuer, issuer: &Key<'_>) -> Option<KeySource> {
    let key = issuer.key("keys");
    let shared = raw.algorithms.contains(&Algorithm::Hs256);
    if let Some(path) = text.strip_prefix("file:") {
        return (if shared { key.key_file(path) } else { key.unchangeable(path) }).map(KeySource::File);
    }
    if shared {
        key.error("must be `file:PATH` with `HS256`: shared keys are never fetched");
        return None;
    }
    if text == "discover" {
        let url = raw.issuer.as_ref().map(|name| parse_base_url(name, PlainHttp::Loopback));
        return url.and_then(|url| issuer.key("issuer").check(url)).map(|_| KeySource::Discover);
    }
    if !text.contains("://") {
        key.error(format_args!("{} is not a source of keys: write `discover`, the URL of a JWKS, or `file:PATH`", quoted(text)));
        return None;
    }
    key.check(parse_url(text, PlainHttp::Loopback)).map(KeySource::Url)
}
