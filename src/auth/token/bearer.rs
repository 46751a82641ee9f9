//! The `Authorization` field (RFC 6750 §2.1, RFC 9110 §11.6.2): one field, one scheme, one token.
//!
//! Credentials in the query, cookies, forms or other headers are never read. `compact` and the modules after it read the token.

use std::fmt;

/// Largest accepted token: 16 KiB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The text of a token, not verified.
#[derive(Clone, Copy)]
pub struct UnverifiedToken<'a>(&'a str);

/// Why a request has no usable credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No `Authorization` field.
    #[error("no authorization field")]
    Missing,
    /// More than one credential, as fields or joined by a comma: a proxy might have checked the other one.
    #[error("more than one credential")]
    Doubled,
    /// The scheme is missing or not Bearer.
    #[error("authorization scheme is not bearer")]
    OtherScheme,
    /// Bearer, but not followed by exactly one token.
    #[error("bearer credential is malformed")]
    Malformed,
    /// Larger than [`MAX_TOKEN_BYTES`].
    #[error("token is larger than {MAX_TOKEN_BYTES} bytes")]
    TooLarge,
}

impl CredentialError {
    /// Whether the request is malformed (400), not only its credential (401).
    pub fn is_bad_request(self) -> bool {
        matches!(self, Self::Doubled)
    }
}

/// The token of a request, from the values of all its `Authorization` fields.
pub fn bearer<'a>(header_values: impl Iterator<Item = &'a [u8]>) -> Result<UnverifiedToken<'a>, CredentialError> {
    let mut values = header_values;
    let value = values.next().ok_or(CredentialError::Missing)?;
    if values.next().is_some() {
        return Err(CredentialError::Doubled);
    }
    let scheme_end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(CredentialError::OtherScheme);
    }
    let token = rest.trim_ascii_start();
    // 1*SP: only spaces are allowed between scheme and token.
    if token.is_empty() || rest[..rest.len() - token.len()].iter().any(|byte| *byte != b' ') {
        return Err(CredentialError::Malformed);
    }
    if token.contains(&b',') {
        return Err(CredentialError::Doubled);
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(CredentialError::TooLarge);
    }
    if !token.iter().all(|byte| is_token_byte(*byte)) {
        return Err(CredentialError::Malformed);
    }
    std::str::from_utf8(token).map(UnverifiedToken).map_err(|_| CredentialError::Malformed)
}

/// `b64token` of RFC 6750 §2.1, which allows more than a JWT: a text that is not a JWT is refused as a token, not as a field.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

impl<'a> UnverifiedToken<'a> {
    /// A token from another source than a request, such as a command line.
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedToken({} bytes)", self.0.len())
    }
}
