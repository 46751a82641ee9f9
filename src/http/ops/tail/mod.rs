//! Live tail: the answer to a request of the event endpoints with `follow=true`.
//!
//! Owns the answer: a stream of Server-Sent Events or of NDJSON until the client disconnects, the caller's permission ends, or the
//! service stops. Never reads events: that is [`crate::sources::tail`].
//!
//! Reading order: [`response`] (the answer's head), [`body`] (the stream), [`frames`] (its bytes), [`authority`](crate::http::authority) (how long the caller may
//! see it).

pub mod response;
pub mod body;
pub mod frames;
