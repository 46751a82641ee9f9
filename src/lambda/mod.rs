//! The same router as an AWS Lambda function, behind API Gateway (REST and HTTP), an ALB or a function URL.
//!
//! Owns the way from an event to a request of the router and back, within what a function may return and the time it has.
//! Never takes anything of an event for an identity: not an authorizer's claims, not a context header; the token in
//! `Authorization` alone says who calls. Next: `event` for what each front door does to a request, `answer` for the way
//! back. Why not `lambda_http`: it keeps the last of several `Authorization` fields, decodes an ALB's query twice, puts the
//! stage into paths, and refuses events whose authorizer it does not expect.

mod answer;
mod event;

use std::time::Duration;

use axum::Router;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tower::ServiceExt as _;

use crate::config::server::ServerLimits;
use crate::domain::time::{Clock as _, SystemClock};
use crate::http::problem::ApiError;
use crate::service::Service;
use crate::telemetry::metrics::Metrics;
use answer::Answer;
use event::Event;

/// Messages in a page at most: JSON within the runtime's JSON makes quotes and backslashes four times as long, each of
/// 10,000 events adds some 230 bytes, and all of it must stay below [`answer::MOST_BYTES`].
const PAGE_BYTES: usize = 768 * 1024;

/// Kept back of an invocation's time, to send the answer.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// Makes limits such that pages fit into a function's answer.
pub fn fit(limits: &mut ServerLimits) {
    limits.page_bytes = limits.page_bytes.min(PAGE_BYTES);
}

/// Runs the function until the runtime ends it. Bodies are buffered, as all four front doors can take them.
///
/// # Errors
/// When the Runtime API can't be reached.
pub async fn run(service: Service) -> Result<(), Error> {
    let _counted = Metrics::install();
    service.warm_up();
    let router = service.router();
    lambda_runtime::run(service_fn(move |event| handle(router.clone(), event))).await
}

async fn handle(router: Router, event: LambdaEvent<Event>) -> Result<Answer, Error> {
    let LambdaEvent { payload, context } = event;
    let door = payload.door().ok_or("this is no event of API Gateway, of a load balancer or of a function URL")?;
    let request = payload.into_request(door)?;
    let now = u64::try_from(SystemClock.now().0).unwrap_or(0);
    let time = Duration::from_millis(context.deadline.saturating_sub(now)).saturating_sub(TO_ANSWER);
    let answering = async {
        match router.oneshot(request).await {
            Ok(response) => Answer::read(door, response).await,
            Err(never) => match never {},
        }
    };
    Ok(match tokio::time::timeout(time, answering).await {
        Ok(answer) => answer,
        Err(_elapsed) => Answer::problem(door, &ApiError::TimedOut, &context.request_id),
    })
}
