//! What a token states, and what to do about a refused one, for the operator who connects an identity provider.
//!
//! Reads tokens that are not verified, so its results are for the operator's eyes only: never for a response, never for a decision.
//! See also `error`, whose texts these complete.

use serde_json::{Map, Value};

use super::bearer::UnverifiedToken;
use super::error::TokenError;
use super::path;
use super::rules::{IssuerRules, TenantRule};
use crate::auth::strict::{self, base64url};
use crate::domain::time::Millis;

/// Characters of the longest value that is shown.
const SHOWN_CHARS: usize = 200;

/// Claims that are always shown, if the token has them.
const SHOWN_CLAIMS: [&str; 12] =
    ["iss", "aud", "sub", "azp", "client_id", "cid", "appid", "token_use", "typ", "nbf", "iat", "exp"];

/// A token that is read but not verified.
pub struct Diagnosis<'a> {
    header: Option<Map<String, Value>>,
    claims: Option<Map<String, Value>>,
    /// The rules of the issuer that the token names.
    rules: Option<&'a IssuerRules>,
    issuers: &'a [IssuerRules],
}

impl<'a> Diagnosis<'a> {
    /// Reads a token as far as it can be read.
    #[must_use]
    pub fn new(token: &UnverifiedToken<'_>, issuers: &'a [IssuerRules]) -> Self {
        let mut parts = token.as_str().split('.').map(|part| strict::object(&base64url(part).ok()?).ok());
        let (header, claims) = (parts.next().flatten(), parts.next().flatten());
        let issuer = claims.as_ref().and_then(|claims| claims.get("iss")).and_then(Value::as_str);
        let rules = issuer.and_then(|issuer| issuers.iter().find(|rules| rules.issuer == issuer));
        Self { header, claims, rules, issuers }
    }

    /// The header and the claims that matter, each as a name and a value. Values are shortened, and control characters escaped.
    #[must_use]
    pub fn statements(&self) -> Vec<(String, String)> {
        let mut said = Vec::new();
        for name in ["alg", "kid", "typ"] {
            if let Some(value) = self.header.as_ref().and_then(|header| header.get(name)) {
                said.push((format!("header {name}"), shown(value)));
            }
        }
        let Some(claims) = &self.claims else { return said };
        let mut names: Vec<&str> = SHOWN_CLAIMS.to_vec();
        if let Some(rules) = self.rules {
            names.push(&rules.tenant_claim);
            names.extend(rules.scope_claims.iter().chain(rules.required_claims.keys()).map(String::as_str));
        }
        for (index, name) in names.iter().enumerate() {
            if !names[..index].contains(name) {
                said.extend(path::values(claims, name).into_iter().map(|value| ((*name).to_owned(), dated(name, value))));
            }
        }
        said
    }

    /// What to change, if the token is refused for this reason.
    #[must_use]
    pub fn advice(&self, error: &TokenError, now: Millis) -> String {
        match error {
            TokenError::TooLarge(_)
            | TokenError::Parts(_)
            | TokenError::Base64(_)
            | TokenError::Json { .. }
            | TokenError::HeaderParameter(_)
            | TokenError::UnknownAlgorithm(_)
            | TokenError::ForeignType(_)
            | TokenError::Extension(_)
            | TokenError::TypeRequired
            | TokenError::Use
            | TokenError::SenderConstrained => self.about_form(error),
            TokenError::UnknownIssuer(_)
            | TokenError::ForeignAlgorithm(_)
            | TokenError::KeySelectionError { .. }
            | TokenError::Signature
            | TokenError::KeysUnavailable(_) => self.about_issuer(error),
            TokenError::Audience | TokenError::Client => self.about_audience(error),
            TokenError::Expired | TokenError::NotYetValid | TokenError::IssuedInFuture | TokenError::LifetimeTooLong => {
                self.about_time(error, now)
            }
            TokenError::MissingClaim(_)
            | TokenError::MalformedClaim(_)
            | TokenError::Tenant(_)
            | TokenError::ReservedTenant
            | TokenError::UnmappedTenant { .. }
            | TokenError::SeveralTenants(_)
            | TokenError::ForeignTenant(_)
            | TokenError::RequiredClaim { .. }
            | TokenError::Scopes => self.about_claim(error),
        }
    }

    fn about_form(&self, error: &TokenError) -> String {
        let text = match error {
            TokenError::Parts(5) => "the token is encrypted: configure the provider to send signed tokens",
            TokenError::TypeRequired => {
                "this may be an ID token: send the access token; if the provider never sends `at+jwt`, remove `require_typ` and \
                 exclude other tokens with `audiences` and `required_claims`"
            }
            TokenError::Use => "this is an ID token or a refresh token: send the access token",
            TokenError::ForeignType(_) => "only access tokens are accepted: `typ` is `JWT` or `at+jwt`",
            TokenError::SenderConstrained => "request a plain bearer token, without DPoP and without a client certificate",
            TokenError::TooLarge(_) => "remove claims that Logmark does not need, such as lists of groups",
            TokenError::UnknownAlgorithm(_) => "configure the provider to sign with RS256, PS256, ES256 or EdDSA",
            TokenError::Extension(_) => "configure the provider to send a plain signed JWT (RFC 9068)",
            _ if self.header.is_none() => {
                "this is not a JWT: opaque tokens cannot be verified; request an access token for your API, so that the provider \
                 sends a JWT (with Auth0 by `audience`, with Okta from a custom authorization server)"
            }
            _ => "the token is damaged: copy it again, as a whole and without quotes",
        };
        text.to_owned()
    }

