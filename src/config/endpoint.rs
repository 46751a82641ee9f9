//! `endpoint` of a local source: where it speaks the protocol of CloudWatch Logs, and the access key of the operator.
//!
//! Owns the keys and their defaults. Never binds an address, and never prints a secret.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::forms;
use super::reader::{Field, Table};
use super::secret::{Secret, secret};
use super::spelling::quoted;

/// The longest id of an access key (IAM's model).
const MAX_KEY_ID: usize = 128;
/// Characters of AWS's own secrets; a shorter one is easier to guess from a signature that was overheard.
const USUAL_SECRET: usize = 40;
/// What stands for the number of an account in ARNs.
const NO_ACCOUNT: &str = "000000000000";

/// `endpoint`; in variables `LOGMARK__SOURCES__0__ENDPOINT__…`.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `…__LISTEN`; 127.0.0.1:4586.
    pub listen: SocketAddr,
    /// `…__ACCESS_KEY`, required: the id of the operator's key.
    pub access_key: String,
    /// `…__SECRET_KEY`, required: its secret.
    pub secret_key: Secret,
    /// `…__ACCOUNT`; 000000000000. The number of the account in ARNs.
    pub account: String,
}

/// Two secrets are never compared: equal are endpoints that take theirs from the same place.
impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        (self.listen, &self.access_key, self.secret_key.origin(), &self.account)
            == (other.listen, &other.access_key, other.secret_key.origin(), &other.account)
    }
}

/// Reads the table.
pub(super) fn read(table: &Table<'_>) -> Option<Endpoint> {
    let usual = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4586);
    let listen = table.get("listen").map_or(Some(usual), |field| listen(&field));
    let access_key = table.required("access_key", "write the id of the key that clients sign with");
    let access_key = access_key.and_then(|field| access_key_of(&field));
    let secret_key = table.required("secret_key", "write where its secret is, as `env:NAME` or `file:PATH`");
    let secret_key = secret_key.and_then(|field| secret_of(&field));
    let account = table.or("account", NO_ACCOUNT.to_owned(), account);
    Some(Endpoint { listen: listen?, access_key: access_key?, secret_key: secret_key?, account })
}

fn listen(field: &Field<'_>) -> Option<SocketAddr> {
    let address = field.parsed(forms::listen_address)?;
    if !address.ip().is_loopback() {
        field.warn(
            "requests are signed but not encrypted: log events cross the network in plain text, so let only those reach this \
             address who may read them, or put a TLS terminator that keeps `Host` in front",
        );
    }
    Some(address)
}

/// The id of a key is not secret: it may stand in the file.
fn access_key_of(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    let id = if text.starts_with("env:") || text.starts_with("file:") {
        secret(field)?.expose().trim().to_owned()
    } else {
        text.to_owned()
    };
    let is_id = !id.is_empty() && id.len() <= MAX_KEY_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_id {
        field.wrong(format_args!("is not the id of an access key: write 1 to {MAX_KEY_ID} letters, digits and `_`"));
    }
    is_id.then_some(id)
}

fn secret_of(field: &Field<'_>) -> Option<Secret> {
    let secret = secret(field)?;
    let length = secret.expose().chars().count();
    if length < USUAL_SECRET {
        field.warn(format_args!(
            "has {length} characters, which may be guessed from a signature: take {USUAL_SECRET} random ones, as \
             `openssl rand -hex 20` prints them"
        ));
    }
    Some(secret)
}

fn account(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    if text.len() == NO_ACCOUNT.len() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    field.wrong(format_args!("{} is not an account number: write its 12 digits in quotes", quoted(text)));
    None
}
