//! `[server]`: addresses, TLS, cursor keys, and limits of the server.
//!
//! Owns the section's keys, defaults and ranges. Never binds an address or parses a certificate; it only checks that the files
//! are readable. See also [`super::telemetry`] and [`super::issuer`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::forms;
use super::secret::{CursorKey, cursor_key};
use super::spelling::duration as shown;
use super::validation::Key;
use super::values::{self, is_loopback, text_type};
use crate::domain::network::{ForwardingHeader, Network};
use crate::http::host::allowed_host;

text_type!(
    /// A web origin as browsers send it in `Origin`: `https://app.example.com`, `http://localhost:3000`.
    WebOrigin, check_origin
);

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// `LOGMARK__SERVER__LISTEN`; 127.0.0.1:8080 without `tls`, 0.0.0.0:8443 with it.
    pub listen: SocketAddr,
    /// `LOGMARK__SERVER__PUBLIC_URL`, without a `/` at its end; absent: [`Server::public_url`] makes it of the address bound.
    pub given_url: Option<String>,
    /// `LOGMARK__SERVER__TLS__CERT` and `…__KEY`; absent: plain HTTP, for behind a TLS terminator.
    pub tls: Option<Tls>,
    /// `LOGMARK__SERVER__ADMIN_LISTEN`; 127.0.0.1:9090. Health and metrics, without tokens.
    pub admin_listen: SocketAddr,
    /// `LOGMARK__SERVER__CURSOR_KEYS`; absent: [`CursorKeys::PerProcess`].
    pub cursor_keys: CursorKeys,
    /// `LOGMARK__SERVER__CORS_ORIGINS`; absent: none, and no page of another origin may read an answer.
    pub cors_origins: Vec<WebOrigin>,
    /// `LOGMARK__SERVER__TRUSTED_PROXIES`; absent: none. Networks of the proxies whose forwarding header counts.
    pub trusted_proxies: Vec<Network>,
    /// `LOGMARK__SERVER__FORWARDING_HEADER`; `x-forwarded-for`. The header in which they name the client.
    pub forwarding_header: ForwardingHeader,
    /// `LOGMARK__SERVER__ALLOWED_HOSTS`; absent: any. `public_url` in it stands for that URL's host.
    pub allowed_hosts: Option<Vec<String>>,
    /// `LOGMARK__SERVER__SHARED_TICKETS`; false: a ticket is accepted only by the process that has made it, so that it is used once.
    /// With true each process with the same `cursor_keys` accepts it once.
    pub shared_tickets: bool,
    /// `[server.limits]`.
    pub limits: ServerLimits,
}

impl Server {
    /// How clients reach the service that is bound to `bound`; without a `/` at its end.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.given_url.clone().unwrap_or_else(|| format!("{scheme}://{bound}"))
    }
}

/// Files of the TLS listener, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those that vouch for it, in this order.
    pub cert: PathBuf,
    /// Its private key, which only the service may read.
    pub key: PathBuf,
}

/// What seals and opens cursors.
#[derive(Debug, Clone)]
pub enum CursorKeys {
    /// Random, made at start: cursors end with the process, and no other process understands them.
    PerProcess,
    /// At least one; the first seals, all open, so that a key can be replaced while old cursors still come.
    Given(Vec<CursorKey>),
}

