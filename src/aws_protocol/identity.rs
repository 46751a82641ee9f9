//! Verifies the signature of a request with the keys of the configuration.
//!
//! Owns the order: the head is parsed and checked first, so that an unsigned request, or one for another service or time, is
//! refused before its body is received. Every part that changes the meaning of a request must be signed: the host, the target,
//! and the encoding of the body. A request with an unknown key takes the same work as one with a known key.

use aws_lc_rs::rand;
use http::request::Parts;
use http::uri::Authority;

use super::sigv4::canonical::{Style, canonical_request};
use super::sigv4::signature::{Form, SignatureFields, decoded_query};
use super::sigv4::{self, Head, SignatureError};
use crate::auth::tenant::Caller;
use crate::config::secret::Secret;
use crate::domain::time::Millis;

/// Headers that determine the meaning of a request: if present, each must be signed and occur once.
const MUST_BE_SIGNED: [&str; 7] =
    ["host", "x-amz-date", "x-amz-target", "content-type", "content-encoding", "x-amz-content-sha256", "smithy-protocol"];
/// The header with the digest of the body.
const BODY_DIGEST: &str = "x-amz-content-sha256";

/// The keys whose signatures are accepted.
#[derive(Debug)]
pub struct Keys {
    caller: Caller,
    secret: Secret,
    /// The secret that signatures of unknown keys are verified with, so that they take the same time.
    decoy_secret: String,
}

impl Keys {
    /// The operator's key: its id is the caller's subject.
    #[must_use]
    pub fn new(caller: Caller, secret: Secret) -> Self {
        let mut random = [0_u8; 32];
        // Without randomness it is a secret of zeros, which is never accepted either: an unknown key is always refused.
        let _filled = rand::fill(&mut random);
        Self { caller, secret, decoy_secret: sigv4::sha256(&random) }
    }
}

/// A signed head for this service and this time. Its signature is not verified yet.
#[derive(Debug)]
pub struct SignedHead<'a> {
    head: Head<'a>,
    signature: SignatureFields<'a>,
}

/// The head of a request as received.
#[must_use]
pub fn head(parts: &Parts) -> Head<'_> {
    let mut headers: Vec<(&str, &[u8])> = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    // HTTP/2 has the host in `:authority`.
    if !parts.headers.contains_key(http::header::HOST)
        && let Some(host) = parts.uri.authority().map(Authority::as_str)
    {
        headers.push(("host", host.as_bytes()));
    }
    Head { method: parts.method.as_str(), path: parts.uri.path(), query: parts.uri.query().unwrap_or(""), headers }
}

/// Parses and checks the signature fields of the head. `services`: those that the request may be signed for; empty: any.
/// `decoded`: the parameters of its query.
///
/// # Errors
/// [`SignatureError`].
pub fn signed_head<'a>(
    head: Head<'a>,
    decoded: &'a [(String, String)],
    services: &[&str],
    now: Millis,
) -> Result<SignedHead<'a>, SignatureError> {
    let signature = SignatureFields::read(&head, decoded)?;
    if signature.form == Form::Presigned {
        let text = "Presigned URLs are not accepted here: sign with the Authorization header.";
        return Err(SignatureError::Incomplete(text.to_owned()));
    }
    if signature.has_token {
        // A token belongs to a temporary key, and no temporary keys exist here.
        return Err(SignatureError::UnknownKey);
    }
    for name in MUST_BE_SIGNED {
        let count = head.values(name).count();
        if count > 1 {
            return Err(SignatureError::Incomplete(format!("The header '{name}' is given more than once.")));
        }
        if count == 1 && !signature.covers(name) {
            return Err(SignatureError::Incomplete(format!("'{name}' must be a 'SignedHeader' in the request.")));
        }
    }
    if let Some(digest) = head.value(BODY_DIGEST).filter(|digest| digest.len() != 64) {
        let kind: String = digest.chars().take(40).collect();
        return Err(SignatureError::Incomplete(format!("'{kind}' bodies are not accepted here: sign the digest of the body.")));
    }
    let any = [signature.service];
    sigv4::check_scope(&signature, if services.is_empty() { &any } else { services }, now)?;
    Ok(SignedHead { head, signature })
}

impl<'a> SignedHead<'a> {
    /// The region of the signature.
    #[must_use]
    pub fn region(&self) -> &'a str {
        self.signature.region
    }

    /// The service of the signature.
    #[must_use]
    pub fn service(&self) -> &'a str {
        self.signature.service
    }

    /// Verifies the signature over the head and the body as received.
    ///
    /// # Errors
    /// [`SignatureError::UnknownKey`], [`SignatureError::Invalid`].
    pub fn verify<'k>(&self, body: &[u8], keys: &'k Keys) -> Result<&'k Caller, SignatureError> {
        let is_known = self.signature.access_key == keys.caller.claims.subject;
        let secret = if is_known { keys.secret.expose() } else { &keys.decoy_secret };
        let digest = sigv4::sha256(body);
        let is_stated = self.head.value(BODY_DIGEST).is_none_or(|stated| stated == digest);
        let canonical = canonical_request(&self.head, &self.signature, &digest, Style::default());
        let canonical = canonical.ok_or_else(SignatureError::mismatch)?;
        let is_signed = sigv4::is_signed_with(&self.signature, &canonical, secret);
        match (is_known, is_signed && is_stated) {
            (false, _) => Err(SignatureError::UnknownKey),
            (true, false) => Err(SignatureError::mismatch()),
            (true, true) => Ok(&keys.caller),
        }
    }
}

/// The parameters of the query, for [`signed_head`].
#[must_use]
pub fn query_of(parts: &Parts) -> Vec<(String, String)> {
    decoded_query(parts.uri.query().unwrap_or(""))
}
