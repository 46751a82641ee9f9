//! The HTTP client for calls to CloudWatch Logs, Service Quotas, SSM, S3 and the key sets of issuers.
//!
//! Two libraries make requests of their own: aws-config fetches credentials (STS, container and instance metadata), and
//! `lambda_http` polls Lambda's Runtime API.
//!
//! Owns connections, TLS to servers, and the limits of an exchange: time to connect, time in total, bytes of the answer. Never
//! follows a redirect (a signature is for one host), never decompresses (the limit counts received bytes), and has no option to
//! skip the verification of certificates. Never retries: only the caller knows whether a retry is safe.
//!
//! See also `sources::cloudwatch::upstream`, which signs the calls that it sends through this client.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
#[cfg(feature = "redis")]
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tower::util::MapFuture;
use tower::{Service, ServiceExt};
use url::Url;

use crate::auth::keys::{AddressPolicy, FetchError, KeyFetcher, MAX_DOCUMENT_BYTES, is_public};
use crate::telemetry::trace;

/// Limit for name lookup, TCP connection and TLS handshake, as in the AWS SDK for Rust.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// Below the 60 s after which common load balancers close idle connections, so that the client closes first.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// Maximum length of a cause in an error, which is one log line.
const CAUSE_LENGTH: usize = 160;

type Cause = Box<dyn Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<MaybeHttpsStream<TokioIo<TcpStream>>, Cause>> + Send>>;
type Connector = MapFuture<HttpsConnector<HttpConnector<GuardedResolver>>, fn(Connecting) -> Connecting>;
type Resolving = Pin<Box<dyn Future<Output = Result<std::vec::IntoIter<SocketAddr>, Cause>> + Send>>;

/// The limits of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte sent, or the wait for a connection, to the last byte received.
    pub deadline: Duration,
    /// Bytes of the response body, as received.
    pub max_body: usize,
}

/// The reason for a missing response. The texts come from the client (resolver, socket, TLS, HTTP parser), never from a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No connection: the name, the port, or the certificate.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The deadline passed.
    #[error("no response within the deadline")]
    Timeout,
    /// The body is longer than the limit.
    #[error("the response is longer than {0} bytes")]
    TooLarge(usize),
    /// The connection ended before the response, or the response is not HTTP.
    #[error("the response is incomplete: {0}")]
    Broken(String),
}

/// The TLS configuration of a connection that is not HTTP. It trusts the certificate authorities in a PEM file, or without one
/// those of the operating system.
///
/// # Errors
/// [`OutboundError::Connect`] if the authorities cannot be read.
#[cfg(feature = "redis")]
pub fn tls_config(authorities: Option<&std::path::Path>) -> Result<ClientConfig, OutboundError> {
    let failed = |error: &dyn Error| OutboundError::Connect(cause(error));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed(&error))?;
    let Some(path) = authorities else {
        return Ok(builder.with_native_roots().map_err(|error| failed(&error))?.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in rustls_pki_types::CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))? {
        roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The outbound HTTP client. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Outbound(Arc<Shared>);

/// Shared by clones.
#[derive(Debug)]
struct Shared {
    tls: ConfigBuilder<ClientConfig, WantsVerifier>,
    /// Made at the first use: reading the certificates takes milliseconds, and the first response of a function may not need them.
    client: OnceLock<HttpClient>,
    /// The client for addresses that another document names, with its own connections.
    public: OnceLock<HttpClient>,
}

type HttpClient = Client<Connector, Full<Bytes>>;

impl Outbound {
    /// Makes a client that trusts the certificate authorities of the operating system.
    ///
    /// On a machine that has none, `http` endpoints still work and every `https` one fails to connect.
    ///
    /// # Errors
    /// [`OutboundError::Connect`] if TLS cannot be set up.
    pub fn new() -> Result<Self, OutboundError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = builder.map_err(|error| OutboundError::Connect(cause(&error)))?;
        Ok(Self(Arc::new(Shared { tls, client: OnceLock::new(), public: OnceLock::new() })))
    }

    fn client(&self, address_policy: AddressPolicy) -> &HttpClient {
        let Shared { tls, client, public } = &*self.0;
        let client = if address_policy == AddressPolicy::Public { public } else { client };
        client.get_or_init(|| {
            let tls = match tls.clone().with_native_roots() {
                Ok(trusting) => trusting.with_no_client_auth(),
                Err(error) => {
                    tracing::warn!(%error, "this machine has no certificate authorities, so all https endpoints fail: install the package `ca-certificates`");
                    tls.clone().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
                }
            };
            Self::with_tls(tls, address_policy)
        })
    }

    fn with_tls(tls: ClientConfig, address_policy: AddressPolicy) -> HttpClient {
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver { address_policy, resolver: GaiResolver::new() });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(tcp);
        let connector: Connector = https.map_future(within_connect_timeout as fn(Connecting) -> Connecting);
        Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT).build(connector)
    }

    /// Sends the request and reads the whole response, with any status.
    ///
    /// # Errors
    /// [`OutboundError`]. None of them shows whether the server acted on the request.
    pub async fn send(&self, request: Request<Full<Bytes>>, limits: Limits) -> Result<Response<Bytes>, OutboundError> {
        self.send_within(request, limits, AddressPolicy::Any).await
    }

    /// Sends the request and receives the head of the response within `deadline`. The caller reads the body.
    ///
    /// # Errors
    /// As of [`Outbound::send`].
    pub async fn open(&self, request: Request<Full<Bytes>>, deadline: Duration) -> Result<OpenResponse, OutboundError> {
        let opened = tokio::time::timeout(deadline, self.open_within(request, AddressPolicy::Any)).await;
        opened.unwrap_or(Err(OutboundError::Timeout))
    }

    async fn send_within(
        &self,
        request: Request<Full<Bytes>>,
        limits: Limits,
        address_policy: AddressPolicy,
    ) -> Result<Response<Bytes>, OutboundError> {
        let exchange = async {
            let OpenResponse { head, body } = self.open_within(request, address_policy).await?;
            Ok(Response::from_parts(head, read(body, limits.max_body).await?))
        };
        tokio::time::timeout(limits.deadline, exchange).await.unwrap_or(Err(OutboundError::Timeout))
    }

    async fn open_within(
        &self,
        mut request: Request<Full<Bytes>>,
        address_policy: AddressPolicy,
    ) -> Result<OpenResponse, OutboundError> {
        // Added after signing, so it is never part of a signature.
        if let Some(traceparent) = trace::outgoing().and_then(|text| HeaderValue::try_from(text).ok()) {
            request.headers_mut().insert(HeaderName::from_static("traceparent"), traceparent);
        }
        let response = self.client(address_policy).request(request).await.map_err(|error| match error.is_connect() {
            true => OutboundError::Connect(cause(&error)),
            false => OutboundError::Broken(cause(&error)),
        })?;
        let (head, body) = response.into_parts();
        Ok(OpenResponse { head, body })
    }
}