/// `[server.limits]`: limits for all clients together and for one address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServerLimits {
    /// `LOGMARK__SERVER__LIMITS__MAX_CONNECTIONS`; 10000.
    #[serde(deserialize_with = "values::integer::<1, 1_000_000, _, _>")]
    pub max_connections: usize,
    /// `LOGMARK__SERVER__LIMITS__MAX_CONNECTIONS_PER_IP`; 1000. 0 means no limit.
    #[serde(deserialize_with = "values::limit::<1_000_000, _>")]
    pub max_connections_per_ip: Option<NonZeroU32>,
    /// `LOGMARK__SERVER__LIMITS__MAX_BODY_BYTES`; 1 MiB.
    #[serde(deserialize_with = "values::bytes::<1024, { 64 << 20 }, _, _>")]
    pub max_body_bytes: usize,
    /// `LOGMARK__SERVER__LIMITS__MAX_HEADER_BYTES`; 32 KiB, for the request line and all headers.
    #[serde(deserialize_with = "values::bytes::<1024, { 1 << 20 }, _, _>")]
    pub max_header_bytes: usize,
    /// `LOGMARK__SERVER__LIMITS__HEADER_TIMEOUT`; 10s, from the first byte to the last header.
    #[serde(deserialize_with = "values::duration::<1, 600, _>")]
    pub header_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__HANDSHAKE_TIMEOUT`; 10s, for TLS.
    #[serde(deserialize_with = "values::duration::<1, 600, _>")]
    pub handshake_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__IDLE_TIMEOUT`; 60s, between two requests of a connection.
    #[serde(deserialize_with = "values::duration::<1, 3600, _>")]
    pub idle_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__REQUEST_TIMEOUT`; 30s, until the headers of the response.
    #[serde(deserialize_with = "values::duration::<1, 600, _>")]
    pub request_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__WORK_TIME`; 20s, or two thirds of a shorter `request_timeout`. Then a JSON page ends.
    #[serde(deserialize_with = "values::duration::<1, 600, _>")]
    pub work_time: Duration,
    /// `LOGMARK__SERVER__LIMITS__DRAIN_TIMEOUT`; 20s, for running requests when the service stops.
    #[serde(deserialize_with = "values::duration::<0, 600, _>")]
    pub drain_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__PAGE_BYTES`; 4 MiB. Approximate bytes of messages in a JSON page.
    #[serde(deserialize_with = "values::bytes::<{ 64 << 10 }, { 64 << 20 }, _, _>")]
    pub page_bytes: usize,
    /// `LOGMARK__SERVER__LIMITS__RESPONSE_MEMORY`; 128 MiB. Bytes of all responses until clients have received them, shared
    /// between tenants by weight. Less than 16 MiB could not hold the largest response.
    #[serde(deserialize_with = "values::bytes::<{ 16 << 20 }, { 1 << 40 }, _, _>")]
    pub response_memory: u64,
    /// `LOGMARK__SERVER__LIMITS__MAX_REQUESTS`; 10000. Concurrent requests, until their responses are sent.
    #[serde(deserialize_with = "values::integer::<1, 1_000_000, _, _>")]
    pub max_requests: usize,
    /// `LOGMARK__SERVER__LIMITS__MAX_REQUESTS_PER_IP`; 2000, or no limit if connections have none. 0 means no limit.
    #[serde(deserialize_with = "values::limit::<1_000_000, _>")]
    pub max_requests_per_ip: Option<NonZeroU32>,
    /// `LOGMARK__SERVER__LIMITS__MAX_TAILS`; 10000. Open live tails, shared between tenants by weight: one tenant alone can open half.
    #[serde(deserialize_with = "values::integer::<1, 1_000_000, _, _>")]
    pub max_tails: usize,
}

/// With 64 MiB of a source's cache, and 1,000 connections of an attacker, the service stays below 512 MiB: an attack on a share of
/// half of it was measured at about six times the share.
const RESPONSE_MEMORY: u64 = 128 << 20;

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_ip: NonZeroU32::new(1000),
            max_body_bytes: 1024 * 1024,
            max_header_bytes: 32 * 1024,
            header_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(30),
            work_time: Duration::from_secs(20),
            drain_timeout: Duration::from_secs(20),
            page_bytes: 4 * 1024 * 1024,
            response_memory: RESPONSE_MEMORY,
            max_requests: 10_000,
            max_requests_per_ip: NonZeroU32::new(2000),
            max_tails: 10_000,
        }
    }
}

/// The values if the section is absent.
impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            given_url: None,
            tls: None,
            admin_listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090),
            cursor_keys: CursorKeys::PerProcess,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            forwarding_header: ForwardingHeader::XForwardedFor,
            allowed_hosts: None,
            shared_tickets: false,
            limits: ServerLimits::default(),
        }
    }
}

/// `[server]` as written. The fields of [`Server`] describe the keys.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawServer {
    tls: Option<RawTls>,
    listen: Option<ListenAddress>,
    admin_listen: Option<ListenAddress>,
    #[serde(deserialize_with = "values::base_url")]
    public_url: Option<Url>,
    #[serde(deserialize_with = "allowed_hosts")]
    allowed_hosts: Option<Vec<AllowedHost>>,
    cursor_keys: Option<Vec<String>>,
    #[serde(deserialize_with = "cors_origins")]
    cors_origins: Vec<WebOrigin>,
    #[serde(deserialize_with = "forwarding_header")]
    forwarding_header: ForwardingHeader,
    #[serde(deserialize_with = "trusted_proxies")]
    trusted_proxies: Vec<Network>,
    shared_tickets: bool,
    limits: ServerLimits,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTls {
    cert: Option<String>,
    key: Option<String>,
}

#[derive(Clone, Copy)]
struct ListenAddress(SocketAddr);

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::text(deserializer, forms::listen_address).map(Self)
    }
}

/// An entry of `allowed_hosts`.
#[derive(PartialEq)]
enum AllowedHost {
    /// The word `public_url`.
    OfPublicUrl,
    Named(String),
}

fn allowed_hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<AllowedHost>>, D::Error> {
    let check = |text: &str| match text {
        "public_url" => Ok(AllowedHost::OfPublicUrl),
        _ => allowed_host(text)
            .map(AllowedHost::Named)
            .ok_or("is not a host with an optional port, such as `logs.example.com` or `logs.internal:8443`"),
    };
    values::list(deserializer, Some("remove the key to allow any host"), check).map(Some)
}

fn cors_origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WebOrigin>, D::Error> {
    let check = |text: &str| check_origin(text).map(|()| WebOrigin(text.to_owned()));
    values::list(deserializer, Some("remove the key to allow no other origin"), check)
}

fn trusted_proxies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    values::list(deserializer, Some("remove the key to trust no proxy"), str::parse)
}

fn forwarding_header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ForwardingHeader, D::Error> {
    values::text(deserializer, |text| match text.to_ascii_lowercase().as_str() {
        "x-forwarded-for" => Ok(ForwardingHeader::XForwardedFor),
        "forwarded" => Ok(ForwardingHeader::Forwarded),
        _ => Err("is not a forwarding header: expected `x-forwarded-for` or `forwarded`"),
    })
}

fn check_origin(text: &str) -> Result<(), &'static str> {
    if text.contains('*') || text == "null" {
        return Err("is not a single origin: list each one, such as `https://app.example.com`");
    }
    let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(|url| url.origin());
    match origin.map(|origin| origin.ascii_serialization()) {
        Some(origin) if origin == text => Ok(()),
        _ => Err(
            "is not an origin as browsers send it: write the scheme, the host, and the port unless it is the default, without \
                  a path, such as `https://app.example.com`",
        ),
    }
}