    fn about_issuer(&self, error: &TokenError) -> String {
        match error {
            TokenError::UnknownIssuer(_) => self.about_unknown_issuer(),
            TokenError::ForeignAlgorithm(algorithm) => {
                format!("add `{algorithm}` to the issuer's `algorithms`, if the provider documents that it signs with it")
            }
            TokenError::KeySelectionError { .. } => {
                "the key set of the issuer has no such key: check that the token is of the same provider and environment, and \
                 `logmark check --online`"
                    .to_owned()
            }
            TokenError::Signature => "another key has signed the token, or it was changed: check `keys`".to_owned(),
            _ => "the keys could not be read: `logmark check --online` says why".to_owned(),
        }
    }

    fn about_unknown_issuer(&self) -> String {
        let issuer = self.claim_text("iss").unwrap_or_default();
        let bare = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
        if issuer.starts_with("https://sts.windows.net/") {
            return "this is a token of version 1.0 of Microsoft Entra ID: set `requestedAccessTokenVersion` to 2 in the manifest of \
                    the API's application"
                .to_owned();
        }
        match self.issuers.iter().find(|rules| bare(&rules.issuer) == bare(issuer)) {
            Some(near) => format!("the configuration has `{}`: write the issuer exactly as in the token", near.issuer),
            None => format!("the configured issuers are {}", listed(self.issuers.iter().map(|rules| rules.issuer.as_str()))),
        }
    }

    fn about_audience(&self, error: &TokenError) -> String {
        let Some(rules) = self.rules else { return String::new() };
        if *error == TokenError::Client {
            let accepted = listed(rules.client_ids.iter().chain(&rules.audiences).map(String::as_str));
            return format!("accepted clients are {accepted}: add the client to `client_ids`, if its users may read logs");
        }
        let accepted = listed(rules.audiences.iter().map(String::as_str));
        format!(
            "`audiences` is {accepted}: request a token for it; add the token's `aud` only if it names this service and no other"
        )
    }

    fn about_time(&self, error: &TokenError, now: Millis) -> String {
        match error {
            TokenError::Expired => format!("it is {now} now: request a new token"),
            TokenError::LifetimeTooLong => {
                "request a token with a shorter lifetime, or raise the issuer's `max_lifetime`".to_owned()
            }
            _ => format!("it is {now} on this machine: check its clock, or raise the issuer's `leeway`"),
        }
    }

    fn about_claim(&self, error: &TokenError) -> String {
        match error {
            TokenError::MissingClaim(name) if &**name == "aud" => {
                "a token without `aud` is only accepted with `token_use: access` and a `client_id` from `client_ids`".to_owned()
            }
            TokenError::MissingClaim(_) => {
                let names = self.claims.iter().flat_map(Map::keys).map(String::as_str);
                format!("the token has the claims {}: name one of them, or configure the provider to add it", listed(names))
            }
            TokenError::MalformedClaim(_) => "the claim has another type than this setting needs: name another claim".to_owned(),
            TokenError::Tenant(_) => "map its values to tenants with `tenant_map`".to_owned(),
            TokenError::ReservedTenant => "choose another id: AWS or Logmark has log groups that begin with it".to_owned(),
            TokenError::UnmappedTenant { .. } => "add the value to `tenant_map`, if it belongs to a tenant".to_owned(),
            TokenError::SeveralTenants(_) => "a token is for one tenant: remove entries of `tenant_map`".to_owned(),
            TokenError::RequiredClaim { claim, .. } => self.accepted_values(claim),
            TokenError::ForeignTenant(_) => match self.rules.map(|rules| &rules.tenants) {
                Some(TenantRule::Matching(patterns)) => {
                    format!("the issuer's `tenants` are {}", listed(patterns.iter().map(|pattern| pattern.as_str())))
                }
                _ => String::new(),
            },
            _ => "configure the provider to send fewer groups or scopes".to_owned(),
        }
    }

    fn accepted_values(&self, claim: &str) -> String {
        let accepted = self.rules.and_then(|rules| rules.required_claims.get(claim));
        let values: Vec<String> = accepted.into_iter().flatten().map(ToString::to_string).collect();
        format!("`required_claims` accepts {}", listed(values.iter().map(String::as_str)))
    }

    fn claim_text(&self, name: &str) -> Option<&str> {
        self.claims.as_ref()?.get(name)?.as_str()
    }
}

impl std::fmt::Debug for Diagnosis<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnosis").field("issuer", &self.rules.map(|rules| &rules.issuer)).finish_non_exhaustive()
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{}`", escaped(word))).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// A time claim with its meaning, or any other value.
fn dated(name: &str, value: &Value) -> String {
    match value.as_i64().filter(|seconds| ["exp", "nbf", "iat"].contains(&name) && (0..1 << 40).contains(seconds)) {
        Some(seconds) => format!("{seconds} ({})", Millis(seconds * 1000)),
        None => shown(value),
    }
}

/// A value as JSON; a text without quotes.
fn shown(value: &Value) -> String {
    escaped(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Shortened, with control and formatting characters escaped, which could change what a terminal shows.
fn escaped(text: &str) -> String {
    let is_formatting =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let mut escaped = String::new();
    for c in text.chars().take(SHOWN_CHARS) {
        if c.is_control() || is_formatting(c) { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    if text.chars().nth(SHOWN_CHARS).is_some() {
        escaped.push('…');
    }
    escaped
}
