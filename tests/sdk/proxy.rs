//! A faulty front end before the service, as bad proxies and networks behave: it cuts, shortens, drops and refuses.
//!
//! Owns the faults of `sdk/CONTRIBUTING.md`. The first segment of the path chooses the fault and is removed. One request per
//! connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::world::small_http::{self, Message};

/// Bytes that `/live` forwards before it cuts the connection: a part of the events of `/acme/big`.
const LIVE_BYTES: u64 = 600_000;
/// The most bytes that `/ragged` forwards before it cuts a connection.
const RAGGED_BYTES: usize = 60_000;
/// The bytes that `/buffered` collects before it forwards them, and how many times it does so before it drops the rest.
const BUFFER: usize = 64 * 1024;
const BUFFERS: usize = 4;
/// After this time without a byte, `/buffered` forwards its bytes and `/idle` closes the connection.
const IDLE: Duration = Duration::from_millis(300);
/// Requests for one target that `/flaky` leaves without an answer.
const DROPPED: usize = 2;

/// A running front end; ends with the tokio runtime.
#[derive(Debug)]
pub struct FaultyProxy {
    /// Its address.
    pub address: SocketAddr,
}

/// Method and target of each request so far, with the fault before the target.
type Seen = Arc<Mutex<Vec<String>>>;

impl FaultyProxy {
    /// Starts the front end before the service.
    pub async fn before(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, service, Arc::clone(&seen)));
            }
        });
        Self { address }
    }
}

async fn serve(mut client: TcpStream, service: SocketAddr, seen: Seen) -> Option<()> {
    let request = small_http::read(&mut client).await?;
    let head = String::from_utf8(request.bytes[..request.head].to_vec()).ok()?;
    let (first, headers) = head.split_once("\r\n")?;
    let (method, target) = first.strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let (habit, rest) = target[1..].split_once('/').unwrap_or((&target[1..], ""));
    let line = format!("{method} {target}");
    let came = {
        let mut seen = seen.lock().unwrap();
        if habit != "seen" {
            seen.push(line.clone());
        }
        seen.clone()
    };
    let is_dropped = came.iter().filter(|seen| **seen == line).count() <= DROPPED;
    let passed = async |version: &str| {
        let first = format!("{method} /{rest} {version}");
        pass(service, &first, headers, &request.bytes[request.head..]).await
    };
    match habit {
        "seen" => client.write_all(&answer("200 OK", "application/json", "", &json!(came).to_string())).await.ok(),
        "html" => {
            let page = "<html><h1>Bad gateway</h1></html>";
            client.write_all(&answer("502 Bad Gateway", "text/html", "", page)).await.ok()
        }
        "page" => client.write_all(&answer("200 OK", "text/html", "", "<html><h1>Welcome</h1></html>")).await.ok(),
        "later" => {
            let problem = json!({
                "type": "urn:logmark:problem:rate_limited", "title": "Too many requests", "status": 429, "code": "rate_limited",
                "detail": "not for an hour", "instance": "0123456789abcdef0123456789abcdef",
            });
            let wait = "retry-after: 3600\r\n";
            client.write_all(&answer("429 X", "application/problem+json", wait, &problem.to_string())).await.ok()
        }
        "gone" => None,
        "flaky" if is_dropped => None,
        "plain" | "flaky" => client.write_all(&passed("HTTP/1.1").await?.bytes).await.ok(),
        "cut" => {
            let answer = passed("HTTP/1.1").await?;
            client.write_all(&answer.bytes[..answer.head + (answer.bytes.len() - answer.head) / 2]).await.ok()?;
            // A reset discards unread bytes, so the client first gets its half.
            client.flush().await.ok()?;
            client.set_zero_linger().ok()
        }
        // Over HTTP/1.0 the end of the connection ends the body, so a shortened body looks complete.
        "short" => client.write_all(shortened(&passed("HTTP/1.0").await?)).await.ok(),
        "ragged" => {
            let upstream = begin(service, &format!("{method} /{rest} HTTP/1.1"), headers).await?;
            ragged(&mut client, upstream, came.len()).await
        }
        "buffered" => buffered(&mut client, begin(service, &format!("{method} /{rest} HTTP/1.1"), headers).await?).await,
        "idle" => idle(&mut client, begin(service, &format!("{method} /{rest} HTTP/1.1"), headers).await?).await,
        "live" => live(&mut client, service, &format!("{method} /{rest} HTTP/1.1"), headers).await,
        "items" => client.write_all(&items(target.contains("cursor=d"))).await.ok(),
        other => panic!("the front end has no fault `{other}`"),
    }
}

