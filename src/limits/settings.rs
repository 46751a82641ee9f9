//! `[limits]` as the service uses it.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

/// The store that replicas share limits in.
#[derive(Debug, Clone)]
pub struct LimitStore {
    /// Name or address of the host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The number of the database.
    pub database: i64,
    /// Whether to use TLS.
    pub tls: bool,
    /// Certificate authorities for TLS, in PEM; `None`: those of the operating system.
    pub ca: Option<PathBuf>,
    /// The user; `None`: the default user.
    pub username: Option<SecretString>,
    /// The password, if the store needs one.
    pub password: Option<SecretString>,
    /// The start of every key.
    pub prefix: String,
    /// How long a request waits for the store.
    pub timeout: Duration,
    /// The share of each limit that this process allows while the store is away: above 0, at most 1.
    pub fallback_share: f64,
}

/// Whether the settings are the same, with the secrets that they contain: a reload compares them.
impl PartialEq for LimitStore {
    fn eq(&self, other: &Self) -> bool {
        let Self { host, port, database, tls, ca, username, password, prefix, timeout, fallback_share } = self;
        let secret = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        (host, port, database, tls, ca) == (&other.host, &other.port, &other.database, &other.tls, &other.ca)
            && (prefix, timeout, fallback_share) == (&other.prefix, &other.timeout, &other.fallback_share)
            && secret(username) == secret(&other.username)
            && secret(password) == secret(&other.password)
    }
}

impl LimitStore {
    /// The URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}/{}", self.port, self.database)
    }
}
