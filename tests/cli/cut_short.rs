//! An incomplete body never ends like a complete one: over every protocol, in every format, at every point of failure.

use std::io::{ErrorKind, Read as _};
use std::net::SocketAddr;

use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpSocket;

use super::serve::{TLS, write_certificate};
use super::wire::{Wire, tls};
use crate::contract::subject::{KEEPS_NOTHING, KEYS, Subject, cloudwatch, now};
use crate::world::binary::{RunningService, ServiceDirectory};
use crate::world::client::Client;
use crate::world::fake_cloudwatch::plan::Plan;
use crate::world::fake_cloudwatch::{Fake, Fault};
use crate::world::old_http;

const EVENTS: usize = 60;
/// Events of an upstream page: a read takes several calls.
const PAGE: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http10,
    Http11,
    Http2,
}

/// The service, with or without TLS.
struct Server {
    directory: ServiceDirectory,
    served: RunningService,
    certificate: Option<CertificateDer<'static>>,
}

/// The data that a client received.
#[derive(Debug)]
struct Got {
    status: u16,
    body: Vec<u8>,
    whole: bool,
}

impl Server {
    async fn start(server: &str, sources_and_tenants: &str, secure: bool) -> Self {
        let server = if secure { format!("{server}{TLS}") } else { server.to_owned() };
        let directory = ServiceDirectory::with_tenants(&server, sources_and_tenants);
        let certificate = secure.then(|| write_certificate(directory.path()));
        let served = directory.serve_with(&KEYS).await;
        Self { directory, served, certificate }
    }

    fn token(&self) -> String {
        self.directory.issuer.token("acme", "logs:read:*")
    }

    async fn get(&self, protocol: Protocol, target: &str, encoding: &str) -> Got {
        let address = self.served.address;
        if protocol == Protocol::Http10 {
            let headers = [format!("accept-encoding: {encoding}")];
            let received = match &self.certificate {
                Some(certificate) => {
                    let socket = tls(address, certificate, &["http/1.1"]).await.unwrap();
                    old_http::get(socket, target, &self.token(), &headers).await
                }
                None => old_http::get(connect(address).await, target, &self.token(), &headers).await,
            };
            if let Err(error) = &received.ended {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{target}");
            }
            return Got { status: received.status, body: received.body, whole: received.ended.is_ok() };
        }
        let mut wire = match (&self.certificate, protocol) {
            (Some(certificate), Protocol::Http2) => Wire::secure(address, certificate, &["h2"]).await.unwrap(),
            (Some(certificate), _) => Wire::secure(address, certificate, &["http/1.1"]).await.unwrap(),
            (None, Protocol::Http2) => Wire::prior_knowledge(address).await,
            (None, _) => Wire::plain(address).await,
        };
        let answer = wire.get(target, &self.token(), &[("accept-encoding", encoding)]).await.unwrap();
        let (status, mut body) = (answer.status().as_u16(), answer.into_body());
        let mut got = Got { status, body: Vec::new(), whole: true };
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => got.body.extend(frame.into_data().unwrap_or_default()),
                Err(_) => {
                    got.whole = false;
                    break;
                }
            }
        }
        got
    }
}

/// With a window of a few packets, so that unread data stays in the service.
async fn connect(address: SocketAddr) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(address).await.unwrap()
}

fn plain(body: &[u8], encoding: &str) -> String {
    let mut text = String::new();
    if encoding == "gzip" {
        GzDecoder::new(body).read_to_string(&mut text).unwrap();
    } else {
        text.push_str(str::from_utf8(body).unwrap());
    }
    text
}

