//! `[server]`: where the service listens, how it is reached, what seals its cursors, and what one client may take.
//!
//! Owns the section's keys, defaults and ranges. Never binds an address and never reads a certificate: it only looks whether
//! the files can be read. Look next at [`super::telemetry`] and [`super::issuer`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::forms;
use super::reader::{Field, Table};
use super::secret::{CursorKey, cursor_key};
use super::values::{PlainHttp, is_loopback, text_type};
use crate::domain::network::{ForwardingHeader, Network};
use crate::http::host::allowed_host;

text_type!(
    /// A web origin as browsers send it in `Origin`: `https://app.example.com`, `http://localhost:3000`.
    WebOrigin
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
    /// Its private key, which nobody but the service may read.
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

/// `[server.limits]`: what clients together, and one of them, may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLimits {
    /// `LOGMARK__SERVER__LIMITS__MAX_CONNECTIONS`; 10000.
    pub max_connections: usize,
    /// `LOGMARK__SERVER__LIMITS__MAX_CONNECTIONS_PER_IP`; 1000. 0 in the configuration is `None`: no limit.
    pub max_connections_per_ip: Option<NonZeroU32>,
    /// `LOGMARK__SERVER__LIMITS__MAX_BODY_BYTES`; 1 MiB.
    pub max_body_bytes: usize,
    /// `LOGMARK__SERVER__LIMITS__MAX_HEADER_BYTES`; 32 KiB. The request's line and all of its headers.
    pub max_header_bytes: usize,
    /// `LOGMARK__SERVER__LIMITS__HEADER_TIMEOUT`; 10s, from the first byte to the last header.
    pub header_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__HANDSHAKE_TIMEOUT`; 10s, for TLS.
    pub handshake_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__IDLE_TIMEOUT`; 60s, between two requests of a connection.
    pub idle_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__REQUEST_TIMEOUT`; 30s, to an answer's headers.
    pub request_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__WORK_TIME`; 20s, or two thirds of a shorter `request_timeout`. Then a JSON page ends.
    pub work_time: Duration,
    /// `LOGMARK__SERVER__LIMITS__DRAIN_TIMEOUT`; 20s, for requests under way when the service is told to stop.
    pub drain_timeout: Duration,
    /// `LOGMARK__SERVER__LIMITS__PAGE_BYTES`; 4 MiB. About so many bytes of messages make one JSON page.
    pub page_bytes: usize,
    /// `LOGMARK__SERVER__LIMITS__RESPONSE_MEMORY`; 128 MiB. Bytes that answers hold in all until their clients have taken them,
    /// shared between tenants by weight.
    pub response_memory: u64,
    /// `LOGMARK__SERVER__LIMITS__MAX_REQUESTS`; 10000. Requests at a time whose answers are not sent yet.
    pub max_requests: usize,
    /// `LOGMARK__SERVER__LIMITS__MAX_REQUESTS_PER_IP`; 2000, or no limit where connections have none. 0 in the
    /// configuration is `None`: no limit.
    pub max_requests_per_ip: Option<NonZeroU32>,
}

/// With 64 MiB of a source's cache, and 1,000 connections of an attacker, the service stays below 512 MiB: an attack on a share
/// of half of it was measured at about six times the share.
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
        }
    }
}

/// What is there when there is no section.
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
            limits: ServerLimits::default(),
        }
    }
}

