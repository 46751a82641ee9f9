//! `endpoint` of a local source: the address of its CloudWatch Logs protocol, and the access key of the operator.
//!
//! Owns the keys, their defaults, and the warnings about them. Never binds an address, and never prints a secret.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Deserializer};

use super::cloudwatch::check_account;
use super::forms;
use super::secret::{Secret, secret};
use super::validation::Key;
use super::values;

/// The maximum length of an access key id, from IAM's API model.
const MAX_KEY_ID: usize = 128;
/// Characters of the secrets that AWS creates. A shorter secret is easier to guess from a captured signature.
const USUAL_SECRET: usize = 40;
/// The account in ARNs by default: a local source belongs to no AWS account.
const NO_ACCOUNT: &str = "000000000000";

/// `endpoint`; in variables `LOGMARK__SOURCES__0__ENDPOINT__…`.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `…__LISTEN`; 127.0.0.1:4586.
    pub listen: SocketAddr,
    /// `…__ACCESS_KEY`, required: the id of the operator's access key, or where it is: `env:NAME` or `file:PATH`.
    pub access_key: String,
    /// `…__SECRET_KEY`, required: where the secret of the access key is, `env:NAME` or `file:PATH`.
    pub secret_key: Secret,
    /// `…__ACCOUNT`; 000000000000. The number of the account in ARNs.
    pub account: String,
}

/// Endpoints are equal if their secrets have the same origin: the secrets themselves are not compared.
impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        (self.listen, &self.access_key, self.secret_key.origin(), &self.account)
            == (other.listen, &other.access_key, other.secret_key.origin(), &other.account)
    }
}

/// `endpoint` as written. The fields of [`Endpoint`] describe the keys.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct RawEndpoint {
    #[serde(deserialize_with = "listen")]
    listen: SocketAddr,
    access_key: Option<String>,
    secret_key: Option<String>,
    #[serde(deserialize_with = "account")]
    account: String,
}

impl Default for RawEndpoint {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4586),
            access_key: None,
            secret_key: None,
            account: NO_ACCOUNT.to_owned(),
        }
    }
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    values::text(deserializer, forms::listen_address)
}

fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    values::text(deserializer, |text| check_account(text).map(|()| text.to_owned()))
}

/// Checks the table, and reads the secrets that it refers to.
pub(super) fn validate(raw: RawEndpoint, key: &Key<'_>) -> Option<Endpoint> {
    if !raw.listen.ip().is_loopback() {
        key.key("listen").warn(
            "requests are signed but not encrypted, so log events cross the network in plain text: restrict who can reach this \
             address, or put a TLS terminator before it that keeps `Host`",
        );
    }
    let (access_key, secret_key) = (key.key("access_key"), key.key("secret_key"));
    access_key.require("write the id of the key that clients sign with");
    secret_key.require("write the location of the secret, `env:NAME` or `file:PATH`");
    let id = raw.access_key.and_then(|text| validate_access_key(text, &access_key));
    let secret = raw.secret_key.and_then(|place| validate_secret(&place, &secret_key));
    Some(Endpoint { listen: raw.listen, access_key: id?, secret_key: secret?, account: raw.account })
}

/// The id of an access key is not secret, so the file may contain it.
fn validate_access_key(text: String, key: &Key<'_>) -> Option<String> {
    let id = if text.starts_with("env:") || text.starts_with("file:") {
        key.check(secret(&text, key.validator))?.expose().trim().to_owned()
    } else {
        text
    };
    let is_id = !id.is_empty() && id.len() <= MAX_KEY_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_id {
        key.error(format_args!("is not the id of an access key: write 1 to {MAX_KEY_ID} letters, digits and `_`"));
    }
    is_id.then_some(id)
}

fn validate_secret(place: &str, key: &Key<'_>) -> Option<Secret> {
    let secret = key.check(secret(place, key.validator))?;
    let length = secret.expose().chars().count();
    if length < USUAL_SECRET {
        key.warn(format_args!(
            "has {length} characters, which can be guessed from a signature: use {USUAL_SECRET} random characters, as \
             `openssl rand -hex 20` prints them"
        ));
    }
    Some(secret)
}
