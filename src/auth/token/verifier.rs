//! Verifies a token and returns its [`Claims`].
//!
//! In this order: size and form, header, the issuer that `iss` names, the issuer's algorithms, the key, the
//! signature, and only then the other claims. Never tries a key of another issuer. Without keys the result is an error of its
//! own; every other token that is not verified is refused.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::bearer::{MAX_TOKEN_BYTES, UnverifiedToken};
use super::check::{self, Claims, Window};
use super::claims::UnverifiedClaims;
use super::compact::UnverifiedJws;
use super::error::{Excerpt, TokenError};
use super::header::Header;
use super::rules::{IssuerRules, RulesError};
use super::token_cache::{CachedToken, KeyReference, TokenCache, TokenDigest, VerifiedToken};
use crate::auth::keys::{
    IssuerReadiness, KeyError, KeyFetcher, KeyLocation, KeySource, KeyStore, VerificationKey, verify_signature,
};
use crate::domain::time::Clock;
use crate::telemetry::audit::text_hash;

/// Verifies tokens of the configured issuers. Changed rules need a new verifier ([`Verifier::with_rules`]), whose token cache is empty.
pub struct Verifier {
    issuers: HashMap<String, Issuer>,
    fetcher: Arc<dyn KeyFetcher>,
    clock: Arc<dyn Clock>,
    token_cache: TokenCache,
}

struct Issuer {
    rules: IssuerRules,
    keys: KeyStore,
}

impl Verifier {
    /// A verifier that has read no keys yet, or every error in the rules.
    pub fn new(rules: Vec<IssuerRules>, fetcher: Arc<dyn KeyFetcher>, clock: Arc<dyn Clock>) -> Result<Self, Vec<RulesError>> {
        Self::make(rules, fetcher, clock, &HashMap::new())
    }

    /// A verifier with other rules. Issuers whose keys are read as before keep the keys that were read, so that a change of the
    /// configuration neither fetches them again nor depends on the issuer.
    ///
    /// # Errors
    /// Every error in the rules.
    pub fn with_rules(&self, rules: Vec<IssuerRules>) -> Result<Self, Vec<RulesError>> {
        Self::make(rules, Arc::clone(&self.fetcher), Arc::clone(&self.clock), &self.issuers)
    }

    fn make(
        rules: Vec<IssuerRules>,
        fetcher: Arc<dyn KeyFetcher>,
        clock: Arc<dyn Clock>,
        before: &HashMap<String, Issuer>,
    ) -> Result<Self, Vec<RulesError>> {
        let mut errors: Vec<_> = rules.iter().flat_map(IssuerRules::errors).collect();
        if rules.is_empty() {
            errors.push(RulesError::NoIssuer);
        }
        let mut issuers = HashMap::new();
        for rules in rules {
            let name = rules.issuer.clone();
            let place = KeyLocation {
                issuer: name.clone(),
                source: rules.keys.clone(),
                algorithms: rules.algorithms.clone(),
                allow_private_jwks_uri: rules.allow_private_jwks_uri,
            };
            let known = before.get(&name).filter(|issuer| issuer.rules.refresh == rules.refresh);
            let keys = match known.filter(|issuer| *issuer.keys.location() == place) {
                Some(issuer) => issuer.keys.clone(),
                None => KeyStore::new(place, rules.refresh, Arc::clone(&fetcher), Arc::clone(&clock)),
            };
            if issuers.insert(name.clone(), Issuer { rules, keys }).is_some() {
                errors.push(RulesError::DuplicateIssuer { issuer: name });
            }
        }
        if errors.is_empty() { Ok(Self { issuers, fetcher, clock, token_cache: TokenCache::new() }) } else { Err(errors) }
    }

    /// Whether its rules are these, in any order.
    #[must_use]
    pub fn has_rules(&self, rules: &[IssuerRules]) -> bool {
        rules.len() == self.issuers.len()
            && rules.iter().all(|rules| self.issuers.get(&rules.issuer).is_some_and(|issuer| issuer.rules == *rules))
    }

    /// Whether a token with these claims, which was verified before, can still be of one of the issuers: the issuer is configured,
    /// has the same requirements, may name the tenant, and still maps to the scopes that came from its `scope_map`. For callers whose
    /// token is not known any more: whether it meets other requirements cannot be told, so they are refused.
    #[must_use]
    pub fn still_trusts(&self, claims: &Claims) -> bool {
        let Some(Issuer { rules, .. }) = self.issuers.get(&claims.issuer) else { return false };
        rules.requirements_digest() == claims.requirements
            && rules.allows_tenant(&claims.tenant)
            && claims.scopes.iter().all(|scope| rules.still_maps(scope, &claims.tenant))
    }

    /// Reads the keys of all issuers at start-up. [`Verifier::ready`] shows the result.
    pub async fn refresh(&self) {
        Self::refresh_all(self.issuers.values()).await;
    }