/// Reads the section.
pub(super) fn read(table: &Table<'_>) -> Server {
    let default = Server::default();
    let tls_field = table.get("tls");
    let tls = tls_field.as_ref().and_then(|field| field.table(tls));
    let listen_field = table.get("listen");
    let usual = match tls_field {
        Some(_) => SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443),
        None => default.listen,
    };
    let listen = listen_field.as_ref().and_then(address).unwrap_or(usual);
    if let Some(field) = listen_field.filter(|_| tls_field.is_none() && !listen.ip().is_loopback()) {
        field.warn("plain HTTP, and not for this machine alone: only for behind a TLS terminator that nobody can go around");
    }
    let admin_listen = table.or("admin_listen", default.admin_listen, |field| admin_address(field, listen));
    if listen == admin_listen && listen.port() != 0 && table.get("admin_listen").is_none() {
        table.missing("admin_listen", "`listen` has taken its default, `127.0.0.1:9090`, so give it another");
    }
    let given_url = given_url(table, listen);
    let allowed_hosts = table.get("allowed_hosts").and_then(|field| allowed_hosts(&field, given_url.as_deref()));
    Server {
        listen,
        given_url,
        allowed_hosts,
        tls,
        admin_listen,
        cursor_keys: cursor_keys(table),
        cors_origins: table.or("cors_origins", Vec::new(), cors_origins),
        forwarding_header: table.or("forwarding_header", default.forwarding_header, forwarding_header),
        trusted_proxies: table.or("trusted_proxies", Vec::new(), trusted_proxies),
        limits: table.or("limits", default.limits, |field| field.table(|table| Some(limits(table)))),
    }
}

fn address(field: &Field<'_>) -> Option<SocketAddr> {
    field.parsed(forms::listen_address)
}

fn admin_address(field: &Field<'_>, listen: SocketAddr) -> Option<SocketAddr> {
    let admin = address(field)?;
    if admin == listen && admin.port() != 0 {
        field.wrong("is the same address as `listen`: health and metrics are never on the public one");
        return None;
    }
    if !admin.ip().is_loopback() {
        field.warn("health and metrics ask for no token: make sure that only those who should can reach this address");
    }
    Some(admin)
}

fn given_url(table: &Table<'_>, listen: SocketAddr) -> Option<String> {
    let Some(field) = table.get("public_url") else {
        if listen.ip().is_unspecified() {
            table.warn_absent("public_url", format_args!("is missing, so clients are told `{listen}`, which they cannot reach"));
        }
        return None;
    };
    let url = field.base_url(PlainHttp::Anywhere)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        field.warn("begins with `http://`: clients will send their tokens in plain text");
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

fn tls(table: &Table<'_>) -> Option<Tls> {
    let cert = table.required("cert", "the path of the certificate chain, in PEM");
    let key = table.required("key", "the path of the certificate's private key, in PEM");
    let cert = cert.and_then(|field| field.readable(field.text()?));
    let key = key.and_then(|field| field.key_file(field.text()?));
    Some(Tls { cert: cert?, key: key? })
}

fn cursor_keys(table: &Table<'_>) -> CursorKeys {
    let Some(field) = table.get("cursor_keys") else {
        let text =
            "is missing, so cursors are sealed with a key of this process: they end when it ends, and no replica knows them";
        table.warn_absent("cursor_keys", text);
        return CursorKeys::PerProcess;
    };
    let keys = field.distinct("write `[\"env:LOGMARK_CURSOR_KEY\"]`, or leave the key out", cursor_key);
    keys.map_or(CursorKeys::PerProcess, CursorKeys::Given)
}

fn cors_origins(field: &Field<'_>) -> Option<Vec<WebOrigin>> {
    field.distinct("leave the key out to allow no other origin", |item| item.parsed(web_origin))
}

fn trusted_proxies(field: &Field<'_>) -> Option<Vec<Network>> {
    field.distinct("leave the key out to trust no proxy", |item| item.parsed(str::parse))
}

fn forwarding_header(field: &Field<'_>) -> Option<ForwardingHeader> {
    field.parsed(|text| match text.to_ascii_lowercase().as_str() {
        "x-forwarded-for" => Ok(ForwardingHeader::XForwardedFor),
        "forwarded" => Ok(ForwardingHeader::Forwarded),
        _ => Err("is not a forwarding header: there are `x-forwarded-for` and `forwarded`"),
    })
}

/// Hosts as they stand in `Host`, each with its port unless that is the one of `http` or `https`.
fn allowed_hosts(field: &Field<'_>, given_url: Option<&str>) -> Option<Vec<String>> {
    field.distinct("leave the key out to answer for any host", |item| {
        let text = item.text()?;
        if text == "public_url" {
            let url = given_url.and_then(|url| Url::parse(url).ok());
            let host = url.as_ref().map(|url| &url[url::Position::BeforeHost..url::Position::AfterPort]);
            if host.is_none() {
                item.wrong("stands for the host of `public_url`, which is not given");
            }
            return host.and_then(allowed_host);
        }
        item.parsed(|text| {
            allowed_host(text).ok_or("is no host with an optional port, such as `logs.example.com` or `logs.internal:8443`")
        })
    })
}

fn web_origin(text: &str) -> Result<WebOrigin, &'static str> {
    if text.contains('*') || text == "null" {
        return Err("is no single origin: name each one, such as `https://app.example.com`");
    }
    let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(|url| url.origin());
    match origin.map(|origin| origin.ascii_serialization()) {
        Some(origin) if origin == text => Ok(WebOrigin(origin)),
        _ => Err("is no origin as browsers send it: scheme, host, and the port only where it is not the usual one, no path, \
                  such as `https://app.example.com`"),
    }
}