/// The service's complete answer to the request; uncompressed, so that its lines can be separated.
async fn pass(service: SocketAddr, first: &str, headers: &str, body: &[u8]) -> Option<Message> {
    let is_ours = |line: &str| {
        let name = line.split(':').next().unwrap_or("").to_ascii_lowercase();
        ["connection", "accept-encoding"].contains(&name.as_str())
    };
    let headers = headers.lines().filter(|line| !line.is_empty() && !is_ours(line)).map(|line| format!("{line}\r\n"));
    let head = format!("{first}\r\n{}connection: close\r\n\r\n", headers.collect::<String>());
    let mut upstream = TcpStream::connect(service).await.ok()?;
    upstream.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
    let mut bytes = Vec::new();
    upstream.read_to_end(&mut bytes).await.ok()?;
    let head = memchr::memmem::find(&bytes, b"\r\n\r\n")? + 4;
    Some(Message { bytes, head })
}

/// Forwards the request.
async fn begin(service: SocketAddr, first: &str, headers: &str) -> Option<TcpStream> {
    let mut upstream = TcpStream::connect(service).await.ok()?;
    upstream.write_all(format!("{first}\r\n{headers}").as_bytes()).await.ok()?;
    Some(upstream)
}

/// Forwards the answer in pieces of any size, and cuts it at any byte, with a FIN or a RST.
async fn ragged(client: &mut TcpStream, mut upstream: TcpStream, number: usize) -> Option<()> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1);
    let mut below = |most: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % most as u64).unwrap() + 1
    };
    let mut left = below(RAGGED_BYTES);
    let is_reset = below(2) == 1;
    while left > 0 {
        let mut piece = vec![0; below(4000).min(left)];
        let count = upstream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        client.write_all(&piece[..count]).await.ok()?;
        client.flush().await.ok()?;
        left -= count;
    }
    if is_reset { client.set_zero_linger().ok() } else { client.shutdown().await.ok() }
}

/// Collects bytes, forwards them in blocks, and drops the last block.
async fn buffered(client: &mut TcpStream, mut upstream: TcpStream) -> Option<()> {
    for _ in 0..BUFFERS {
        let mut collected = Vec::with_capacity(BUFFER);
        while collected.len() < BUFFER {
            match tokio::time::timeout(IDLE, upstream.read_buf(&mut collected)).await {
                Ok(Ok(1..)) => {}
                // Without collected bytes it continues to wait.
                Err(_idle) if collected.is_empty() => {}
                Err(_idle) => break,
                Ok(_) => return client.shutdown().await.ok(),
            }
        }
        client.write_all(&collected).await.ok()?;
    }
    client.shutdown().await.ok()
}

/// Forwards the answer, and closes the connection after a time without a byte.
async fn idle(client: &mut TcpStream, mut upstream: TcpStream) -> Option<()> {
    let mut part = vec![0; BUFFER];
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(IDLE, upstream.read(&mut part)).await {
        client.write_all(&part[..count]).await.ok()?;
    }
    client.shutdown().await.ok()
}

/// Forwards the answer as it arrives, and cuts it.
async fn live(client: &mut TcpStream, service: SocketAddr, first: &str, headers: &str) -> Option<()> {
    let upstream = begin(service, first, headers).await?;
    tokio::io::copy(&mut upstream.take(LIVE_BYTES), client).await.ok()?;
    client.flush().await.ok()
}

/// A tail with an item of each kind; resumed after the last one, an event and a refusal.
fn items(is_resumed: bool) -> Vec<u8> {
    let event = |id: &str, message: &str| {
        let event = json!({
            "timestamp": "2026-11-20T10:00:00.000Z", "ingestionTime": "2026-11-20T10:00:00.001Z", "logStream": "web-1",
            "message": message,
        });
        format!("event: event\nid: {id}\ndata: {event}\n\n")
    };
    let body = if is_resumed {
        let problem = json!({
            "type": "urn:logmark:problem:insufficient_scope", "title": "t", "status": 403, "code": "insufficient_scope",
            "detail": "d", "instance": "0123456789abcdef0123456789abcdef",
        });
        event("e", "two") + &format!("event: error\ndata: {problem}\n\n")
    } else {
        let gap = json!({
            "from": "2026-11-20T10:00:00.000Z", "to": "2026-11-20T10:00:01.000Z", "reason": "dropped", "recovered": true,
        });
        format!(
            "retry: 2000\n: keep-alive\nid: a\n\n{}event: gap\nid: c\ndata: {gap}\n\nevent: sampled\ndata: {{\"above\":500}}\n\n\
             event: notice\ndata: {{\"mode\":\"sweeps\"}}\n\nevent: later\ndata: {{}}\n\nevent: reconnect\nid: d\ndata: {{}}\n\n",
            event("b", "one")
        )
    };
    answer("200 OK", "text/event-stream", "", &body)
}

/// All but the last line.
fn shortened(answer: &Message) -> &[u8] {
    let without_end = answer.bytes.strip_suffix(b"\n").unwrap_or(&answer.bytes);
    let end = memchr::memrchr(b'\n', &without_end[answer.head..]).map_or(answer.head, |place| answer.head + place + 1);
    &answer.bytes[..end]
}

fn answer(status: &str, content_type: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n{more}connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
