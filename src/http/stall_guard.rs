//! A stream with time-outs for a silent peer, slow request headers, and unread writes.
//!
//! Owns the waits that hyper does not limit or does not tell apart: the bytes before HTTP's version is known, the time between two
//! requests of HTTP/1, the time of a request's headers, and writes. HTTP/2 has frames between requests too, so
//! [`super::activity`] measures the wait for the next request. Sets the socket to end in a reset while [`super::incomplete_body`]
//! requires it.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::activity::Activity;
use super::incomplete_body::{IncompleteBody, ResetOnClose};

/// The preface of an HTTP/2 connection (RFC 9113 §3.4). While the bytes so far match it, hyper waits for more without a limit.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The wait for the bytes that tell HTTP's version.
#[derive(Debug)]
struct ProtocolDetection {
    timer: Pin<Box<Sleep>>,
    /// Bytes of the preface that have come.
    received: usize,
    /// All of it has come.
    is_http2: bool,
}

impl ProtocolDetection {
    /// Whether the bytes so far leave the version open. The end of the stream does not.
    fn is_undecided(&mut self, came: &[u8]) -> bool {
        let rest = &PREFACE[self.received..];
        self.received += came.len();
        self.is_http2 = came.starts_with(rest);
        !came.is_empty() && came.len() < rest.len() && rest.starts_with(came)
    }
}

/// The time-outs for a peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerTimeouts {
    /// For the bytes that tell HTTP's version, and from a request's first byte to the last of its headers, each.
    pub(super) headers: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// For reading written bytes.
    pub(super) write: Duration,
}

/// The stream and its timers.
#[derive(Debug)]
pub(super) struct StallGuard<Io> {
    io: Io,
    timeouts: PeerTimeouts,
    activity: Arc<Activity>,
    /// Until the version is known.
    detection: Option<ProtocolDetection>,
    is_http2: bool,
    /// When the first byte of the current request's headers came, and the number of requests before it.
    request_started: Option<(Instant, u64)>,
    /// For the wait between requests or for headers.
    next_request: Pin<Box<Sleep>>,
    /// Set while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether closing now would make an incomplete body look complete.
    incomplete_body: IncompleteBody,
    /// Closing the socket resets the connection.
    resets: bool,
}

impl<Io> StallGuard<Io> {
    /// Guards `io`, whose requests `activity` counts.
    pub(super) fn new(io: Io, timeouts: PeerTimeouts, activity: Arc<Activity>) -> Self {
        let timer = || Box::pin(tokio::time::sleep(timeouts.headers));
        let detection = Some(ProtocolDetection { timer: timer(), received: 0, is_http2: false });
        Self {
            io,
            timeouts,
            activity,
            detection,
            is_http2: false,
            request_started: None,
            next_request: timer(),
            stalled: None,
            incomplete_body: IncompleteBody::default(),
            resets: false,
        }
    }

    /// Ends in a reset while a body is sent that ends with the connection.
    pub(super) fn watching(self, incomplete_body: IncompleteBody) -> Self {
        Self { incomplete_body, ..self }
    }

    /// Notes bytes that came while no request ran: they begin the next one.
    fn note_read(&mut self, came: usize) {
        let Some(idle) = self.activity.idle() else {
            self.request_started = None;
            return;
        };
        self.request_started.take_if(|(_, after)| *after != idle.after);
        if came > 0 && self.request_started.is_none() {
            self.request_started = Some((Instant::now(), idle.after));
        }
    }

    /// Waits for bytes: whether the peer took too long with its next request.
    fn guard_next_request(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        let Some(idle) = self.activity.idle_or_wake(context) else {
            self.request_started = None;
            return Poll::Pending;
        };
        // That request has ended since its first byte.
        self.request_started.take_if(|(_, after)| *after != idle.after);
        let deadline = self.request_started.map_or(idle.since + self.timeouts.idle, |(since, _)| since + self.timeouts.headers);
        // Moving a timer locks the runtime's timers. Each request moves the deadline back, so the timer stays, and is moved when it fires.
        if self.next_request.deadline() > deadline {
            self.next_request.as_mut().reset(deadline);
        }
        loop {
            ready!(self.next_request.as_mut().poll(context));
            if self.next_request.deadline() >= deadline {
                return Poll::Ready(Error::new(ErrorKind::TimedOut, "the peer sent no request in time"));
            }
            self.next_request.as_mut().reset(deadline);
        }
    }

