//! Where an issuer's keys come from, and one attempt to read them.
//!
//! Addresses come from the configuration, or from the discovery document of the configured issuer; never from
//! a token. It keeps nothing between attempts; that is `store`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use url::{Host, Url};

use super::algorithm::Algorithm;
use super::fetch::{FetchError, KeyFetcher, MAX_DOCUMENT_BYTES};
use super::set::{KeySet, SetError, SetOrigin};
use crate::auth::strict::{self, JsonError};

/// Longest that one attempt may take, discovery included, whatever the fetcher's own limits are.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Path of the discovery document below the issuer (OpenID Connect Discovery 1.0 §4).
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// Where the keys of an issuer are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A JWK Set in a file; the only source that may hold an `oct` key.
    File(PathBuf),
    /// A JWK Set behind an `https` URL (`http` on loopback).
    Url(Url),
    /// The `jwks_uri` of the issuer's OpenID discovery document.
    Discover,
}

/// The text is no key source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys are `discover`, an https URL, or `file:` and a path")]
pub struct InvalidKeySource;

/// Why an attempt gave no keys.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can't be read.
    #[error("cannot read key file `{path}`")]
    File {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The fetch failed.
    #[error("cannot fetch key document")]
    Fetch(#[from] FetchError),
    /// The discovery document is no strict JSON object.
    #[error("discovery document is not valid")]
    Discovery(#[source] JsonError),
    /// The discovery document speaks for another issuer, compared byte by byte.
    #[error("discovery document is not this issuer's")]
    OtherIssuer,
    /// An address that is neither `https` nor `http` on loopback.
    #[error("key set address is missing or neither https nor on loopback")]
    UnsafeUrl,
    /// The fetcher panicked, which is a bug.
    #[error("bug: the attempt panicked")]
    Panicked,
    /// What came is no usable set.
    #[error("key set is refused")]
    Set(#[from] SetError),
}

impl FromStr for KeySource {
    type Err = InvalidKeySource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("file:") {
            Some("") => Err(InvalidKeySource),
            Some(path) => Ok(Self::File(path.into())),
            None if text == "discover" => Ok(Self::Discover),
            None => Url::parse(text).ok().filter(is_safe_url).map(Self::Url).ok_or(InvalidKeySource),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Url(url) => write!(f, "{url}"),
            Self::Discover => f.write_str("discover"),
        }
    }
}

/// Whether keys may be fetched from there: `https`, or `http` that does not leave the machine.
pub fn is_safe_url(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// One attempt at `issuer`'s keys.
pub(super) async fn load(
    issuer: &str,
    source: &KeySource,
    algorithms: &[Algorithm],
    fetcher: &dyn KeyFetcher,
) -> Result<KeySet, LoadError> {
    let attempt = async {
        match source {
            KeySource::File(path) => {
                let bytes = read_file(path).await?;
                Ok(KeySet::parse(&bytes, algorithms, SetOrigin::File)?)
            }
            KeySource::Url(url) => fetch_set(url, algorithms, fetcher).await,
            KeySource::Discover => {
                let url = discover(issuer, fetcher).await?;
                fetch_set(&url, algorithms, fetcher).await
            }
        }
    };
    tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await.unwrap_or(Err(LoadError::Fetch(FetchError::TimedOut)))
}

async fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |source| LoadError::File { path: path.to_path_buf(), source };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    bounded(bytes)
}

async fn fetch_set(url: &Url, algorithms: &[Algorithm], fetcher: &dyn KeyFetcher) -> Result<KeySet, LoadError> {
    let bytes = fetch(url, fetcher).await?;
    Ok(KeySet::parse(&bytes, algorithms, SetOrigin::Remote)?)
}

async fn discover(issuer: &str, fetcher: &dyn KeyFetcher) -> Result<Url, LoadError> {
    let address = format!("{}{DISCOVERY_PATH}", issuer.trim_end_matches('/'));
    let url = Url::parse(&address).map_err(|_| LoadError::UnsafeUrl)?;
    let document = strict::object(&fetch(&url, fetcher).await?).map_err(LoadError::Discovery)?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(LoadError::OtherIssuer);
    }
    let keys = document.get("jwks_uri").and_then(Value::as_str).ok_or(LoadError::UnsafeUrl)?;
    Url::parse(keys).map_err(|_| LoadError::UnsafeUrl)
}

async fn fetch(url: &Url, fetcher: &dyn KeyFetcher) -> Result<Vec<u8>, LoadError> {
    if !is_safe_url(url) {
        return Err(LoadError::UnsafeUrl);
    }
    bounded(fetcher.get(url).await?)
}

fn bounded(bytes: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(FetchError::TooLarge.into()) } else { Ok(bytes) }
}