/// Checks the section.
pub(super) fn validate(raw: RawServer, key: &Key<'_>) -> Server {
    let default = Server::default();
    let usual = match raw.tls {
        Some(_) => SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443),
        None => default.listen,
    };
    let listen = raw.listen.map_or(usual, |ListenAddress(address)| address);
    if raw.listen.is_some() && !key.key("tls").is_set() && !listen.ip().is_loopback() {
        key.key("listen").warn("plain HTTP on a network: put a TLS terminator before it that clients cannot bypass");
    }
    let admin_listen = admin_address(raw.admin_listen, default.admin_listen, listen, key);
    let given_url = raw.public_url.map(|url| public_url(&url, key));
    if given_url.is_none() && !key.key("public_url").is_set() && listen.ip().is_unspecified() {
        let text = format_args!("is missing: responses will link to `{listen}`, which clients cannot reach");
        key.key("public_url").warn(text);
    }
    Server {
        listen,
        allowed_hosts: raw.allowed_hosts.map(|hosts| validate_hosts(hosts, given_url.as_deref(), &key.key("allowed_hosts"))),
        given_url,
        tls: raw.tls.and_then(|tls| validate_tls(&tls, &key.key("tls"))),
        admin_listen,
        cursor_keys: validate_cursor_keys(raw.cursor_keys, &key.key("cursor_keys")),
        cors_origins: raw.cors_origins,
        trusted_proxies: raw.trusted_proxies,
        forwarding_header: raw.forwarding_header,
        shared_tickets: raw.shared_tickets,
        limits: validate_limits(raw.limits, &key.key("limits")),
    }
}

