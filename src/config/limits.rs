//! `[limits]`: where the limits of tenants are counted.
//!
//! Owns the keys and their defaults. `[tenants.<id>]` has the limits themselves. Never connects, and never prints a secret.

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::secret::secret;
use super::validation::Key;
use super::values;
use crate::limits::settings::LimitStore;

/// The port of Redis and Valkey.
const PORT: u16 = 6379;
/// The longest prefix of keys.
const MAX_PREFIX: usize = 64;

/// `[limits]`, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limiting {
    /// The store that replicas share; `None`: each process counts alone.
    pub store: Option<LimitStore>,
    /// Where the user is from.
    pub username_origin: Option<String>,
    /// Where the password is from.
    pub password_origin: Option<String>,
}

/// `[limits]` as written.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct RawLimits {
    /// `LOGMARK__LIMITS__STORE`; absent: limits are counted in this process.
    #[serde(deserialize_with = "store")]
    store: Option<Store>,
    /// `LOGMARK__LIMITS__USERNAME`; the store's default user. A name, `env:NAME` or `file:PATH`.
    username: Option<String>,
    /// `LOGMARK__LIMITS__PASSWORD`; none. `env:NAME` or `file:PATH`.
    password: Option<String>,
    /// `LOGMARK__LIMITS__CA`; the certificate authorities of the operating system. A PEM file, for `rediss://`.
    ca: Option<String>,
    /// `LOGMARK__LIMITS__PREFIX`; `logmark`. The start of every key.
    #[serde(deserialize_with = "prefix")]
    prefix: String,
    /// `LOGMARK__LIMITS__FALLBACK_SHARE`; 50%. The share of each limit that this process allows while the store is away.
    #[serde(deserialize_with = "fallback_share")]
    fallback_share: f64,
    /// `LOGMARK__LIMITS__TIMEOUT`; 50ms. How long a request waits for the store.
    #[serde(deserialize_with = "values::duration::<0, 5, _>")]
    timeout: Duration,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            store: None,
            username: None,
            password: None,
            ca: None,
            prefix: "logmark".to_owned(),
            fallback_share: 0.5,
            timeout: Duration::from_millis(50),
        }
    }
}

/// The store of the URL.
struct Store {
    host: String,
    port: u16,
    database: i64,
    tls: bool,
}

fn store<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Store>, D::Error> {
    // The error does not repeat the text: a URL may contain a password.
    let text = String::deserialize(deserializer)?;
    parse_store(&text).map(Some).map_err(serde::de::Error::custom)
}

fn parse_store(text: &str) -> Result<Store, &'static str> {
    const FORM: &str = "is not the URL of a store: write `redis://HOST:PORT`, or `rediss://HOST:PORT` for TLS";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let tls = match url.scheme() {
        "redis" | "valkey" => false,
        "rediss" | "valkeys" => true,
        _ => return Err(FORM),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains a user or a password: remove them, and use the keys `username` and `password`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment: remove it");
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
    let database = match url.path().trim_matches('/') {
        "" => 0,
        number => number.parse::<u16>().map_err(|_| "has a path that is not the number of a database, such as `/0`")?.into(),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Store { host, port: url.port().unwrap_or(PORT), database, tls })
}

fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    values::text(deserializer, |text| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
        if !text.is_empty() && text.len() <= MAX_PREFIX && is_plain {
            Ok(text.to_owned())
        } else {
            Err(format!("is not a prefix of keys: write 1 to {MAX_PREFIX} letters, digits, `.`, `_`, `:` and `-`"))
        }
    })
}

fn fallback_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = values::part(deserializer)?;
    if share > 0.0 && share <= 1.0 {
        Ok(share)
    } else {
        Err(serde::de::Error::custom(
            "must be above 0 and at most 1 (100%): with N replicas, `1/N` as a number keeps the sum within each limit",
        ))
    }
}

/// Checks the section.
pub(super) fn validate(raw: RawLimits, key: &Key<'_>) -> Limiting {
    let Some(Store { host, port, database, tls }) = raw.store else {
        if !key.key("store").is_set() {
            let keys = ["username", "password", "ca", "prefix", "fallback_share", "timeout"];
            key.refuse(&keys, "applies to a store, and `store` is not set");
        }
        return Limiting::default();
    };
    if cfg!(not(feature = "redis")) {
        key.key("store").error("is not supported by this build: build with the feature `redis`, or remove the key");
    }
    if raw.timeout.is_zero() {
        key.key("timeout").error("must be at least 1ms");
    }
    let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !tls && !is_loopback {
        key.key("store").warn("`redis://` is not encrypted: use `rediss://`, or a network that only the replicas reach");
    }
    if raw.ca.is_some() && !tls {
        key.key("ca").key_error("applies to TLS only: write `rediss://` in `store`");
    }
    let mut origins = [None, None];
    let mut read = |index: usize, name: &str, given: Option<String>| {
        let (given, key) = (given?, key.key(name));
        if index == 0 && !given.starts_with("env:") && !given.starts_with("file:") {
            origins[index] = Some(given.clone());
            return Some(SecretString::from(given));
        }
        let found = key.check(secret(&given, key.validator))?;
        origins[index] = Some(found.origin().to_owned());
        Some(SecretString::from(found.expose().trim()))
    };
    let (username, password) = (read(0, "username", raw.username), read(1, "password", raw.password));
    if username.is_some() && password.is_none() && !key.key("password").is_set() {
        key.key("password").require("a user needs one: write `env:NAME` or `file:PATH`");
    }
    let [username_origin, password_origin] = origins;
    let ca = raw.ca.and_then(|path| key.key("ca").readable(&path));
    let (prefix, timeout, fallback_share) = (raw.prefix, raw.timeout, raw.fallback_share);
    let store = LimitStore { host, port, database, tls, ca, username, password, prefix, timeout, fallback_share };
    Limiting { store: Some(store), username_origin, password_origin }
}
