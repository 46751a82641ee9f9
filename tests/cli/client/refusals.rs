//! Requests and arguments that are refused, and the exit codes.

use super::environment::{acme, command, token, url};
use crate::world::World;
use crate::world::binary::run_with;
use crate::world::tokens::Issuer;

#[tokio::test]
async fn each_kind_of_refusal_has_its_exit_code_and_a_plain_text() {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1_795_168_800_000, "a")]).await;
    let service = url(world.address);
    let mut claims = Issuer::claims("acme", "logs:*:*");
    claims["exp"] = (crate::contract::subject::now() / 1000 - 3600).into();
    let expired = world.issuer.mint(&claims);
    let narrow = world.issuer.token("acme", "logs:read:/acme/other");
    for (token, arguments, code, text) in [
        ("", &["groups"][..], 3, "set LOGMARK_TOKEN or --token-file"),
        ("made.up.token", &["groups"], 3, "invalid_token (401)"),
        (&expired, &["groups"], 3, "expired_token (401)"),
        (&token(&world), &["logs", "/acme/none"], 4, "not_found (404)"),
        (&token(&world), &["logs", "/globex/api"], 4, "not_found (404)"),
        (&narrow, &["logs", "/acme/api"], 5, "logs:read:/acme/api"),
        (&token(&world), &["logs", "/acme/api", "--start", "yesterday"], 2, "\n  start: `yesterday` is not a time"),
        (&token(&world), &["logs", "/acme/api", "--filter", "{ $.a == 1 }"], 2, "\n  filter, line 1, column 7: "),
        (&token(&world), &["logs", "/acme/api", "--cursor", "x"], 2, "invalid_cursor (400)"),
        (&token(&world), &["logs", "/acme/api", "--limit", "20000"], 2, "add --start"),
    ] {
        let said = command(&service, token, arguments).await;
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments:?}: {}", said.err);
        assert!(said.err.starts_with("logmark: ") && said.err.contains(text), "{arguments:?}: {}", said.err);
        assert!(token.is_empty() || !said.err.contains(token), "the token is not shown: {}", said.err);
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_6() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let said = command(&url(address), "a.b.c", &["groups"]).await;
    assert_eq!(said.code, 6, "{}", said.err);
    assert!(said.err.contains(&format!("could not connect to {address}: ")), "{}", said.err);
}

#[tokio::test]
async fn the_connection_is_checked_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    for (arguments, variables, text) in [
        (&["groups"][..], &[][..], "set LOGMARK_URL or --url"),
        (&["groups", "--url", "logs.example.com"], &[], "https://logs.example.com"),
        (&["groups", "--url", "https://u:secret@x"], &[], "user name or a password"),
        (&["groups", "--url", "http://x", "--token-file", "none"], &[], "--token-file none: "),
        (&["groups", "--url", "http://x", "--token-file", "empty"], &[], "the token file is empty"),
        (&["groups", "--url", "http://x", "--token", "Bearer secret"], &[], "begins with `Bearer `"),
        (&["groups", "--url", "https://x", "--ca", "empty"], &[], "no certificate in PEM form"),
        (&["groups", "--url", "http://x"], &[("HTTP_PROXY", "socks5://u:secret@x")], "scheme `socks5`, which is not supported"),
    ] {
        let said = run_with(folder.path(), arguments, &[variables, &[("NO_PROXY", ""), ("no_proxy", "")]].concat()).await;
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(text) && !said.err.contains("secret"), "{arguments:?}: {}", said.err);
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_by_its_file_alone() {
    let directory = crate::world::binary::ServiceDirectory::new(crate::cli::serve::TLS);
    let _certificate = crate::cli::serve::write_certificate(directory.path());
    directory.put("/acme/api", "web-1", [(1_795_168_800_000, "over TLS".to_owned())].into_iter());
    let service = directory.serve().await;
    let token = directory.issuer.token("acme", "logs:*:*");
    let service_url = format!("https://localhost:{}", service.address.port());
    let variables = [("LOGMARK_URL", service_url.as_str()), ("LOGMARK_TOKEN", &token), ("NO_PROXY", "*")];
    let trusted = run_with(directory.path(), &["logs", "/acme/api", "--ca", "cert.pem"], &variables).await;
    assert!(trusted.out.ends_with("over TLS\n"), "{}", trusted.err);
    let unknown = run_with(directory.path(), &["logs", "/acme/api"], &variables).await;
    assert!(unknown.code == 6 && unknown.err.contains("TLS: "), "{}", unknown.err);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    // A name that never resolves (RFC 2606).
    let variables = [("LOGMARK_URL", "http://logs.invalid"), ("LOGMARK_TOKEN", "a.b.c"), ("NO_PROXY", "*")];
    let said = run_with(folder.path(), &["groups"], &variables).await;
    assert!(said.err.starts_with("warning: the token is sent over plain HTTP to logs.invalid"), "{}", said.err);
    assert_eq!(said.code, 6);
    let world = World::new().await;
    assert_eq!(acme(&world, &["groups"]).await.err, "no log groups\n", "no warning about loopback");
}

/// An HTTP proxy with `CONNECT` for https, and the number of its connections.
async fn tunnels() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = url(listener.local_addr().unwrap());
    let count = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let counter = std::sync::Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::spawn(async move {
                let request = crate::world::small_http::read(&mut client).await?;
                let target = request.text().strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
                assert!(request.text().contains("proxy-authorization: Basic dTpw"), "{}", request.text());
                let mut service = tokio::net::TcpStream::connect(target.replace("localhost", "127.0.0.1")).await.ok()?;
                tokio::io::AsyncWriteExt::write_all(&mut client, b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
                tokio::io::copy_bidirectional(&mut client, &mut service).await.ok()
            });
        }
    });
    (proxy, count)
}

#[tokio::test]
async fn proxies_of_the_environment_are_used() {
    let world = World::new().await;
    let hop = super::environment::Cutter::before(world.address, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let (token, proxy) = (token(&world), url(hop.address));
    // The name is the service's `public_url`, and only the proxy can resolve it.
    let variables = [
        ("LOGMARK_URL", "http://logs.test"),
        ("LOGMARK_TOKEN", &token),
        ("HTTP_PROXY", &proxy),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ];
    let said = run_with(folder.path(), &["groups"], &variables).await;
    assert!(said.code == 0 && said.err.ends_with("no log groups\n"), "{}", said.err);
    assert_eq!(hop.connections(), 1);

    let directory = crate::world::binary::ServiceDirectory::new(crate::cli::serve::TLS);
    let _certificate = crate::cli::serve::write_certificate(directory.path());
    let service = directory.serve().await;
    let (proxy, tunnels) = tunnels().await;
    let (token, proxy) = (directory.issuer.token("acme", "logs:*:*"), proxy.replace("http://", "http://u:p@"));
    let service_url = format!("https://localhost:{}", service.address.port());
    let variables = [
        ("LOGMARK_URL", service_url.as_str()),
        ("LOGMARK_TOKEN", &token),
        ("HTTPS_PROXY", &proxy),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ];
    let said = run_with(directory.path(), &["groups", "--ca", "cert.pem"], &variables).await;
    assert!(said.code == 0 && said.err.ends_with("no log groups\n"), "{}", said.err);
    assert_eq!(tunnels.load(std::sync::atomic::Ordering::Relaxed), 1);
}
