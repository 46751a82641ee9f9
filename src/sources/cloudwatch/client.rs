//! One call to CloudWatch Logs: serialise, sign, send, retry, parse.
//!
//! Owns the request's form and the deadline over all its attempts. All four operations only read, so that an attempt whose
//! fate is unknown may be repeated. Never takes a host, a target or a header from a caller.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use tokio::time::Instant;

use super::credentials::Cache;
use super::errors::{CallError, Failure, Kind};
use super::retry::{Budget, MAX_ATTEMPTS, Skew, backoff};
use super::signer;
use super::wire::{Answer, Call};
use crate::domain::time::{Clock, Millis};
use crate::outbound::{Limits, Outbound};
use crate::telemetry::metrics;

const CONTENT: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("logmark/", env!("CARGO_PKG_VERSION")));
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// A page holds 1 MiB of messages at most, which JSON may write six times as long, and 10,000 events with a stream's name
/// of up to 512 characters and an id each.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A connection to CloudWatch Logs in one region.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) outbound: Outbound,
    /// Scheme, host and port, with the path `/`.
    pub(super) endpoint: Uri,
    pub(super) region: String,
    pub(super) credentials: Cache,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Duration,
    pub(super) attempt_timeout: Duration,
    pub(super) budget: Budget,
    pub(super) skew: Skew,
}

/// What has been tried in one call.
#[derive(Debug, Default)]
struct Tried {
    attempts: u32,
    refreshed: bool,
    clock_set: bool,
}

/// What an attempt was signed with.
#[derive(Debug)]
struct Signed {
    credentials: Credentials,
    offset: i64,
}

impl Client {
    /// Our time, corrected by what was learnt of the source's.
    pub(super) fn now(&self) -> Millis {
        Millis(self.clock.now().0.saturating_add(self.skew.offset()))
    }

    /// Calls the operation.
    pub(super) async fn call<Op: Call>(&self, operation: &Op) -> Result<Op::Answer, CallError> {
        let body =
            serde_json::to_vec(operation).map_err(|_| CallError::Upstream("the request could not be written".to_owned()))?;
        let answer = self.exchange(Op::NAME, body.into()).await?;
        Op::Answer::read(answer).ok_or_else(|| CallError::Upstream(format!("the answer to {} is not one", Op::NAME)))
    }

    async fn exchange(&self, operation: &'static str, body: Bytes) -> Result<Bytes, CallError> {
        let deadline = Instant::now() + self.deadline;
        let mut tried = Tried::default();
        self.budget.earn();
        loop {
            tried.attempts += 1;
            let credentials = tokio::time::timeout_at(deadline, self.credentials.get(self.now()));
            let signed = Signed { credentials: credentials.await.map_err(|_| CallError::Timeout)??, offset: self.skew.offset() };
            let failure = match self.attempt(operation, &body, &signed, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match self.wait(&failure, &signed, &mut tried).await {
                Some(wait) if Instant::now() + wait < deadline && self.budget.spend() => {
                    tracing::debug!(operation, attempt = tried.attempts, failure = failure.what, ?wait, "trying again");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure.into_call_error()),
            }
        }
    }

    async fn attempt(&self, operation: &'static str, body: &Bytes, signed: &Signed, deadline: Instant) -> Result<Bytes, Failure> {
        let at = Millis(self.clock.now().0.saturating_add(signed.offset));
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        request.headers_mut().insert(CONTENT_TYPE, CONTENT);
        let target = HeaderValue::try_from(format!("Logs_20140328.{operation}"));
        request.headers_mut().insert(TARGET, target.map_err(|_| Failure::new(Kind::Other, "no such operation"))?);
        signer::sign(&mut request, body, &signed.credentials, &self.region, at)
            .map_err(|error| Failure::new(Kind::Other, error.to_string()))?;
        request.headers_mut().insert(USER_AGENT, AGENT);

        let left = deadline.saturating_duration_since(Instant::now()).min(self.attempt_timeout);
        let begun = Instant::now();
        let answer = self.outbound.send(request, Limits { deadline: left, max_body: MAX_ANSWER }).await;
        metrics::upstream_call(operation, answer.as_ref().map_or("none", |answer| outcome(answer.status())), begun.elapsed());
        let answer = answer?;
        if answer.status() == http::StatusCode::OK {
            return Ok(answer.into_body());
        }
        Err(Failure::of_answer(answer.status(), answer.headers(), answer.body()))
    }

    /// How long to wait before another attempt; `None`: there is none. Mends what can be mended for it.
    async fn wait(&self, failure: &Failure, signed: &Signed, tried: &mut Tried) -> Option<Duration> {
        if tried.attempts >= MAX_ATTEMPTS {
            return None;
        }
        match failure.kind {
            Kind::Throttled | Kind::Transient | Kind::Timeout => {
                Some(backoff(tried.attempts).max(failure.retry_after.unwrap_or_default()))
            }
            Kind::Expired if !tried.refreshed => {
                tried.refreshed = true;
                self.credentials.discard(&signed.credentials).await;
                Some(Duration::ZERO)
            }
            Kind::Skewed if !tried.clock_set => {
                tried.clock_set = true;
                let date = failure.date?;
                self.skew.learn(signed.offset, self.clock.now().0, date).then_some(Duration::ZERO)
            }
            _ => None,
        }
    }
}

/// An answer's status as a figure's label.
fn outcome(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "ok",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}
