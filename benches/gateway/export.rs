//! A large export through the real binary: throughput and memory.
//!
//! Each format has a separate process, for a separate peak of memory. The reader only counts bytes and lines.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::upstream::{Long, long_stream};
use crate::world::{BINARY, Telemetry, World};

struct Received {
    bytes: u64,
    lines: u64,
    seconds: f64,
}

pub(crate) fn run(megabytes: u64) {
    let Long { address: upstream, events, bytes, calls } = long_stream(megabytes);
    let world = World::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    println!("\nexport of {} MB of messages in {events} events", bytes / 1_000_000);
    println!(
        "{:<14}{:>10}{:>10}{:>16}{:>14}{:>10}{:>14}{:>14}{:>8}",
        "", "body MB", "seconds", "messages MB/s", "body MB/s", "CPU s", "peak MiB", "at rest MiB", "calls"
    );
    for (name, format, cache) in
        [("ndjson", "ndjson", 0), ("csv", "csv", 0), ("text", "text", 0), ("ndjson, cache", "ndjson", 64 << 20)]
    {
        let gateway = world.logmark(Path::new(BINARY), upstream, Telemetry::Default, cache);
        let at_rest = gateway.peak_kib();
        calls.store(0, Ordering::Relaxed);
        let received = runtime.block_on(read(gateway.address, world.token(), format));
        assert!(format != "ndjson" || received.lines == events, "{} lines came of {events} events", received.lines);
        let per_second = |bytes: u64| bytes as f64 / 1e6 / received.seconds;
        println!(
            "{name:<14}{:>10}{:>10.1}{:>16.0}{:>14.0}{:>10.1}{:>14}{:>14}{:>8}",
            received.bytes / 1_000_000,
            received.seconds,
            per_second(bytes),
            per_second(received.bytes),
            gateway.cpu_seconds(),
            gateway.peak_kib() / 1024,
            at_rest / 1024,
            calls.load(Ordering::Relaxed),
        );
    }
}

async fn read(gateway: SocketAddr, token: &str, format: &str) -> Received {
    let stream = TcpStream::connect(gateway).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("/logs/:acme:api/web-1?from=head&format={format}"))
        .header("host", "localhost")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"));
    let begun = Instant::now();
    let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let (mut bytes, mut lines, mut is_whole) = (0, 0, false);
    while let Some(frame) = body.frame().await {
        match frame.expect("the export goes to its end").into_data() {
            Ok(data) => {
                bytes += data.len() as u64;
                lines += memchr::memchr_iter(b'\n', &data).count() as u64;
            }
            Err(frame) => is_whole = frame.trailers_ref().is_some_and(|trailers| trailers.contains_key("logmark-cursor")),
        }
    }
    assert!(is_whole, "the export ends in a cursor");
    Received { bytes, lines, seconds: begun.elapsed().as_secs_f64() }
}
