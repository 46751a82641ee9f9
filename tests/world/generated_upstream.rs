//! An upstream with long streams, generated in advance: as many pages of one megabyte as a stream's name says.
//!
//! Answers GetLogEvents only, without a check of the rest of the request, for tests with thousands of concurrent reads. Tests
//! that depend on the content of an answer, and not only on its size, use [`super::fake_cloudwatch`].

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::small_http;

/// Events of a page.
pub const PAGE_EVENTS: usize = 2000;
/// Bytes of a message.
pub const MESSAGE: usize = 500;
/// Generated pages, the longest stream.
pub const MAX_PAGES: usize = 16;

/// A running upstream; ends with the tokio runtime.
#[derive(Debug)]
pub struct GeneratedUpstream {
    /// Where it listens.
    pub address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl GeneratedUpstream {
    /// Starts the upstream; its events begin at this time, one per millisecond.
    pub async fn start(begin: i64) -> Self {
        let pages: Arc<Vec<String>> = Arc::new((0..MAX_PAGES).map(|page| events(begin, page)).collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&pages), Arc::clone(&counted)));
            }
        });
        Self { address, calls }
    }

    /// The number of calls.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The name of a stream with this many pages.
    pub fn stream(pages: usize) -> String {
        format!("pages-{pages}")
    }
}

fn events(begin: i64, page: usize) -> String {
    let mut text = String::with_capacity(PAGE_EVENTS * (MESSAGE + 100));
    for number in page * PAGE_EVENTS..(page + 1) * PAGE_EVENTS {
        let comma = if text.is_empty() { "" } else { "," };
        let at = begin + i64::try_from(number).unwrap();
        let _infallible = write!(text, "{comma}{{\"timestamp\":{at},\"ingestionTime\":{at},\"message\":\"{number:0MESSAGE$}\"}}");
    }
    text
}

async fn serve(mut socket: TcpStream, pages: Arc<Vec<String>>, calls: Arc<AtomicUsize>) -> Option<()> {
    loop {
        let request = small_http::read(&mut socket).await?;
        calls.fetch_add(1, Ordering::Relaxed);
        let asked: Value = serde_json::from_slice(&request.bytes[request.head..]).ok()?;
        let most: usize = asked["logStreamName"].as_str()?.strip_prefix("pages-")?.parse().ok()?;
        let page: usize = asked["nextToken"].as_str().map_or(Some(0), |token| token.strip_prefix("f/")?.parse().ok())?;
        let (events, next) = if page < most { (pages[page].as_str(), page + 1) } else { ("", page) };
        let end = format!("],\"nextForwardToken\":\"f/{next}\",\"nextBackwardToken\":\"b/{page}\"}}");
        let length = "{\"events\":[".len() + events.len() + end.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{\"events\":[");
        for part in [&head, events, &end] {
            socket.write_all(part.as_bytes()).await.ok()?;
        }
    }
}
