//! An issuer's rules applied to a token whose signature has been verified.
//!
//! Every rule is its own function, in the order of `check_claims`. It does not verify signatures, so only `verifier` may call it.

use serde_json::Value;

use super::claims::{Audience, UnverifiedClaims};
use super::error::TokenError;
use super::header::{Header, TokenType};
use super::required_claims;
use super::rules::{IssuerRules, RequirementsDigest};
use super::scopes::{self, GrantedScope};
use super::tenant;
use crate::domain::name::TenantId;
use crate::telemetry::audit::text_hash;

/// The claims of a verified token.
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
    /// The hash of `jti`, or of the token if it has none; for audit lines. `None`: there is no token.
    pub token_id: Option<String>,
    /// The requirements that the token met.
    pub requirements: RequirementsDigest,
}

/// The validity of a token, in milliseconds since 1970, leeway included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    from_ms: i64,
    until_ms: i64,
}

impl Window {
    pub(super) fn check(self, now_ms: i64) -> Result<(), TokenError> {
        if now_ms < self.from_ms {
            Err(TokenError::NotYetValid)
        } else if now_ms >= self.until_ms {
            Err(TokenError::Expired)
        } else {
            Ok(())
        }
    }
}

/// Applies `rules` at `now_ms`, milliseconds since 1970. The signature must have been verified before.
///
/// INVARIANT: the caller runs [`Window::check`] last, so [`TokenError::Expired`] means that the token is valid otherwise. It is
/// the only reason that a client learns.
pub(super) fn check_claims(
    header: &Header,
    claims: &UnverifiedClaims,
    rules: &IssuerRules,
    now_ms: i64,
) -> Result<(Claims, Window), TokenError> {
    check_kind(header, claims, rules)?;
    check_audience(claims, rules)?;
    required_claims::check(claims, &rules.required_claims)?;
    let (window, expires_at) = check_time(claims, rules, now_ms)?;
    let tenant = tenant::tenant(claims, rules)?;
    let verified = Claims {
        issuer: rules.issuer.clone(),
        subject: claims.required("sub")?.to_owned(),
        scopes: scopes::scopes(claims, rules, &tenant)?,
        tenant,
        expires_at,
        token_id: claims.text("jti")?.map(text_hash),
        requirements: rules.requirements_digest(),
    };
    Ok((verified, window))
}

fn check_kind(header: &Header, claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<(), TokenError> {
    if rules.require_typ && header.token_type != TokenType::AccessToken {
        return Err(TokenError::TypeRequired);
    }
    // RFC 7800 §3.1: accepting the token without proof of possession would let a thief use it.
    if claims.get("cnf").is_some() {
        return Err(TokenError::SenderConstrained);
    }
    match claims.text("token_use")? {
        None | Some("access") => {}
        Some(_) => return Err(TokenError::Use),
    }
    // Keycloak names the kind of a token in the claim `typ`; access tokens have `Bearer`. Other issuers use the name freely, so
    // other values and types mean nothing here.
    match claims.get("typ").and_then(Value::as_str) {
        Some("ID" | "Refresh" | "Offline" | "Logout") => Err(TokenError::Use),
        _ => Ok(()),
    }
}

fn check_audience(claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<(), TokenError> {
    let is_ours = |audience: &&str| rules.audiences.iter().any(|own| own == audience);
    match claims.audience()? {
        Audience::Named(audiences) if audiences.iter().any(is_ours) => Ok(()),
        Audience::Named(_) => Err(TokenError::Audience),
        Audience::Absent => check_client(claims, rules),
    }
}

/// Access tokens of Amazon Cognito name their client instead of an audience, so the client is compared with `audiences` too, as
/// API Gateway does. `token_use` must be `access`.
fn check_client(claims: &UnverifiedClaims, rules: &IssuerRules) -> Result<(), TokenError> {
    if claims.text("token_use")? != Some("access") {
        return Err(TokenError::MissingClaim("aud".into()));
    }
    let client = claims.text("client_id")?.ok_or(TokenError::Client)?;
    let mut ours = rules.client_ids.iter().chain(&rules.audiences);
    if ours.any(|own| own == client) { Ok(()) } else { Err(TokenError::Client) }
}

fn check_time(claims: &UnverifiedClaims, rules: &IssuerRules, now_ms: i64) -> Result<(Window, i64), TokenError> {
    let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let leeway = millis(rules.leeway);
    let expires_ms = claims.date_ms("exp")?.ok_or_else(|| TokenError::MissingClaim("exp".into()))?;
    let not_before_ms = claims.date_ms("nbf")?.unwrap_or(0);
    let issued_ms = claims.date_ms("iat")?.unwrap_or(0);
    let window = Window { from_ms: not_before_ms.saturating_sub(leeway), until_ms: expires_ms.saturating_add(leeway) };
    if issued_ms.saturating_sub(leeway) > now_ms {
        return Err(TokenError::IssuedInFuture);
    }
    // The issuer's clock may be ahead by the leeway, which makes a token of the longest lifetime appear longer by that much.
    if expires_ms.saturating_sub(now_ms) > millis(rules.max_lifetime).saturating_add(leeway) {
        return Err(TokenError::LifetimeTooLong);
    }
    Ok((window, expires_ms / 1000))
}
