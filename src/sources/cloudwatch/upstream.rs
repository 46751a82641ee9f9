//! One call to CloudWatch Logs: admission, signing, sending, and retries.
//!
//! Owns the deadline over all attempts, each of which needs a permit of the operation's rate limiter. `wire` has the bodies,
//! `json_call` the request format.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use logmark_quota::{CallPermit, Rejected, Reservation, Share};
use tokio::time::Instant;

use super::account_limits::AccountLimits;
use super::answer_memory::AnswerMemory;
use super::errors::{CallError, Failure, Kind, date};
use super::health::Health;
use super::quotas::Api;
use super::retry::{CorrectedClock, MAX_ATTEMPTS, Skew, backoff};
use super::wire::RetrySafety;
use crate::aws::credentials::CredentialCache;
use crate::aws::json_call::JsonCall;
use crate::aws::sdk;
use crate::aws::signer::Signer;
use crate::domain::time::{Clock, Millis};
use crate::outbound::{Limits, Outbound};
use crate::telemetry::metrics;

/// CloudWatch Logs, in host names and signatures.
pub(super) const SERVICE: &str = "logs";
/// Maximum length of a response: a page has at most 1 MiB of messages, which JSON may encode six times as long, and 10,000
/// events, each with a stream's name of up to 512 characters and an id.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// CloudWatch Logs in one region with one role.
#[derive(Debug)]
pub(super) struct Upstream {
    /// The source's name, for metrics.
    pub(super) source: Arc<str>,
    pub(super) outbound: Outbound,
    /// Scheme, host and port, with the path `/`.
    pub(super) endpoint: Uri,
    pub(super) region: String,
    pub(super) signer: Signer,
    pub(super) credentials: Arc<CredentialCache>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Duration,
    pub(super) attempt_timeout: Duration,
    pub(super) account_limits: Arc<AccountLimits>,
    pub(super) skew: Arc<Skew>,
    pub(super) health: Health,
    /// The memory of responses.
    pub(super) answer_memory: AnswerMemory,
    /// Is the endpoint that of AWS, and not of a compatible server?
    pub(super) is_regional: bool,
    /// Made at the first use, because making it takes longer than a call of a function may wait.
    pub(super) sdk: OnceLock<aws_sdk_cloudwatchlogs::Client>,
}

/// A response with its reservation.
pub(super) type Received = (Bytes, Option<Reservation>);

/// A call to make.
#[derive(Debug, Clone)]
pub(super) struct ApiRequest {
    pub(super) api: Api,
    pub(super) retry_safety: RetrySafety,
    pub(super) body: Bytes,
    /// The tenant's share that is charged.
    pub(super) share: Share,
    /// The deadline for all attempts, including waits.
    pub(super) deadline: Instant,
}

/// The state of one call's retries.
#[derive(Debug, Default)]
struct AttemptState {
    attempts: u32,
    refreshed: bool,
    clock_set: bool,
}

/// The credentials and clock offset of an attempt.
#[derive(Debug)]
struct SigningInputs {
    credentials: Credentials,
    offset: i64,
}

impl Upstream {
    /// The local time, corrected by the measured offset to the source's clock.
    pub(super) fn now(&self) -> Millis {
        Millis(self.clock.now().0.saturating_add(self.skew.offset()))
    }

    /// The SDK's client, for the operations that it makes. Callers admit, limit and report its calls as those of our own client.
    pub(super) fn sdk(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.sdk.get_or_init(|| {
            sdk::client(sdk::Parts {
                region: self.region.clone(),
                endpoint: (!self.is_regional).then(|| self.endpoint.clone()),
                outbound: self.outbound.clone(),
                credentials: Arc::clone(&self.credentials),
                clock: Arc::new(CorrectedClock { clock: Arc::clone(&self.clock), skew: Arc::clone(&self.skew) }),
                deadline: self.attempt_timeout,
                max_body: MAX_ANSWER,
            })
        })
    }

    /// The source's time, derived from the dates of its answers: at most one second later than its clock.
    pub(super) fn service_now(&self) -> Millis {
        Millis(self.clock.now().0.saturating_add(self.skew.observed()))
    }

