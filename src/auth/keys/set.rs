//! A JWK Set (RFC 7517 §5) becomes the keys one issuer can be verified with.
//!
//! - A key that is weak, private, ambiguous or not for us is left out and told in `refused`; the rest stay
//!   usable, so that one bad entry does not lock every caller out.
//! - A token chooses its key by `kid` and `alg` together, so one `kid` may stand under several algorithms (RFC 7517 §4.5).
//!   Keys that share both are all left out: a token could not say which one it means. So is a key beside a malformed one of
//!   the same `kid` that might be of the same algorithm.
//! - A set that is not strict JSON, has no usable key, or mixes secrets with public keys is refused whole,
//!   and the caller keeps the set it had.
//!
//! It does no I/O. Look next at `source` and `store`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::jwk::{KeyRefusal, VerificationKey};
use crate::auth::strict::{self, JsonError};

/// Where a set was read: decides whether it may hold secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOrigin {
    /// Fetched from a URL: public keys only.
    Remote,
    /// A file named in the configuration: `oct` keys are used when the issuer's algorithms name HS256.
    File,
}

/// The usable keys of one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Arc<VerificationKey>>,
    refused: Vec<RefusedKey>,
}

/// A key that was left out of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// Place in the set's `keys`, from 0.
    pub index: usize,
    /// Why.
    pub reason: KeyRefusal,
}

/// Why a whole set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Not a JSON object in its strict reading.
    #[error("key set is not valid: {0}")]
    Json(#[from] JsonError),
    /// `keys` is missing, no array, or holds something else than objects.
    #[error("key set has no array of keys")]
    Shape,
    /// Secrets beside public keys invite taking one for the other (RFC 8725 §2.1).
    #[error("key set mixes symmetric and asymmetric keys")]
    Mixed,
    /// Nothing in it can be used; the first reason is given, when there was a key at all.
    #[error("key set has no usable key{}", .0.map(|reason| format!(": {reason}")).unwrap_or_default())]
    Empty(Option<KeyRefusal>),
}

/// Why a set has no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySelectionError {
    /// No key has this `kid`.
    #[error("no key has this id")]
    UnknownKid,
    /// The keys with this `kid` are for other algorithms; the first is given.
    #[error("the key is for {0}")]
    OtherAlgorithm(Algorithm),
    /// The token names no key, and not exactly one fits its algorithm.
    #[error("no key id, and {0} keys fit")]
    NotOne(usize),
}

impl KeySet {
    /// Reads a set for an issuer's `algorithms`, in the order of the configuration.
    pub fn parse(bytes: &[u8], algorithms: &[Algorithm], origin: SetOrigin) -> Result<Self, SetError> {
        let document = strict::object(bytes)?;
        let Some(Value::Array(entries)) = document.get("keys") else {
            return Err(SetError::Shape);
        };
        let entries: Vec<_> = entries.iter().map(Value::as_object).collect::<Option<_>>().ok_or(SetError::Shape)?;
        let secrets_allowed = origin == SetOrigin::File && algorithms.contains(&Algorithm::Hs256);
        if secrets_allowed && is_mixed(&entries) {
            return Err(SetError::Mixed);
        }
        let read: Vec<_> = entries.iter().map(|entry| read_key(entry, algorithms, secrets_allowed)).collect();
        let mut set = Self { keys: Vec::new(), refused: Vec::new() };
        for (index, outcome) in read.iter().enumerate() {
            match outcome {
                Ok(_) if has_twin(&entries, &read, index) => {
                    set.refused.push(RefusedKey { index, reason: KeyRefusal::DuplicateKid });
                }
                Ok(key) => set.keys.push(Arc::clone(key)),
                Err(reason) => set.refused.push(RefusedKey { index, reason: *reason }),
            }
        }
        if set.keys.is_empty() {
            return Err(SetError::Empty(set.refused.first().map(|refused| refused.reason)));
        }
        Ok(set)
    }

    /// The one key for a token with this `kid` and `alg`.
    ///
    /// With a `kid`: the key of exactly that name and algorithm. Without: the only key of the set that fits the algorithm.
    pub fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Arc<VerificationKey>, KeySelectionError> {
        if kid.is_some() {
            let mut named = self.keys.iter().filter(|key| key.kid() == kid).peekable();
            let first = named.peek().ok_or(KeySelectionError::UnknownKid)?.algorithm();
            return named.find(|key| key.algorithm() == algorithm).ok_or(KeySelectionError::OtherAlgorithm(first));
        }
        let mut fitting = self.keys.iter().filter(|key| key.algorithm() == algorithm);
        match (fitting.next(), fitting.count()) {
            (Some(key), 0) => Ok(key),
            (None, _) => Err(KeySelectionError::NotOne(0)),
            (Some(_), others) => Err(KeySelectionError::NotOne(1 + others)),
        }
    }

    /// Whether this very key, by name, algorithm and material, is in the set.
    pub fn holds(&self, key: &Arc<VerificationKey>) -> bool {
        self.keys.iter().any(|own| Arc::ptr_eq(own, key) || own == key)
    }

    /// The usable keys, in the order of the set.
    pub fn keys(&self) -> &[Arc<VerificationKey>] {
        &self.keys
    }

    /// What was left out.
    pub fn refused(&self) -> &[RefusedKey] {
        &self.refused
    }
}

fn read_key(
    entry: &Map<String, Value>,
    algorithms: &[Algorithm],
    secrets_allowed: bool,
) -> Result<Arc<VerificationKey>, KeyRefusal> {
    if is_secret(entry) && !secrets_allowed {
        return Err(KeyRefusal::Symmetric);
    }
    VerificationKey::from_jwk(entry, algorithms).map(Arc::new)
}

/// Is there another key that a token for this one could mean?
fn has_twin(entries: &[&Map<String, Value>], read: &[Result<Arc<VerificationKey>, KeyRefusal>], index: usize) -> bool {
    let text = |place: usize, member: &str| entries.get(place).and_then(|entry| entry.get(member)).and_then(Value::as_str);
    let (Some(kid), Some(Ok(own))) = (text(index, "kid"), read.get(index)) else { return false };
    let competes = |(place, other): (usize, &Result<Arc<VerificationKey>, KeyRefusal>)| match other {
        Ok(other) => other.algorithm() == own.algorithm(),
        // Not for verifying with this issuer's algorithms at all.
        Err(KeyRefusal::Use | KeyRefusal::Operations | KeyRefusal::UnsupportedType) => false,
        Err(KeyRefusal::Symmetric | KeyRefusal::Algorithm) => false,
        Err(_) => text(place, "alg").is_none_or(|name| name == own.algorithm().name()),
    };
    let mut others = read.iter().enumerate().filter(|(place, _)| *place != index && text(*place, "kid") == Some(kid));
    others.any(competes)
}

fn is_secret(entry: &Map<String, Value>) -> bool {
    entry.get("kty").and_then(Value::as_str) == Some("oct")
}

fn is_mixed(entries: &[&Map<String, Value>]) -> bool {
    let secrets = entries.iter().filter(|entry| is_secret(entry)).count();
    secrets > 0 && secrets < entries.len()
}
