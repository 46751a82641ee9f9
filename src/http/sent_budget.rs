//! The bytes of answers in the tenant's daily budget: `limits.sent_gb_per_day`.
//!
//! Owns the answers whose length or bound is known. Bodies of successful answers count before compression, when they are handed to
//! the connection. An answer that does not fit is refused before its head. Exports and live tails take the reservation themselves
//! ([`RequestInfo::take_sent`]), because they end with a cursor.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, StreamBody};

use super::layers::RequestInfo;
use super::problem::ApiError;
use crate::limits::lease::ByteReservation;

/// Bytes that a streamed answer keeps for its end: an error, and a cursor of at most 8 KiB.
pub const ENDING_BYTES: u64 = 16 * 1024;

/// An upper estimate of the bytes of a body whose length is not known.
#[derive(Debug, Clone, Copy)]
pub struct BodyEstimate(pub u64);

/// Counts the body of an answer.
pub(super) async fn count(context: &RequestInfo, response: Response) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let Some(mut sent) = context.take_sent() else { return response };
    let exact = response.body().size_hint().exact();
    let needed = exact.or(response.extensions().get::<BodyEstimate>().map(|estimate| estimate.0)).unwrap_or(0);
    if let Err(exceeded) = sent.ensure(needed).await {
        return ApiError::from(exceeded).into_response();
    }
    if let Some(bytes) = exact {
        sent.note(bytes);
        return response;
    }
    response.map(|body| counted(body, sent))
}

/// The body, cut off where the budget ends.
fn counted(body: Body, sent: ByteReservation) -> Body {
    let frames = stream::unfold(Some((body, sent)), |state| async move {
        let (mut body, mut sent) = state?;
        let frame = match body.frame().await? {
            Ok(frame) => frame,
            Err(error) => return Some((Err(error), None)),
        };
        let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
        if let Err(exceeded) = sent.ensure(bytes).await {
            tracing::warn!("an answer is larger than estimated, and was cut off: {exceeded}");
            return Some((Err(axum::Error::new(std::io::Error::other(exceeded.to_string()))), None));
        }
        sent.note(bytes);
        Some((Ok(frame), Some((body, sent))))
    });
    Body::new(StreamBody::new(Box::pin(frames) as std::pin::Pin<Box<dyn futures_util::Stream<Item = Counted> + Send>>))
}

type Counted = Result<Frame<Bytes>, axum::Error>;
