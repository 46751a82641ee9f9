//! The cache of verified tokens, so that a token is verified once and not with every request.
//!
//! - The key of an entry is the SHA-256 of the whole token: another signature, header or encoding is another
//!   token.
//! - An entry contains the key that verified the token, and is valid only while that key is in the set of its issuer.
//! - Valid tokens and bad signatures have separate, bounded caches, so that a flood of one kind does not evict the other.
//!
//! `verifier` checks whether an entry is still valid, because it knows the time.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use moka::future::Cache;

use super::bearer::UnverifiedToken;
use super::check::{Claims, Window};
use crate::auth::keys::{KeyStore, VerificationKey};
use crate::auth::tenant::Scope;

/// Cached valid tokens: one per active caller, about 1 KiB each.
const VERIFIED_TOKENS: u64 = 10_000;

/// Cached bad signatures, against clients that repeat one bad token in a loop.
const BAD_SIGNATURES: u64 = 10_000;

/// SHA-256 of a whole token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; digest::SHA256_OUTPUT_LEN]);

/// A verified token: its claims, and their meaning for Logmark. Clones share both.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    /// The claims.
    pub claims: Arc<Claims>,
    /// Those of the claims' scopes that are of this service. They are parsed once for a token, not for each of its requests.
    pub scopes: Arc<[Scope]>,
}

impl VerifiedToken {
    /// From claims whose signature and rules were checked.
    pub(in crate::auth) fn new(claims: Arc<Claims>) -> Self {
        let scopes = claims.scopes.iter().filter_map(|granted| Scope::of(granted).ok()).collect();
        Self { claims, scopes }
    }
}

/// A verified token, and until when it is valid.
#[derive(Clone)]
pub(super) struct CachedToken {
    pub(super) token: VerifiedToken,
    pub(super) window: Window,
    pub(super) key_reference: KeyReference,
}

/// The key that verified a token, and the store that must still contain it.
#[derive(Clone)]
pub(super) struct KeyReference {
    pub(super) key: Arc<VerificationKey>,
    pub(super) store: KeyStore,
}

pub(super) struct TokenCache {
    verified: Cache<TokenDigest, CachedToken>,
    bad_signatures: Cache<TokenDigest, KeyReference>,
}

impl TokenDigest {
    pub(super) fn of(token: &UnverifiedToken<'_>) -> Self {
        let sum = digest::digest(&digest::SHA256, token.as_str().as_bytes());
        let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(sum.as_ref());
        Self(bytes)
    }
}

impl KeyReference {
    pub(super) async fn is_current(&self) -> bool {
        self.store.current().await.is_ok_and(|set| set.holds(&self.key))
    }
}

impl TokenCache {
    pub(super) fn new() -> Self {
        Self { verified: Cache::new(VERIFIED_TOKENS), bad_signatures: Cache::new(BAD_SIGNATURES) }
    }

    pub(super) async fn verified(&self, digest: &TokenDigest) -> Option<CachedToken> {
        self.verified.get(digest).await
    }

    pub(super) async fn bad_signature(&self, digest: &TokenDigest) -> Option<KeyReference> {
        self.bad_signatures.get(digest).await
    }

    pub(super) async fn insert_verified(&self, digest: TokenDigest, token: CachedToken) {
        self.verified.insert(digest, token).await;
    }

    pub(super) async fn insert_bad_signature(&self, digest: TokenDigest, key_reference: KeyReference) {
        self.bad_signatures.insert(digest, key_reference).await;
    }

    pub(super) async fn forget(&self, digest: &TokenDigest) {
        self.verified.invalidate(digest).await;
        self.bad_signatures.invalidate(digest).await;
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} tokens)", self.verified.entry_count())
    }
}
