//! Secrets: where they are kept, and the keys made of them.
//!
//! Owns `env:NAME` and `file:PATH`. Never prints a secret, nor a text that somebody wrote where a secret's place belongs.

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::reader::Field;
use super::values::{FileProblem, kept_private, open};

/// More than this is no secret, but a wrong path.
const LARGEST: u64 = 64 * 1024;

/// A secret, and where it came from. Its Debug prints the place alone.
#[derive(Clone)]
pub struct Secret {
    origin: Arc<str>,
    value: SecretString,
}

impl Secret {
    /// Where it came from: `env:NAME` or `file:PATH`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The secret itself: for the one place that needs it.
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

/// 32 bytes that seal and open cursors.
#[derive(Clone)]
pub struct CursorKey {
    origin: Arc<str>,
    bytes: Zeroizing<[u8; 32]>,
}

impl CursorKey {
    /// Where it came from: `env:NAME` or `file:PATH`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key itself: for the one place that seals.
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

/// For `Field::distinct`: the same key twice is no rotation.
impl PartialEq for CursorKey {
    fn eq(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&*self.bytes, &*other.bytes).is_ok()
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
enum SecretError {
    #[error(
        "is a secret in plain text: put it into a variable of its own and write `env:NAME`, or into a file and write `file:PATH`"
    )]
    Plain,
    #[error("names no variable: write `env:NAME`")]
    NoName,
    #[error("names no file: write `file:PATH`")]
    NoPath,
    #[error("the variable `{0}` is not set, or is no UTF-8")]
    NotSet(String),
    #[error("`{0}` is empty")]
    Empty(String),
    #[error("the file `{0}` is too large for a secret")]
    TooLarge(String),
    #[error("the file `{0}` is no UTF-8 text")]
    NoText(String),
    #[error(transparent)]
    File(#[from] FileProblem),
    #[error("{0} must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")]
    KeySelectionError(String),
    #[error("{0} is one byte over and over: take 32 random bytes, as `openssl rand -base64 32` prints them")]
    Constant(String),
}

/// A cursor key.
pub(super) fn cursor_key(field: &Field<'_>) -> Option<CursorKey> {
    key_of(&secret(field)?).map_err(|problem| field.wrong(problem)).ok()
}

fn key_of(secret: &Secret) -> Result<CursorKey, SecretError> {
    let origin = || super::spelling::quoted(secret.origin());
    let decoded =
        STANDARD.decode(secret.expose().trim()).map(Zeroizing::new).map_err(|_| SecretError::KeySelectionError(origin()))?;
    let bytes: [u8; 32] = decoded.as_slice().try_into().map_err(|_| SecretError::KeySelectionError(origin()))?;
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Err(SecretError::Constant(origin()));
    }
    Ok(CursorKey { origin: Arc::clone(&secret.origin), bytes: Zeroizing::new(bytes) })
}

/// A secret from where the field says that it is kept.
pub(super) fn secret(field: &Field<'_>) -> Option<Secret> {
    let text = field.text()?;
    find(field, text).map_err(|problem| field.wrong(problem)).ok()
}

fn find(field: &Field<'_>, text: &str) -> Result<Secret, SecretError> {
    let value = if let Some(name) = text.strip_prefix("env:") {
        from_variable(field, name)?
    } else if let Some(path) = text.strip_prefix("file:") {
        from_file(field, path)?
    } else {
        return Err(SecretError::Plain);
    };
    if value.expose_secret().is_empty() {
        Err(SecretError::Empty(text.to_owned()))
    } else {
        Ok(Secret { origin: text.into(), value })
    }
}

fn from_variable(field: &Field<'_>, name: &str) -> Result<SecretString, SecretError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(SecretError::NoName);
    }
    let value = field.reader.variables.get(name).ok_or_else(|| SecretError::NotSet(name.to_owned()))?;
    Ok(SecretString::from(value.as_str()))
}

fn from_file(field: &Field<'_>, path: &str) -> Result<SecretString, SecretError> {
    if path.is_empty() || path.contains('\0') {
        return Err(SecretError::NoPath);
    }
    read_private(&field.reader.resolve(path))
}

fn read_private(path: &Path) -> Result<SecretString, SecretError> {
    let file = open(path)?;
    kept_private(&file, path)?;
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => SecretError::NoText(path.display().to_string()),
        _ => FileProblem::of(path, &error).into(),
    })?;
    if text.len() as u64 > LARGEST {
        return Err(SecretError::TooLarge(path.display().to_string()));
    }
    // An editor's last newline is no part of the secret; anything else is.
    let secret = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(SecretString::from(secret))
}
