//! A large export of the local source, beside a bare server that sends as many bytes in frames of the same size.
//!
//! The reader is a thread that reads from the socket and counts, so that it uses little CPU time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::servers::{Running, Telemetry, World, start_bare};

/// Bytes of a message.
const MESSAGE: u64 = 264;
/// Bytes of a frame of the bare server, the same as of the service.
const FRAME: usize = 64 * 1024;

struct Received {
    bytes: u64,
    seconds: f64,
    cpu_seconds: f64,
    /// The last bytes.
    end: Vec<u8>,
}

pub(crate) fn run(megabytes: u64, rounds: u64) {
    let events = megabytes * 1_000_000 / MESSAGE;
    let world = World::new(events, MESSAGE as usize);
    println!("\nexport of {megabytes} MB of messages in {events} events of the local source, {rounds} rounds\n");
    println!(
        "{:<24}{:>10}{:>10}{:>10}{:>16}{:>12}{:>10}",
        "", "body MB", "seconds", "CPU s", "messages MB/s", "CPU s/GB", "peak MiB"
    );
    let service = world.logmark(Telemetry::Default);
    for format in ["ndjson", "csv", "text"] {
        let target = format!("/logs/:acme:api/web-1?from=head&format={format}");
        let ours = best(rounds, || read(&service, &target, &world.token));
        assert!(contains(&ours.end, b"logmark-cursor: "), "the export ends in a cursor");
        let bare = start_bare(&vec![b'x'; FRAME], ours.bytes / FRAME as u64);
        let theirs = best(rounds, || read(&bare, "/", &world.token));
        for (name, received, server) in [(format, &ours, &service), ("  bare hyper, as many", &theirs, &bare)] {
            println!(
                "{name:<24}{:>10}{:>10.2}{:>10.2}{:>16.0}{:>12.2}{:>10}",
                received.bytes / 1_000_000,
                received.seconds,
                received.cpu_seconds,
                megabytes as f64 / received.seconds,
                received.cpu_seconds * 1000.0 / megabytes as f64,
                server.peak_mib(),
            );
        }
        println!("  ratio {:.2}, by processor time {:.2}", theirs.seconds / ours.seconds, theirs.cpu_seconds / ours.cpu_seconds);
    }
}

/// The round with the least CPU time.
fn best(rounds: u64, round: impl Fn() -> Received) -> Received {
    let rounds = (0..rounds.max(1)).map(|_| round());
    rounds.min_by(|one, other| one.cpu_seconds.total_cmp(&other.cpu_seconds)).unwrap()
}

fn read(server: &Running, target: &str, token: &str) -> Received {
    let cpu = server.cpu_seconds();
    let begun = Instant::now();
    let mut stream = connect(server.address);
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: localhost\r\nte: trailers\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let (mut bytes, mut end) = (0, Vec::new());
    loop {
        let came = stream.read(&mut buffer).unwrap();
        if came == 0 {
            break;
        }
        assert!(bytes > 0 || buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..came]));
        bytes += came as u64;
        end.extend_from_slice(&buffer[came.saturating_sub(1024)..came]);
        end.drain(..end.len().saturating_sub(1024));
    }
    Received { bytes, seconds: begun.elapsed().as_secs_f64(), cpu_seconds: server.cpu_seconds() - cpu, end }
}

fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
