//! The memory that answers hold, counted against the response memory until the last byte is sent.
//!
//! Owns what every answer passes: a body that is there as a whole is counted when it leaves its handler, and what the request
//! reserved is given back when its answer is sent or given up. What is read in steps is reserved before each step, by
//! `sources::reader` and `sources::export`. INVARIANT: between the making of a body and its counting nothing waits, so that no
//! more bodies are uncounted than there are worker threads.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::AppState;
use super::assets::Compressed;
use super::layers::RequestInfo;
use super::problem::ApiError;
use crate::sources::page_pool::memory_error;

/// A shorter body is not counted: what any request takes, its connection's limits bound.
const SMALL_BYTES: u64 = 4 * 1024;

/// Marks an answer whose body is counted already.
#[derive(Debug, Clone, Copy)]
pub struct CountedBody;

/// Counts a whole body, for the caller's tenant or else for the client's address. Without memory for it the answer is a refusal.
pub async fn count(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let context = RequestInfo::from_extensions(request.extensions());
    let response = next.run(request).await;
    let extensions = response.extensions();
    // Static assets are shared, not held by their answers.
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

/// Keeps what the request holds until its answer is sent.
pub(crate) fn hold_until_sent(response: Response, context: &Arc<RequestInfo>) -> Response {
    if response.body().is_end_stream() {
        return response;
    }
    let context = Arc::clone(context);
    response.map(|body| Body::new(GuardedBody { body, _context: context }))
}

/// A body and what it holds.
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
