//! A request names its host once, on both listeners, and a connection may be idle as long as configured.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::raw::{PATIENCE, exchange, read_to_end};
use crate::world::{Options, World};

fn request(line: &str, headers: &[&str]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{line}\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let world = World::new().await;
    for (line, headers, expected) in [
        ("GET / HTTP/1.1", vec!["host: logs.test"], 200),
        ("GET / HTTP/1.1", vec![], 400),
        ("GET / HTTP/1.1", vec!["host:"], 400),
        ("GET / HTTP/1.1", vec!["host: a", "host: a"], 400),
        ("GET / HTTP/1.1", vec!["host: a", "Host: b"], 400),
        ("GET / HTTP/1.1", vec!["host: a, b"], 400),
        ("GET / HTTP/1.1", vec!["host: u@a"], 400),
        ("GET http://a/ HTTP/1.1", vec!["host: a"], 200),
        ("GET http://a/ HTTP/1.1", vec!["host: b"], 400),
        ("GET / HTTP/1.0", vec![], 200),
        ("GET / HTTP/1.0", vec!["host: a", "host: b"], 400),
        ("GET /me HTTP/1.1", vec![], 400),
        ("GET /no-such-path HTTP/1.1", vec![], 400),
    ] {
        let answer = exchange(world.address, &request(line, &headers)).await;
        assert_eq!(answer.statuses(), [expected], "{line} {headers:?}: {}", answer.text);
        if expected == 400 {
            assert!(answer.body().contains("\"code\":\"invalid_parameter\""), "{}", answer.text);
        }
    }
    for (headers, expected) in [(vec!["host: a"], 200), (vec![], 400), (vec!["host: a", "host: b"], 400)] {
        let answer = exchange(world.admin, &request("GET /healthz HTTP/1.1", &headers)).await;
        assert_eq!(answer.statuses(), [expected], "{headers:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn hosts_that_are_not_listed_are_misdirected() {
    let server = "allowed_hosts = [\"public_url\", \"inside.test:8443\"]\n".to_owned();
    let world = World::with(Options { server, ..Options::default() }).await;
    for (host, expected) in [
        ("logs.test", 200),
        ("LOGS.test:80", 200),
        ("inside.test:8443", 200),
        ("inside.test", 421),
        ("evil.test", 421),
        ("logs.test.evil.test", 421),
        ("127.0.0.1", 421),
    ] {
        let answer = exchange(world.address, &request("GET / HTTP/1.1", &[&format!("host: {host}")])).await;
        assert_eq!(answer.statuses(), [expected], "{host}: {}", answer.text);
        assert_eq!(answer.body().contains("\"code\":\"unknown_host\""), expected == 421, "{}", answer.text);
    }
    assert_eq!(exchange(world.address, &request("GET / HTTP/1.0", &[])).await.statuses(), [421]);
}

/// Whether a connection that has had its first answer is closed without an answer after the client sends only `next`.
async fn ends_after_an_answer(server: &str, next: &[u8]) -> bool {
    let world = World::with(Options { server: format!("limits = {{ {server} }}\n"), ..Options::default() }).await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    socket.write_all(b"GET /no-such-path HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut first = Vec::new();
    while !String::from_utf8_lossy(&first).contains("instance") || !first.ends_with(b"}") {
        assert!(tokio::time::timeout(PATIENCE, socket.read_buf(&mut first)).await.unwrap().unwrap() > 0);
    }
    socket.write_all(next).await.unwrap();
    // `read_to_end` fails the test when the connection does not end.
    read_to_end(&mut socket).await.text.is_empty()
}

#[tokio::test]
async fn an_idle_connection_and_a_slow_request_end_by_their_own_times() {
    // The short time limit ends each; the other one exceeds the test's time limit.
    assert!(ends_after_an_answer("idle_timeout = \"1s\", header_timeout = \"600s\"", b"").await);
    assert!(ends_after_an_answer("idle_timeout = \"600s\", header_timeout = \"1s\"", b"GET / HTTP/1.1\r\nhost").await);
}
