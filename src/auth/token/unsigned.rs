//! Claims by an issuer's rules, without a token: what `logmark policy test` expects of an issuer's configuration.
//!
//! INVARIANT: only that command uses it. Its result is not a proof of anything, because there is no signature.

use std::sync::Arc;

use super::check::{self, Claims};
use super::claims::UnverifiedClaims;
use super::error::{Excerpt, TokenError};
use super::header::{Header, TokenType};
use super::rules::IssuerRules;
use super::token_cache::VerifiedToken;
use crate::auth::keys::Algorithm;

/// The token that these claims, an object in JSON, would be after its signature was verified. The time is that of `iat`, or the second
/// before `exp`, so that the claims of an old token can be used.
///
/// # Errors
/// As for a token.
pub fn read_unsigned(issuers: &[IssuerRules], claims: &str) -> Result<VerifiedToken, TokenError> {
    let claims = UnverifiedClaims::parse(claims.as_bytes())?;
    let name = claims.issuer()?;
    let rules = issuers.iter().find(|rules| rules.issuer == name).ok_or_else(|| TokenError::UnknownIssuer(Excerpt::of(name)))?;
    let token_type = if rules.require_typ { TokenType::AccessToken } else { TokenType::Unstated };
    let algorithm = rules.algorithms.first().copied().unwrap_or(Algorithm::Rs256);
    let header = Header { algorithm, kid: None, token_type };
    let now = match claims.date_ms("iat")? {
        Some(issued) => issued,
        None => claims.date_ms("exp")?.unwrap_or(0).saturating_sub(1000),
    };
    let (claims, window): (Claims, _) = check::check_claims(&header, &claims, rules, now)?;
    window.check(now)?;
    Ok(VerifiedToken::new(Arc::new(claims)))
}
