//! One JSON Web Key (RFC 7517) becomes one key with one algorithm, or is refused with a reason.
//!
//! The algorithm is the key's `alg` when the issuer's configuration lists it; without `alg` it is the first
//! configured algorithm that fits the key's type, and the other fitting ones can't be used with that key.
//! It never reads certificates (`x5c`, `x5u`) and never keeps a private key. Look next at `set`.

use std::fmt;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, VerificationAlgorithm};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::rsa::{self, WeakRsa};
use crate::auth::strict;

/// Bytes of the longest `kid`, in a key set and in a token.
pub const MAX_KID_BYTES: usize = 256;

/// Bytes of the shortest HMAC key: as long as the hash (RFC 7518 §3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Members that only a private key has (RFC 7518 §6, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// `y` of the points of small order on edwards25519, little-endian with the sign bit cleared: with such a
/// "public key" anyone can sign. In order 0, 1, p-1, the two of order 8, and the non-canonical p and p+1.
const SMALL_ORDER_POINTS: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// A key that signatures are verified with: its name, its one algorithm, its material.
pub struct VerificationKey {
    kid: Option<String>,
    algorithm: Algorithm,
    /// SHA-256 of the material: tells keys apart without a second copy of a secret.
    fingerprint: [u8; SHA256_OUTPUT_LEN],
    signature_bytes: usize,
    decoding: DecodingKey,
}

/// Why a key of a set is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// `kty` or `crv` is one we don't offer, or missing.
    #[error("key type is not supported")]
    UnsupportedType,
    /// `alg` is unknown, does not fit the key, or is not among the issuer's algorithms; or none of those fits.
    #[error("no algorithm of this issuer fits the key")]
    Algorithm,
    /// A member has the wrong type, encoding or length.
    #[error("member `{0}` is missing or malformed")]
    Malformed(&'static str),
    /// `use` is not `sig`.
    #[error("key is not for signatures")]
    Use,
    /// `key_ops` lacks `verify`, repeats itself, or goes beyond `sign` and `verify`.
    #[error("key operations do not fit verifying")]
    Operations,
    /// The set publishes a private key, with which every reader of the set can sign.
    #[error("key is private")]
    Private,
    /// A symmetric key where it could have been read by others than us.
    #[error("symmetric key from a source that may not give one")]
    Symmetric,
    /// An HMAC key below 32 bytes.
    #[error("secret of {0} bytes is shorter than 32")]
    ShortSecret(usize),
    /// An RSA key that is too weak.
    #[error(transparent)]
    Rsa(#[from] WeakRsa),
    /// The coordinates are not on the curve.
    #[error("point is not on the curve")]
    NotOnCurve,
    /// An Ed25519 point with which anyone can sign.
    #[error("point has a small order")]
    SmallOrder,
    /// Another key of the set has the same `kid`.
    #[error("key id is not unique in the set")]
    DuplicateKid,
}

struct Parts {
    material: Vec<u8>,
    signature_bytes: usize,
    fitting: &'static [Algorithm],
    decoding: DecodingKey,
}

impl VerificationKey {
    /// Reads one key of a set for an issuer's `algorithms`, in the order of the configuration.
    pub fn from_jwk(jwk: &Map<String, Value>, algorithms: &[Algorithm]) -> Result<Self, KeyRefusal> {
        let kid = kid(jwk)?;
        check_purpose(jwk)?;
        if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return Err(KeyRefusal::Private);
        }
        let parts = match text(jwk, "kty")? {
            "RSA" => rsa_parts(jwk)?,
            "EC" => ec_parts(jwk)?,
            "OKP" => okp_parts(jwk)?,
            "oct" => oct_parts(jwk)?,
            _ => return Err(KeyRefusal::UnsupportedType),
        };
        let algorithm = choose_algorithm(jwk, parts.fitting, algorithms)?;
        let Parts { material, signature_bytes, decoding, .. } = parts;
        let mut fingerprint = [0; SHA256_OUTPUT_LEN];
        fingerprint.copy_from_slice(digest(&SHA256, &material).as_ref());
        Ok(Self { kid, algorithm, fingerprint, signature_bytes, decoding })
    }

    /// The name tokens use for the key.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only algorithm the key is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The one length a signature by this key can have.
    pub(super) fn signature_bytes(&self) -> usize {
        self.signature_bytes
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl PartialEq for VerificationKey {
    /// Same name, same algorithm, same material.
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid && self.algorithm == other.algorithm && self.fingerprint == other.fingerprint
    }
}

impl Eq for VerificationKey {}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn kid(jwk: &Map<String, Value>) -> Result<Option<String>, KeyRefusal> {
    match jwk.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= MAX_KID_BYTES => Ok(Some(kid.clone())),
        Some(_) => Err(KeyRefusal::Malformed("kid")),
    }
}