    fn guard_write(&mut self, context: &mut Context<'_>, progress: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if progress.is_ready() {
            self.stalled = None;
            return progress;
        }
        let timeout = self.timeouts.write;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + timeout)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer did not read in time")))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for StallGuard<Io> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let answer = Pin::new(&mut this.io).poll_read(context, buffer);
        if answer.is_ready() {
            let came = buffer.filled().get(before..).unwrap_or_default();
            let came_bytes = came.len();
            if let Some(known) = this.detection.take_if(|detection| !detection.is_undecided(came)) {
                this.is_http2 = known.is_http2;
                if known.is_http2 {
                    this.activity.set_http2();
                }
            }
            this.note_read(came_bytes);
        } else if let Some(detection) = &mut this.detection {
            if detection.timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer sent nothing in time")));
            }
        } else if !this.is_http2 {
            return this.guard_next_request(context).map(Err);
        }
        answer
    }
}

impl<Io: ResetOnClose> StallGuard<Io> {
    fn set_reset(&mut self, reset: bool) -> Result<()> {
        if self.resets != reset {
            self.io.set_reset(reset)?;
            self.resets = reset;
        }
        Ok(())
    }

    /// Before bytes of such a body are written. INVARIANT: only the end of the connection undoes it, when all is written.
    fn before_write(&mut self) -> Result<()> {
        if self.incomplete_body.get() { self.set_reset(true) } else { Ok(()) }
    }
}

