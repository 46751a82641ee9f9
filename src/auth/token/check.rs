//! An issuer's rules applied to a token whose signature has been verified.
//!
//! Every rule is its own function and stands in the order of `check_claims`. It verifies nothing itself:
//! called for a token with a bad signature it would answer all the same, so only `verifier` calls it.

use super::claims::{Audience, UnverifiedClaims, malformed};
use super::error::TokenError;
use super::header::{Header, TokenType};
use super::rules::IssuerRules;
use super::scopes::{self, GrantedScope};
use crate::domain::name::TenantId;

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `iss`, one of the configured ones.
    pub issuer: String,
    /// `sub`: unique within the issuer only.
    pub subject: String,
    /// The tenant, from the claim that the issuer's rules name.
    pub tenant: TenantId,
    /// The scopes, each with the claim that gave it.
    pub scopes: Vec<GrantedScope>,
    /// `exp` in seconds since 1970, a fraction cut off, without leeway.
    pub expires_at: i64,
    /// `jti`.
    pub token_id: Option<String>,
}

/// When a token may be used, in milliseconds since 1970, leeway included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    from_ms: i64,
    until_ms: i64,
}

impl Window {
    pub(super) fn check(self, now_ms: i64) -> Result<(), TokenError> {
        if now_ms >= self.until_ms {
            Err(TokenError::Expired)
        } else if now_ms < self.from_ms {
            Err(TokenError::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// Applies `rules` at `now_ms`, milliseconds since 1970. The signature must have been verified before.
pub(super) fn check_claims(
    header: &Header,
    claims: &UnverifiedClaims,
    rules: &IssuerRules,
    now_ms: i64,
) -> Result<(Claims, Window), TokenError> {
    check_kind(header, claims, rules)?;
    check_audience(claims, rules)?;
    let (window, expires_at) = check_time(claims, rules, now_ms)?;
    let verified = Claims {
        issuer: rules.issuer.clone(),
        subject: claims.required("sub")?.to_owned(),
        tenant: tenant(claims, &rules.tenant_claim)?,
        scopes: scopes::scopes(claims, &rules.scope_claims)?,
        expires_at,
        token_id: claims.text("jti")?.map(str::to_owned),
    };
    Ok((verified, window))
}

fn check_kind(header: &Header, claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<(), TokenError> {
    if rules.require_typ && header.token_type != TokenType::AccessToken {
        return Err(TokenError::TypeRequired);
    }
    // RFC 7800 §3.1: whoever accepts it without the proof gives the holder's key away.
    if claims.get("cnf").is_some() {
        return Err(TokenError::SenderConstrained);
    }
    match claims.text("token_use")? {
        None | Some("access") => Ok(()),
        Some(_) => Err(TokenError::Use),
    }
}

fn check_audience(claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<(), TokenError> {
    let is_ours = |audience: &&str| rules.audiences.iter().any(|own| own == audience);
    match claims.audience()? {
        Audience::Named(audiences) if audiences.iter().any(is_ours) => Ok(()),
        Audience::Named(_) => Err(TokenError::Audience),
        Audience::Absent if rules.client_ids.is_empty() => Err(TokenError::MissingClaim("aud".into())),
        Audience::Absent => check_client(claims, rules),
    }
}

/// Access tokens of Amazon Cognito name their client where others name their audience.
fn check_client(claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<(), TokenError> {
    if claims.text("token_use")? != Some("access") {
        return Err(TokenError::Use);
    }
    let client = claims.text("client_id")?.ok_or(TokenError::Client)?;
    if rules.client_ids.iter().any(|own| own == client) { Ok(()) } else { Err(TokenError::Client) }
}

fn check_time(claims: &UnverifiedClaims, rules: &IssuerRules, now_ms: i64) -> Result<(Window, i64), TokenError> {
    let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let leeway = millis(rules.leeway);
    let expires_ms = claims.date_ms("exp")?.ok_or_else(|| TokenError::MissingClaim("exp".into()))?;
    let not_before_ms = claims.date_ms("nbf")?.unwrap_or(0);
    let issued_ms = claims.date_ms("iat")?.unwrap_or(0);
    let window = Window { from_ms: not_before_ms.saturating_sub(leeway), until_ms: expires_ms.saturating_add(leeway) };
    window.check(now_ms)?;
    if issued_ms.saturating_sub(leeway) > now_ms {
        return Err(TokenError::IssuedInFuture);
    }
    if expires_ms.saturating_sub(now_ms) > millis(rules.max_lifetime) {
        return Err(TokenError::LifetimeTooLong);
    }
    Ok((window, expires_ms / 1000))
}

fn tenant(claims: &UnverifiedClaims, name: &str) -> Result<TenantId, TokenError> {
    let value = claims.get(name).ok_or_else(|| TokenError::MissingClaim(name.into()))?;
    let text = value.as_str().ok_or_else(|| malformed(name))?;
    TenantId::try_from(text.to_owned()).map_err(|_| TokenError::Tenant(name.into()))
}
