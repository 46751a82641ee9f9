//! The sources of keys, and one attempt to read them.
//!
//! Addresses come from the configuration, or from the discovery document of the configured issuer; never from
//! a token. Keeps no state between attempts; `store` does.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use url::{Host, Url};

use super::address::is_public;
use super::algorithm::Algorithm;
use super::fetch::{AddressPolicy, FetchError, KeyFetcher, MAX_DOCUMENT_BYTES};
use super::set::{KeySet, SetError, SetOrigin};
use crate::auth::strict::{self, JsonError};
use crate::files::{self, Exposed};

/// Limit of one attempt, with discovery, in addition to the limits of the fetcher.
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

/// The text is not a key source.
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
    /// Others can change the file, or read the secret in it.
    #[error("key file is not used: {0}")]
    Exposed(#[from] Exposed),
    /// The fetch failed.
    #[error("`{url}` cannot be read")]
    Fetch {
        /// The document's address.
        url: Url,
        /// Why.
        source: FetchError,
    },
    /// The whole attempt took too long.
    #[error("no keys within {} seconds", ATTEMPT_TIMEOUT.as_secs())]
    TimedOut,
    /// The file is larger than a key set is.
    #[error("the key file is larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// The discovery document is not a strict JSON object.
    #[error("discovery document is not valid")]
    Discovery(#[source] JsonError),
    /// The discovery document speaks for another issuer, compared byte by byte.
    #[error("discovery document is not this issuer's")]
    OtherIssuer,
    /// An address that is neither `https` nor `http` on loopback.
    #[error("key set address is missing or neither https nor on loopback")]
    UnsafeUrl,
    /// The issuer is reached by `https`, its discovery document names keys without it.
    #[error("discovery document names a key set address without https")]
    PlainKeys,
    /// The discovery document leads into this machine or a private network.
    #[error(
        "discovery document names a key set on a loopback or private address of another origin; set `allow_private_jwks_uri = \
         true` if that is meant"
    )]
    PrivateKeys,
    /// The fetcher panicked, which is a bug.
    #[error("bug: the attempt panicked")]
    Panicked,
    /// The document is not a usable key set.
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

/// What an attempt at an issuer's keys goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLocation {
    /// The issuer.
    pub issuer: String,
    /// Where its keys are.
    pub source: KeySource,
    /// Its algorithms, in the order of the configuration.
    pub algorithms: Vec<Algorithm>,
    /// Whether its discovery document may lead to a private or loopback address of another origin.
    pub allow_private_jwks_uri: bool,
}

/// One attempt at an issuer's keys.
///
/// # Errors
/// [`LoadError`].
pub async fn load(place: &KeyLocation, fetcher: &dyn KeyFetcher) -> Result<KeySet, LoadError> {
    let algorithms = &place.algorithms;
    let attempt = async {
        match &place.source {
            KeySource::File(path) => {
                let bytes = read_file(path, algorithms.contains(&Algorithm::Hs256)).await?;
                Ok(KeySet::parse(&bytes, algorithms, SetOrigin::File)?)
            }
            KeySource::Url(url) => fetch_set(url, AddressPolicy::Any, algorithms, fetcher).await,
            KeySource::Discover => {
                let (url, address_policy) = discover(place, fetcher).await?;
                fetch_set(&url, address_policy, algorithms, fetcher).await
            }
        }
    };
    tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await.unwrap_or(Err(LoadError::TimedOut))
}

/// The permissions are looked at each time, on the file that is read: it may have been replaced since the start.
async fn read_file(path: &Path, is_secret: bool) -> Result<Vec<u8>, LoadError> {
    let failed = |source| LoadError::File { path: path.to_path_buf(), source };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let metadata = file.metadata().await.map_err(failed)?;
    files::check_unchangeable(&metadata, path)?;
    if is_secret {
        files::check_secret(&metadata, path)?;
    }
    let mut bytes = Vec::new();
    file.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(LoadError::TooLarge) } else { Ok(bytes) }
}

async fn fetch_set(
    url: &Url,
    address_policy: AddressPolicy,
    algorithms: &[Algorithm],
    fetcher: &dyn KeyFetcher,
) -> Result<KeySet, LoadError> {
    let bytes = fetch(url, address_policy, fetcher).await?;
    Ok(KeySet::parse(&bytes, algorithms, SetOrigin::Remote)?)
}

/// Where the discovery document says that the keys are, and how far that may be followed.
async fn discover(place: &KeyLocation, fetcher: &dyn KeyFetcher) -> Result<(Url, AddressPolicy), LoadError> {
    let address = format!("{}{DISCOVERY_PATH}", place.issuer.trim_end_matches('/'));
    let url = Url::parse(&address).map_err(|_| LoadError::UnsafeUrl)?;
    let document = strict::object(&fetch(&url, AddressPolicy::Any, fetcher).await?).map_err(LoadError::Discovery)?;
    if document.get("issuer").and_then(Value::as_str) != Some(&place.issuer) {
        return Err(LoadError::OtherIssuer);
    }
    let keys = document.get("jwks_uri").and_then(Value::as_str).ok_or(LoadError::UnsafeUrl)?;
    let keys = Url::parse(keys).map_err(|_| LoadError::UnsafeUrl)?;
    if url.scheme() == "https" && keys.scheme() != "https" {
        return Err(LoadError::PlainKeys);
    }
    // The operator has named the issuer's own origin. An issuer by plain `http` is on this machine: for development.
    if keys.origin() == url.origin() || url.scheme() == "http" || place.allow_private_jwks_uri {
        return Ok((keys, AddressPolicy::Any));
    }
    if leads_inside(&keys) { Err(LoadError::PrivateKeys) } else { Ok((keys, AddressPolicy::Public)) }
}

/// Does the URL itself, before any name is resolved, lead into this machine or a private network?
fn leads_inside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => true,
    }
}

async fn fetch(url: &Url, address_policy: AddressPolicy, fetcher: &dyn KeyFetcher) -> Result<Vec<u8>, LoadError> {
    if !is_safe_url(url) {
        return Err(LoadError::UnsafeUrl);
    }
    let failed = |source| LoadError::Fetch { url: url.clone(), source };
    let bytes = fetcher.get(url, address_policy).await.map_err(failed)?;
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(failed(FetchError::TooLarge)) } else { Ok(bytes) }
}
