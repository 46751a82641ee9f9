//! Malformed bytes: every answer is a problem or the end of the connection, never a 500, and the connection never hangs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::raw::{PATIENCE, Received, exchange, get, read_to_end};
use crate::world::{Options, World};

/// Time limits of one second, so that tests of slow clients are quick.
const QUICK: &str =
    "limits = { header_timeout = \"1s\", idle_timeout = \"1s\", max_body_bytes = 1024, max_header_bytes = 8192 }\n";

async fn world(server: &str) -> World {
    let world = World::with(Options { server: server.to_owned(), ..Options::default() }).await;
    world.put("/acme/api", "s", &[(1, "acme's")]).await;
    world.put("/globex/api", "s", &[(1, "globex's")]).await;
    world
}

/// Every answer has a status other than 500 and is a problem, unless the HTTP parser itself refused the request.
fn assert_refused(name: &str, received: &Received) {
    for status in received.statuses() {
        assert!((400..500).contains(&status) || status == 505 || status == 501, "{name}: {}", received.text);
    }
    assert!(!received.text.contains("globex's") && !received.text.contains("acme's"), "{name}: {}", received.text);
    let is_problem = received.text.contains("application/problem+json");
    let is_bare = received.text.to_ascii_lowercase().contains("content-length: 0");
    assert!(received.text.is_empty() || is_problem || is_bare, "{name}: {}", received.text);
}

