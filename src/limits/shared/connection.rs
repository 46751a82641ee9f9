//! A connection to the store, and the scripts that it has loaded.
//!
//! Owns TCP, TLS and the handshake. Never repeats a command, apart from one that found its script missing.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, RedisConnectionInfo, RedisError};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use crate::limits::settings::LimitStore;

/// The longest cause in a log line.
const CAUSE_LENGTH: usize = 200;

const REFUSED: &str = "the store refused the user or the password";

/// A script. Each runs atomically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Rate,
    Begin,
    Renew,
    Budget,
}

impl Script {
    const ALL: [Self; 4] = [Self::Rate, Self::Begin, Self::Renew, Self::Budget];

    fn text(self) -> &'static str {
        match self {
            Self::Rate => include_str!("rate.lua"),
            Self::Begin => include_str!("begin.lua"),
            Self::Renew => include_str!("renew.lua"),
            Self::Budget => include_str!("budget.lua"),
        }
    }
}

/// An open connection. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    redis: MultiplexedConnection,
    digests: Arc<[String; Script::ALL.len()]>,
    driver: AbortHandle,
}

/// The cause of an error, without line breaks and of bounded length. The server's texts name no secret.
pub(super) fn cause(error: &RedisError) -> String {
    let text = match error.code() {
        _ if error.kind() == redis::ErrorKind::AuthenticationFailed => REFUSED.to_owned(),
        Some("WRONGPASS" | "NOAUTH") => REFUSED.to_owned(),
        Some("NOPERM") => format!("the store's user lacks a permission: {error}"),
        _ => error.to_string(),
    };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CAUSE_LENGTH).collect()
}

impl Connection {
    /// Connects, authenticates and loads the scripts.
    pub(super) async fn open(store: &LimitStore, tls: Option<&Arc<rustls::ClientConfig>>) -> Result<Self, String> {
        let stream = TcpStream::connect((store.host.as_str(), store.port)).await;
        let stream = stream.map_err(|error| format!("could not connect: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let mut info = RedisConnectionInfo::default().set_db(store.database).set_skip_set_lib_name();
        if let Some(username) = &store.username {
            info = info.set_username(username.expose_secret());
        }
        if let Some(password) = &store.password {
            info = info.set_password(password.expose_secret());
        }
        // The caller has the time limits.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let (mut redis, driver) = match tls {
            None => {
                let (redis, driver) =
                    MultiplexedConnection::new_with_config(&info, stream, config).await.map_err(|error| cause(&error))?;
                (redis, tokio::spawn(driver))
            }
            Some(tls) => {
                let name = rustls_pki_types::ServerName::try_from(store.host.clone()).map_err(|error| error.to_string())?;
                let stream =
                    TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(|error| format!("TLS: {error}"))?;
                let (redis, driver) =
                    MultiplexedConnection::new_with_config(&info, stream, config).await.map_err(|error| cause(&error))?;
                (redis, tokio::spawn(driver))
            }
        };
        let mut digests: [String; Script::ALL.len()] = Default::default();
        for script in Script::ALL {
            digests[script as usize] = load(&mut redis, script).await.map_err(|error| cause(&error))?;
        }
        Ok(Self { redis, digests: Arc::new(digests), driver: driver.abort_handle() })
    }

    /// Runs a script on one key.
    pub(super) async fn run(&mut self, script: Script, key: &str, arguments: &[String]) -> Result<Vec<i64>, RedisError> {
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(&self.digests[script as usize]).arg(1).arg(key).arg(arguments);
        match command.query_async(&mut self.redis).await {
            Err(error) if error.code() == Some("NOSCRIPT") => {
                let _digest = load(&mut self.redis, script).await?;
                command.query_async(&mut self.redis).await
            }
            answer => answer,
        }
    }

    /// Writes a value, to see whether the store takes writes, within the time of a request.
    pub(super) async fn probe(&mut self, prefix: &str, within: Duration) -> Result<(), String> {
        let mut command = Cmd::new();
        command.arg("SET").arg(format!("{prefix}:probe")).arg(1).arg("PX").arg(1000);
        match tokio::time::timeout(within, command.query_async::<()>(&mut self.redis)).await {
            Ok(answer) => answer.map_err(|error| cause(&error)),
            Err(_) => Err(format!("an answer takes longer than {} ms", within.as_millis())),
        }
    }

    /// Closes the connection, also with unanswered commands.
    pub(super) fn close(&self) {
        self.driver.abort();
    }
}

async fn load(redis: &mut MultiplexedConnection, script: Script) -> Result<String, RedisError> {
    let mut command = Cmd::new();
    command.arg("SCRIPT").arg("LOAD").arg(script.text());
    command.query_async(redis).await
}
