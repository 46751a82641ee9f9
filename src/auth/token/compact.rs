//! The compact form of a signed token (RFC 7515 §3.1): three strict base64url parts, and its header.
//!
//! The payload stays bytes here. The signature is checked over the received text, which is never decoded and encoded again. See
//! also `header` and `claims`.

use std::fmt;

use super::bearer::{MAX_TOKEN_BYTES, UnverifiedToken};
use super::error::{Part, TokenError};
use super::header::Header;
use crate::auth::strict;

/// The parts of a token. Its header is well-formed; nothing is verified.
pub struct UnverifiedJws<'a> {
    header: Header,
    payload: Vec<u8>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Splits `token` and parses its header.
    pub fn parse(token: UnverifiedToken<'a>) -> Result<Self, TokenError> {
        let text = token.as_str();
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge(text.len()));
        }
        let parts: Vec<&str> = text.splitn(7, '.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(TokenError::Parts(parts.len()));
        };
        let signing_input = &text[..header.len() + 1 + payload.len()];
        let header = Header::parse(&decode(header, Part::Header)?)?;
        let payload = decode(payload, Part::Claims)?;
        let signature = decode(signature, Part::Signature)?;
        Ok(Self { header, payload, signing_input, signature })
    }

    /// The unverified header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The decoded payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signed text: header, dot and payload as received.
    pub fn signing_input(&self) -> &'a [u8] {
        self.signing_input.as_bytes()
    }

    /// The decoded signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

fn decode(text: &str, part: Part) -> Result<Vec<u8>, TokenError> {
    strict::base64url(text).map_err(|_| TokenError::Base64(part))
}

impl fmt::Debug for UnverifiedJws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJws").field("header", &self.header).finish_non_exhaustive()
    }
}
