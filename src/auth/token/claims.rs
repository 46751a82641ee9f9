//! The claims of a token (RFC 7519 §4), parsed strictly by type, not verified.
//!
//! - A claim of the wrong type is not an absent claim: `null`, a number in a string or a date out of range refuse the token
//!   (CVE-2026-25537).
//! - Registered names are looked up literally at the top level. Configured names may be paths: see `path`.
//!
//! `check` applies the issuer's rules.

use std::fmt;

use serde_json::{Map, Value};

use super::error::{Part, TokenError};
use super::path;
use crate::auth::strict;

/// Bytes of the longest `sub`, `jti` and `client_id`.
const MAX_TEXT_BYTES: usize = 1024;

/// Dates must be smaller than this: 2^53, because JSON parsers differ on larger numbers (RFC 8259 §6).
const DATE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Unverified claims.
pub(super) struct UnverifiedClaims(Map<String, Value>);

/// The audiences of a token.
pub(super) enum Audience<'a> {
    Absent,
    Named(Vec<&'a str>),
}

impl UnverifiedClaims {
    /// Parses a decoded payload.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, TokenError> {
        strict::object(payload).map(Self).map_err(|source| TokenError::Json { part: Part::Claims, source })
    }

    /// `iss`: a single string, which selects the issuer whose rules and keys are used.
    pub(super) fn issuer(&self) -> Result<&str, TokenError> {
        self.required("iss")
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The values of a configured claim, which may be a path.
    pub(super) fn at(&self, path: &str) -> Vec<&Value> {
        path::values(&self.0, path)
    }

    /// An optional claim: a text of 1 to 1024 bytes without control characters.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, TokenError> {
        let fits = |text: &&String| (1..=MAX_TEXT_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Some(text).filter(fits).map(|text| Some(text.as_str())).ok_or_else(|| malformed(name)),
            Some(_) => Err(malformed(name)),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, TokenError> {
        self.text(name)?.ok_or_else(|| TokenError::MissingClaim(name.into()))
    }

    /// `aud`: a string or an array of strings (RFC 7519 §4.1.3).
    pub(super) fn audience(&self) -> Result<Audience<'_>, TokenError> {
        match self.0.get("aud") {
            None => Ok(Audience::Absent),
            Some(Value::String(audience)) => Ok(Audience::Named(vec![audience])),
            Some(Value::Array(audiences)) => audiences
                .iter()
                .map(Value::as_str)
                .collect::<Option<Vec<_>>>()
                .map(Audience::Named)
                .ok_or_else(|| malformed("aud")),
            Some(_) => Err(malformed("aud")),
        }
    }

    /// A `NumericDate` (RFC 7519 §2) in milliseconds since 1970, fractions of a millisecond cut off.
    pub(super) fn date_ms(&self, name: &str) -> Result<Option<i64>, TokenError> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        if let Some(seconds) = value.as_i64() {
            let in_range = (0..DATE_LIMIT as i64).contains(&seconds);
            return in_range.then(|| Some(seconds * 1000)).ok_or_else(|| malformed(name));
        }
        match value.as_f64() {
            // The product stays below 2^63, so only the fraction is cut off.
            Some(seconds) if (0.0..DATE_LIMIT).contains(&seconds) => Ok(Some((seconds * 1000.0) as i64)),
            _ => Err(malformed(name)),
        }
    }
}

pub(super) fn malformed(name: &str) -> TokenError {
    TokenError::MalformedClaim(name.into())
}

impl fmt::Debug for UnverifiedClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedClaims({} members)", self.0.len())
    }
}
