//! Many slow readers and many exports at once: memory does not grow with their number, no reader loses an event, and a client
//! that does not read is disconnected.
//!
//! `LOGMARK_SLOW_READERS=2000` is the full size, with a quarter as many exports; the default is small enough for every run.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::contract::subject::{Binary, Subject, stream_path};
use crate::world::generated_upstream::{GeneratedUpstream, MESSAGE, PAGE_EVENTS};

const READERS: usize = 200;
/// Megabyte pages of a slow reader's stream: more than the sockets' buffers hold.
const LONG: usize = 12;
/// Pages of an exported stream.
const SHORT: usize = 3;
/// Concurrent starts of readers.
const BEGINNING: usize = 32;
/// The most memory of a connection: one or two frames being written, and the connection itself.
const CONNECTION_KIB: u64 = 256;
/// The most memory of a place in the pool: a page being received, the received page, and its events.
const PLACE_KIB: u64 = 4 * 1024;
/// Places in the pool.
const PLACES: u64 = 64;
/// The growth of the service that does not depend on load: loaded code, tables of connections, the allocator's overhead.
const BASE_KIB: u64 = 48 * 1024;
/// Longer than the time limit of a write.
const PATIENCE: Duration = Duration::from_secs(120);

/// Requests the stream with a window of a few packets, and reads the answer's head with the part of the body that came with it.
async fn begin(address: SocketAddr, token: &str, pages: usize) -> std::io::Result<(TcpStream, Vec<u8>)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(16 * 1024)?;
    let mut stream = socket.connect(address).await?;
    let target = stream_path("/f/mill", &GeneratedUpstream::stream(pages));
    let head = format!("GET {target}?start=-3h&format=ndjson HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = memchr::memmem::find(&read, b"\r\n\r\n") {
            break end;
        }
        assert!(stream.read_buf(&mut read).await? > 0, "no head: {}", String::from_utf8_lossy(&read));
    };
    assert!(read.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&read));
    Ok((stream, read.split_off(end + 4)))
}

/// Reads the rest: its bytes, and whether the body is complete. A kernel short of memory for sockets may drop a closed connection
/// without notice to its peer, so this read has a time limit too.
async fn rest((mut stream, mut end): (TcpStream, Vec<u8>)) -> (usize, bool) {
    let (mut bytes, mut part) = (end.len(), vec![0; 64 * 1024]);
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(PATIENCE / 4, stream.read(&mut part)).await {
        bytes += read;
        end.extend_from_slice(&part[..read]);
        end.drain(..end.len().saturating_sub(4));
        if end == b"\r\n\r\n" {
            return (bytes, true);
        }
    }
    (bytes, false)
}

/// Starts readers in groups of BEGINNING until all have begun.
async fn all_begin(address: SocketAddr, token: &str, pages: usize, count: usize) -> Vec<(TcpStream, Vec<u8>)> {
    let each = (0..count).map(|_| begin(address, token, pages));
    stream::iter(each).buffer_unordered(BEGINNING).try_collect().await.unwrap()
}

/// The number of answers that the service has aborted, by its audit lines.
fn cut(binary: &Binary) -> usize {
    binary.audit().matches("\"outcome\":\"client_left\"").count()
}

#[tokio::test]
async fn clients_that_do_not_read_hold_one_connection_each_and_are_closed_in_the_end() {
    let readers = std::env::var("LOGMARK_SLOW_READERS").map_or(READERS, |readers| readers.parse().unwrap());
    let exports = readers / 4;
    let generated_upstream = GeneratedUpstream::start(Subject::begin()).await;
    let limits = "limits = { max_connections_per_ip = 0 }";
    let binary = Binary::on(&format!("http://{}", generated_upstream.address), "f", limits).await;
    let (process, token) = (binary.process(), binary.token());
    let whole = rest(begin(process.address, &token, 1).await.unwrap()).await;
    assert!(whole.1, "one is whole");
    let idle = process.memory_kib("VmRSS");

    let slow = all_begin(process.address, &token, LONG, readers).await;
    let held = process.memory_kib("VmRSS");
    let exported = join_all(all_begin(process.address, &token, SHORT, exports).await.into_iter().map(rest)).await;
    let (peak, after) = (process.memory_kib("VmHWM"), process.memory_kib("VmRSS"));
    let least = SHORT * PAGE_EVENTS * MESSAGE;
    assert!(exported.iter().all(|(bytes, whole)| *whole && *bytes > least), "exports are whole beside them");

    let all_cut = async {
        while cut(&binary) < readers {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_cut).await.expect("a client that does not read is disconnected");
    let in_the_end = process.memory_kib("VmRSS");
    println!(
        "{readers} slow readers, {exports} exports: {} MiB idle, {} held, {} at most, {} after the exports, {} when all were cut; \
         {} KiB a reader",
        idle / 1024,
        held / 1024,
        peak / 1024,
        after / 1024,
        in_the_end / 1024,
        held.saturating_sub(idle) / readers as u64
    );
    let left = join_all(slow.into_iter().map(rest)).await;
    assert!(left.iter().all(|(_, whole)| !whole), "an aborted answer looks incomplete");
    let connections = (readers + exports) as u64;
    assert!(peak < idle + BASE_KIB + PLACES * PLACE_KIB + connections * CONNECTION_KIB, "{peak} KiB at most");
}

/// The messages of a chunked NDJSON answer, in order.
fn messages(answer: &[u8]) -> Vec<usize> {
    let is_line = |line: &&[u8]| line.starts_with(b"{\"timestamp\"");
    let message = |line: &[u8]| -> usize {
        let event: serde_json::Value = serde_json::from_slice(line).unwrap();
        event["message"].as_str().unwrap().parse().unwrap()
    };
    unchunked(answer).split(|byte| *byte == b'\n').filter(is_line).map(message).collect()
}

fn unchunked(mut answer: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = memchr::memmem::find(answer, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&answer[..end]).unwrap(), 16).unwrap();
        let chunk = end + 2;
        body.extend_from_slice(&answer[chunk..chunk + size]);
        if size == 0 {
            break;
        }
        answer = &answer[chunk + size + 2..];
    }
    body
}

#[tokio::test]
async fn a_client_that_resumes_gets_the_pages_that_were_evicted_meanwhile() {
    const READERS: usize = 12;
    const TURNS: usize = 4;
    let generated_upstream = GeneratedUpstream::start(Subject::begin()).await;
    let limits = "limits = { response_memory = \"16MiB\" }";
    let binary = Binary::on(&format!("http://{}", generated_upstream.address), "f", limits).await;
    let (address, token) = (binary.process().address, binary.token());
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(begin(address, &token, LONG).await.unwrap());
    }
    // One client reads while the others are stalled, for longer than the eviction of their pages takes.
    for turn in 1..=TURNS {
        for (stream, read) in &mut readers {
            let most = if turn < TURNS { turn * LONG * PAGE_EVENTS * MESSAGE / TURNS } else { usize::MAX };
            while read.len() < most && !read.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(read).await.unwrap() > 0, "cut short after {} bytes", read.len());
            }
        }
    }
    let expected: Vec<usize> = (0..LONG * PAGE_EVENTS).collect();
    for (_, read) in &readers {
        assert!(messages(read) == expected, "every event once and in order");
    }
    let (calls, pages) = (generated_upstream.calls(), READERS * (LONG + 1));
    assert!(calls > pages, "{calls} calls for {pages} pages: none was evicted");
}
