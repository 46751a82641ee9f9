//! A proxy between Logmark and its upstream that cuts, delays and reframes exchanges at any byte, as toxiproxy does.
//!
//! Owns the sockets and the faults. Of HTTP it knows only where a message ends, and it handles one request at a time. A mark in
//! the request chooses the fault (see `fake_cloudwatch::plan`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::fake_cloudwatch::plan::Plans;
use super::small_http::{Message, read};

/// A place in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutPoint {
    /// Before its first byte.
    Nothing,
    /// Within its first line.
    FirstLine,
    /// Within its headers.
    Headers,
    /// After its head.
    Head,
    /// After this percentage of its body.
    Body(usize),
    /// Before its last byte.
    AllButOne,
    /// After its last byte.
    All,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEnd {
    /// With a FIN, as by a process that closes it.
    Close,
    /// With a RST, as by a host without state for the connection.
    Reset,
    /// Not at all: the proxy stops sending.
    Open,
}

/// The fault of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFault {
    /// The upstream receives this part of the request, then the connection ends.
    Request(CutPoint, ConnectionEnd),
    /// The client receives this part of the answer, then the connection ends.
    Answer(CutPoint, ConnectionEnd),
    /// `Content-Length` is wrong by this number; then the connection ends.
    Length(i64, ConnectionEnd),
    /// `Content-Length` has this value.
    Announced(&'static str),
    /// Chunks without end.
    Endless,
    /// This part of the answer in chunks. A complete answer has the last chunk; otherwise the connection ends.
    Chunked(CutPoint),
    /// This part of the answer without a length: the end of the connection ends it.
    Unframed(CutPoint),
    /// From this place on, this many bytes at a time, with a delay after each.
    Pace(CutPoint, usize, Duration),
    /// In both directions, one byte per segment.
    Bytewise,
    /// With this delay.
    Late(Duration),
    /// Interim responses before the answer: 100 and 103.
    Interim,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) plans: Plans<ProxyFault>,
    /// Ends every new connection before a read, and every open one at its next request.
    pub(crate) at_accept: Option<ConnectionEnd>,
    /// The number of refused connections.
    pub(crate) refused: usize,
}

/// A running proxy; ends with the tokio runtime.
#[derive(Debug, Clone)]
pub struct FaultyProxy {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FaultyProxy {
    /// Starts a proxy before `upstream`.
    pub async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let faulty_proxy = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&faulty_proxy.state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let at_accept = {
                    let mut state = state.lock().unwrap();
                    state.refused += usize::from(state.at_accept.is_some());
                    state.at_accept
                };
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    match at_accept {
                        Some(end) => finish(client, end).await,
                        None => ProxiedExchange { client, upstream, state }.run().await,
                    }
                });
            }
        });
        faulty_proxy
    }

    /// The active plans.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// One connection.
