//! The rules for one issuer (`[[auth.issuers]]`), and their validation.
//!
//! A missing rule never means that something is not checked: a missing audience is an error. See also `check`, which applies
//! the rules.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::required_claims::RequiredClaims;
use super::scopes::{GrantedScope, ScopeMap};
use crate::auth::keys::{Algorithm, KeySource, is_safe_url};
use crate::domain::name::TenantId;
use crate::domain::pattern::Pattern;

/// Longest leeway: a larger difference means that a clock is wrong.
const MAX_LEEWAY: Duration = Duration::from_secs(600);

/// Shortest and longest age of a key set.
const REFRESH: std::ops::RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_secs(86_400);

/// One issuer, its keys, and the requirements for its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerRules {
    /// `iss`, byte for byte.
    pub issuer: String,
    /// `aud` must contain one of these, exactly. May be empty only with `client_ids`.
    pub audiences: Vec<String>,
    /// For access tokens without `aud` (Amazon Cognito): `client_id` must be one of these or of `audiences`, and
    /// `token_use` be `access`.
    pub client_ids: Vec<String>,
    /// The algorithms its keys may have; HS256 stands alone.
    pub algorithms: Vec<Algorithm>,
    /// The location of its keys.
    pub keys: KeySource,
    /// Whether the issuer's discovery document may refer to keys on a private or loopback address of another origin.
    pub allow_private_jwks_uri: bool,
    /// Which tenants its tokens may name.
    pub tenants: TenantRule,
    /// The claim that names the tenant: a name or a path. Not read under [`TenantRule::Fixed`].
    pub tenant_claim: String,
    /// The claims that give scopes: names or paths.
    pub scope_claims: Vec<String>,
    /// The scopes for values of these claims. A value without an entry is used as a scope itself.
    pub scope_map: ScopeMap,
    /// Claims that a token must have, each with one of its accepted values.
    pub required_claims: RequiredClaims,
    /// Whether `typ` must be `at+jwt`.
    pub require_typ: bool,
    /// Accepted clock difference; at most ten minutes.
    pub leeway: Duration,
    /// Longest remaining lifetime of a token, plus the leeway.
    pub max_lifetime: Duration,
    /// Age at which its keys are read again; 30 seconds to a day.
    pub refresh: Duration,
}

/// Names the requirements of an issuer for its tokens, in every replica alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequirementsDigest([u8; 16]);

/// The tenants that tokens of an issuer may name. The identity provider of one customer must not name another customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantRule {
    /// Any tenant.
    Any,
    /// Tenants whose id matches one of the patterns.
    Matching(Vec<Pattern>),
    /// The tenant of the value of the tenant claim. Other values are refused.
    Mapped(BTreeMap<String, TenantId>),
    /// This tenant, for all tokens.
    Fixed(TenantId),
}

/// An error in the rules of `issuer`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Without an issuer no token could be valid.
    #[error("no issuer is configured")]
    NoIssuer,
    /// Two sets of rules for one issuer.
    #[error("issuer `{issuer}` is configured twice")]
    DuplicateIssuer {
        /// The issuer.
        issuer: String,
    },
    /// A required text is empty.
    #[error("issuer `{issuer}`: `{field}` is empty")]
    Empty {
        /// The issuer.
        issuer: String,
        /// The field.
        field: &'static str,
    },
    /// A public key must never be taken for a secret (RFC 8725 §2.1).
    #[error("issuer `{issuer}`: HS256 cannot be combined with other algorithms; configure its keys as an issuer of their own")]
    MixedAlgorithms {
        /// The issuer.
        issuer: String,
    },
    /// A shared key that is fetched from a URL is not secret.
    #[error("issuer `{issuer}`: HS256 needs its key in a file")]
    RemoteSecret {
        /// The issuer.
        issuer: String,
    },
    /// Keys fetched over plain HTTP are not authentic.
    #[error("issuer `{issuer}`: the URL of the keys must use https, or http on this machine")]
    UnsafeUrl {
        /// The issuer.
        issuer: String,
    },
    /// A duration is out of range.
    #[error("issuer `{issuer}`: `{field}` is out of range")]
    OutOfRange {
        /// The issuer.
        issuer: String,
        /// The field.
        field: &'static str,
    },
}