fn admin_address(given: Option<ListenAddress>, default: SocketAddr, listen: SocketAddr, key: &Key<'_>) -> SocketAddr {
    let key = key.key("admin_listen");
    let admin = given.map_or(default, |ListenAddress(address)| address);
    if admin == listen && admin.port() != 0 {
        match given {
            Some(_) => key.error("is the same address as `listen`: health and metrics need an address of their own"),
            None => key.require(format_args!("`listen` uses its default, `{admin}`, so set another address")),
        }
    } else if !admin.ip().is_loopback() {
        key.warn("health and metrics need no token: restrict who can reach this address");
    }
    admin
}

fn public_url(url: &Url, key: &Key<'_>) -> String {
    if url.scheme() == "http" && !is_loopback(url) {
        key.key("public_url").warn("begins with `http://`: clients will send their tokens in plain text");
    }
    url.as_str().trim_end_matches('/').to_owned()
}

fn validate_tls(raw: &RawTls, key: &Key<'_>) -> Option<Tls> {
    let (cert_key, private_key) = (key.key("cert"), key.key("key"));
    cert_key.require("write the path of the certificate chain, in PEM");
    private_key.require("write the path of the private key, in PEM");
    let cert = raw.cert.as_ref().and_then(|path| cert_key.readable(path));
    let key = raw.key.as_ref().and_then(|path| private_key.key_file(path));
    Some(Tls { cert: cert?, key: key? })
}

fn validate_cursor_keys(raw: Option<Vec<String>>, key: &Key<'_>) -> CursorKeys {
    let Some(places) = raw else {
        if !key.is_set() {
            key.warn(
                "is missing: cursors are sealed with a random key, so they end with the process and other replicas reject them",
            );
        }
        return CursorKeys::PerProcess;
    };
    key.require_items("write `[\"env:LOGMARK_CURSOR_KEY\"]`, or remove the key");
    let mut keys: Vec<CursorKey> = Vec::new();
    for (place, item) in places.iter().zip(key.items()) {
        match item.check(cursor_key(place, item.validator)) {
            Some(found) if keys.contains(&found) => item.error("is listed twice"),
            found => keys.extend(found),
        }
    }
    CursorKeys::Given(keys)
}

fn validate_hosts(hosts: Vec<AllowedHost>, given_url: Option<&str>, key: &Key<'_>) -> Vec<String> {
    let url = given_url.and_then(|url| Url::parse(url).ok());
    let of_url = url.as_ref().and_then(|url| allowed_host(&url[url::Position::BeforeHost..url::Position::AfterPort]));
    let named = |(host, item): (AllowedHost, Key<'_>)| match host {
        AllowedHost::Named(host) => Some(host),
        AllowedHost::OfPublicUrl => {
            if of_url.is_none() {
                item.error("refers to `public_url`, which is not set");
            }
            of_url.clone()
        }
    };
    hosts.into_iter().zip(key.items()).filter_map(named).collect()
}

/// Sets the defaults that depend on other keys.
fn validate_limits(mut limits: ServerLimits, key: &Key<'_>) -> ServerLimits {
    let work_time = key.key("work_time");
    if !work_time.is_set() {
        limits.work_time = limits.work_time.min(limits.request_timeout * 2 / 3);
    } else if limits.work_time >= limits.request_timeout && !work_time.has_errors() {
        let most = shown(limits.request_timeout);
        work_time.error(format_args!("must be shorter than `request_timeout`, {most}: sending the response takes time too"));
    }
    // Behind a load balancer all clients have one address, so neither limit applies.
    if limits.max_connections_per_ip.is_none() && !key.key("max_requests_per_ip").is_set() {
        limits.max_requests_per_ip = None;
    }
    limits
}
