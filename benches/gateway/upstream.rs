//! A minimal CloudWatch Logs for the benches: GetLogEvents on loopback, with negligible CPU time.
//!
//! Owns its two streams: one repeated page, and pages of realistic lines up to an end. Does not check signatures, names or
//! ranges. Tokens follow AWS: at the end, the answer repeats the token of the request.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use logmark::cli::demo::sample::{Samples, streams};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Events of the small page: about 1 KB of JSON.
pub(crate) const SMALL_EVENTS: usize = 6;
/// AWS's limit of a page: bytes of messages, plus 26 for each event.
const PAGE_BYTES: usize = 1 << 20;
const EVENT_OVERHEAD: usize = 26;
const PAGE_EVENTS: usize = 10_000;
/// The seconds of the first page's events; each page is a second later.
const BEGIN: u64 = 1_700_000_000;

/// Makes an answer from a request.
type Answer = Arc<dyn Fn(&[u8], &mut Vec<u8>) + Send + Sync>;

/// Serves the same page for every request.
pub(crate) fn small_page() -> SocketAddr {
    let line = |i| format!("192.0.2.7 - - GET /orders/{i} HTTP/1.1 200 {} curl/8", 1000 + i);
    let page = Page::of((0..SMALL_EVENTS).map(line));
    let mut whole = Vec::new();
    page.write(0, "f/38630134520184120834509124350923485092348509234850923485", &mut whole);
    serve(Arc::new(move |_request, out| out.extend_from_slice(&whole)))
}

/// A stream of many pages.
pub(crate) struct Long {
    pub(crate) address: SocketAddr,
    pub(crate) events: u64,
    /// Bytes of messages.
    pub(crate) bytes: u64,
    /// The number of calls so far.
    pub(crate) calls: Arc<AtomicU64>,
}

/// Serves pages of the demo's lines: API Gateway, Lambda and Java, with their quotes and line breaks.
pub(crate) fn long_stream(megabytes: u64) -> Long {
    let begin = i64::try_from(BEGIN * 1000).unwrap();
    let mut samples: Vec<_> = streams(begin).iter().map(|stream| Samples::new(stream, begin, 7)).collect();
    let mut lines = (0..).filter_map(move |i: usize| {
        let of = i % samples.len();
        samples[of].next().map(|(_, message)| message)
    });
    let kinds: Vec<Page> = (0..8).map(|_| Page::full(&mut lines)).collect();
    let (mut pages, mut events, mut bytes) = (0_u64, 0, 0);
    while bytes < megabytes * 1_000_000 {
        let page = &kinds[usize::try_from(pages).unwrap() % kinds.len()];
        (pages, events, bytes) = (pages + 1, events + page.events, bytes + page.bytes);
    }
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let address = serve(Arc::new(move |request, out| {
        counted.fetch_add(1, Ordering::Relaxed);
        let number = token(request).unwrap_or(0).min(pages);
        let next = format!("f/{:08}", (number + 1).min(pages));
        match usize::try_from(number) {
            Ok(at) if number < pages => kinds[at % kinds.len()].write(number, &next, out),
            _ => Page::of(std::iter::empty()).write(number, &next, out),
        }
    }));
    Long { address, events, bytes, calls }
}

fn token(request: &[u8]) -> Option<u64> {
    let key = b"\"nextToken\":\"f/";
    let begin = memchr::memmem::find(request, key)? + key.len();
    std::str::from_utf8(request.get(begin..begin + 8)?).ok()?.parse().ok()
}

/// The events of a page as JSON, complete except for the seconds of their times.
struct Page {
    json: Vec<u8>,
    seconds_at: Vec<usize>,
    events: u64,
    bytes: u64,
}

impl Page {
    fn of(messages: impl Iterator<Item = String>) -> Self {
        let mut page = Self { json: b"{\"events\":[".to_vec(), seconds_at: Vec::new(), events: 0, bytes: 0 };
        messages.for_each(|message| page.push(&message));
        page.json.push(b']');
        page
    }

    fn full(lines: &mut impl Iterator<Item = String>) -> Self {
        let mut room = PAGE_BYTES;
        let fitting = lines.take(PAGE_EVENTS).take_while(|line| match room.checked_sub(line.len() + EVENT_OVERHEAD) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        });
        Self::of(fitting)
    }

    fn push(&mut self, message: &str) {
        let comma = if self.events == 0 { "" } else { "," };
        let millis = self.events % 1000;
        let message_json = serde_json::to_string(message).unwrap();
        for (before, after) in [(format!("{comma}{{\"timestamp\":"), ""), (",\"ingestionTime\":".to_owned(), ",\"message\":")] {
            self.json.extend_from_slice(before.as_bytes());
            self.seconds_at.push(self.json.len());
            self.json.extend_from_slice(format!("{BEGIN}{millis:03}{after}").as_bytes());
        }
        self.json.extend_from_slice(message_json.as_bytes());
        self.json.push(b'}');
        self.events += 1;
        self.bytes += message.len() as u64;
    }

    /// Writes the whole HTTP answer.
    fn write(&self, number: u64, next: &str, out: &mut Vec<u8>) {
        let mut tokens = String::new();
        let back = next.replace('f', "b");
        write!(tokens, ",\"nextForwardToken\":\"{next}\",\"nextBackwardToken\":\"{back}\"}}").unwrap();
        let length = self.json.len() + tokens.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        let begin = out.len();
        out.extend_from_slice(&self.json);
        let seconds = (BEGIN + number).to_string();
        for at in &self.seconds_at {
            out[begin + at..begin + at + seconds.len()].copy_from_slice(seconds.as_bytes());
        }
        out.extend_from_slice(tokens.as_bytes());
    }
}

/// Serves in a separate thread until the program ends.
fn serve(answer: Answer) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, Arc::clone(&answer)));
            }
        });
    });
    address
}

async fn connection(mut stream: TcpStream, answer: Answer) {
    stream.set_nodelay(true).unwrap();
    let (mut came, mut out) = (Vec::with_capacity(16 * 1024), Vec::new());
    loop {
        let length = loop {
            match request_length(&came) {
                Some(length) if came.len() >= length => break length,
                _ => {}
            }
            if !matches!(stream.read_buf(&mut came).await, Ok(1..)) {
                return;
            }
        };
        out.clear();
        answer(&came[..length], &mut out);
        came.drain(..length);
        if stream.write_all(&out).await.is_err() {
            return;
        }
    }
}

/// The length of the first request in `came`, once its head is complete.
fn request_length(came: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(came, b"\r\n\r\n")? + 4;
    let body = came[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked("content-length:".len())?;
        let value = name.eq_ignore_ascii_case(b"content-length:").then(|| std::str::from_utf8(value).ok())??;
        value.trim().parse::<usize>().ok()
    });
    Some(head + body.unwrap_or(0))
}
