//! One client connection to the service, plain or with TLS, HTTP/1.1 or HTTP/2, with responses read step by step.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection.
pub enum Wire {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

/// The contents of a completely read body.
#[derive(Debug, Default)]
pub struct Counted {
    pub bytes: u64,
    pub lines: u64,
    pub trailers: HeaderMap,
}

impl Wire {
    /// HTTP/1.1 without TLS.
    pub async fn plain(address: SocketAddr) -> Self {
        Self::one(TcpStream::connect(address).await.unwrap()).await
    }

    /// TLS with a client that trusts only `certificate` and offers `alpn`; the service chooses the protocol.
    pub async fn secure(address: SocketAddr, certificate: &CertificateDer<'static>, alpn: &[&str]) -> std::io::Result<Self> {
        let stream = tls(address, certificate, alpn).await?;
        Ok(match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Self::two(stream).await,
            _ => Self::one(stream).await,
        })
    }

    /// HTTP/2 without TLS, with prior knowledge.
    pub async fn prior_knowledge(address: SocketAddr) -> Self {
        Self::two(TcpStream::connect(address).await.unwrap()).await
    }

    async fn one(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self::One(sender)
    }

    async fn two(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self::Two(sender)
    }

    /// The protocol.
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::One(_) => "HTTP/1.1",
            Self::Two(_) => "HTTP/2",
        }
    }

    /// A GET; the response's body is not read yet.
    pub async fn get(&mut self, target: &str, token: &str, headers: &[(&str, &str)]) -> hyper::Result<Response<Incoming>> {
        let uri = if matches!(self, Self::One(_)) { target.to_owned() } else { format!("https://localhost{target}") };
        let mut request = Request::get(uri).header("authorization", format!("Bearer {token}")).header("te", "trailers");
        if matches!(self, Self::One(_)) {
            request = request.header("host", "localhost");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::new()).unwrap();
        match self {
            Self::One(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Two(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

/// A TLS connection of a client that trusts only `certificate` and offers `alpn`.
pub async fn tls(
    address: SocketAddr,
    certificate: &CertificateDer<'static>,
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Reads a body to its end without keeping it; `pause` is called after each frame.
pub async fn count(mut body: Incoming, mut pause: impl AsyncFnMut(u64)) -> Counted {
    let mut counted = Counted::default();
    while let Some(frame) = body.frame().await {
        match frame.expect("the body is complete").into_data() {
            Ok(data) => {
                counted.bytes += data.len() as u64;
                counted.lines += memchr::memchr_iter(b'\n', &data).count() as u64;
                pause(counted.bytes).await;
            }
            Err(frame) => counted.trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    counted
}

/// Reads a complete body.
pub async fn whole(body: Incoming) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}
