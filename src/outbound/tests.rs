//! Tests of the outbound client.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LIMITS: Limits = Limits { deadline: Duration::from_secs(5), max_body: 1000 };

fn get(scheme: &str, port: u16) -> Request<Full<Bytes>> {
    Request::builder().uri(format!("{scheme}://localhost:{port}/")).body(Full::default()).unwrap()
}

/// Answers every connection with `answer` after the request's head, and keeps it open.
async fn serving(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 1024];
                assert!(socket.read(&mut head).await.unwrap() > 0);
                socket.write_all(answer.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
    });
    port
}

async fn sent(answer: &'static str, limits: Limits) -> Result<Response<Bytes>, OutboundError> {
    let port = serving(answer).await;
    Outbound::new().unwrap().send(get("http", port), limits).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let response = sent("HTTP/1.1 307 X\r\nlocation: http://localhost:1/\r\ncontent-length: 0\r\n\r\n", LIMITS).await.unwrap();
    assert_eq!(response.status(), 307);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_or_while_it_comes() {
    let announced = sent("HTTP/1.1 200 X\r\ncontent-length: 1001\r\n\r\n", LIMITS).await;
    assert_eq!(announced.unwrap_err(), OutboundError::TooLarge(1000));
    let limits = Limits { max_body: 7, ..LIMITS };
    let chunked = sent("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n", limits).await;
    assert_eq!(chunked.unwrap_err(), OutboundError::TooLarge(7));
}

#[tokio::test]
async fn the_deadline_is_for_the_whole_answer() {
    let limits = Limits { deadline: Duration::from_millis(100), ..LIMITS };
    for answer in ["", "HTTP/1.1 200 X\r\n", "HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\na"] {
        assert_eq!(sent(answer, limits).await.unwrap_err(), OutboundError::Timeout, "{answer:?}");
    }
}

/// A server for `localhost` with a self-signed certificate, and that certificate.
async fn serving_tls() -> (u16, rustls_pki_types::CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(mut tls) = acceptor.accept(socket).await {
                let mut head = [0; 1024];
                assert!(tls.read(&mut head).await.unwrap() > 0);
                tls.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
        }
    });
    (port, certificate)
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (port, certificate) = serving_tls().await;
    let refused = Outbound::new().unwrap().send(get("https", port), LIMITS).await.unwrap_err();
    assert!(matches!(&refused, OutboundError::Connect(cause) if cause.contains("certificate")), "{refused:?}");

    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let trusting = Outbound::new().unwrap();
    let client = Outbound::with_tls(config.with_root_certificates(roots).with_no_client_auth(), AddressPolicy::Any);
    trusting.0.client.set(client).unwrap();
    assert_eq!(trusting.send(get("https", port), LIMITS).await.unwrap().body(), "ok");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_public() {
    let port = serving("HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok").await;
    let url: Url = format!("http://localhost:{port}/keys").parse().unwrap();
    let outbound = Outbound::new().unwrap();
    assert_eq!(outbound.get(&url, AddressPolicy::Any).await.unwrap(), b"ok");
    let refused = outbound.get(&url, AddressPolicy::Public).await.unwrap_err();
    let FetchError::Unreachable(cause) = &refused else { panic!("{refused:?}") };
    assert!(cause.to_string().contains("private or loopback"), "{cause}");
}