fn check_purpose(jwk: &Map<String, Value>) -> Result<(), KeyRefusal> {
    match jwk.get("use") {
        None => {}
        Some(Value::String(purpose)) if purpose == "sig" => {}
        Some(_) => return Err(KeyRefusal::Use),
    }
    let operations = match jwk.get("key_ops") {
        None => return Ok(()),
        Some(Value::Array(operations)) => operations,
        Some(_) => return Err(KeyRefusal::Operations),
    };
    let count = |name: &str| operations.iter().filter(|operation| operation.as_str() == Some(name)).count();
    let (verify, sign) = (count("verify"), count("sign"));
    if verify == 1 && sign <= 1 && operations.len() == verify + sign { Ok(()) } else { Err(KeyRefusal::Operations) }
}

fn choose_algorithm(jwk: &Map<String, Value>, fitting: &[Algorithm], configured: &[Algorithm]) -> Result<Algorithm, KeyRefusal> {
    let named = match jwk.get("alg") {
        None => None,
        Some(Value::String(name)) => Some(name.parse::<Algorithm>().map_err(|_| KeyRefusal::Algorithm)?),
        Some(_) => return Err(KeyRefusal::Malformed("alg")),
    };
    configured
        .iter()
        .copied()
        .find(|algorithm| fitting.contains(algorithm) && named.is_none_or(|named| named == *algorithm))
        .ok_or(KeyRefusal::Algorithm)
}

fn rsa_parts(jwk: &Map<String, Value>) -> Result<Parts, KeyRefusal> {
    let modulus = number(jwk, "n")?;
    let exponent = number(jwk, "e")?;
    rsa::check(&modulus, &exponent)?;
    let decoding = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
    let signature_bytes = modulus.len();
    let material = [modulus, exponent].concat();
    let fitting = &[Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256];
    Ok(Parts { material, signature_bytes, fitting, decoding })
}

fn ec_parts(jwk: &Map<String, Value>) -> Result<Parts, KeyRefusal> {
    let (size, fitting, curve): (_, &[Algorithm], &'static dyn VerificationAlgorithm) = match text(jwk, "crv")? {
        "P-256" => (32, &[Algorithm::Es256], &ECDSA_P256_SHA256_FIXED),
        "P-384" => (48, &[Algorithm::Es384], &ECDSA_P384_SHA384_FIXED),
        _ => return Err(KeyRefusal::UnsupportedType),
    };
    let x = bytes(jwk, "x", size)?;
    let y = bytes(jwk, "y", size)?;
    // SEC 1 §2.3.3: 4 marks an uncompressed point.
    let point = [vec![4], x, y].concat();
    ParsedPublicKey::new(curve, &point).map_err(|_| KeyRefusal::NotOnCurve)?;
    let decoding = DecodingKey::from_ec_der(&point);
    Ok(Parts { material: point, signature_bytes: 2 * size, fitting, decoding })
}

fn okp_parts(jwk: &Map<String, Value>) -> Result<Parts, KeyRefusal> {
    if text(jwk, "crv")? != "Ed25519" {
        return Err(KeyRefusal::UnsupportedType);
    }
    let point = bytes(jwk, "x", 32)?;
    let mut unsigned = point.clone();
    if let Some(last) = unsigned.last_mut() {
        *last &= 0x7f;
    }
    let hex: String = unsigned.iter().map(|byte| format!("{byte:02x}")).collect();
    if SMALL_ORDER_POINTS.contains(&hex.as_str()) {
        return Err(KeyRefusal::SmallOrder);
    }
    let decoding = DecodingKey::from_ed_der(&point);
    Ok(Parts { material: point, signature_bytes: 64, fitting: &[Algorithm::EdDsa], decoding })
}

fn oct_parts(jwk: &Map<String, Value>) -> Result<Parts, KeyRefusal> {
    let secret = strict::base64url(text(jwk, "k")?).map_err(|_| KeyRefusal::Malformed("k"))?;
    if secret.len() < MIN_SECRET_BYTES {
        return Err(KeyRefusal::ShortSecret(secret.len()));
    }
    let decoding = DecodingKey::from_secret(&secret);
    Ok(Parts { material: secret, signature_bytes: 32, fitting: &[Algorithm::Hs256], decoding })
}

fn text<'a>(jwk: &'a Map<String, Value>, member: &'static str) -> Result<&'a str, KeyRefusal> {
    jwk.get(member).and_then(Value::as_str).ok_or(KeyRefusal::Malformed(member))
}

fn bytes(jwk: &Map<String, Value>, member: &'static str, size: usize) -> Result<Vec<u8>, KeyRefusal> {
    strict::base64url(text(jwk, member)?).ok().filter(|bytes| bytes.len() == size).ok_or(KeyRefusal::Malformed(member))
}

/// A big-endian number; leading zeros, which RFC 7518 §6.3.1.1 forbids and some issuers send, are dropped.
fn number(jwk: &Map<String, Value>, member: &'static str) -> Result<Vec<u8>, KeyRefusal> {
    let bytes = strict::base64url(text(jwk, member)?).map_err(|_| KeyRefusal::Malformed(member))?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}
