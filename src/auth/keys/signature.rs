//! The only place where a signature is checked.
//!
//! It takes the algorithm from the key, never from a token, and leaves the mathematics to the library. `token::verifier` knows
//! the signed text and the issuer.

use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;

use super::jwk::VerificationKey;

/// The signature is not one of this key over this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signature does not verify")]
pub struct BadSignature;

/// Checks raw `signature` bytes over the ASCII bytes of `header.payload` (RFC 7515 §5.2, step 8).
pub fn verify_signature(key: &VerificationKey, signing_input: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    if signature.len() != key.signature_bytes() {
        return Err(BadSignature);
    }
    // The provider is named, not looked up: another crate that turns on a second one must not decide here.
    (DEFAULT_PROVIDER.verifier_factory)(&key.algorithm().library(), key.decoding())
        .map_err(|_| BadSignature)?
        .verify(signing_input, &signature.to_vec())
        .map_err(|_| BadSignature)
}
