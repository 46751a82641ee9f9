//! Live tails through a real HAProxy that closes idle connections: no event is lost.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;

use super::environment::token;
use crate::world::World;
use crate::world::binary::{Binary, logmark};
use crate::world::client::Client;
use crate::world::tail::Tail;

/// A timeout shorter than the time between two events and than the service's keep-alives.
const SHORT: Duration = Duration::from_millis(300);
/// The time between two events.
const BETWEEN: Duration = Duration::from_millis(500);
const EVENTS: usize = 6;

/// HAProxy before the service, with this `timeout server` and `timeout client`.
struct HaProxy {
    address: SocketAddr,
    _process: Binary,
    _folder: tempfile::TempDir,
}

impl HaProxy {
    async fn before(service: SocketAddr, timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A free port: another process is unlikely to take it before HAProxy binds it.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let timeout = timeout.as_millis();
        let config = format!(
            "global\n    nbthread 1\n    maxconn 64\n\
             defaults\n    mode http\n    timeout connect 5s\n    timeout client {timeout}ms\n    timeout server {timeout}ms\n\
             listen front\n    bind {address}\n    server service {service}\n"
        );
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, config).unwrap();
        let program = ["/usr/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/sbin/haproxy"].into_iter();
        let program = program.map(std::path::Path::new).find(|path| path.exists());
        let mut command = Command::new(program.expect("haproxy is missing: run `make setup`"));
        command.arg("-f").arg(&file).kill_on_drop(true);
        let process = Binary::start(command);
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { address, _process: process, _folder: folder }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn put(world: &World, message: &str) {
    world.put("/acme/api", "web-1", &[(1_795_168_800_000, message)]).await;
}

fn messages() -> Vec<String> {
    (0..EVENTS).map(|number| format!("event {number}")).collect()
}

/// Puts the events, each after the connections have been closed.
async fn put_all(world: &World) {
    for message in messages() {
        tokio::time::sleep(BETWEEN).await;
        put(world, &message).await;
    }
}

/// Follows as a browser or a script does: reads until the connection is cut, and resumes with the last id. Returns the messages
/// and the number of connections.
async fn follow(client: &Client, format: &str) -> (Vec<String>, usize) {
    let (mut found, mut connections, mut last) = (Vec::new(), 0, None::<String>);
    while found.len() < EVENTS {
        connections += 1;
        let target = format!("/logs/:acme:api?follow=true&format={format}");
        let headers: Vec<_> = last.iter().map(|id| ("last-event-id", id.as_str())).collect();
        let mut tail = Tail::open_with(client, &target, &headers).await.unwrap();
        while found.len() < EVENTS
            && let Some(frame) = tail.next_or_cut().await
        {
            assert_eq!(frame.kind, "event", "{frame:?}");
            found.push(frame.data["message"].as_str().unwrap().to_owned());
        }
        last = Some(tail.cursor.clone());
    }
    (found, connections)
}

#[tokio::test]
async fn idle_connections_that_a_proxy_closes_lose_nothing() {
    let world = World::new().await;
    put(&world, "old").await;
    let proxy = HaProxy::before(world.address, SHORT).await;
    let client = Client::new(proxy.address, Some(token(&world)));
    let folder = tempfile::tempdir().unwrap();
    let mut command = logmark(folder.path());
    command.args(["tail", "/acme/api", "--columns", "message", "--limit", "6"]);
    command.env("NO_PROXY", "*").env("LOGMARK_URL", proxy.url()).env("LOGMARK_TOKEN", token(&world));
    let mut tail = Binary::start(command);
    // The first cut shows that the tail was open.
    tail.wait_for_log("the connection is lost").await;
    let putting = async {
        tokio::time::sleep(BETWEEN).await;
        put_all(&world).await;
    };
    let (sse, ndjson, ()) = tokio::join!(follow(&client, "sse"), follow(&client, "ndjson"), putting);
    for (found, connections) in [sse, ndjson] {
        assert_eq!(found, messages());
        assert!(connections > 1, "{connections} connections");
    }
    assert_eq!(tail.ended().await.code(), Some(0), "{}", tail.log());
    let printed = tail.wait_for_output("event 5").await;
    assert_eq!(printed.lines().collect::<Vec<_>>(), messages());
}

/// Keep-alives arrive every 15 seconds, so a timeout of 20 seconds closes no connection.
#[tokio::test]
async fn keep_alives_hold_a_connection_open_through_a_proxy() {
    let world = World::new().await;
    put(&world, "old").await;
    let proxy = HaProxy::before(world.address, Duration::from_secs(20)).await;
    let client = Client::new(proxy.address, Some(token(&world)));
    let mut tails = Vec::new();
    for format in ["sse", "ndjson"] {
        tails.push(Tail::open(&client, &format!("/logs/:acme:api?follow=true&format={format}")).await);
    }
    for tail in &mut tails {
        assert_eq!(tail.frame().await.unwrap().kind, "keep-alive");
        assert_eq!(tail.frame().await.unwrap().kind, "keep-alive");
    }
    put(&world, "new").await;
    for tail in &mut tails {
        assert_eq!(tail.messages(1).await, ["new"]);
    }
}