#[tokio::test]
async fn requests_with_two_readings_are_refused_and_the_connection_ends() {
    let world = world(QUICK).await;
    let token = world.issuer.token("acme", "logs:*:*");
    // A second request follows each: an answer to it would show that the service read the first one differently from a proxy.
    let hidden = format!("GET /logs/:acme:api HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    let chunked = format!("0\r\n\r\n{hidden}");
    let post = |headers: &str, rest: &str| format!("POST /me HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n{rest}").into_bytes();
    let corpus: Vec<(&str, Vec<u8>)> = vec![
        ("CL and TE", post("content-length: 5\r\ntransfer-encoding: chunked", &chunked)),
        ("TE and CL", post("transfer-encoding: chunked\r\ncontent-length: 5", &chunked)),
        ("two lengths", post("content-length: 0\r\ncontent-length: 5", &hidden)),
        ("two equal lengths in a list", post("content-length: 5, 5", "hello")),
        ("two lengths in a list", post("content-length: 0, 5", &hidden)),
        ("a signed length", post("content-length: +5", "hello")),
        ("a negative length", post("content-length: -1", &hidden)),
        ("a length in hex", post("content-length: 0x5", "hello")),
        ("a length with a space", post("content-length: 1 2", &hidden)),
        ("an empty length", post("content-length:", &hidden)),
        ("a length beyond 64 bits", post("content-length: 18446744073709551616", &hidden)),
        ("a length with a dot", post("content-length: 5.0", "hello")),
        ("another TE", post("transfer-encoding: identity", &hidden)),
        ("an unknown TE", post("transfer-encoding: x", &hidden)),
        ("TE that ends otherwise", post("transfer-encoding: chunked, identity", &chunked)),
        ("TE with an odd name", post("transfer-encoding: xchunked", &chunked)),
        ("TE with a vertical tab", post("transfer-encoding: \x0bchunked", &chunked)),
        ("two TEs", post("transfer-encoding: chunked\r\ntransfer-encoding: x", &chunked)),
        ("TE in HTTP/1.0", format!("POST /me HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunked}").into_bytes()),
        ("a space before the colon", post("content-length : 5", &hidden)),
        ("a tab before the colon", post("transfer-encoding\t: chunked", &chunked)),
        ("a folded line", post("x: a\r\n b", "")),
        ("a folded TE", post("transfer-encoding:\r\n chunked", &chunked)),
        ("a line that begins with a space", post(" content-length: 5", &hidden)),
        ("a line without a colon", post("content-length 5", &hidden)),
        ("a line without a name", post(": 5", "")),
        ("a name with a control character", post("x\x01: 5", "")),
        ("a name with a bracket", post("x[]: 5", "")),
        ("a name that is not ASCII", post("cöntent-length: 5", &hidden)),
        ("NUL in a value", post("x: a\0b", "")),
        ("NUL in a name", post("x\0: b", "")),
        ("a bare CR in a value", post("x: a\rcontent-length: 5", &hidden)),
        ("NUL in the target", b"GET /me\0 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a space in the target", b"GET /me x HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a tab for a space", b"GET\t/me\tHTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a target that is not ASCII", "GET /é HTTP/1.1\r\nhost: x\r\n\r\n".as_bytes().to_vec()),
        ("a fragment", b"GET /me#x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec()),
        ("HTTP/0.9", b"GET /me\r\n".to_vec()),
        ("HTTP/1.2", b"GET /me HTTP/1.2\r\nhost: x\r\n\r\n".to_vec()),
        ("HTTP/9.9", b"GET /me HTTP/9.9\r\nhost: x\r\n\r\n".to_vec()),
        ("http in lower case", b"GET /me http/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("a method with a bracket", b"GE(T /me HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("no method", b" /me HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("SSH", b"SSH-2.0-OpenSSH_9.0\r\n\r\n".to_vec()),
        ("noise", (0..=255).cycle().take(4096).collect()),
        ("zeros", vec![0; 4096]),
        ("the PROXY protocol", b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /me HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        ("HTTP/2 in pieces", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec()),
        ("an upgrade to HTTP/2", post("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk", "")),
        ("a connection of its own", post("connection: authorization, close", "")),
        ("CONNECT", b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec()),
        ("OPTIONS of all", b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec()),
        ("a target without a slash", b"GET me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec()),
        (
            "an absolute target of elsewhere",
            b"GET http://127.0.0.1:22/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec(),
        ),
        ("an absolute target of a file", b"GET file:///etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec()),
    ];
    let mut exchanges = JoinSet::new();
    for (name, bytes) in corpus {
        let address = world.address;
        exchanges.spawn(async move { (name, exchange(address, &bytes).await) });
    }
    while let Some(done) = exchanges.join_next().await {
        let (name, received) = done.unwrap();
        assert_refused(name, &received);
        assert!(received.statuses().len() <= 1, "{name}: two answers: {}", received.text);
    }
}

/// Well-formed requests, even unusual ones, are separated correctly.
#[tokio::test]
async fn bodies_that_nobody_reads_do_not_become_requests() {
    let world = world(QUICK).await;
    let token = world.issuer.token("acme", "logs:*:*");
    let auth = format!("authorization: Bearer {token}");
    let inner = format!("GET /logs/:acme:api HTTP/1.1\r\nhost: x\r\n{auth}\r\n\r\n");
    let length = inner.len();
    let outer = format!("GET /me HTTP/1.1\r\nhost: x\r\n{auth}\r\ncontent-length: {length}\r\n\r\n{inner}");
    let received = exchange(world.address, outer.as_bytes()).await;
    assert_eq!(received.statuses(), [200], "{}", received.text);
    let chunked =
        format!("GET /me HTTP/1.1\r\nhost: x\r\n{auth}\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{inner}\r\n0\r\n\r\n");
    let received = exchange(world.address, chunked.as_bytes()).await;
    assert_eq!(received.statuses(), [200], "{}", received.text);
    // Pipelined requests are separate; each is checked with its own token.
    let both = format!("GET /me HTTP/1.1\r\nhost: x\r\n{auth}\r\n\r\nGET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(exchange(world.address, both.as_bytes()).await.statuses(), [200, 401]);
    for bad in
        ["5\r\nhel", "zz\r\nhello\r\n0\r\n\r\n", "-1\r\n\r\n", "ffffffffffffffff1\r\n", "5;x=\r\nhelloX\r\n", "5\nhello\n0\n\n"]
    {
        let request = format!("POST /me HTTP/1.1\r\nhost: x\r\n{auth}\r\ntransfer-encoding: chunked\r\n\r\n{bad}{inner}");
        let received = exchange(world.address, request.as_bytes()).await;
        assert_refused(bad, &received);
        assert!(received.statuses().len() <= 1, "{bad}: {}", received.text);
    }
}

/// The configuration alone sets the service's public name: the client's value appears nowhere.
#[tokio::test]
async fn the_host_that_a_client_names_changes_nothing() {
    let world = world(QUICK).await;
    let version = "HTTP/1.1\r\nconnection: close\r\n";
    for request in [
        format!("GET /me {version}\r\n"),
        format!("GET /me {version}host:\r\n\r\n"),
        format!("GET /me {version}host: evil.test\r\n\r\n"),
        format!("GET /me {version}host: evil.test\r\nhost: x\r\n\r\n"),
        format!("GET /me {version}host: x@evil.test\r\n\r\n"),
        format!("GET /me {version}host: evil.test:99999\r\n\r\n"),
        format!("GET /me {version}host: x\r\nx-forwarded-host: evil.test\r\nforwarded: host=evil.test\r\n\r\n"),
        format!("GET http://evil.test/me {version}host: x\r\n\r\n"),
        "GET /me HTTP/1.0\r\n\r\n".to_owned(),
    ] {
        let received = exchange(world.address, request.as_bytes()).await;
        assert!(matches!(received.statuses()[..], [400 | 401]), "{request}: {}", received.text);
        assert!(!received.text.contains("evil.test"), "{request}: {}", received.text);
    }
}

async fn slow(world: &World, first: &[u8], drip: &[u8]) -> (Received, Duration) {
    let begun = Instant::now();
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    if !first.is_empty() {
        socket.write_all(first).await.unwrap();
    }
    if drip.is_empty() {
        return (read_to_end(&mut socket).await, begun.elapsed());
    }
    let (mut reader, mut writer) = socket.into_split();
    let drip = drip.to_vec();
    let dripping = tokio::spawn(async move {
        // Always faster than the idle limit, so that only a limit on the whole request ends it.
        while writer.write_all(&drip).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let mut received = Vec::new();
    let reading = async { while let Ok(1..) = reader.read_buf(&mut received).await {} };
    assert!(tokio::time::timeout(PATIENCE, reading).await.is_ok(), "a hang");
    dripping.abort();
    (Received { text: String::from_utf8_lossy(&received).into_owned() }, begun.elapsed())
}

#[tokio::test]
async fn who_is_slow_with_a_request_is_cut_off_and_the_others_go_on() {
    let world = world(QUICK).await;
    let token = world.issuer.token("acme", "logs:*:*");
    let alive = format!("GET /me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    let cases: [(&str, &[u8], &[u8]); 11] = [
        ("nothing at all", b"", b""),
        ("one byte", b"G", b""),
        ("one byte that HTTP/2 begins with, too", b"P", b""),
        ("half of HTTP/2's beginning", b"PRI * HTTP/2.0\r\n\r\nSM", b""),
        ("HTTP/2's beginning in drips", b"", b"P"),
        ("half a request line", b"GET /me HT", b""),
        ("half of the headers", b"GET /me HTTP/1.1\r\nhost: x\r\nx: ", b""),
        ("headers in drips", b"GET /me HTTP/1.1\r\nhost: x\r\n", b"x: y\r\n"),
        ("empty lines in drips", b"", b"\r\n"),
        ("a second request that never comes", alive.as_bytes(), b""),
        ("half a second request", alive.as_bytes(), b"G"),
    ];
    let slowly = cases.map(|(name, first, drip)| {
        let world = &world;
        async move { (name, slow(world, first, drip).await) }
    });
    let others = async {
        for _ in 0..20 {
            assert_eq!(world.tenant("acme").get("/logs/:acme:api").await.status, 200);
        }
    };
    let (ended, ()) = tokio::join!(futures_util::future::join_all(slowly), others);
    let late: BTreeMap<_, _> = ended
        .iter()
        .filter(|(_, (_, elapsed))| *elapsed > Duration::from_secs(6))
        .map(|(name, (_, took))| (name, took))
        .collect();
    assert!(late.is_empty(), "{late:?}");
    for (name, (received, _)) in ended {
        assert!(received.statuses().iter().all(|status| [200, 400, 401, 408].contains(status)), "{name}: {}", received.text);
    }
}

/// An HTTP/2 connection that becomes silent gets a ping and is then closed.
#[tokio::test]
async fn a_silent_http2_connection_is_closed() {
    let world = world(QUICK).await;
    let beginnings: [&[u8]; 3] = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x40\x01\0\0\0\0\x01",
    ];
    let ends = beginnings.map(|bytes| {
        let address = world.address;
        async move { exchange(address, bytes).await }
    });
    futures_util::future::join_all(ends).await;
}

#[tokio::test]
async fn one_address_has_its_share_of_connections_and_no_more() {
    let world = world("limits = { max_connections_per_ip = 4, header_timeout = \"2s\" }\n").await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        socket.write_all(b"G").await.unwrap();
        idle.push(socket);
    }
    // The listener accepts connections in their order, so the fifth is counted after the first four.
    let fifth = exchange(world.address, &get("/me", &[])).await;
    assert_eq!(fifth.text, "", "the fifth is closed without an answer");
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(world.address).await.unwrap();
    other.write_all(&get("/me", &[])).await.unwrap();
    assert_eq!(read_to_end(&mut other).await.statuses(), [401], "another address is served");
    let metrics = world.operator().get("/metrics").await;
    let refused = "logmark_connections_refused_total{limit=\"address\",listener=\"public\"} 1";
    let refused_too = "logmark_connections_refused_total{listener=\"public\",limit=\"address\"} 1";
    assert!(metrics.text().contains(refused) || metrics.text().contains(refused_too), "{}", metrics.text());
    drop(idle);
    let served = async {
        while exchange(world.address, &get("/me", &[])).await.statuses() != [401] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, served).await.expect("free places are used again");
}

#[tokio::test]
async fn all_addresses_together_have_their_share_too() {
    let world = world("limits = { max_connections = 3, max_connections_per_ip = 2, header_timeout = \"5s\" }\n").await;
    let mut idle = Vec::new();
    for address in ["127.0.0.2:0", "127.0.0.2:0", "127.0.0.3:0"] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        let mut socket = socket.connect(world.address).await.unwrap();
        socket.write_all(b"G").await.unwrap();
        idle.push(socket);
    }
    assert_eq!(exchange(world.address, &get("/me", &[])).await.text, "");
    assert_eq!(world.operator().get("/healthz").await.status, 200, "the admin listener has its own count");
}

#[tokio::test]
async fn http2_without_an_upgrade_works_and_keeps_the_same_rules() {
    let world = world(QUICK).await;
    let token = world.issuer.token("acme", "logs:*:*");
    let socket = TcpStream::connect(world.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let uri = |path: &str| format!("http://{}{path}", world.address);
    for (path, token, expected) in [
        ("/logs/:acme:api?start=0", Some(token.as_str()), 200),
        ("/logs/:globex:api", Some(&token), 404),
        ("/me", None, 401),
        ("/me", Some("x"), 401),
        ("/nothing", Some(&token), 404),
    ] {
        let mut request = http::Request::get(uri(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = sender.send_request(request.body(Empty::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), expected, "{path}");
        assert_eq!(answer.version(), http::Version::HTTP_2);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(!body.is_empty());
    }
    let doubled = http::Request::get(uri("/me")).header("authorization", "Bearer x").header("authorization", "Bearer y");
    assert_eq!(sender.send_request(doubled.body(Empty::new()).unwrap()).await.unwrap().status(), 400);
    let large = http::Request::get(uri("/me")).header("x-large", "x".repeat(12_000));
    let answer = sender.send_request(large.body(Empty::new()).unwrap()).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let world = world(QUICK).await;
    for (name, request, expected) in [
        ("one long header", get("/me", &[&format!("x: {}", "x".repeat(10_000))]), 431),
        ("one very long header", get("/me", &[&format!("x: {}", "x".repeat(1_000_000))]), 431),
        ("many headers", get("/me", &["x: y"; 97]), 401),
        ("too many headers", get("/me", &["x: y"; 5000]), 431),
        ("a long target", get(&format!("/{}", "x".repeat(20_000)), &[]), 414),
        ("a very long target", get(&format!("/{}", "x".repeat(1_000_000)), &[]), 414),
        ("an endless method", vec![b'G'; 1_000_000], 431),
        ("a large body", get("/me", &["content-length: 1025"]), 413),
        ("the largest body there can be", get("/me", &["content-length: 18446744073709551614"]), 431),
    ] {
        let received = exchange(world.address, &request).await;
        let statuses = received.statuses();
        // A client that is still sending when the service closes may see the end before the answer.
        assert!(statuses == [expected] || statuses.is_empty() || (expected == 414 && statuses == [431]), "{name}: {statuses:?}");
        if statuses == [expected] && expected != 431 && expected != 414 && expected != 400 {
            assert!(received.text.contains("application/problem+json"), "{name}: {}", received.text);
        }
    }
    assert_eq!(world.tenant("acme").get("/me").await.status, 200);
}
