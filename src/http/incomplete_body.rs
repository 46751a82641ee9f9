//! Incomplete bodies without a length over HTTP/1.0, where closing the connection means that the body is complete.
//!
//! HTTP/1.0 has no chunks, so without `Content-Length` the close ends the body (RFC 9112 §6.3). INVARIANT: an
//! incomplete body never ends in a close. While it is sent, the socket is set to end in a reset (`SO_LINGER` of zero), and only the
//! flushed end of the body undoes that. Everything that ends the connection earlier resets it: a failed body, a time-out, a panic, the
//! end of the drain, the end of the process. Later versions of HTTP mark the end of a body themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Response, Version};
use http_body::{Body as _, Frame, SizeHint};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Whether a body is being sent that only the end of the connection ends. Shared by a connection's socket and its answers.
#[derive(Debug, Clone, Default)]
pub(super) struct IncompleteBody(Arc<AtomicBool>);

impl IncompleteBody {
    /// Whether such a body is being sent.
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes the end of the body.
    pub(super) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Watches the body of an answer to such a request, if its end is the end of the connection.
    pub(super) fn watch(&self, version: Version, method: &Method, answer: Response<Body>) -> Response<Body> {
        let body = answer.body();
        let has_length = body.is_end_stream() || body.size_hint().exact().is_some();
        if version != Version::HTTP_10 || *method == Method::HEAD || has_length {
            return answer;
        }
        self.0.store(true, Ordering::Relaxed);
        answer.map(|body| Body::new(Watched { body, incomplete_body: self.clone() }))
    }
}

/// A body that notes its end.
struct Watched {
    body: Body,
    incomplete_body: IncompleteBody,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let is_last = match &frame {
            None => true,
            // HTTP/1.0 has no trailers, so they are not sent; but they come only after a complete body.
            Some(Ok(frame)) => frame.is_trailers() || self.body.is_end_stream(),
            Some(Err(_)) => false,
        };
        if is_last {
            self.incomplete_body.end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that can be set to end in a reset.
pub(super) trait ResetOnClose {
    /// From now on closing it resets the connection, or does not.
    fn set_reset(&self, reset: bool) -> std::io::Result<()>;
}

impl ResetOnClose for TcpStream {
    #[expect(deprecated, reason = "only a linger time above zero blocks when the socket is closed; this one is taken away")]
    fn set_reset(&self, reset: bool) -> std::io::Result<()> {
        if reset { self.set_zero_linger() } else { self.set_linger(None) }
    }
}

impl ResetOnClose for TlsStream<TcpStream> {
    fn set_reset(&self, reset: bool) -> std::io::Result<()> {
        self.get_ref().0.set_reset(reset)
    }
}
