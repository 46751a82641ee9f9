//! `required_claims`: claims that a token must have, with one of the listed values.
//!
//! - Values are compared whole and by type: there are no wildcards, and the text `"true"` is not the boolean `true`.
//! - A list in the token passes if one of its items is listed, as `aud` does (RFC 7519 §4.1.3).
//! - An absent claim never passes.
//!
//! See also `path`, which finds the claim.

use std::collections::BTreeMap;

use serde_json::Value;

use super::claims::UnverifiedClaims;
use super::error::{Excerpt, TokenError};

/// The accepted values of each required claim. A claim is named as in `tenant_claim`.
pub type RequiredClaims = BTreeMap<String, Vec<ClaimValue>>;

/// An accepted value of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimValue {
    /// A text.
    Text(String),
    /// A whole number, smaller than 2^53.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

impl ClaimValue {
    fn is(&self, found: &Value) -> bool {
        match (self, found) {
            (Self::Text(text), Value::String(found)) => text == found,
            (Self::Integer(number), Value::Number(found)) => found.as_i64() == Some(*number),
            (Self::Boolean(truth), Value::Bool(found)) => truth == found,
            _ => false,
        }
    }
}

impl std::fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Boolean(truth) => write!(f, "{truth}"),
        }
    }
}

pub(super) fn check(claims: &UnverifiedClaims, required: &RequiredClaims) -> Result<(), TokenError> {
    for (name, accepted) in required {
        let found = claims.at(name);
        let Some(first) = found.first() else { return Err(TokenError::MissingClaim(name.as_str().into())) };
        let is_accepted = |value: &Value| accepted.iter().any(|wanted| wanted.is(value));
        let passes = |value: &&Value| match value {
            Value::Array(items) => items.iter().any(is_accepted),
            single => is_accepted(single),
        };
        if !found.iter().any(passes) {
            let value = first.as_str().map_or_else(|| first.to_string(), str::to_owned);
            return Err(TokenError::RequiredClaim { claim: name.as_str().into(), value: Excerpt::of(&value) });
        }
    }
    Ok(())
}
