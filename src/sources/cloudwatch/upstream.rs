//! One call to CloudWatch Logs, whatever it is: admitted, signed, sent, and tried again where that is worth it.
//!
//! Owns the deadline over all attempts, each of which takes a turn of its own in the operation's lane. Knows nothing of what is
//! asked, which is `wire`'s, nor of the request's form, which is `json_call`'s.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use logmark_quota::{Refused, Reservation, Share, Turn};
use tokio::time::Instant;

use super::budget::Budget;
use super::errors::{CallError, Failure, Kind};
use super::health::Health;
use super::lanes::Lanes;
use super::quotas::Api;
use super::retry::{MAX_ATTEMPTS, Skew, backoff};
use super::wire::Repeat;
use crate::aws::credentials::Cache;
use crate::aws::json_call::JsonCall;
use crate::aws::signer::Signer;
use crate::domain::time::{Clock, Millis};
use crate::outbound::{Limits, Outbound};
use crate::telemetry::metrics;

/// CloudWatch Logs, in host names and signatures.
pub(super) const SERVICE: &str = "logs";
/// A page holds 1 MiB of messages at most, which JSON may write six times as long, and 10,000 events with a stream's name
/// of up to 512 characters and an id each.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// CloudWatch Logs in one region, as one role.
#[derive(Debug)]
pub(super) struct Upstream {
    /// The source's name, for metrics.
    pub(super) source: Arc<str>,
    pub(super) outbound: Outbound,
    /// Scheme, host and port, with the path `/`.
    pub(super) endpoint: Uri,
    pub(super) region: String,
    pub(super) signer: Signer,
    pub(super) credentials: Cache,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Duration,
    pub(super) attempt_timeout: Duration,
    pub(super) lanes: Arc<Lanes>,
    pub(super) skew: Skew,
    pub(super) health: Health,
    /// Where answers are counted.
    pub(super) budget: Budget,
}

/// An answer, and the memory that is reserved for it.
pub(super) type Received = (Bytes, Option<Reservation>);

/// A call as it is to be made.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) api: Api,
    pub(super) repeat: Repeat,
    pub(super) body: Bytes,
    /// Whose share pays for it.
    pub(super) share: Share,
    /// For all its attempts, and the waiting for them.
    pub(super) deadline: Instant,
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

impl Upstream {
    /// Our time, corrected by what was learnt of the source's.
    pub(super) fn now(&self) -> Millis {
        Millis(self.clock.now().0.saturating_add(self.skew.offset()))
    }

    /// Looks for credentials, and whether the endpoint's name resolves. Uses no quota.
    pub(super) async fn look_at_start(&self) {
        metrics::upstream_begins(&self.source, Api::ALL.map(Api::as_str));
        if let Err(missing) = self.credentials.get(self.now()).await {
            self.health.without_credentials(missing);
        }
        let port = self.endpoint.port_u16().unwrap_or(if self.endpoint.scheme_str() == Some("http") { 80 } else { 443 });
        if let Some(host) = self.endpoint.host()
            && let Err(error) = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await
        {
            self.health.unreachable(&error.to_string());
        }
    }

    /// Waits for a turn in the operation's lane.
    pub(super) async fn admit(&self, request: &Request) -> Result<Turn, CallError> {
        let lane = self.lanes.of(request.api).ok_or_else(|| CallError::Upstream(format!("no lane for {}", request.api)))?;
        lane.admit(&request.share, request.deadline).await.map_err(CallError::from)
    }

    /// A turn, if it is to be had without waiting and nobody else waits for one.
    pub(super) fn admit_spare(&self, request: &Request) -> Option<Turn> {
        self.lanes.of(request.api)?.try_admit()
    }

    /// Makes the call, with the turn for its first attempt.
    pub(super) async fn exchange(&self, request: &Request, mut turn: Turn) -> Result<Received, CallError> {
        let mut tried = Tried::default();
        self.lanes.retries.earn();
        loop {
            tried.attempts += 1;
            let credentials = tokio::time::timeout_at(request.deadline, self.credentials.get(self.now()));
            let credentials = credentials.await.map_err(|_| CallError::Timeout)?;
            let credentials = credentials.inspect_err(|missing| self.health.without_credentials(*missing))?;
            let signed = Signed { credentials, offset: self.skew.offset() };
            let failure = match self.attempt(request, &signed).await {
                Ok(received) => {
                    turn.succeeded();
                    self.health.worked(request.api.as_str());
                    return received;
                }
                Err(failure) => failure,
            };
            report(turn, &failure);
            let wait = self.wait(&failure, request.repeat, &signed, &mut tried).await;
            let Some(wait) = wait.filter(|wait| Instant::now() + *wait < request.deadline && self.pays_for(&failure)) else {
                self.health.failed(request.api.as_str(), &failure);
                return Err(failure.into_call_error());
            };
            tracing::debug!(api = %request.api, attempt = tried.attempts, failure = failure.what, ?wait, "trying again");
            tokio::time::sleep(wait).await;
            // What the call failed of says more than that there is no turn to try it again.
            turn = self.admit(request).await.map_err(|_refused| failure.into_call_error())?;
        }
    }