impl IssuerRules {
    /// Default of `leeway`: a minute.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
    /// Default of `max_lifetime`: a day.
    pub const DEFAULT_MAX_LIFETIME: Duration = Duration::from_secs(86_400);
    /// Default age at which keys are read again: ten minutes.
    pub const DEFAULT_REFRESH: Duration = Duration::from_secs(600);

    /// Validates the rules and returns all errors.
    pub fn errors(&self) -> Vec<RulesError> {
        let issuer = || self.issuer.clone();
        let has_secret = self.algorithms.contains(&Algorithm::Hs256);
        let mut errors: Vec<_> =
            self.empty_fields().into_iter().map(|field| RulesError::Empty { issuer: issuer(), field }).collect();
        if has_secret && self.algorithms.iter().any(|algorithm| *algorithm != Algorithm::Hs256) {
            errors.push(RulesError::MixedAlgorithms { issuer: issuer() });
        }
        if has_secret && !matches!(self.keys, KeySource::File(_)) {
            errors.push(RulesError::RemoteSecret { issuer: issuer() });
        }
        if !self.has_safe_keys() {
            errors.push(RulesError::UnsafeUrl { issuer: issuer() });
        }
        let ranges = [
            ("leeway", self.leeway <= MAX_LEEWAY),
            ("max_lifetime", !self.max_lifetime.is_zero()),
            ("refresh", REFRESH.contains(&self.refresh)),
        ];
        let out = ranges.into_iter().filter(|(_, fits)| !fits);
        errors.extend(out.map(|(field, _)| RulesError::OutOfRange { issuer: issuer(), field }));
        errors
    }

    /// Whether its tokens may name the tenant.
    #[must_use]
    pub fn allows_tenant(&self, tenant: &TenantId) -> bool {
        match &self.tenants {
            TenantRule::Any => true,
            TenantRule::Matching(patterns) => patterns.iter().any(|pattern| pattern.matches(tenant.as_str())),
            TenantRule::Mapped(map) => map.values().any(|mapped| mapped == tenant),
            TenantRule::Fixed(fixed) => fixed == tenant,
        }
    }

    /// The digest of the requirements that only a token itself can be checked against: claims do not contain all of it.
    pub(super) fn requirements_digest(&self) -> RequirementsDigest {
        let Self { audiences, client_ids, tenant_claim, scope_claims, required_claims, require_typ, .. } = self;
        let requirements = format!("{:?}", (audiences, client_ids, tenant_claim, scope_claims, required_claims, require_typ));
        let mut digest = RequirementsDigest::default();
        digest.0.copy_from_slice(&digest::digest(&digest::SHA256, requirements.as_bytes()).as_ref()[..16]);
        digest
    }

    /// Whether the scope, if it came from `scope_map`, would come from it now.
    pub(super) fn still_maps(&self, scope: &GrantedScope, tenant: &TenantId) -> bool {
        scope.claim_value.as_deref().is_none_or(|value| {
            let now = self.scope_map.get(value);
            now.is_some_and(|scopes| scopes.iter().any(|template| template.for_tenant(tenant) == scope.value))
        })
    }

    fn empty_fields(&self) -> Vec<&'static str> {
        let any_empty = |texts: &[String]| texts.iter().any(String::is_empty);
        let fields = [
            ("issuer", self.issuer.is_empty()),
            ("audiences", self.audiences.is_empty() && self.client_ids.is_empty() || any_empty(&self.audiences)),
            ("client_ids", any_empty(&self.client_ids)),
            ("algorithms", self.algorithms.is_empty()),
            ("tenant_claim", self.tenant_claim.is_empty()),
            ("scope_claims", any_empty(&self.scope_claims)),
            ("required_claims", self.required_claims.iter().any(|(name, values)| name.is_empty() || values.is_empty())),
        ];
        fields.into_iter().filter(|(_, empty)| *empty).map(|(field, _)| field).collect()
    }

    fn has_safe_keys(&self) -> bool {
        match &self.keys {
            KeySource::File(_) => true,
            KeySource::Url(url) => is_safe_url(url),
            KeySource::Discover => url::Url::parse(&self.issuer)
                .is_ok_and(|url| is_safe_url(&url) && url.query().is_none() && url.fragment().is_none()),
        }
    }
}
