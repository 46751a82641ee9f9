//! Verification of Signature Version 4: a request is signed with a known secret, for this service, and now.
//!
//! Owns reading what was signature, the canonical request of the head as it was received, and the comparison. Reads a head and the
//! digest of a body; never the body itself, and knows nothing of operations. AWS's own test suite of signatures passes
//! (`tests/aws_protocol/suite.rs`). Look next at [`signature`] and [`canonical`].

pub mod canonical;
pub mod signature;

use aws_lc_rs::{digest, hmac};

use signature::SignatureFields;

use crate::domain::time::Millis;

/// The one algorithm. SigV4a (`AWS4-ECDSA-P256-SHA256`) is for several regions at once, and refused by name.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
/// Maximum difference between the clocks of a client and this service.
pub const MAX_SKEW_MILLIS: i64 = 5 * 60 * 1000;

/// A request's head as received.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// The path of the request line.
    pub path: &'a str,
    /// The query of the request line, without `?`.
    pub query: &'a str,
    /// Names in lower case, with their values; in the order received.
    pub headers: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Head<'a> {
    /// The values of all headers of this name.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value of the single header of this name; `None` also when it occurs twice or is not text.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        let value = values.next()?;
        if values.next().is_some() { None } else { std::str::from_utf8(value).ok().map(str::trim) }
    }
}

/// The reason for refusing a signature. The texts are AWS's own, which its clients show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature is missing.
    #[error("Missing Authentication Token")]
    Missing,
    /// The signature has an unsupported form or is incomplete.
    #[error("{0}")]
    Incomplete(String),
    /// The key is unknown.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The signature is too old or too new, for another service, or does not match the request.
    #[error("{0}")]
    Invalid(String),
}

impl SignatureError {
    fn incomplete(text: impl Into<String>) -> Self {
        Self::Incomplete(text.into())
    }

    /// The signature does not match the request and the secret.
    #[must_use]
    pub fn mismatch() -> Self {
        Self::Invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
             signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }
}

/// Checks that the request is for one of these services, and its time.
///
/// # Errors
/// [`SignatureError::Invalid`], with AWS's text.
pub fn check_scope(signature: &SignatureFields<'_>, services: &[&str], now: Millis) -> Result<(), SignatureError> {
    let invalid = |text: String| Err(SignatureError::Invalid(text));
    let SignatureFields { day, date, terminator, service, .. } = signature;
    if *terminator != TERMINATOR {
        return invalid(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
            signature::short(terminator)
        ));
    }
    if date.get(..8) != Some(*day) {
        return invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{date}'.",
            signature::short(day),
            date.get(..8).unwrap_or_default()
        ));
    }
    if !services.contains(service) {
        let services = services.join("' or '");
        return invalid(format!("Credential should be scoped to correct service: '{services}'."));
    }
    check_time(signature, now)
}

fn check_time(signature: &SignatureFields<'_>, now: Millis) -> Result<(), SignatureError> {
    let minutes = MAX_SKEW_MILLIS / 60_000;
    let (signed, date) = (signature.signed_at, &signature.date);
    // A presigned URL states its own lifetime; its beginning may be as far ahead as that of any request.
    let lifetime = signature.expires_millis.unwrap_or(MAX_SKEW_MILLIS);
    let written = |millis: i64| signature::basic_format(Millis(millis));
    if signed.0.saturating_sub(now.0) > MAX_SKEW_MILLIS {
        return Err(SignatureError::Invalid(format!(
            "Signature not yet current: {date} is still later than {} ({} + {minutes} min.)",
            written(now.0.saturating_add(MAX_SKEW_MILLIS)),
            written(now.0)
        )));
    }
    if now.0.saturating_sub(signed.0) > lifetime {
        return Err(SignatureError::Invalid(format!(
            "Signature expired: {date} is now earlier than {} ({} - {} min.)",
            written(now.0.saturating_sub(lifetime)),
            written(now.0),
            lifetime / 60_000
        )));
    }
    Ok(())
}

/// Whether the signature matches the canonical request and the secret. Takes constant time.
#[must_use]
pub fn is_signed_with(signature: &SignatureFields<'_>, canonical: &str, secret: &str) -> bool {
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in [signature.day, signature.region, signature.service, signature.terminator] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    hmac::verify(&key, string_to_sign(signature, canonical).as_bytes(), &signature.signature).is_ok()
}

/// The string to sign.
#[must_use]
pub fn string_to_sign(signature: &SignatureFields<'_>, canonical: &str) -> String {
    let SignatureFields { date, day, region, service, terminator, .. } = signature;
    format!("{ALGORITHM}\n{date}\n{day}/{region}/{service}/{terminator}\n{}", sha256(canonical.as_bytes()))
}

/// The digest of a body in the form of a canonical request.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let sum = digest::digest(&digest::SHA256, bytes);
    let digits = sum.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
