//! Progress of answers: a body is passed to the connection in small pieces, and an answer with pieces that stay unsent is aborted.
//!
//! Owns the bytes of an answer that the connection has at a time, and the time that they can stay unsent. INVARIANT: the end of a
//! body is passed on after all of its pieces were sent, so an answer is watched until its last byte: hyper keeps no task for an
//! HTTP/2 stream with a queued end.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// Bytes of a piece: a frame of HTTP/2, as large as it is when the peer says nothing else (RFC 9113 §6.5.2).
const CHUNK_BYTES: usize = 16 * 1024;
/// Unsent bytes of an answer up to which another piece is made.
const MAX_UNSENT_BYTES: usize = 64 * 1024;

/// The shortest wait, so that a watch with a time-out of zero does not spin.
const MIN_TIMEOUT: Duration = Duration::from_millis(100);

/// The progress of one answer, or of the answers of one HTTP/1.1 connection, which are sent one by one.
#[derive(Debug)]
pub(super) struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Bytes that the connection has not sent.
    unsent: usize,
    /// When a piece was last handed over while nothing was unsent, or was sent.
    last_progress: Instant,
    /// The body's task, if it waits for pieces to be sent.
    waker: Option<Waker>,
}

tokio::task_local! {
    /// The progress that the running task is watched by.
    static CURRENT: Arc<Progress>;
}

impl Progress {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { unsent: 0, last_progress: Instant::now(), waker: None })))
    }

    /// Runs a part of a connection; answers made there are watched by this.
    pub(super) fn watch<F: Future>(self: &Arc<Self>, part: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Arc::clone(self), part)
    }

    /// Waits until unsent bytes have made no progress for this time. The time that the service itself needs does not count.
    pub(super) async fn stalled(&self, timeout: Duration) {
        let timeout = timeout.max(MIN_TIMEOUT);
        loop {
            let now = Instant::now();
            let (unsent, last_progress) = {
                let state = self.lock();
                (state.unsent, state.last_progress)
            };
            let deadline = if unsent > 0 { last_progress } else { now } + timeout;
            if deadline <= now {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chunk(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let mut state = self.lock();
        if state.unsent == 0 {
            state.last_progress = Instant::now();
        }
        state.unsent += bytes.len();
        drop(state);
        Bytes::from_owner(Chunk { bytes, progress: Arc::clone(self) })
    }

    /// Ready when at most this many bytes are unsent.
    fn poll_unsent(&self, context: &Context<'_>, most: usize) -> Poll<()> {
        let mut state = self.lock();
        if state.unsent <= most {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// A part of a body. The connection drops it when it is sent.
struct Chunk {
    bytes: Bytes,
    progress: Arc<Progress>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut state = self.progress.lock();
        state.unsent = state.unsent.saturating_sub(self.bytes.len());
        state.last_progress = Instant::now();
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The frames after the data.
#[derive(Debug)]
enum BodyEnd {
    Plain,
    Trailers(HeaderMap),
}

/// A body in pieces. `Guard` is kept until the body is sent or aborted.
#[derive(Debug)]
pub(super) struct WatchedBody<Guard> {
    body: Body,
    /// The rest of the body's last frame, not passed on yet.
    rest: Bytes,
    end: Option<BodyEnd>,
    is_over: bool,
    progress: Arc<Progress>,
    _guard: Guard,
}

impl<Guard> WatchedBody<Guard> {
    /// Watches the body by the running task's progress.
    pub(super) fn new(body: Body, guard: Guard) -> Self {
        let progress = CURRENT.try_with(Arc::clone).unwrap_or_else(|_| Progress::new());
        Self { body, rest: Bytes::new(), end: None, is_over: false, progress, _guard: guard }
    }
}

impl<Guard: Unpin> http_body::Body for WatchedBody<Guard> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        loop {
            if this.is_over {
                return Poll::Ready(None);
            }
            if !this.rest.is_empty() {
                ready!(this.progress.poll_unsent(context, MAX_UNSENT_BYTES - CHUNK_BYTES));
                let piece = this.rest.split_to(this.rest.len().min(CHUNK_BYTES));
                return Poll::Ready(Some(Ok(Frame::data(this.progress.chunk(piece)))));
            }
            if this.end.is_some() {
                ready!(this.progress.poll_unsent(context, 0));
                this.is_over = true;
                return Poll::Ready(match this.end.take() {
                    Some(BodyEnd::Trailers(trailers)) => Some(Ok(Frame::trailers(trailers))),
                    Some(BodyEnd::Plain) | None => None,
                });
            }
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                None => this.end = Some(BodyEnd::Plain),
                Some(Err(error)) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(frame) => this.end = frame.into_trailers().ok().map(BodyEnd::Trailers),
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
            || (self.rest.is_empty() && self.end.is_none() && self.body.is_end_stream() && self.progress.lock().unsent == 0)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn pieces_come_as_they_are_sent_and_the_end_after_the_last() {
        let progress = Progress::new();
        let body = Body::from(vec![7; 200_000]);
        let mut watched = progress.watch(async { WatchedBody::new(body, ()) }).await;
        assert_eq!(watched.size_hint().exact(), Some(200_000));
        let mut unsent = Vec::new();
        while let Ok(Some(piece)) = tokio::time::timeout(Duration::from_millis(1), watched.frame()).await {
            unsent.push(piece.unwrap().into_data().unwrap());
        }
        assert_eq!(unsent.iter().map(Bytes::len).collect::<Vec<_>>(), [CHUNK_BYTES; MAX_UNSENT_BYTES / CHUNK_BYTES]);
        let mut sent: usize = unsent.drain(..).map(|piece| piece.len()).sum();
        let mut last = Bytes::new();
        while let Ok(Some(piece)) = tokio::time::timeout(Duration::from_millis(1), watched.frame()).await {
            last = piece.unwrap().into_data().unwrap();
            sent += last.len();
        }
        assert_eq!(sent, 200_000);
        assert!(!watched.is_end_stream(), "the last piece is not sent");
        drop(last);
        assert!(watched.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_waits_for_the_peer_stalls() {
        let progress = Progress::new();
        let begun = Instant::now();
        let idle = tokio::time::timeout(TIMEOUT * 10, progress.stalled(TIMEOUT)).await;
        assert!(idle.is_err(), "nothing is to be sent");
        let mut watched = progress.watch(async { WatchedBody::new(Body::from(vec![7; 40_000]), ()) }).await;
        let first = watched.frame().await.unwrap().unwrap();
        tokio::time::sleep(TIMEOUT - Duration::from_secs(1)).await;
        let second = watched.frame().await.unwrap().unwrap();
        drop(first);
        let last_progress = Instant::now();
        progress.stalled(TIMEOUT).await;
        assert_eq!(last_progress.elapsed(), TIMEOUT, "from the last piece that was sent");
        drop(second);
        assert!(tokio::time::timeout(TIMEOUT * 2, progress.stalled(TIMEOUT)).await.is_err());
        assert!(begun.elapsed() > TIMEOUT * 13);
    }

    #[tokio::test]
    async fn a_body_without_data_is_over_at_once() {
        let watched = WatchedBody::new(Body::empty(), ());
        assert!(watched.is_end_stream());
    }
}