    /// May the call be tried again? The budget for that is for what may go on failing; a clock that was just set does not.
    fn pays_for(&self, failure: &Failure) -> bool {
        failure.kind == Kind::Skewed || self.lanes.retries.spend()
    }

    /// One attempt. The inner error is ours: CloudWatch answered, and there was no memory to take the answer.
    async fn attempt(&self, request: &Request, signed: &Signed) -> Result<Result<Received, CallError>, Failure> {
        let at = Millis(self.clock.now().0.saturating_add(signed.offset));
        let target = format!("Logs_20140328.{}", request.api);
        let call = JsonCall { endpoint: &self.endpoint, target: &target, body: &request.body };
        let post = call.signed(&self.signer, &signed.credentials, at);
        let post = post.map_err(|error| Failure::new(Kind::Other, error.to_string()))?;

        let left = request.deadline.saturating_duration_since(Instant::now()).min(self.attempt_timeout);
        let begun = Instant::now();
        let answer = self.receive(request, post, left).await;
        let outcome = match &answer {
            Ok(Ok(_received)) => "ok",
            Ok(Err(_no_memory)) => "no_memory",
            Err(failure) => failure.kind.outcome(),
        };
        metrics::upstream_call(&self.source, request.api.as_str(), outcome, begun.elapsed());
        answer
    }

    /// Sends the call and takes its answer. The time in which it waits for memory is not the source's.
    async fn receive(
        &self,
        request: &Request,
        post: http::Request<Full<Bytes>>,
        left: Duration,
    ) -> Result<Result<Received, CallError>, Failure> {
        let begun = Instant::now();
        let opened = self.outbound.open(post, left).await?;
        let left = left.saturating_sub(begun.elapsed());
        // A longer one is refused before it is read.
        let is_taken = opened.body_bytes().is_none_or(|bytes| bytes <= MAX_ANSWER as u64);
        let room = match self.budget.receive(&request.share, request.api, opened.body_bytes().filter(|_| is_taken)).await {
            Ok(room) => room,
            Err(no_memory) => return Ok(Err(no_memory)),
        };
        let answer = opened.read(Limits { deadline: left, max_body: MAX_ANSWER }).await?;
        match answer.status() {
            http::StatusCode::OK => Ok(Ok((answer.into_body(), room))),
            status => Err(Failure::of_answer(status, answer.headers(), answer.body())),
        }
    }

    /// How long to wait before another attempt; `None`: there is none. Mends what can be mended for it.
    async fn wait(&self, failure: &Failure, repeat: Repeat, signed: &Signed, tried: &mut Tried) -> Option<Duration> {
        if tried.attempts >= MAX_ATTEMPTS {
            return None;
        }
        match failure.kind {
            Kind::Transient | Kind::Timeout if repeat == Repeat::IfRefused => None,
            Kind::Throttled | Kind::Unreachable | Kind::Transient | Kind::Timeout => {
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

/// Tells the lane how an attempt ended. What AWS answers with reason is a success to it: it works, and takes calls.
fn report(turn: Turn, failure: &Failure) {
    match failure.kind {
        Kind::Throttled => turn.throttled(failure.retry_after),
        Kind::Unreachable | Kind::Transient | Kind::Timeout => turn.failed(),
        Kind::Skewed
        | Kind::Expired
        | Kind::Refused
        | Kind::NotFound(_)
        | Kind::InvalidParameter
        | Kind::MalformedQuery
        | Kind::TooLarge
        | Kind::Other => turn.succeeded(),
    }
}

impl From<Refused> for CallError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy { retry_after } => Self::Busy(retry_after),
            Refused::Open { retry_after } => Self::Down(retry_after),
            Refused::TenantLimit => Self::Busy(Duration::from_secs(1)),
        }
    }
}
