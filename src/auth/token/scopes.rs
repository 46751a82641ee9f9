//! The scopes of a token, from the configured claims and the issuer's `scope_map`.
//!
//! - A string is split at single spaces (RFC 6749 §3.3) and at nothing else.
//! - Strings of an array are not split, because the name of a group or role may contain spaces. Exception: a string in which
//!   every word begins like a Logmark scope is a list of scopes, which some issuers put into an array of one string.
//! - A value with an entry in `scope_map` gives the scopes of the entry instead. A whole string with an entry is not split. Entries
//!   are compared whole: there are no wildcards.
//! - The value of an identity claim ([`IDENTITY_CLAIMS`]) is never split, and gives scopes only through `scope_map`.
//! - `null` is an absent claim, which grants nothing.
//! - Any other type refuses the token, because other services might interpret it differently.
//! - The same scope from two claims counts once, for the claim that is configured first.
//!
//! `policy` decides what a scope allows.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::claims::{UnverifiedClaims, malformed};
use super::error::TokenError;
use super::rules::IssuerRules;
use crate::auth::tenant::{InvalidScope, Scope};
use crate::domain::name::TenantId;

/// Maximum number of scopes of a token.
const MAX_SCOPES: usize = 1000;

/// Bytes of the longest scope: twice an action and the longest log group name.
const MAX_SCOPE_BYTES: usize = 1024;

/// The prefix of Logmark's scopes.
const OURS: &str = "logs:";

/// The placeholder of the tenant's id in `scope_map`.
const TENANT: &str = "{tenant}";

/// Claims that identify a user, a client or an issuer by one value. Users can choose parts of these values, such as the name of a
/// GitHub environment in `sub`. Splitting them, or reading them as scopes, would let users choose their scopes.
pub const IDENTITY_CLAIMS: [&str; 9] =
    ["iss", "sub", "azp", "client_id", "email", "name", "nickname", "preferred_username", "username"];

/// The entries of `scope_map`: the value of a claim, and the scopes that it gives.
pub type ScopeMap = BTreeMap<String, Vec<ScopeTemplate>>;

/// A scope in which `{tenant}` stands for the id of the token's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeTemplate(String);

impl ScopeTemplate {
    /// The scope for the tenant. A tenant's id contains neither `*` nor `:`, so the id is literal.
    pub(super) fn for_tenant(&self, tenant: &TenantId) -> String {
        self.0.replace(TENANT, tenant.as_str())
    }
}

impl TryFrom<&str> for ScopeTemplate {
    type Error = InvalidScope;

    fn try_from(text: &str) -> Result<Self, InvalidScope> {
        Scope::parse(text, &Arc::from("")).map(|_| Self(text.to_owned()))
    }
}

impl std::fmt::Display for ScopeTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A scope, and the claim that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedScope {
    /// Name of the claim.
    pub claim: Arc<str>,
    /// The value of the claim that `scope_map` maps to the scope; `None`: the claim contains the scope.
    pub claim_value: Option<Arc<str>>,
    /// The scope as received, or as `scope_map` gives it.
    pub value: String,
}

/// The union of all `scope_claims`, in order.
pub(super) fn scopes(claims: &UnverifiedClaims, rules: &IssuerRules, tenant: &TenantId) -> Result<Vec<GrantedScope>, TokenError> {
    let mut seen = HashSet::new();
    let mut granted = Vec::new();
    for name in &rules.scope_claims {
        let claim: Arc<str> = Arc::from(name.as_str());
        for value in pieces(claims, name, &rules.scope_map)? {
            if value.len() > MAX_SCOPE_BYTES {
                return Err(TokenError::Scopes);
            }
            for (claim_value, scope) in meaning(value, name, &rules.scope_map, tenant) {
                if seen.insert(scope.clone()) {
                    granted.push(GrantedScope { claim: Arc::clone(&claim), claim_value, value: scope });
                }
            }
        }
    }
    if granted.len() > MAX_SCOPES { Err(TokenError::Scopes) } else { Ok(granted) }
}

/// The scopes that a value gives, each with the value if `scope_map` gives it.
fn meaning(value: &str, claim: &str, map: &ScopeMap, tenant: &TenantId) -> Vec<(Option<Arc<str>>, String)> {
    match map.get(value) {
        Some(scopes) => {
            let value: Arc<str> = Arc::from(value);
            scopes.iter().map(|scope| (Some(Arc::clone(&value)), scope.for_tenant(tenant))).collect()
        }
        None if is_identity(claim) => Vec::new(),
        None => vec![(None, value.to_owned())],
    }
}

fn is_identity(claim: &str) -> bool {
    IDENTITY_CLAIMS.contains(&claim)
}

fn pieces<'a>(claims: &'a UnverifiedClaims, name: &str, map: &ScopeMap) -> Result<Vec<&'a str>, TokenError> {
    let mut pieces = Vec::new();
    let is_whole = |text: &str| map.contains_key(text) || is_identity(name);
    for value in claims.at(name) {
        match value {
            Value::Null => {}
            Value::String(text) if is_whole(text) => pieces.push(text.as_str()),
            Value::String(text) => pieces.extend(text.split(' ')),
            Value::Array(items) => {
                let items = items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().ok_or_else(|| malformed(name))?;
                for item in items {
                    if is_list(item) && !is_whole(item) { pieces.extend(item.split(' ')) } else { pieces.push(item) }
                }
            }
            _ => return Err(malformed(name)),
        }
    }
    Ok(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
}

/// Several Logmark scopes in one string of an array. This grants nothing new: a person who can create a group with such a name
/// could also name it like a single scope.
fn is_list(item: &str) -> bool {
    item.split(' ').filter(|word| !word.is_empty()).all(|word| word.starts_with(OURS))
}
