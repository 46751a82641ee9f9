//! The scopes of a token, from the configured claims.
//!
//! - A string is split at single spaces (RFC 6749 §3.3) and at nothing else.
//! - Strings of an array are not split, because the name of a group or role may contain spaces. Exception: a string in which
//!   every word begins like a Logmark scope is a list of scopes, which some issuers put into an array of one string.
//! - `null` is an absent claim, which grants nothing.
//! - Any other type refuses the token, because other services might interpret it differently.
//! - The same scope from two claims counts once, for the claim that is configured first.
//!
//! `policy` decides what a scope allows.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use super::claims::{UnverifiedClaims, malformed};
use super::error::TokenError;

/// Maximum number of scopes of a token.
const MAX_SCOPES: usize = 1000;

/// Bytes of the longest scope: twice an action and the longest log group name.
const MAX_SCOPE_BYTES: usize = 1024;

/// The prefix of Logmark's scopes.
const OURS: &str = "logs:";

/// A scope, and the claim that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedScope {
    /// Name of the claim.
    pub claim: Arc<str>,
    /// The scope as received.
    pub value: String,
}

/// The union of all `scope_claims`, in order.
pub(super) fn scopes(claims: &UnverifiedClaims, scope_claims: &[String]) -> Result<Vec<GrantedScope>, TokenError> {
    let mut seen = HashSet::new();
    let mut granted = Vec::new();
    for name in scope_claims {
        let claim: Arc<str> = Arc::from(name.as_str());
        for value in pieces(claims, name)? {
            if value.len() > MAX_SCOPE_BYTES {
                return Err(TokenError::Scopes);
            }
            if seen.insert(value) {
                granted.push(GrantedScope { claim: Arc::clone(&claim), value: value.to_owned() });
            }
        }
    }
    if granted.len() > MAX_SCOPES { Err(TokenError::Scopes) } else { Ok(granted) }
}

fn pieces<'a>(claims: &'a UnverifiedClaims, name: &str) -> Result<Vec<&'a str>, TokenError> {
    let mut pieces = Vec::new();
    for value in claims.at(name) {
        match value {
            Value::Null => {}
            Value::String(text) => pieces.extend(text.split(' ')),
            Value::Array(items) => {
                let items = items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().ok_or_else(|| malformed(name))?;
                items.into_iter().for_each(|item| if is_list(item) { pieces.extend(item.split(' ')) } else { pieces.push(item) });
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
