//! The development issuer: a key pair on disk, and tokens signed with it.
//!
//! - The private key is a PKCS#8 PEM file that only its owner can read. The public key is a JWK Set in the same folder, which
//!   the configuration of the service names like the keys of any other issuer.
//! - Never verifies tokens. The service accepts its tokens only if the issuer is configured, and only on a loopback listener
//!   with the setting of `[demo]`.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;

use super::strict::to_base64url;
use crate::files;

/// The `iss` of its tokens.
pub const ISSUER: &str = "logmark-dev";

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// An ES256 key pair that signs tokens.
pub struct DevIssuer {
    pair: EcdsaKeyPair,
    kid: String,
}

/// Why the development issuer cannot work.
#[derive(Debug, thiserror::Error)]
pub enum DevIssuerError {
    /// The file is not a P-256 private key in PKCS#8 PEM.
    #[error("`{0}` is not a P-256 private key in PKCS#8 PEM")]
    NotAKey(PathBuf),
    /// Others can read the private key.
    #[error("`{0}` can be read by others; its mode must be 600")]
    Exposed(PathBuf),
    /// The claims are not a JSON object.
    #[error("claims are not a JSON object")]
    Claims,
    /// The file cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The crypto library failed.
    #[error("the crypto library could not make a key or a signature")]
    Crypto,
}

impl DevIssuer {
    /// Makes a key pair and writes it to `path`, which must not exist.
    pub fn create(path: &Path) -> Result<Self, DevIssuerError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| DevIssuerError::Crypto)?;
        let issuer = Self::from_pkcs8(document.as_ref()).ok_or(DevIssuerError::Crypto)?;
        let mut file = files::create_new(path, files::PRIVATE).map_err(|source| file_error(path, source))?;
        file.write_all(pem(document.as_ref()).as_bytes()).map_err(|source| file_error(path, source))?;
        Ok(issuer)
    }

    /// Reads the key pair at `path`.
    pub fn load(path: &Path) -> Result<Self, DevIssuerError> {
        let text = std::fs::read_to_string(path).map_err(|source| file_error(path, source))?;
        if is_exposed(path).map_err(|source| file_error(path, source))? {
            return Err(DevIssuerError::Exposed(path.to_path_buf()));
        }
        from_pem(&text)
            .and_then(|document| Self::from_pkcs8(&document))
            .ok_or_else(|| DevIssuerError::NotAKey(path.to_path_buf()))
    }

    /// Reads the key pair at `path`, or makes one if the file does not exist.
    pub fn load_or_create(path: &Path) -> Result<Self, DevIssuerError> {
        match Self::load(path) {
            Err(DevIssuerError::File { source, .. }) if source.kind() == ErrorKind::NotFound => Self::create(path),
            loaded => loaded,
        }
    }

    /// The id of the key: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JWK Set.
    pub fn jwks(&self) -> String {
        let (x, y) = coordinates(&self.pair);
        let key = json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256", "use": "sig",
        });
        json!({ "keys": [key] }).to_string()
    }

    /// Writes the public key to `path`, replacing the file. Others can read it, but not change it.
    pub fn write_jwks(&self, path: &Path) -> Result<(), DevIssuerError> {
        files::replace(path, self.jwks().as_bytes(), files::PUBLIC).map_err(|source| file_error(path, source))
    }

    /// A signed access token (`typ` `at+jwt`) with exactly these claims.
    pub fn mint(&self, claims: &impl Serialize) -> Result<String, DevIssuerError> {
        let claims = serde_json::to_value(claims).map_err(|_| DevIssuerError::Claims)?;
        if !claims.is_object() {
            return Err(DevIssuerError::Claims);
        }
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": "at+jwt" });
        let encode = |value: serde_json::Value| to_base64url(value.to_string().as_bytes());
        let signing_input = format!("{}.{}", encode(header), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signing_input.as_bytes()).map_err(|_| DevIssuerError::Crypto)?;
        Ok(format!("{signing_input}.{}", to_base64url(signature.as_ref())))
    }

    fn from_pkcs8(document: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document).ok()?;
        let (x, y) = coordinates(&pair);
        // RFC 7638 §3.2: the required members in the order of their names, without white space.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = to_base64url(digest::digest(&digest::SHA256, thumbprint.as_bytes()).as_ref());
        Some(Self { pair, kid })
    }
}

impl fmt::Debug for DevIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevIssuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// `x` and `y` of the uncompressed point (SEC 1 §2.3.3): a tag of one byte, then 32 bytes each.
fn coordinates(pair: &EcdsaKeyPair) -> (String, String) {
    let point = pair.public_key().as_ref();
    let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
    (to_base64url(x), to_base64url(y))
}

fn pem(document: &[u8]) -> String {
    let text = STANDARD.encode(document);
    // RFC 7468 §2: 64 characters to the line. Base64 is ASCII, so no chunk ends within a character.
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", lines.join("\n"))
}

fn from_pem(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

fn is_exposed(path: &Path) -> std::io::Result<bool> {
    let mode = files::mode(&std::fs::metadata(path)?);
    Ok(mode.is_some_and(|mode| mode & 0o077 != 0))
}

fn file_error(path: &Path, source: std::io::Error) -> DevIssuerError {
    DevIssuerError::File { path: path.to_path_buf(), source }
}
