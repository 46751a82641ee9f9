//! Live tail over HTTP/1.0 and HTTP/2.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::wire::Wire;
use crate::world::tail::Tail;
use crate::world::unread_connection::UnreadConnection;
use crate::world::{Options, World, old_http};

const TARGET: &str = "/logs/:acme:api?follow=true";

/// Reads until the text has arrived.
async fn read_until(socket: &mut TcpStream, received: &mut Vec<u8>, text: &str) {
    while memchr::memmem::find(received, text.as_bytes()).is_none() {
        assert_ne!(socket.read_buf(received).await.unwrap(), 0, "{}", String::from_utf8_lossy(received));
    }
}

/// A body of HTTP/1.0 has no chunks. Its end is the end of the connection, so the last marker shows that the end is planned.
#[tokio::test]
async fn http_1_0_gets_each_event_at_once_and_an_orderly_end() {
    for format in ["sse", "ndjson"] {
        let world = World::new().await;
        world.put("/acme/api", "a", &[(1000, "old")]).await;
        let token = world.issuer.token("acme", "logs:*:*");
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        old_http::ask(&mut socket, &format!("{TARGET}&start=0&format={format}"), &token, &[]).await;
        let mut received = Vec::new();
        for message in ["old", "new 1", "new 2"] {
            if message != "old" {
                world.put("/acme/api", "a", &[(2000, message)]).await;
            }
            read_until(&mut socket, &mut received, &format!("\"message\":\"{message}\"")).await;
        }
        let head = String::from_utf8_lossy(&received).to_ascii_lowercase();
        let head = head.split("\r\n\r\n").next().unwrap();
        assert!(head.starts_with("http/1.0 200") || head.starts_with("http/1.1 200"), "{head}");
        assert!(!head.contains("transfer-encoding") && !head.contains("content-length"), "{head}");
        let stopped = tokio::spawn(world.stop());
        while socket.read_buf(&mut received).await.unwrap() > 0 {}
        stopped.await.unwrap();
        let text = String::from_utf8(received).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let last = if format == "sse" { "\n\nevent: reconnect\n" } else { "\"type\":\"reconnect\"" };
        assert!(body.rfind(last).is_some_and(|at| at > body.rfind("new 2").unwrap()), "{body}");
        assert!(body.ends_with('\n'), "{body}");
        assert_eq!(body.matches("\"message\":\"").count(), 3, "{body}");
    }
}

/// An HTTP/1.0 client that closes its connection frees its place, like any other client.
#[tokio::test]
async fn http_1_0_that_leaves_frees_its_place() {
    let tenants = "[tenants.acme]\nlimits = { tails = 1 }\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\", \"tail\"]\n";
    let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
    world.put("/acme/api", "a", &[(1000, "old")]).await;
    let token = world.issuer.token("acme", "logs:*:*");
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    old_http::ask(&mut socket, TARGET, &token, &[]).await;
    read_until(&mut socket, &mut Vec::new(), "keep-alive").await;
    let refused = old_http::get(TcpStream::connect(world.address).await.unwrap(), TARGET, &token, &[]).await;
    assert_eq!(refused.status, 429);
    socket.shutdown().await.unwrap();
    drop(socket);
    let acme = world.tenant("acme");
    while acme.get("/me").await.json()["remaining"]["tails"] != 1 {}
}

#[tokio::test]
async fn many_tails_share_a_connection_of_http_2() {
    const TAILS: usize = 50;
    let tenants = "[tenants.acme]\nlimits = { tails = 50 }\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\", \"tail\"]\n";
    let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
    world.put("/acme/api", "a", &[(1000, "old")]).await;
    let (token, acme) = (world.issuer.token("acme", "logs:*:*"), world.tenant("acme"));
    let mut wire = Wire::prior_knowledge(world.address).await;
    let mut tails = Vec::new();
    for number in 0..TAILS {
        let format = ["sse", "ndjson"][number % 2];
        let response = wire.get(&format!("{TARGET}&format={format}"), &token, &[]).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
        assert!(response.headers().get("connection").is_none());
        tails.push(Tail::of(response).await);
    }
    assert_eq!(wire.get(TARGET, &token, &[]).await.unwrap().status(), 429);
    world.put("/acme/api", "a", &[(2000, "one"), (3000, "two")]).await;
    for tail in &mut tails {
        assert_eq!(tail.messages(2).await, ["one", "two"]);
    }
    // A reset stream frees its place; the others continue.
    drop(tails.split_off(TAILS / 2));
    while acme.get("/me").await.json()["remaining"]["tails"] != TAILS - TAILS / 2 {}
    let cursor = tails[0].cursor.clone();
    let mut resumed = Tail::of(wire.get(&format!("/logs?follow=true&cursor={cursor}"), &token, &[]).await.unwrap()).await;
    world.put("/acme/api", "a", &[(4000, "three")]).await;
    for tail in tails.iter_mut().chain([&mut resumed]) {
        assert_eq!(tail.messages(1).await, ["three"]);
    }
    // Every stream has a planned end.
    let stopped = tokio::spawn(world.stop());
    for tail in tails.iter_mut().chain([&mut resumed]) {
        assert_eq!(tail.next().await.unwrap().kind, "reconnect");
        assert_eq!(tail.frame().await, None);
    }
    stopped.await.unwrap();
}

/// Unread streams fill only their own windows.
#[tokio::test]
async fn unread_tails_of_http_2_hold_up_no_other() {
    const EVENTS: usize = 4_000;
    let world = World::new().await;
    world.put("/acme/api", "a", &[(1000, "old")]).await;
    let token = world.issuer.token("acme", "logs:*:*");
    let mut unread = UnreadConnection::connect(world.address, 65_535).await;
    let bearer = format!("Bearer {token}");
    assert!(unread.ask(TARGET, &[("authorization", &bearer)], 20).await.iter().all(|status| *status == 200));
    let mut wire = Wire::prior_knowledge(world.address).await;
    // On the same connection too: the window of a stream is smaller than the window of the connection.
    let _unread = wire.get(TARGET, &token, &[]).await.unwrap();
    let mut tail = Tail::of(wire.get(TARGET, &token, &[]).await.unwrap()).await;
    let filling = "x".repeat(1000);
    let messages: Vec<String> = (0..EVENTS).map(|number| format!("{number:05} {filling}")).collect();
    for part in messages.chunks(500) {
        let events: Vec<(i64, &str)> = part.iter().map(|message| (2000, message.as_str())).collect();
        world.put("/acme/api", "a", &events).await;
    }
    assert!(tail.messages(EVENTS).await == messages, "each event, in order");
}
