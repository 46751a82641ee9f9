//! Handles one event: converts it, calls the router, and returns the response within the limits of size and time.

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

use super::buffered::{self, BufferedResponse};
use super::event::{Event, EventError, FrontDoor};
use super::streamed;
use crate::config::lambda::{Lambda, Streaming};
use crate::domain::time::{Clock as _, SystemClock};
use crate::http::problem::ApiError;
use crate::http::response_budget::ResponseBudget;

/// API Gateway waits 29 s for a buffered response (an HTTP API 30 s), even if the function may run longer.
const GATEWAY_TIME: Duration = Duration::from_secs(29);
/// The longest time that a function may run. Limits invalid deadlines, which would overflow the clock.
const MAX_DURATION: Duration = Duration::from_secs(900);
/// The error type of an event that no front end sends.
const UNKNOWN_EVENT: &str = "Logmark.NoEvent";

impl From<EventError> for Diagnostic {
    fn from(_unknown: EventError) -> Self {
        Self {
            error_type: UNKNOWN_EVENT.to_owned(),
            error_message: "the event is not one of API Gateway, a load balancer or a function URL".to_owned(),
        }
    }
}

/// Handles events with the router.
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

    /// Whether the response to this event is streamed.
    pub(super) fn streams(&self, event: &Event) -> bool {
        event.front_door().and_then(FrontDoor::streaming).is_some_and(|front_door| self.streaming.contains(&front_door))
    }

    /// The response to an event of a front end that streams, in the form of [`super::streamed`].
    pub(super) async fn stream(&self, event: Event, invocation: &Invocation) -> Result<Body, EventError> {
        let front_door = event.front_door().ok_or(EventError::Malformed)?;
        let (request, response_budget) = match prepare(event, front_door, true, invocation) {
            Err(EventError::TooManyHeaders) => return Ok(streamed::problem(&ApiError::TooManyHeaders, &invocation.request_id)),
            prepared => prepared?,
        };
        let answer = tokio::time::timeout_at(response_budget.answer_by(), self.respond(request)).await;
        Ok(match answer {
            Ok(response) => streamed::body(response, response_budget.answer_by()),
            Err(_elapsed) => streamed::problem(&ApiError::TimedOut, &invocation.request_id),
        })
    }

    /// The buffered response to any other event.
    async fn answer(&self, event: Option<Event>, invocation: &Invocation) -> Result<BufferedResponse, EventError> {
        let event = event.ok_or(EventError::Malformed)?;
        let front_door = event.front_door().ok_or(EventError::Malformed)?;
        let (request, response_budget) = match prepare(event, front_door, false, invocation) {
            Err(EventError::TooManyHeaders) => {
                return Ok(BufferedResponse::problem(front_door, &ApiError::TooManyHeaders, &invocation.request_id));
            }
            prepared => prepared?,
        };
        let answer = async { BufferedResponse::read(front_door, self.respond(request).await).await };
        let answer = tokio::time::timeout_at(response_budget.answer_by(), answer).await;
        Ok(answer.unwrap_or_else(|_elapsed| BufferedResponse::problem(front_door, &ApiError::TimedOut, &invocation.request_id)))
    }

    async fn respond(&self, request: Request<Body>) -> Response {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Handles an event with a buffered response. `None`: the event is not from a front end.
impl Service<LambdaEvent<Option<Event>>> for Function {
    type Response = BufferedResponse;
    type Error = EventError;
    type Future = Pin<Box<dyn Future<Output = Result<BufferedResponse, EventError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EventError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Option<Event>>) -> Self::Future {
        let function = self.clone();
        Box::pin(async move { function.answer(event.payload, &event.context).await })
    }
}

/// The request of an event, with the limits of its front end and of the deadline.
fn prepare(
    event: Event,
    front_door: FrontDoor,
    streams: bool,
    invocation: &Invocation,
) -> Result<(Request<Body>, ResponseBudget), EventError> {
    let mut request = event.into_request(front_door, streams)?;
    let response_budget =
        ResponseBudget::new(end_of(front_door, streams, invocation.deadline), (!streams).then(|| buffered::room(front_door)));
    request.extensions_mut().insert(response_budget);
    Ok((request, response_budget))
}

/// The time after which nothing can be sent: Lambda stops the function, or its caller no longer waits.
fn end_of(front_door: FrontDoor, streams: bool, deadline_millis: u64) -> Instant {
    let now = u64::try_from(SystemClock.now().0).unwrap_or(0);
    let left = Duration::from_millis(deadline_millis.saturating_sub(now)).min(MAX_DURATION);
    let waits = match front_door {
        FrontDoor::Rest | FrontDoor::Http if !streams => GATEWAY_TIME,
        FrontDoor::Rest | FrontDoor::Http | FrontDoor::Url | FrontDoor::Alb | FrontDoor::AlbMulti => Duration::MAX,
    };
    Instant::now() + left.min(waits)
}