impl<Io: AsyncWrite + ResetOnClose + Unpin> AsyncWrite for StallGuard<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        this.before_write()?;
        let progress = Pin::new(&mut this.io).poll_write(context, bytes);
        this.guard_write(context, progress)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        this.before_write()?;
        let progress = Pin::new(&mut this.io).poll_write_vectored(context, parts);
        this.guard_write(context, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.io).poll_flush(context).map_ok(|()| 0);
        this.guard_write(context, progress).map_ok(|_| ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        if this.incomplete_body.get() {
            return Poll::Ready(Err(Error::new(ErrorKind::ConnectionAborted, "the body is not complete")));
        }
        this.set_reset(false)?;
        let progress = Pin::new(&mut this.io).poll_shutdown(context).map_ok(|()| 0);
        this.guard_write(context, progress).map_ok(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const TIMEOUTS: PeerTimeouts =
        PeerTimeouts { headers: Duration::from_secs(10), idle: Duration::from_secs(60), write: Duration::from_secs(30) };
    impl ResetOnClose for tokio::io::DuplexStream {
        fn set_reset(&self, _reset: bool) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up_and_a_late_one_after_its_first_byte_is_not() {
        let (near, _silent) = tokio::io::duplex(64);
        let mut guard = StallGuard::new(near, TIMEOUTS, Activity::new());
        assert_eq!(guard.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);

        let (near, mut far) = tokio::io::duplex(64);
        let activity = Activity::new();
        let mut guard = StallGuard::new(near, TIMEOUTS, Arc::clone(&activity));
        far.write_u8(1).await.unwrap();
        assert_eq!(guard.read_u8().await.unwrap(), 1);
        let _request = activity.begin();
        let later = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            far.write_u8(2).await.unwrap();
        });
        assert_eq!(guard.read_u8().await.unwrap(), 2);
        later.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_ends_in_a_reset_unless_its_body_is_whole() {
        for (is_whole, reads) in [(true, true), (false, true), (false, false)] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut far = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (near, _) = listener.accept().await.unwrap();
            let incomplete_body = IncompleteBody::default();
            let body = axum::body::Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes>>());
            let answer = incomplete_body.watch(http::Version::HTTP_10, &http::Method::GET, http::Response::new(body));
            let timeouts = PeerTimeouts { write: Duration::from_millis(50), ..TIMEOUTS };
            let mut guard = StallGuard::new(near, timeouts, Activity::new()).watching(incomplete_body.clone());
            guard.write_all(b"a part").await.unwrap();
            drop(answer);
            if is_whole {
                incomplete_body.end();
                guard.shutdown().await.unwrap();
            } else if reads {
                assert_eq!(guard.shutdown().await.unwrap_err().kind(), ErrorKind::ConnectionAborted);
            } else {
                let stalled = guard.write_all(&vec![b'x'; 64 << 20]).await.unwrap_err();
                assert_eq!(stalled.kind(), ErrorKind::TimedOut);
            }
            drop(guard);
            let mut read = Vec::new();
            let ended = far.read_to_end(&mut read).await;
            assert_eq!(ended.map_err(|error| error.kind()).err(), (!is_whole).then_some(ErrorKind::ConnectionReset));
            assert!(!is_whole || read == b"a part");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stops_within_the_beginning_of_http2_is_given_up_and_one_after_it_is_not() {
        for (first, is_given_up) in
            [("P", true), ("PRI * HTTP/2.0", true), ("PO", true), (str::from_utf8(PREFACE).unwrap(), false)]
        {
            let (near, mut far) = tokio::io::duplex(64);
            let mut guard = StallGuard::new(near, TIMEOUTS, Activity::new());
            let writer = tokio::spawn(async move {
                for byte in first.bytes() {
                    far.write_u8(byte).await.unwrap();
                    tokio::task::yield_now().await;
                }
                tokio::time::sleep(Duration::from_secs(60)).await;
                far.write_u8(b'x').await
            });
            let mut read = Vec::new();
            let outcome = guard.read_to_end(&mut read).await;
            assert_eq!(outcome.is_err(), is_given_up, "{first}");
            assert_eq!(read.ends_with(b"x"), !is_given_up, "{first}");
            writer.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_given_up_and_a_slow_one_is_not() {
        let (near, _far) = tokio::io::duplex(4);
        let mut guard = StallGuard::new(near, TIMEOUTS, Activity::new());
        assert_eq!(guard.write_all(b"more than four").await.unwrap_err().kind(), ErrorKind::TimedOut);

        let (near, mut far) = tokio::io::duplex(4);
        let mut guard = StallGuard::new(near, TIMEOUTS, Activity::new());
        let reader = tokio::spawn(async move {
            let mut got = Vec::new();
            while got.len() < 14 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                got.push(far.read_u8().await.unwrap());
            }
            got
        });
        guard.write_all(b"more than four").await.unwrap();
        assert_eq!(reader.await.unwrap(), b"more than four");
    }

    #[tokio::test(start_paused = true)]
    async fn headers_and_the_wait_for_a_request_have_times_of_their_own() {
        let activity = Activity::new();
        let (near, mut far) = tokio::io::duplex(64);
        let mut guard = StallGuard::new(near, TIMEOUTS, Arc::clone(&activity));
        far.write_u8(b'G').await.unwrap();
        assert_eq!(guard.read_u8().await.unwrap(), b'G');
        let request = activity.begin();
        tokio::time::sleep(Duration::from_secs(100)).await;
        drop(request);
        // 59 s without a request are allowed, and the time limit of the next request starts at its first byte.
        let begun = Instant::now();
        let peer = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(59)).await;
            far.write_u8(b'G').await.unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
            far.write_u8(b'E').await.unwrap();
            far
        });
        assert_eq!(guard.read_u8().await.unwrap(), b'G');
        assert_eq!(guard.read_u8().await.unwrap(), b'E');
        assert_eq!(guard.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), 59 + 10);
        drop(peer.await.unwrap());

        let activity = Activity::new();
        let (near, mut far) = tokio::io::duplex(64);
        let mut guard = StallGuard::new(near, TIMEOUTS, Arc::clone(&activity));
        far.write_u8(b'G').await.unwrap();
        assert_eq!(guard.read_u8().await.unwrap(), b'G');
        drop(activity.begin());
        let idle = Instant::now();
        assert_eq!(guard.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(idle.elapsed().as_secs(), 60);
    }
}
