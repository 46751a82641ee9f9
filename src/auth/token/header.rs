//! The header of a token (RFC 7515 §4), read strictly.
//!
//! - `alg` is a known name, spelled exactly; `kid` and `typ` are strings when present.
//! - `crit` is always refused, because no extension is supported. `b64` (RFC 7797) is refused with any value, because it has no
//!   meaning without `crit`; so are `zip`, and `cty` of a nested token.
//! - Keys and addresses in a header (`jwk`, `jku`, `x5c`, `x5u` …) are not read at all.
//!
//! The key determines the algorithm; `alg` only has to match it. See also `rules`.

use serde_json::{Map, Value};

use super::error::{Excerpt, Part, TokenError};
use crate::auth::keys::{Algorithm, MAX_KID_BYTES};
use crate::auth::strict;

/// Header parameters that would change the meaning of the token.
const EXTENSIONS: [&str; 3] = ["crit", "b64", "zip"];

/// The parameters that are read, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`, used only to look up a key.
    pub kid: Option<String>,
    /// `typ`.
    pub token_type: TokenType,
}

/// The accepted values of `typ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// No `typ`.
    Unstated,
    /// `JWT`: any JSON Web Token (RFC 7519 §5.1).
    Jwt,
    /// `at+jwt`, with or without `application/`: an access token (RFC 9068 §2.1).
    AccessToken,
}

impl Header {
    /// Parses the decoded header.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, TokenError> {
        let members = strict::object(bytes).map_err(|source| TokenError::Json { part: Part::Header, source })?;
        if let Some(extension) = EXTENSIONS.into_iter().find(|name| members.contains_key(*name)) {
            return Err(TokenError::Extension(extension));
        }
        check_content_type(&members)?;
        let name = text(&members, "alg")?.ok_or(TokenError::HeaderParameter("alg"))?;
        let algorithm = name.parse().map_err(|_| TokenError::UnknownAlgorithm(Excerpt::of(name)))?;
        let kid = text(&members, "kid")?;
        if kid.is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
            return Err(TokenError::HeaderParameter("kid"));
        }
        let token_type = token_type(text(&members, "typ")?)?;
        Ok(Self { algorithm, kid: kid.map(str::to_owned), token_type })
    }
}

/// Media types are compared without regard to case (RFC 7515 §4.1.9).
fn token_type(typ: Option<&str>) -> Result<TokenType, TokenError> {
    let Some(typ) = typ else {
        return Ok(TokenType::Unstated);
    };
    match typ.to_ascii_lowercase().as_str() {
        "jwt" => Ok(TokenType::Jwt),
        "at+jwt" | "application/at+jwt" => Ok(TokenType::AccessToken),
        _ => Err(TokenError::ForeignType(Excerpt::of(typ))),
    }
}

/// `cty` marks a nested token (RFC 7519 §5.2).
fn check_content_type(members: &Map<String, Value>) -> Result<(), TokenError> {
    let Some(content) = text(members, "cty")? else {
        return Ok(());
    };
    let content = content.to_ascii_lowercase();
    if content == "jwt" || content == "application/jwt" || content.ends_with("+jwt") {
        return Err(TokenError::Extension("cty"));
    }
    Ok(())
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, TokenError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::HeaderParameter(name)),
    }
}
