//! A stream that gives up on a peer who says nothing at first, or who does not read what we write.
//!
//! Owns these two waits, which hyper leaves unbounded: the first byte before HTTP's version is known, and writes.

use std::future::Future;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The stream and its two timers.
#[derive(Debug)]
pub(super) struct StallGuard<Io> {
    io: Io,
    first_byte: Option<Pin<Box<Sleep>>>,
    write_stall: Duration,
    /// Set while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<Io> StallGuard<Io> {
    /// Guards `io`: the first byte must come within `first_byte`, and no write may wait longer than `write_stall`.
    pub(super) fn new(io: Io, first_byte: Duration, write_stall: Duration) -> Self {
        let first_byte = Some(Box::pin(tokio::time::sleep(first_byte)));
        Self { io, first_byte, write_stall, stalled: None }
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
        let answer = Pin::new(&mut this.io).poll_read(context, buffer);
        if answer.is_ready() {
            this.first_byte = None;
        } else if let Some(timer) = &mut this.first_byte
            && timer.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the peer says nothing")));
        }
        answer
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for StallGuard<Io> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let progress = Pin::new(&mut this.io).poll_write(context, bytes);
        this.guard_write(context, progress)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let this = self.get_mut();
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
        let progress = Pin::new(&mut this.io).poll_shutdown(context).map_ok(|()| 0);
        this.guard_write(context, progress).map_ok(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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