struct ProxiedExchange {
    client: TcpStream,
    upstream: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl ProxiedExchange {
    async fn run(mut self) -> Option<()> {
        self.client.set_nodelay(true).ok()?;
        loop {
            let request = read(&mut self.client).await?;
            let (at_accept, cut) = {
                let mut state = self.state.lock().unwrap();
                (state.at_accept, state.plans.choose(&request.bytes[request.head..]))
            };
            if let Some(end) = at_accept {
                return finish(self.client, end).await;
            }
            let mut upstream = TcpStream::connect(self.upstream).await.ok()?;
            upstream.set_nodelay(true).ok()?;
            match cut {
                Some(ProxyFault::Request(cut_point, end)) => {
                    upstream.write_all(&request.bytes[..request.cut_point(cut_point)]).await.ok()?;
                    drop(upstream);
                    return finish(self.client, end).await;
                }
                Some(ProxyFault::Bytewise) => bytewise(&mut upstream, &request.bytes).await?,
                _ => upstream.write_all(&request.bytes).await.ok()?,
            }
            let answer = read(&mut upstream).await?;
            self = self.answer(&answer, cut).await?;
        }
    }

    /// Forwards the answer; `None` when the connection ends with it.
    async fn answer(mut self, answer: &Message, cut: Option<ProxyFault>) -> Option<Self> {
        let client = &mut self.client;
        let (all, body) = (&answer.bytes, &answer.bytes[answer.head..]);
        match cut {
            None | Some(ProxyFault::Request(..)) => client.write_all(all).await.ok()?,
            Some(ProxyFault::Answer(cut_point, end)) => {
                client.write_all(&all[..answer.cut_point(cut_point)]).await.ok()?;
                return finish(self.client, end).await;
            }
            Some(ProxyFault::Length(by, end)) => {
                let length = i64::try_from(body.len()).unwrap() + by;
                client.write_all(&answer.framed(&format!("content-length: {length}"))).await.ok()?;
                client.write_all(body).await.ok()?;
                return finish(self.client, end).await;
            }
            Some(ProxyFault::Announced(length)) => {
                client.write_all(&answer.framed(&format!("content-length: {length}"))).await.ok()?;
                client.write_all(body).await.ok()?;
                return finish(self.client, ConnectionEnd::Open).await;
            }
            Some(ProxyFault::Endless) => {
                client.write_all(&answer.framed("transfer-encoding: chunked")).await.ok()?;
                let spaces = [b' '; 1 << 16];
                loop {
                    client.write_all(&chunk(&spaces)).await.ok()?;
                }
            }
            Some(ProxyFault::Chunked(cut_point)) => {
                client.write_all(&answer.framed("transfer-encoding: chunked")).await.ok()?;
                let there = answer.cut_point(cut_point) - answer.head;
                for part in body[..there].chunks(100) {
                    client.write_all(&chunk(part)).await.ok()?;
                }
                if cut_point != CutPoint::All {
                    return finish(self.client, ConnectionEnd::Close).await;
                }
                client.write_all(b"0\r\n\r\n").await.ok()?;
            }
            Some(ProxyFault::Unframed(cut_point)) => {
                client.write_all(&answer.framed("connection: close")).await.ok()?;
                client.write_all(&body[..answer.cut_point(cut_point) - answer.head]).await.ok()?;
                return finish(self.client, ConnectionEnd::Close).await;
            }
            Some(ProxyFault::Pace(cut_point, bytes, wait)) => {
                let (at_once, slowly) = all.split_at(answer.cut_point(cut_point));
                client.write_all(at_once).await.ok()?;
                for part in slowly.chunks(bytes) {
                    client.write_all(part).await.ok()?;
                    tokio::time::sleep(wait).await;
                }
            }
            Some(ProxyFault::Bytewise) => bytewise(client, all).await?,
            Some(ProxyFault::Late(wait)) => {
                tokio::time::sleep(wait).await;
                client.write_all(all).await.ok()?;
            }
            Some(ProxyFault::Interim) => {
                client.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await.ok()?;
                client.write_all(all).await.ok()?;
            }
        }
        Some(self)
    }
}

impl Message {
    fn cut_point(&self, cut_point: CutPoint) -> usize {
        let line = memchr::memchr(b'\n', &self.bytes).unwrap_or(0);
        match cut_point {
            CutPoint::Nothing => 0,
            CutPoint::FirstLine => line / 2,
            CutPoint::Headers => line + (self.head - line) / 2,
            CutPoint::Head => self.head,
            CutPoint::Body(percent) => self.head + (self.bytes.len() - self.head) * percent / 100,
            CutPoint::AllButOne => self.bytes.len() - 1,
            CutPoint::All => self.bytes.len(),
        }
    }

    /// The head, with this line in place of the length.
    fn framed(&self, line: &str) -> Vec<u8> {
        let head = str::from_utf8(&self.bytes[..self.head]).unwrap();
        let lines = head.lines().filter(|line| !line.is_empty() && !line.to_ascii_lowercase().starts_with("content-length:"));
        let lines: Vec<&str> = lines.chain([line]).collect();
        format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
    }
}

/// Sends the head and the first bytes of the body byte by byte. The rest is sent in small pieces: on a loaded machine, a large
/// answer sent byte by byte takes longer than the time limit of a call.
async fn bytewise(socket: &mut TcpStream, bytes: &[u8]) -> Option<()> {
    const SINGLE_BYTES: usize = 2048;
    const PIECE_BYTES: usize = 13;
    let (single, rest) = bytes.split_at(bytes.len().min(SINGLE_BYTES));
    for piece in single.chunks(1).chain(rest.chunks(PIECE_BYTES)) {
        socket.write_all(piece).await.ok()?;
        tokio::task::yield_now().await;
    }
    Some(())
}

fn chunk(part: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()
}

/// Ends the connection; `None`, the result of every caller.
async fn finish<T>(mut client: TcpStream, end: ConnectionEnd) -> Option<T> {
    match end {
        ConnectionEnd::Close => client.shutdown().await.ok()?,
        ConnectionEnd::Reset => client.set_zero_linger().ok()?,
        ConnectionEnd::Open => while client.read(&mut [0; 1024]).await.ok()? > 0 {},
    }
    None
}
