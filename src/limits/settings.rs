//! `[limits]` as the service uses it.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

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

impl LimitStore {
    /// The URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}/{}", self.port, self.database)
    }
}
