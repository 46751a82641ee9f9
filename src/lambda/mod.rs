//! The same router as an AWS Lambda function, behind API Gateway (REST and HTTP), an ALB or a function URL.
//!
//! Owns the way from an event to a request of the router and back, within what a function may return and the time it has.
//! Never takes anything of an event for an identity: not an authorizer's claims, not a context header; the token in
//! `Authorization` alone says who calls. Next: `event` for what each front door does to a request, `buffered` and `streamed`
//! for the two ways back, `runtime` for the Runtime API. Why neither `lambda_http` nor `lambda_runtime`:
//! docs/decisions/004 and 006.

mod event;
mod buffered;
mod streamed;
mod runtime;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt as _;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::config::lambda::{Lambda, Streaming};
use crate::domain::time::{Clock as _, SystemClock};
use crate::http::allowance::Allowance;
use crate::http::problem::ApiError;
use crate::service::Service;
use crate::telemetry::metrics::Metrics;
use buffered::Answer;
use event::{Door, Event, NoRequest};
pub use runtime::RuntimeError;
use runtime::{Invocation, Reply, RuntimeApi};

/// Of the 29 s that API Gateway waits for a buffered answer (30 s an HTTP API), whatever the function's own limit is.
const GATEWAY_TIME: Duration = Duration::from_secs(29);
/// No function runs for longer. An absurd deadline must not overflow the clock.
const LONGEST: Duration = Duration::from_secs(900);
/// When nobody waits for the function yet, the issuers' keys may take so long before it says that it is ready: Lambda
/// allows 10 s.
const WARM_UP: Duration = Duration::from_secs(8);
/// Says when nobody waits: the container is made in advance.
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// Runs the function until the Runtime API at `address` (`AWS_LAMBDA_RUNTIME_API`) can't be reached any more.
///
/// # Errors
/// When the Runtime API can't be reached, or does not speak as one.
pub async fn run(service: Service, settings: &Lambda, address: &str) -> Result<(), RuntimeError> {
    let _counted = Metrics::install();
    let keys = service.warm_up();
    if std::env::var(INITIALIZATION_TYPE).is_ok_and(|kind| kind == "provisioned-concurrency") {
        let _late = tokio::time::timeout(WARM_UP, keys).await;
    }
    serve(service.router(), settings, address).await
}

/// Answers events with the router, one after the other.
///
/// # Errors
/// When the Runtime API can't be reached, or does not speak as one.
pub async fn serve(router: Router, settings: &Lambda, address: &str) -> Result<(), RuntimeError> {
    let mut api = RuntimeApi::at(address)?;
    loop {
        let invocation = api.next().await?;
        // An event must not end the function, whatever is in it: a panic, which is a bug, costs this one its answer.
        let answering = AssertUnwindSafe(answer(&router, &settings.streaming, &invocation)).catch_unwind();
        let reply = answering.await.unwrap_or(Reply::Failed);
        api.answer(&invocation, reply).await;
    }
}

async fn answer(router: &Router, streaming: &BTreeSet<Streaming>, invocation: &Invocation) -> Reply {
    let event: Event = match serde_json::from_slice(&invocation.event) {
        Ok(event) => event,
        // The error's own text may hold a piece of the event.
        Err(_) => return Reply::NoEvent,
    };
    let Some(door) = event.door() else { return Reply::NoEvent };
    let streams = door.streaming().is_some_and(|door| streaming.contains(&door));
    let mut request = match event.into_request(door, streams) {
        Ok(request) => request,
        Err(NoRequest::Malformed) => return Reply::NoEvent,
        Err(NoRequest::TooManyHeaders) => return problem(door, streams, &ApiError::TooManyHeaders, &invocation.id),
    };
    let end = end_of(door, streams, invocation.deadline_millis);
    let allowance = Allowance::new(end, (!streams).then(|| buffered::room(door)));
    request.extensions_mut().insert(allowance);
    let answering = async {
        let response = match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if streams { streamed::reply(response, allowance.answer_by()) } else { Answer::read(door, response).await.into() }
    };
    match tokio::time::timeout_at(allowance.answer_by(), answering).await {
        Ok(reply) => reply,
        Err(_elapsed) => problem(door, streams, &ApiError::TimedOut, &invocation.id),
    }
}

/// An error as the front door takes it.
fn problem(door: Door, streams: bool, error: &ApiError, request_id: &str) -> Reply {
    if streams { streamed::problem(error, request_id) } else { Answer::problem(door, error, request_id).into() }
}

/// When nothing can be sent any more: the function is stopped, or its caller has gone.
fn end_of(door: Door, streams: bool, deadline_millis: u64) -> Instant {
    let now = u64::try_from(SystemClock.now().0).unwrap_or(0);
    let left = Duration::from_millis(deadline_millis.saturating_sub(now)).min(LONGEST);
    let waits = match door {
        Door::Rest | Door::Http if !streams => GATEWAY_TIME,
        Door::Rest | Door::Http | Door::Url | Door::Alb | Door::AlbMulti => Duration::MAX,
    };
    Instant::now() + left.min(waits)
}
