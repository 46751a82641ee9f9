//! What a connection is doing: serving requests, or idle since when.
//!
//! Owns the count of requests under way and the waits between them. HTTP/1 and HTTP/2 are idle by the same rule: no request is
//! under way. hyper's own timer for headers also runs between two requests, so it cannot tell a peer that is slow from one that
//! has nothing to ask.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};
use tower::Service;

use super::client_address::Peer;

/// The requests of one connection that are under way.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    is_http2: AtomicBool,
    changed: Notify,
}

#[derive(Debug, Clone, Copy)]
struct State {
    requests: usize,
    /// Since when there have been none, or the moment when the connection was accepted.
    idle_since: Instant,
}

/// One request under way, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State { requests: 0, idle_since: Instant::now() };
        Arc::new(Self { state: Mutex::new(state), is_http2: AtomicBool::new(false), changed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when no request has been under way; `None`: one is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = *self.state();
        (state.requests == 0).then_some(state.idle_since)
    }

    /// Notes that the connection speaks HTTP/2.
    pub(super) fn set_http2(&self) {
        self.is_http2.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Resolves when a connection of HTTP/2 has had no request for so long. Between requests of HTTP/1 there are no bytes, so
    /// [`super::stall`] measures that wait.
    pub(super) async fn idle_for(&self, time: Duration) {
        loop {
            let changed = self.changed.notified();
            match self.idle_since().filter(|_| self.is_http2.load(Ordering::Acquire)) {
                None => changed.await,
                Some(since) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(since + time) => {
                            if self.idle_since().is_some_and(|now| now == since) {
                                return;
                            }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.state().requests += 1;
        self.changed.notify_waiters();
        UnderWay(Arc::clone(self))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        {
            let mut state = self.0.state();
            state.requests -= 1;
            state.idle_since = Instant::now();
        }
        self.0.changed.notify_waiters();
    }
}

/// Counts the requests of a connection, and tells them its peer.
#[derive(Debug, Clone)]
pub(super) struct Counted<S> {
    pub(super) service: S,
    pub(super) activity: Arc<Activity>,
    pub(super) peer: Peer,
}

impl<S> Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let under_way = self.activity.begin();
        request.extensions_mut().insert(self.peer);
        let answering = self.service.call(request);
        Box::pin(async move { Ok(answering.await?.map(|body| Body::new(Counting { body, under_way: Some(under_way) }))) })
    }
}

/// A body whose request is under way until the body is over or dropped.
struct Counting {
    body: Body,
    under_way: Option<UnderWay>,
}

impl HttpBody for Counting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) {
            this.under_way = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_only_between_requests() {
        let activity = Activity::new();
        activity.set_http2();
        let begun = Instant::now();
        let first = activity.begin();
        let waiting = tokio::spawn({
            let activity = Arc::clone(&activity);
            async move { activity.idle_for(Duration::from_secs(60)).await }
        });
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(activity.idle_since().is_none() && !waiting.is_finished());
        drop(first);
        tokio::time::sleep(Duration::from_secs(59)).await;
        drop(activity.begin());
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert!(!waiting.is_finished());
        waiting.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 600 + 59 + 60);
    }
}
