//! One HTTP/1.1 connection to the service, directly or through a proxy.
//!
//! Owns connecting, TLS, `CONNECT`, and the reuse of one idle connection. Follows no redirect and never decompresses: a body is as
//! long as it was sent. Never retries: see [`super::retry`].

use std::time::Duration;

use ::http::header::{CONNECTION, HOST, PROXY_AUTHORIZATION};
use ::http::{Request, Response, Uri};
use bytes::Bytes;
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_rustls::ConfigBuilderExt as _;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::connection::Connection;
use super::failure::ClientError;
use super::output::safe;

/// Limit for name lookup, TCP connection, `CONNECT` and TLS handshake together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a response's head at most. A page of this service has a head of less than 8 KiB.
const MAX_HEAD: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// TLS with these certificate authorities; `None`: those of the system.
pub(super) fn tls_builder(roots: Option<RootCertStore>) -> Result<ClientConfig, ClientError> {
    let failed = |error: &dyn std::error::Error| ClientError::Failed(format!("can't set up TLS: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed(&error))?;
    // On a machine without certificate authorities, http URLs still work.
    let config = match roots {
        Some(roots) => builder.with_root_certificates(roots).with_no_client_auth(),
        None => match builder.clone().with_native_roots() {
            Ok(builder) => builder.with_no_client_auth(),
            Err(_none) => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        },
    };
    Ok(config)
}

/// Sends requests one after the other.
#[derive(Debug, Default)]
pub(super) struct Http {
    idle: Option<SendRequest<Full<Bytes>>>,
}

impl Http {
    /// Sends the request and receives the head of the response. The connection is reused once its body has been read.
    pub(super) async fn send(
        &mut self,
        connection: &Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        if let Some(mut sender) = self.idle.take() {
            // A connection that the server has closed in the meantime fails before the request is written.
            if sender.is_ready() || (!sender.is_closed() && sender.ready().await.is_ok()) {
                match sender.try_send_request(request).await {
                    Ok(response) => {
                        self.idle = Some(sender);
                        return Ok(response);
                    }
                    Err(mut failed) => match failed.take_message() {
                        Some(unsent) => return self.send_new(connection, unsent).await,
                        None => return Err(broken(connection, failed.error())),
                    },
                }
            }
        }
        self.send_new(connection, request).await
    }

    async fn send_new(
        &mut self,
        connection: &Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let opening = tokio::time::timeout(CONNECT_TIMEOUT, open(connection));
        let stream = opening.await.unwrap_or_else(|_elapsed| Err("no connection within 15 s".to_owned()));
        let stream = stream.map_err(|reason| {
            ClientError::Unavailable(format!("could not connect to {}: {}", connection.origin.authority(), safe(&reason)))
        })?;
        let handshake = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await;
        let (mut sender, driver) = handshake.map_err(|error| broken(connection, &error))?;
        tokio::spawn(driver);
        let response = sender.send_request(request).await.map_err(|error| broken(connection, &error))?;
        self.idle = Some(sender);
        Ok(response)
    }
}

/// The target of a request: absolute for a proxy of plain HTTP (RFC 9112 §3.2.2), else its path.
pub(super) fn target(connection: &Connection, url: &str) -> Result<Uri, ClientError> {
    let invalid = |error: ::http::uri::InvalidUri| ClientError::Failed(format!("invalid URL `{}`: {error}", safe(url)));
    let is_absolute = connection.proxy.is_some() && connection.origin.scheme() == "http";
    let uri = Uri::try_from(url).map_err(invalid)?;
    if is_absolute {
        return Ok(uri);
    }
    Uri::try_from(uri.path_and_query().map_or("/", |path| path.as_str())).map_err(invalid)
}

async fn open(connection: &Connection) -> Result<Box<dyn Stream>, String> {
    let url = &connection.origin;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let is_tls = url.scheme() == "https";
    let tcp: Box<dyn Stream> = match &connection.proxy {
        None => Box::new(dial(host, port).await?),
        Some(proxy) => {
            let uri = proxy.uri();
            let stream = dial(uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80)).await;
            let stream =
                stream.map_err(|reason| format!("the proxy {}: {reason}", uri.authority().map_or("", |a| a.as_str())))?;
            if is_tls { tunnel(stream, connection, host, port).await? } else { Box::new(stream) }
        }
    };
    if is_tls { secure(tcp, url, connection.tls.clone()).await } else { Ok(tcp) }
}

async fn dial(host: &str, port: u16) -> Result<TcpStream, String> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

async fn secure(stream: Box<dyn Stream>, url: &Url, tls: Arc<ClientConfig>) -> Result<Box<dyn Stream>, String> {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let connected = TlsConnector::from(tls).connect(name, stream).await;
    connected.map(|stream| Box::new(stream) as Box<dyn Stream>).map_err(|error| format!("TLS: {error}"))
}

/// A tunnel through an HTTP proxy (RFC 9110 §9.3.6).
async fn tunnel(stream: TcpStream, connection: &Connection, host: &str, port: u16) -> Result<Box<dyn Stream>, String> {
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(driver.with_upgrades());
    let authority = format!("{host}:{port}");
    let mut request = Request::connect(&authority).header(HOST, &authority);
    if let Some(credentials) = connection.proxy.as_ref().and_then(|proxy| proxy.basic_auth()) {
        request = request.header(PROXY_AUTHORIZATION, credentials);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| format!("the proxy: {error}"))?;
    if !response.status().is_success() {
        return Err(format!("the proxy refused the connection with status {}", response.status()));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|error| format!("the proxy: {error}"))?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

/// Adds the headers of the connection itself.
pub(super) fn connection_headers(connection: &Connection, mut builder: ::http::request::Builder) -> ::http::request::Builder {
    builder = builder.header(HOST, connection.origin.authority());
    let proxy = connection.proxy.as_ref().filter(|_| connection.origin.scheme() == "http");
    if let Some(credentials) = proxy.and_then(|proxy| proxy.basic_auth()) {
        builder = builder.header(PROXY_AUTHORIZATION, credentials);
    }
    builder.header(CONNECTION, "keep-alive")
}

fn broken(connection: &Connection, error: &hyper::Error) -> ClientError {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = format!("{} gave no valid answer: {}", connection.origin.authority(), safe(&innermost.to_string()));
    // A head that is not HTTP is not better at the next attempt.
    if error.is_parse() || error.is_parse_too_large() { ClientError::Unexpected(text) } else { ClientError::Unavailable(text) }
}
