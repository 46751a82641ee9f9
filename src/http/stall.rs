//! A stream that gives up on a peer who says nothing at first, or who does not read what we write.
//!
//! Owns these two waits, which hyper leaves unbounded: the bytes before HTTP's version is known, and writes. Sets the socket to
//! end in a reset while [`super::unfinished`] asks for it.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::unfinished::{Reset, Unfinished};

/// What a connection of HTTP/2 begins with (RFC 9113 §3.4). While it could still be that, hyper waits for more without end.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The wait for as many bytes as tell HTTP's version.
#[derive(Debug)]
struct Beginning {
    timer: Pin<Box<Sleep>>,
    /// Bytes of the preface that have come.
    come: usize,
}

impl Beginning {
    /// Does what came leave the version open? The end of the stream does not.
    fn goes_on(&mut self, came: &[u8]) -> bool {
        let rest = &PREFACE[self.come..];
        self.come += came.len();
        !came.is_empty() && came.len() < rest.len() && rest.starts_with(came)
    }
}

/// The stream and its two timers.
#[derive(Debug)]
pub(super) struct StallGuard<Io> {
    io: Io,
    /// Until the version is known.
    beginning: Option<Beginning>,
    write_stall: Duration,
    /// Set while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether closing now would make a body look whole that is not.
    unfinished: Unfinished,
    /// Closing the socket resets the connection.
    resets: bool,
}

impl<Io> StallGuard<Io> {
    /// Guards `io`: what tells HTTP's version must come within `beginning`, and no write may wait longer than `write_stall`.
    pub(super) fn new(io: Io, beginning: Duration, write_stall: Duration) -> Self {
        let beginning = Some(Beginning { timer: Box::pin(tokio::time::sleep(beginning)), come: 0 });
        Self { io, beginning, write_stall, stalled: None, unfinished: Unfinished::default(), resets: false }
    }

    /// Ends in a reset while a body is under way whose end would be the end of the connection.
    pub(super) fn watching(self, unfinished: Unfinished) -> Self {
        Self { unfinished, ..self }
    }

    fn guard_write(&mut self, context: &mut Context<'_>, progress: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if progress.is_ready() {
            self.stalled = None;
            return progress;
        }
        let timeout = self.write_stall;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + timeout)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer does not read")))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for StallGuard<Io> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let answer = Pin::new(&mut this.io).poll_read(context, buffer);
        if answer.is_ready() {
            let came = buffer.filled().get(before..).unwrap_or_default();
            this.beginning.take_if(|beginning| !beginning.goes_on(came));
        } else if let Some(beginning) = &mut this.beginning
            && beginning.timer.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer says nothing")));
        }
        answer
    }
}

impl<Io: Reset> StallGuard<Io> {
    fn set_reset(&mut self, reset: bool) -> Result<()> {
        if self.resets != reset {
            self.io.set_reset(reset)?;
            self.resets = reset;
        }
        Ok(())
    }

    /// Before bytes of such a body are written. INVARIANT: only the end of the connection undoes it, when all is written.
    fn before_write(&mut self) -> Result<()> {
        if self.unfinished.get() { self.set_reset(true) } else { Ok(()) }
    }
}

impl<Io: AsyncWrite + Reset + Unpin> AsyncWrite for StallGuard<Io> {
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
        if this.unfinished.get() {
            return Poll::Ready(Err(Error::new(ErrorKind::ConnectionAborted, "the body is not whole")));
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

    impl Reset for tokio::io::DuplexStream {
        fn set_reset(&self, _reset: bool) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up_and_a_late_one_after_its_first_byte_is_not() {
        let (near, _silent) = tokio::io::duplex(64);
        let mut guard = StallGuard::new(near, Duration::from_secs(10), Duration::from_secs(30));
        assert_eq!(guard.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);

        let (near, mut far) = tokio::io::duplex(64);
        let mut guard = StallGuard::new(near, Duration::from_secs(10), Duration::from_secs(30));
        far.write_u8(1).await.unwrap();
        assert_eq!(guard.read_u8().await.unwrap(), 1);
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
            let unfinished = Unfinished::default();
            let body = axum::body::Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes>>());
            let answer = unfinished.watch(http::Version::HTTP_10, &http::Method::GET, http::Response::new(body));
            let mut guard =
                StallGuard::new(near, Duration::from_secs(10), Duration::from_millis(50)).watching(unfinished.clone());
            guard.write_all(b"a part").await.unwrap();
            drop(answer);
            if is_whole {
                unfinished.end();
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
            [("P", true), ("PRI * HTTP/2.0", true), ("PO", false), (str::from_utf8(PREFACE).unwrap(), false)]
        {
            let (near, mut far) = tokio::io::duplex(64);
            let mut guard = StallGuard::new(near, Duration::from_secs(10), Duration::from_secs(30));
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
        let mut guard = StallGuard::new(near, Duration::from_secs(10), Duration::from_secs(30));
        assert_eq!(guard.write_all(b"more than four").await.unwrap_err().kind(), ErrorKind::TimedOut);

        let (near, mut far) = tokio::io::duplex(4);
        let mut guard = StallGuard::new(near, Duration::from_secs(10), Duration::from_secs(30));
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
}