fn limits(table: &Table<'_>) -> ServerLimits {
    const SECOND: Duration = Duration::from_secs(1);
    const MINUTES: Duration = Duration::from_secs(600);
    let default = ServerLimits::default();
    let time = |key, default| table.or(key, default, |field| field.duration(SECOND..=MINUTES));
    let count = |key, default, least: u32, most: u32| {
        table.or(key, default, |field| field.whole(least..=most).map(|count| count as usize))
    };
    let bytes = |key, default, least: u64, most: u64| {
        table.or(key, default, |field| field.bytes(least..=most).and_then(|bytes| usize::try_from(bytes).ok()))
    };
    /// What one answer may need: less would refuse it for ever.
    const MIN_MEMORY: u64 = 16 << 20;
    const MAX_MEMORY: u64 = 1 << 40;
    table.refuse(
        &["stream_pages"],
        "is no key any more: `response_memory` bounds the bytes that all answers hold, pages among them",
    );
    let request_timeout = time("request_timeout", default.request_timeout);
    let work_time = default.work_time.min(request_timeout * 2 / 3);
    let max_connections_per_ip = table
        .get("max_connections_per_ip")
        .map_or(default.max_connections_per_ip, |field| field.whole(0..=1_000_000).and_then(NonZeroU32::new));
    // Where all clients come from one address, a load balancer's, neither counts.
    let max_requests_per_ip = default.max_requests_per_ip.filter(|_| max_connections_per_ip.is_some());
    ServerLimits {
        max_connections: count("max_connections", default.max_connections, 1, 1_000_000),
        max_connections_per_ip,
        max_body_bytes: bytes("max_body_bytes", default.max_body_bytes, 1024, 64 << 20),
        max_header_bytes: bytes("max_header_bytes", default.max_header_bytes, 1024, 1 << 20),
        header_timeout: time("header_timeout", default.header_timeout),
        handshake_timeout: time("handshake_timeout", default.handshake_timeout),
        idle_timeout: table.or("idle_timeout", default.idle_timeout, |field| field.duration(SECOND..=MINUTES * 6)),
        request_timeout,
        work_time: table.or("work_time", work_time, |field| work_time_within(field, request_timeout)),
        drain_timeout: table.or("drain_timeout", default.drain_timeout, |field| field.duration(Duration::ZERO..=MINUTES)),
        page_bytes: bytes("page_bytes", default.page_bytes, 64 << 10, 64 << 20),
        response_memory: table.or("response_memory", default.response_memory, |field| field.bytes(MIN_MEMORY..=MAX_MEMORY)),
        max_requests: count("max_requests", default.max_requests, 1, 1_000_000),
        max_requests_per_ip: table
            .get("max_requests_per_ip")
            .map_or(max_requests_per_ip, |field| field.whole(0..=1_000_000).and_then(NonZeroU32::new)),
    }
}

fn work_time_within(field: &Field<'_>, request_timeout: Duration) -> Option<Duration> {
    let work_time = field.duration(Duration::from_secs(1)..=Duration::from_secs(600))?;
    if work_time >= request_timeout {
        let most = super::spelling::duration(request_timeout);
        field.wrong(format_args!("must be shorter than `request_timeout`, {most}: an answer has to be sent too"));
        return None;
    }
    Some(work_time)
}