    /// Reads the keys that are in files, and those that were never read.
    pub async fn refresh_local(&self) {
        let is_local =
            |issuer: &&Issuer| matches!(issuer.keys.location().source, KeySource::File(_)) || issuer.keys.readiness().keys == 0;
        Self::refresh_all(self.issuers.values().filter(is_local)).await;
    }

    async fn refresh_all(issuers: impl Iterator<Item = &Issuer>) {
        let stores: Vec<_> = issuers.map(|issuer| issuer.keys.clone()).collect();
        let tasks: Vec<_> = stores.into_iter().map(|store| tokio::spawn(async move { store.refresh().await })).collect();
        for task in tasks {
            // If a task panics, its issuer stays unready, which `ready` shows.
            let _ended = task.await;
        }
    }

    /// The state of the keys of each issuer, in the order of their names.
    pub fn ready(&self) -> Vec<IssuerReadiness> {
        let mut ready: Vec<_> = self.issuers.values().map(|issuer| issuer.keys.readiness()).collect();
        ready.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        ready
    }

    /// The claims of `token`, if it is valid.
    pub async fn verify(&self, token: &UnverifiedToken<'_>) -> Result<Arc<Claims>, TokenError> {
        self.authenticate(token).await.map(|token| token.claims)
    }

    /// The claims and the scopes of `token`, if it is valid.
    pub async fn authenticate(&self, token: &UnverifiedToken<'_>) -> Result<VerifiedToken, TokenError> {
        let (token, window) = self.verify_without_time(token).await?;
        window.check(self.clock.now().0).map(|()| token)
    }

    /// The same for a token that was valid when its request began, which may run for longer than the token is valid. The issuer, its
    /// rules and its keys are those of now.
    pub async fn authenticate_again(&self, token: &UnverifiedToken<'_>) -> Result<VerifiedToken, TokenError> {
        self.verify_without_time(token).await.map(|(token, _)| token)
    }

    /// Everything but the times between which the token is valid.
    async fn verify_without_time(&self, token: &UnverifiedToken<'_>) -> Result<(VerifiedToken, Window), TokenError> {
        let size = token.as_str().len();
        if size > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge(size));
        }
        let digest = TokenDigest::of(token);
        match self.cached(&digest).await {
            Some(answer) => answer,
            None => self.verify_uncached(token, digest).await,
        }
    }

    async fn cached(&self, digest: &TokenDigest) -> Option<Result<(VerifiedToken, Window), TokenError>> {
        if let Some(cached) = self.token_cache.verified(digest).await {
            if cached.key_reference.is_current().await {
                return Some(Ok((cached.token, cached.window)));
            }
        } else if let Some(key_reference) = self.token_cache.bad_signature(digest).await {
            if key_reference.is_current().await {
                return Some(Err(TokenError::Signature));
            }
        } else {
            return None;
        }
        self.token_cache.forget(digest).await;
        None
    }

    async fn verify_uncached(
        &self,
        token: &UnverifiedToken<'_>,
        digest: TokenDigest,
    ) -> Result<(VerifiedToken, Window), TokenError> {
        let jws = UnverifiedJws::parse(*token)?;
        let claims = UnverifiedClaims::parse(jws.payload())?;
        let issuer = self.issuer(&claims)?;
        let key = issuer.key(jws.header()).await?;
        let key_reference = KeyReference { key: Arc::clone(&key), store: issuer.keys.clone() };
        if verify_signature(&key, jws.signing_input(), jws.signature()).is_err() {
            self.token_cache.insert_bad_signature(digest, key_reference).await;
            return Err(TokenError::Signature);
        }
        let now = self.clock.now().0;
        let (mut claims, window) = check::check_claims(jws.header(), &claims, &issuer.rules, now)?;
        claims.token_id.get_or_insert_with(|| text_hash(token.as_str()));
        let token = VerifiedToken::new(Arc::new(claims));
        self.token_cache.insert_verified(digest, CachedToken { token: token.clone(), window, key_reference }).await;
        Ok((token, window))
    }

    fn issuer(&self, claims: &UnverifiedClaims) -> Result<&Issuer, TokenError> {
        let name = claims.issuer()?;
        self.issuers.get(name).ok_or_else(|| TokenError::UnknownIssuer(Excerpt::of(name)))
    }
}

impl Issuer {
    async fn key(&self, header: &Header) -> Result<Arc<VerificationKey>, TokenError> {
        // Before the key lookup, so that a refused token causes no fetch.
        if !self.rules.algorithms.contains(&header.algorithm) {
            return Err(TokenError::ForeignAlgorithm(header.algorithm));
        }
        let kid = header.kid.as_deref();
        self.keys.select(kid, header.algorithm).await.map_err(|error| match error {
            KeyError::Unavailable => TokenError::KeysUnavailable(self.rules.issuer.as_str().into()),
            KeyError::KeySelectionError(reason) => TokenError::KeySelectionError { kid: kid.map(Excerpt::of), reason },
        })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("ready", &self.ready()).finish_non_exhaustive()
    }
}
