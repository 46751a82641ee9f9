//! The function: an event in, the router's response out, within what a function may return and the time it has.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use lambda_http::lambda_runtime::{Diagnostic, LambdaEvent};
use lambda_http::{Context as Invocation, Service};
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::buffered::{self, Answer};
use super::event::{Door, Event, NoRequest};
use super::streamed;
use crate::config::lambda::{Lambda, Streaming};
use crate::domain::time::{Clock as _, SystemClock};
use crate::http::allowance::Allowance;
use crate::http::problem::ApiError;

/// API Gateway waits 29 s for a buffered answer (an HTTP API 30 s), however long the function itself may run.
const GATEWAY_TIME: Duration = Duration::from_secs(29);
/// The longest time that a function may run. Bounds an absurd deadline, which would overflow the clock.
const LONGEST: Duration = Duration::from_secs(900);
/// The error type of an event that no front end sends.
const UNKNOWN_EVENT: &str = "Logmark.NoEvent";

impl From<NoRequest> for Diagnostic {
    fn from(_unknown: NoRequest) -> Self {
        Self {
            error_type: UNKNOWN_EVENT.to_owned(),
            error_message: "the event is not one of API Gateway, a load balancer or a function URL".to_owned(),
        }
    }
}

/// Answers events with the router.
#[derive(Debug, Clone)]
pub struct Function {
    router: Router,
    streaming: Arc<BTreeSet<Streaming>>,
}

impl Function {
    /// A function of these routes, which streams to the front ends that the configuration names.
    #[must_use]
    pub fn new(router: Router, settings: &Lambda) -> Self {
        Self { router, streaming: Arc::new(settings.streaming.clone()) }
    }

    /// Whether the answer to this event is streamed.
    pub(super) fn streams(&self, event: &Event) -> bool {
        event.door().and_then(Door::streaming).is_some_and(|door| self.streaming.contains(&door))
    }

    /// The answer to an event of a front end that streams: head and body in the form of [`super::streamed`].
    pub(super) async fn stream(&self, event: Event, invocation: &Invocation) -> Result<Body, NoRequest> {
        let door = event.door().ok_or(NoRequest::Malformed)?;
        let (request, allowance) = match prepare(event, door, true, invocation) {
            Err(NoRequest::TooManyHeaders) => return Ok(streamed::problem(&ApiError::TooManyHeaders, &invocation.request_id)),
            prepared => prepared?,
        };
        let answer = tokio::time::timeout_at(allowance.answer_by(), self.respond(request)).await;
        Ok(match answer {
            Ok(response) => streamed::body(response, allowance.answer_by()),
            Err(_elapsed) => streamed::problem(&ApiError::TimedOut, &invocation.request_id),
        })
    }

    /// The answer to any other event, in one piece.
    async fn answer(&self, event: Option<Event>, invocation: &Invocation) -> Result<Answer, NoRequest> {
        let event = event.ok_or(NoRequest::Malformed)?;
        let door = event.door().ok_or(NoRequest::Malformed)?;
        let (request, allowance) = match prepare(event, door, false, invocation) {
            Err(NoRequest::TooManyHeaders) => {
                return Ok(Answer::problem(door, &ApiError::TooManyHeaders, &invocation.request_id));
            }
            prepared => prepared?,
        };
        let answer = async { Answer::read(door, self.respond(request).await).await };
        let answer = tokio::time::timeout_at(allowance.answer_by(), answer).await;
        Ok(answer.unwrap_or_else(|_elapsed| Answer::problem(door, &ApiError::TimedOut, &invocation.request_id)))
    }

    async fn respond(&self, request: Request<Body>) -> Response {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// The buffered way. An event that no front end sends arrives as `None`.
impl Service<LambdaEvent<Option<Event>>> for Function {
    type Response = Answer;
    type Error = NoRequest;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, NoRequest>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoRequest>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Option<Event>>) -> Self::Future {
        let function = self.clone();
        Box::pin(async move { function.answer(event.payload, &event.context).await })
    }
}

/// The request of an event, with the bounds that its front end and the invocation's deadline set.
fn prepare(event: Event, door: Door, streams: bool, invocation: &Invocation) -> Result<(Request<Body>, Allowance), NoRequest> {
    let mut request = event.into_request(door, streams)?;
    let allowance = Allowance::new(end_of(door, streams, invocation.deadline), (!streams).then(|| buffered::room(door)));
    request.extensions_mut().insert(allowance);
    Ok((request, allowance))
}

/// The moment after which nothing can be sent: the function is stopped, or its caller no longer waits.
fn end_of(door: Door, streams: bool, deadline_millis: u64) -> Instant {
    let now = u64::try_from(SystemClock.now().0).unwrap_or(0);
    let left = Duration::from_millis(deadline_millis.saturating_sub(now)).min(LONGEST);
    let waits = match door {
        Door::Rest | Door::Http if !streams => GATEWAY_TIME,
        Door::Rest | Door::Http | Door::Url | Door::Alb | Door::AlbMulti => Duration::MAX,
    };
    Instant::now() + left.min(waits)
}
