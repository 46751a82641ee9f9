//! Many who read slowly and many who export at once: what is held for each of them is bounded, and who does not read is cut.
//!
//! `LOGMARK_SLOW_READERS=2000` is the full size, with a quarter as many exports; without it, one that every run can afford.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::contract::subject::{Binary, Subject, stream_path};
use crate::world::mill::{MESSAGE, Mill, PAGE_EVENTS};

const READERS: usize = 200;
/// Pages of a megabyte of what is read slowly: more than the sockets' buffers hold.
const LONG: usize = 12;
/// Pages of what is exported.
const SHORT: usize = 3;
/// So many begin at a time.
const BEGINNING: usize = 32;
/// The most that the service may hold for one who does not read: a page of the source's as it came, and half of it as it is
/// written.
const HELD_KIB: u64 = 2 * 1024;
/// The most for an export that is read: the page being received, its events, and what is written of it.
const EXPORTED_KIB: u64 = 6 * 1024;
/// What the service grows by whatever is asked: code that is read in, tables of connections, the allocator's own.
const BASE_KIB: u64 = 48 * 1024;
/// Longer than a write may wait.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks for the stream and reads the answer's head, into a window of a few packets.
async fn begin(address: SocketAddr, token: &str, pages: usize) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(16 * 1024)?;
    let mut stream = socket.connect(address).await?;
    let target = stream_path("/f/mill", &Mill::stream(pages));
    let head = format!("GET {target}?start=-3h&format=ndjson HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut read = Vec::new();
    while memchr::memmem::find(&read, b"\r\n\r\n").is_none() {
        assert!(stream.read_buf(&mut read).await? > 0, "no head: {}", String::from_utf8_lossy(&read));
    }
    assert!(read.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&read));
    Ok(stream)
}

/// Reads what is left: bytes, and whether the body came to its end.
async fn rest(mut stream: TcpStream) -> (usize, bool) {
    let (mut bytes, mut end, mut part) = (0, Vec::new(), vec![0; 64 * 1024]);
    while let Ok(read @ 1..) = stream.read(&mut part).await {
        bytes += read;
        end.extend_from_slice(&part[..read]);
        end.drain(..end.len().saturating_sub(4));
        if end == b"\r\n\r\n" {
            return (bytes, true);
        }
    }
    (bytes, false)
}

/// So many at a time until all have begun.
async fn all_begin(address: SocketAddr, token: &str, pages: usize, count: usize) -> Vec<TcpStream> {
    let each = (0..count).map(|_| begin(address, token, pages));
    stream::iter(each).buffer_unordered(BEGINNING).try_collect().await.unwrap()
}

/// How many answers the service has given up, by its audit lines.
fn cut(binary: &Binary) -> usize {
    binary.log().matches("\"outcome\":\"client_left\"").count()
}

#[tokio::test]
async fn those_who_do_not_read_cost_a_page_each_and_are_cut_in_the_end() {
    let readers = std::env::var("LOGMARK_SLOW_READERS").map_or(READERS, |readers| readers.parse().unwrap());
    let exports = readers / 4;
    let mill = Mill::start(Subject::begin()).await;
    let limits = "limits = { max_connections_per_ip = 0 }";
    let binary = Binary::on(&format!("http://{}", mill.address), "f", limits).await;
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
    tokio::time::timeout(PATIENCE, all_cut).await.expect("whoever does not read is cut");
    let in_the_end = process.memory_kib("VmRSS");
    println!(
        "{readers} slow readers, {exports} exports: {} MiB idle, {} held, {} at most, {} after the exports, {} when all were cut; \
         {} KiB a reader, {} KiB an export",
        idle / 1024,
        held / 1024,
        peak / 1024,
        after / 1024,
        in_the_end / 1024,
        held.saturating_sub(idle) / readers as u64,
        peak.saturating_sub(held) / exports as u64
    );
    let left = join_all(slow.into_iter().map(rest)).await;
    assert!(left.iter().all(|(_, whole)| !whole), "what was cut does not look whole");
    assert!(held < idle + BASE_KIB + readers as u64 * HELD_KIB, "{held} KiB held");
    assert!(peak < held + BASE_KIB + exports as u64 * EXPORTED_KIB, "{peak} KiB at most");
}