    /// Checks the credentials, and resolves the endpoint's name. Uses no quota.
    pub(super) async fn check_at_start(&self) {
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

    /// Waits for a permit of the operation's rate limiter.
    pub(super) async fn admit(&self, request: &ApiRequest) -> Result<CallPermit, CallError> {
        let limiter = self
            .account_limits
            .rate_limiter(request.api)
            .ok_or_else(|| CallError::Upstream(format!("no rate limiter for {}", request.api)))?;
        limiter.admit(&request.share, request.deadline).await.map_err(CallError::from)
    }

    /// A permit, if the rate limiter has one now and no request waits for it.
    pub(super) fn try_admit(&self, request: &ApiRequest) -> Option<CallPermit> {
        self.account_limits.rate_limiter(request.api)?.try_admit()
    }

    /// Makes the call, with the permit for its first attempt.
    pub(super) async fn exchange(&self, request: &ApiRequest, mut call_permit: CallPermit) -> Result<Received, CallError> {
        let mut state = AttemptState::default();
        self.account_limits.retries.deposit();
        loop {
            state.attempts += 1;
            let credentials = tokio::time::timeout_at(request.deadline, self.credentials.get(self.now()));
            let credentials = credentials.await.map_err(|_| CallError::Timeout)?;
            let credentials = credentials.inspect_err(|missing| self.health.without_credentials(*missing))?;
            let signed = SigningInputs { credentials, offset: self.skew.offset() };
            let failure = match self.attempt(request, &signed).await {
                Ok(received) => {
                    call_permit.succeeded();
                    self.health.succeeded(request.api.as_str());
                    return received;
                }
                Err(failure) => failure,
            };
            report_outcome(call_permit, &failure);
            let wait = self.wait(&failure, request.retry_safety, &signed, &mut state).await;
            let Some(wait) = wait.filter(|wait| Instant::now() + *wait < request.deadline && self.may_retry(&failure)) else {
                self.health.failed(request.api.as_str(), &failure);
                return Err(failure.into_call_error());
            };
            tracing::debug!(api = %request.api, attempt = state.attempts, failure = failure.what, ?wait, "trying again");
            tokio::time::sleep(wait).await;
            // Reports the cause of the failure, not the missing permit for a retry.
            call_permit = self.admit(request).await.map_err(|_refused| failure.into_call_error())?;
        }
    }

    /// Whether the call may be retried. A retry with a corrected clock does not use the retry budget, because it is not a
    /// repeated failure.
    fn may_retry(&self, failure: &Failure) -> bool {
        failure.kind == Kind::Skewed || self.account_limits.retries.try_withdraw()
    }

    /// One attempt. The inner error means that a response arrived, but no memory was free for it.
    async fn attempt(&self, request: &ApiRequest, signed: &SigningInputs) -> Result<Result<Received, CallError>, Failure> {
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

    /// Sends the call and receives the response. The wait for memory does not count against the attempt's time limit.
    async fn receive(
        &self,
        request: &ApiRequest,
        post: http::Request<Full<Bytes>>,
        left: Duration,
    ) -> Result<Result<Received, CallError>, Failure> {
        let (begun, sent) = (Instant::now(), self.clock.now().0);
        let opened = self.outbound.open(post, left).await?;
        if let Some(date) = date(opened.headers()) {
            self.skew.observe(sent, self.clock.now().0, date);
        }
        let left = left.saturating_sub(begun.elapsed());
        // A longer body is refused before it is read.
        let is_within_limit = opened.body_bytes().is_none_or(|bytes| bytes <= MAX_ANSWER as u64);
        let announced = opened.body_bytes().filter(|_| is_within_limit);
        let reservation = match self.answer_memory.receive(&request.share, request.api, announced).await {
            Ok(reservation) => reservation,
            Err(no_memory) => return Ok(Err(no_memory)),
        };
        let answer = opened.read(Limits { deadline: left, max_body: MAX_ANSWER }).await?;
        match answer.status() {
            http::StatusCode::OK => Ok(Ok((answer.into_body(), reservation))),
            status => Err(Failure::of_answer(status, answer.headers(), answer.body())),
        }
    }

    /// How long to wait before another attempt; `None` if the failure is final. Refreshes credentials or the clock offset when
    /// that can fix the failure.
    async fn wait(
        &self,
        failure: &Failure,
        retry_safety: RetrySafety,
        signed: &SigningInputs,
        state: &mut AttemptState,
    ) -> Option<Duration> {
        if state.attempts >= MAX_ATTEMPTS {
            return None;
        }
        match failure.kind {
            Kind::Transient | Kind::Timeout if retry_safety == RetrySafety::IfNotProcessed => None,
            Kind::Throttled | Kind::Unreachable | Kind::Transient | Kind::Timeout => {
                Some(backoff(state.attempts).max(failure.retry_after.unwrap_or_default()))
            }
            Kind::Expired if !state.refreshed => {
                state.refreshed = true;
                self.credentials.discard(&signed.credentials).await;
                Some(Duration::ZERO)
            }
            Kind::Skewed if !state.clock_set => {
                state.clock_set = true;
                let date = failure.date?;
                self.skew.learn(signed.offset, self.clock.now().0, date).then_some(Duration::ZERO)
            }
            _ => None,
        }
    }
}

/// Reports an attempt's outcome to the rate limiter. A justified error from AWS counts as a success, because AWS works and
/// accepts calls.
pub(super) fn report_outcome(call_permit: CallPermit, failure: &Failure) {
    match failure.kind {
        Kind::Throttled => call_permit.throttled(failure.retry_after),
        Kind::Unreachable | Kind::Transient | Kind::Timeout => call_permit.failed(),
        Kind::Skewed
        | Kind::Expired
        | Kind::Refused
        | Kind::NotFound(_)
        | Kind::InvalidParameter
        | Kind::MalformedQuery
        | Kind::TooLarge
        | Kind::Other => call_permit.succeeded(),
    }
}

impl From<Rejected> for CallError {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Busy { retry_after } => Self::Busy(retry_after),
            Rejected::Open { retry_after } => Self::Down(retry_after),
            Rejected::TenantLimit => Self::Busy(Duration::from_secs(1)),
        }
    }
}
