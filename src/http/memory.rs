//! The memory of answers, counted against the response memory until the last byte is sent.
//!
//! Owns the layer: it counts a complete body when the handler returns it, and releases the reservations of a request when its answer
//! is sent or aborted. `sources::reader` and `sources::export` reserve memory for data that is read in steps, before each step.
//! INVARIANT: there is no await between making a body and counting it, so at most one body per worker thread is not counted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::AppState;
use super::assets::Compressed;
use super::layers::RequestInfo;
use super::problem::ApiError;
use crate::sources::page_pool::memory_error;

/// Bytes of a body that is not counted. The limits of connections bound the memory of such small answers.
const SMALL_BYTES: u64 = 4 * 1024;

/// Marks an answer with a body that is already counted.
#[derive(Debug, Clone, Copy)]
pub struct CountedBody;

/// Counts a complete body for the tenant, or without one for the client's address. Without memory for it the answer is an error.
pub(super) fn count(app: &AppState, context: &RequestInfo, response: Response) -> Response {
    let extensions = response.extensions();
    // Answers share the bytes of static assets.
    let is_counted = extensions.get::<CountedBody>().is_some() || extensions.get::<Compressed>().is_some();
    let Some(bytes) = response.body().size_hint().exact().filter(|bytes| !is_counted && *bytes > SMALL_BYTES) else {
        return response;
    };
    match app.sources.page_pool().memory().try_reserve(&context.share(), bytes) {
        Ok(room) => {
            context.hold_until_sent(room);
            response
        }
        Err(refused) => ApiError::Source(memory_error(refused)).into_response(),
    }
}

/// Keeps the values of the request until its answer is sent.
pub(crate) fn hold_until_sent(response: Response, context: &Arc<RequestInfo>) -> Response {
    if response.body().is_end_stream() {
        return response;
    }
    let context = Arc::clone(context);
    response.map(|body| Body::new(GuardedBody { body, _context: context }))
}

/// A body and the values to keep.
struct GuardedBody {
    body: Body,
    _context: Arc<RequestInfo>,
}

impl http_body::Body for GuardedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
