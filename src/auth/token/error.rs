//! Why a token is refused.
//!
//! For the log only: responses have one text for all of them, so that attackers learn nothing from them. [`TokenError::Expired`]
//! is the exception, because such a token is otherwise valid. The texts quote only short, escaped names of a token. See also
//! `verifier`.

use std::fmt;

use crate::auth::keys::{Algorithm, KeySelectionError};
use crate::auth::strict::JsonError;

/// Maximum characters of a token's text in an error.
const EXCERPT_CHARS: usize = 64;

/// A part of a token's text, shortened and escaped for a log line.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt(Box<str>);

/// A part of a compact token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Before the first dot.
    Header,
    /// Between the dots.
    Claims,
    /// After the second dot.
    Signature,
}

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    // The caller: form.
    /// Larger than a token may be.
    #[error("token of {0} bytes is too large")]
    TooLarge(usize),
    /// A compact JWS has three parts; an encrypted token has five.
    #[error("token has {0} parts instead of 3")]
    Parts(usize),
    /// A part is not strict base64url.
    #[error("{0} is not unpadded base64url")]
    Base64(Part),
    /// A part is not a strict JSON object.
    #[error("{part} is not valid: {source}")]
    Json {
        /// The part.
        part: Part,
        /// The error and its position.
        source: JsonError,
    },

    // The caller: header.
    /// A header parameter has the wrong type or length.
    #[error("header parameter `{0}` is missing or malformed")]
    HeaderParameter(&'static str),
    /// `alg` is not supported.
    #[error("algorithm `{0}` is not known")]
    UnknownAlgorithm(Excerpt),
    /// `typ` is not one of an access token.
    #[error("token type `{0}` is not accepted")]
    ForeignType(Excerpt),
    /// A header parameter that changes what the token means: `crit`, `b64`, `zip`, or `cty` of a nested token.
    #[error("header parameter `{0}` is not supported")]
    Extension(&'static str),
    /// The issuer's rules want `at+jwt`.
    #[error("token type at+jwt is required")]
    TypeRequired,

    // The caller: issuer and key.
    /// `iss` is not a configured issuer.
    #[error("issuer `{0}` is not configured")]
    UnknownIssuer(Excerpt),
    /// `alg` is not among the issuer's algorithms.
    #[error("algorithm {0} is not one of the issuer's")]
    ForeignAlgorithm(Algorithm),
    /// The issuer has no key for the token.
    #[error("no key for key id {kid:?}: {reason}")]
    KeySelectionError {
        /// The token's `kid`.
        kid: Option<Excerpt>,
        /// Why no key was found.
        reason: KeySelectionError,
    },
    /// The signature does not match.
    #[error("signature does not verify")]
    Signature,

    // The caller: claims.
    /// A required claim is absent.
    #[error("claim `{0}` is missing")]
    MissingClaim(Box<str>),
    /// A claim has the wrong type, is empty, too long, or out of range.
    #[error("claim `{0}` is malformed")]
    MalformedClaim(Box<str>),
    /// `aud` has none of the issuer's audiences.
    #[error("audience is not accepted")]
    Audience,
    /// Without `aud`: `client_id` is not on the issuer's list, or there is no list.
    #[error("no audience, and the client id is not listed")]
    Client,
    /// An ID token, or another use than access.
    #[error("token is not for access")]
    Use,
    /// Bound to a key of its holder (`cnf`), so not valid as a plain bearer token.
    #[error("token is bound to its holder's key")]
    SenderConstrained,
    /// `exp` and the leeway have passed, and everything else about the token is right.
    #[error("token has expired")]
    Expired,
    /// `nbf` is still ahead.
    #[error("token is not valid yet")]
    NotYetValid,
    /// `iat` is ahead of the clock of the service.
    #[error("token was issued in the future")]
    IssuedInFuture,
    /// Valid for longer than the issuer's rules allow.
    #[error("token lives too long")]
    LifetimeTooLong,
    /// The tenant claim is not a tenant id.
    #[error("claim `{0}` is not a tenant id")]
    Tenant(Box<str>),
    /// The tenant's id belongs to AWS or to this service.
    #[error("the tenant id is reserved")]
    ReservedTenant,
    /// `tenant_map` has no entry for the value of the tenant claim.
    #[error("claim `{claim}` is `{value}`, which `tenant_map` does not list")]
    UnmappedTenant {
        /// The tenant claim.
        claim: Box<str>,
        /// Its value, or the first of its values.
        value: Excerpt,
    },
    /// The values of the tenant claim are mapped to different tenants.
    #[error("claim `{0}` has values of more than one tenant in `tenant_map`")]
    SeveralTenants(Box<str>),
    /// A claim of `required_claims` has another value.
    #[error("claim `{claim}` is `{value}`, which `required_claims` does not list")]
    RequiredClaim {
        /// The claim.
        claim: Box<str>,
        /// Its value: a text without quotes, other values as JSON.
        value: Excerpt,
    },
    /// The issuer may not name this tenant.
    #[error("the issuer may not name the tenant `{0}`")]
    ForeignTenant(Excerpt),
    /// More scopes, or longer ones, than are read.
    #[error("too many or too long scopes")]
    Scopes,

    // The issuer or the network.
    /// The issuer's keys were never read, so the token cannot be verified.
    #[error("the keys of issuer `{0}` are not available")]
    KeysUnavailable(Box<str>),
}

impl TokenError {
    /// Whether the service or the issuer is at fault: the response is 503, not 401.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::KeysUnavailable(_))
    }
}

impl Excerpt {
    /// The beginning of `text`, escaped.
    pub fn of(text: &str) -> Self {
        let mut excerpt: String = text.chars().take(EXCERPT_CHARS).flat_map(char::escape_debug).collect();
        if text.chars().nth(EXCERPT_CHARS).is_some() {
            excerpt.push('…');
        }
        Self(excerpt.into())
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}
