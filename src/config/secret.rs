//! Secrets, and the cursor keys made from them.
//!
//! Owns `env:NAME` and `file:PATH`. Never prints a secret, or a text written where `env:` or `file:` belongs.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::paths::{FileError, check_private, open};
use super::validation::Validator;

/// A larger file is a wrong path, not a secret.
const LARGEST: u64 = 64 * 1024;

/// A secret and its origin. Its Debug prints only the origin.
#[derive(Clone)]
pub struct Secret {
    origin: Arc<str>,
    value: SecretString,
}

impl Secret {
    /// `env:NAME` or `file:PATH`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.origin)
    }
}

/// 32 bytes that encrypt and decrypt cursors.
#[derive(Clone)]
pub struct CursorKey {
    origin: Arc<str>,
    bytes: Zeroizing<[u8; 32]>,
}

impl CursorKey {
    /// `env:NAME` or `file:PATH`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CursorKey({})", self.origin)
    }
}

/// The same key twice would not be a rotation.
impl PartialEq for CursorKey {
    fn eq(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&*self.bytes, &*other.bytes).is_ok()
    }
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error(
        "is a secret in plain text: put it into a variable of its own and write `env:NAME`, or into a file and write `file:PATH`"
    )]
    PlainText,
    #[error("names no variable: write `env:NAME`")]
    VariableName,
    #[error("names no file: write `file:PATH`")]
    Path,
    #[error("the variable `{0}` is not set, or is not UTF-8: set it")]
    NotSet(String),
    #[error("`{0}` is empty")]
    Empty(String),
    #[error("the file `{0}` is larger than 64 KiB: write the path of a file with only the secret")]
    TooLarge(String),
    #[error("the file `{0}` is not UTF-8 text")]
    NotText(String),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0} must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")]
    InvalidKey(String),
    #[error("{0} repeats one byte: use 32 random bytes, as `openssl rand -base64 32` prints them")]
    RepeatedByte(String),
}

/// The cursor key at a place: `env:NAME` or `file:PATH`.
pub(super) fn cursor_key(place: &str, validator: &Validator<'_>) -> Result<CursorKey, SecretError> {
    let secret = secret(place, validator)?;
    let origin = || super::spelling::quoted(secret.origin());
    let decoded = STANDARD.decode(secret.expose().trim()).map(Zeroizing::new).map_err(|_| SecretError::InvalidKey(origin()))?;
    let bytes: [u8; 32] = decoded.as_slice().try_into().map_err(|_| SecretError::InvalidKey(origin()))?;
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err(SecretError::RepeatedByte(origin()));
    }
    Ok(CursorKey { origin: Arc::clone(&secret.origin), bytes: Zeroizing::new(bytes) })
}

/// The key of audit lines at a place: `env:NAME` or `file:PATH`, for a command without a configuration.
///
/// # Errors
/// Why it cannot be used.
pub fn read_key(place: &str, variables: &BTreeMap<String, String>) -> Result<CursorKey, String> {
    let validator = Validator::new(variables, Path::new(""), Vec::new());
    cursor_key(place, &validator).map_err(|error| error.to_string())
}

/// The secret at a place: `env:NAME` or `file:PATH`.
pub(super) fn secret(place: &str, validator: &Validator<'_>) -> Result<Secret, SecretError> {
    let value = if let Some(name) = place.strip_prefix("env:") {
        from_variable(name, validator)?
    } else if let Some(path) = place.strip_prefix("file:") {
        from_file(path, validator)?
    } else {
        return Err(SecretError::PlainText);
    };
    if value.expose_secret().is_empty() {
        Err(SecretError::Empty(place.to_owned()))
    } else {
        Ok(Secret { origin: place.into(), value })
    }
}

fn from_variable(name: &str, validator: &Validator<'_>) -> Result<SecretString, SecretError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(SecretError::VariableName);
    }
    let value = validator.variables.get(name).ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
    Ok(SecretString::from(value.as_str()))
}

fn from_file(path: &str, validator: &Validator<'_>) -> Result<SecretString, SecretError> {
    if path.is_empty() || path.contains('\0') {
        return Err(SecretError::Path);
    }
    let path = validator.resolve(path);
    validator.note_file(&path);
    read_private(&path)
}

fn read_private(path: &Path) -> Result<SecretString, SecretError> {
    let file = open(path)?;
    check_private(&file, path)?;
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => SecretError::NotText(path.display().to_string()),
        _ => FileError::of(path, &error).into(),
    })?;
    if text.len() as u64 > LARGEST {
        return Err(SecretError::TooLarge(path.display().to_string()));
    }
    // Editors add a final newline. Everything else belongs to the secret.
    let secret = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(SecretString::from(secret))
}