#[tokio::test]
async fn a_read_that_fails_is_seen_to_fail_over_every_protocol_in_every_format() {
    let fake = Fake::start(now()).await;
    let begin = Subject::begin();
    fake.state().logs.page_events = Some(PAGE);
    for number in 0..EVENTS {
        fake.state().logs.put("/f/api", "web", begin + number as i64 / 4, &format!("event {number:03}"));
    }
    let grant = "[tenants.acme]\n[[tenants.acme.grants]]\nsource = \"aws\"\ngroups = [\"/f/*\"]\nactions = [\"read\"]\n";
    let sources = cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + grant;
    for secure in [false, true] {
        let server = Server::start("", &sources, secure).await;
        for protocol in [Protocol::Http10, Protocol::Http11, Protocol::Http2] {
            for format in ["csv", "text", "text&raw=true", "csv&columns=timestamp,message", "ndjson", "ndjson&trailer=line"] {
                for (path, encoding) in
                    [("/logs/:f:api/web", "identity"), ("/logs/:f:api/web", "gzip"), ("/logs/:f:api", "identity")]
                {
                    let target = format!("{path}?start=-3h&format={format}");
                    let what = format!("{target} over {protocol:?}, TLS {secure}, {encoding}");
                    let whole = server.get(protocol, &target, encoding).await;
                    assert!(whole.status == 200 && whole.whole, "{what}");
                    assert_eq!(plain(&whole.body, encoding).matches("event 0").count(), EVENTS, "{what}");
                    for good in 0..3 {
                        fake.state().plans.set(Plan::new("\"/f/api", Fault::HalfJson).after(good));
                        let got = server.get(protocol, &target, encoding).await;
                        assert!(fake.state().plans.lift("\"/f/api") > 0, "{what}: no failure happened");
                        match (good, format.starts_with("ndjson")) {
                            (0, _) => {
                                assert!(got.whole, "{what}: a problem document is complete");
                                assert_eq!(got.status, 502, "{what}");
                            }
                            (_, true) => {
                                assert!(got.whole, "{what}: the error is in the last line");
                                let text = plain(&got.body, encoding);
                                assert!(text.lines().last().unwrap().starts_with("{\"error\":"), "{what}: {text}");
                            }
                            (_, false) => {
                                assert_eq!(got.status, 200, "{what}");
                                assert!(!got.whole, "{what}: a regular end after {} bytes", got.body.len());
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Sends an HTTP/1.0 request and reads only the head.
async fn begin<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S, token: &str) -> S {
    old_http::ask(&mut socket, "/logs/:acme:api/s?format=text", token, &[]).await;
    let mut head = [0; 1024];
    let read = socket.read(&mut head).await.unwrap();
    assert!(head[..read].starts_with(b"HTTP/1.0 200 "), "{}", String::from_utf8_lossy(&head[..read]));
    socket
}

async fn end(served: &mut RunningService, signals: &[&str]) {
    let operator = Client::new(served.admin, None);
    for (number, signal) in signals.iter().enumerate() {
        if number > 0 {
            // The first signal was handled when the service is no longer ready.
            while operator.get("/readyz").await.status != 503 {}
        }
        served.process.signal(signal).await;
    }
    served.process.ended().await;
}

#[tokio::test]
async fn a_process_that_ends_while_a_body_is_sent_over_http10_resets_the_connection() {
    for secure in [false, true] {
        let tls_lines = if secure { TLS } else { "" };
        let directory = ServiceDirectory::new(&format!("limits = {{ drain_timeout = \"2s\" }}\n{tls_lines}"));
        let certificate = secure.then(|| write_certificate(directory.path()));
        directory.put("/acme/api", "s", (0..20_000).map(|number| (1_700_000_000_000 + number, "x".repeat(1000))));
        let token = directory.issuer.token("acme", "logs:read:*");
        for signals in [&["TERM"][..], &["TERM", "TERM"], &["KILL"]] {
            let mut served = directory.serve().await;
            let ended = match &certificate {
                Some(certificate) => {
                    let socket = tls(served.address, certificate, &["http/1.1"]).await.unwrap();
                    let socket = begin(socket, &token).await;
                    end(&mut served, signals).await;
                    old_http::rest(socket).await.ended
                }
                None => {
                    let socket = begin(connect(served.address).await, &token).await;
                    end(&mut served, signals).await;
                    old_http::rest(socket).await.ended
                }
            };
            let error = ended.expect_err("a body that is cut does not look whole");
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "TLS {secure}, {signals:?}");
        }
    }
}