/// A response whose head has arrived.
#[derive(Debug)]
pub struct OpenResponse {
    head: http::response::Parts,
    body: Incoming,
}

impl OpenResponse {
    /// Bytes of the body, where the head announces them.
    #[must_use]
    pub fn body_bytes(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &http::HeaderMap {
        &self.head.headers
    }

    /// The response with its body unread, for a body without an end. The caller limits its size and its time.
    #[must_use]
    pub fn into_response(self) -> Response<Incoming> {
        Response::from_parts(self.head, self.body)
    }

    /// Reads the body.
    ///
    /// # Errors
    /// As of [`Outbound::send`].
    pub async fn read(self, limits: Limits) -> Result<Response<Bytes>, OutboundError> {
        let body = tokio::time::timeout(limits.deadline, read(self.body, limits.max_body)).await;
        Ok(Response::from_parts(self.head, body.unwrap_or(Err(OutboundError::Timeout))?))
    }
}

/// Fetches a key document. The caller sets the time limit.
const KEY_DOCUMENT: Limits = Limits { deadline: Duration::from_secs(5), max_body: MAX_DOCUMENT_BYTES };

#[async_trait]
impl KeyFetcher for Outbound {
    async fn get(&self, url: &Url, address_policy: AddressPolicy) -> Result<Vec<u8>, FetchError> {
        self.get_document(url, address_policy).await.map(|response| response.into_body().into())
    }
}

impl Outbound {
    /// Fetches a key document, and returns it with its headers.
    ///
    /// # Errors
    /// As of [`KeyFetcher::get`].
    pub async fn get_document(&self, url: &Url, address_policy: AddressPolicy) -> Result<Response<Bytes>, FetchError> {
        let unreachable = |error: Cause| FetchError::Unreachable(error);
        let request = Request::get(url.as_str()).header(ACCEPT, "application/json").body(Full::new(Bytes::new()));
        let response = self.send_within(request.map_err(|error| unreachable(error.into()))?, KEY_DOCUMENT, address_policy).await;
        let response = response.map_err(|error| match error {
            OutboundError::Timeout => FetchError::TimedOut,
            OutboundError::TooLarge(_) => FetchError::TooLarge,
            OutboundError::Connect(_) | OutboundError::Broken(_) => unreachable(error.into()),
        })?;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(FetchError::Status(status.as_u16())),
        }
    }
}

/// Resolves names; for a document that another document names, only to public addresses. The check is part of the lookup, so a
/// second answer of the name server cannot bypass it. Literal addresses are not resolved: `auth::keys` checks them.
#[derive(Debug, Clone)]
struct GuardedResolver {
    address_policy: AddressPolicy,
    resolver: GaiResolver,
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Cause;
    type Future = Resolving;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Cause>> {
        self.resolver.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Resolving {
        let (resolving, address_policy) = (self.resolver.call(name), self.address_policy);
        Box::pin(async move {
            let found: Vec<SocketAddr> = resolving.await?.collect();
            if address_policy == AddressPolicy::Public && found.iter().any(|address| !is_public(address.ip())) {
                return Err("the name leads to a private or loopback address".into());
            }
            Ok(found.into_iter())
        })
    }
}

/// The limit of hyper ends with the TCP connection, and a connection attempt continues after its request has used another
/// connection. So a server that accepts and never completes the TLS handshake needs this limit.
fn within_connect_timeout(connecting: Connecting) -> Connecting {
    Box::pin(async move {
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(elapsed) => Err(elapsed.into()),
        }
    })
}

/// The `Date` of an answer, in milliseconds since 1970.
#[must_use]
pub fn date_of(headers: &http::HeaderMap) -> Option<i64> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(parsed.as_millisecond())
}

async fn read(mut body: Incoming, max: usize) -> Result<Bytes, OutboundError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max {
        return Err(OutboundError::TooLarge(max));
    }
    let mut bytes = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| OutboundError::Broken(cause(&error)))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > max {
                return Err(OutboundError::TooLarge(max));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

/// The innermost cause: the outer ones only name the client.
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().chars().take(CAUSE_LENGTH).collect()
}

#[cfg(test)]
mod tests;
