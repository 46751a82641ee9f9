//! One live tail session: `StartLiveTail` over the client of the SDK.
//!
//! Owns the call, its errors, and the limit of silence. Never starts again by itself: [`super::feed`] decides what follows an end.

use std::time::{Duration, Instant as Begun};

use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::{StartLiveTailError, StartLiveTailOutput};
use aws_sdk_cloudwatchlogs::types::StartLiveTailResponseStream as Item;
use aws_sdk_cloudwatchlogs::types::error::StartLiveTailResponseStreamError as ItemError;
use logmark_quota::Share;
use tokio::time::Instant;

use super::super::errors::{CallError, Failure, Kind};
use super::super::quotas::Api;
use super::super::upstream::{Upstream, report_outcome};
use super::event::TailEvent;
use crate::telemetry::metrics;

/// CloudWatch sends an update each second, even an empty one. A session that is silent for so long is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SessionError {
    /// The account has its number of sessions.
    NoneFree,
    /// The role may not start sessions, or the service has none.
    NotAllowed,
    /// The log group does not exist.
    NoSuchGroup,
    /// The call failed.
    Failed(String),
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// As planned, after three hours.
    Timeout,
    /// By the service, by the connection, or by silence.
    Broken,
}

/// What a session shows in one second.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) events: Vec<TailEvent>,
    /// It is a sample of the events only.
    pub(super) is_sampled: bool,
}

/// An open session. Dropping it closes the connection, which ends the session.
#[derive(Debug)]
pub(super) struct Session {
    output: StartLiveTailOutput,
    /// When the last frame came. Callers cancel the wait for the next one at will, so the limit is not counted from their call.
    heard: Instant,
}

impl Session {
    /// Opens a session on one log group, named by its ARN (a compatible server may take its name). One attempt.
    pub(super) async fn open(upstream: &Upstream, group: &str, share: &Share) -> Result<Self, SessionError> {
        let limiter = upstream.account_limits.rate_limiter(Api::StartLiveTail);
        let limiter = limiter.ok_or_else(|| SessionError::Failed("no rate limiter for StartLiveTail".to_owned()))?;
        let admitted = limiter.admit(share, Instant::now() + upstream.deadline).await;
        let permit = admitted.map_err(|rejected| SessionError::Failed(format!("{:?}", CallError::from(rejected))))?;
        let begun = Begun::now();
        let sent = upstream.sdk().start_live_tail().log_group_identifiers(group).send();
        // The SDK waits for the first frame, which CloudWatch sends at once.
        let sent = tokio::time::timeout(upstream.deadline, sent).await;
        let api = Api::StartLiveTail.as_str();
        let error = match sent {
            Ok(Ok(output)) => {
                permit.succeeded();
                upstream.health.succeeded(api);
                metrics::upstream_call(&upstream.source, api, "ok", begun.elapsed());
                return Ok(Self { output, heard: Instant::now() });
            }
            Ok(Err(error)) => Some(error),
            Err(_elapsed) => None,
        };
        let failure = error.as_ref().map_or_else(|| Failure::new(Kind::Timeout, "no answer in time"), Failure::of_sdk);
        metrics::upstream_call(&upstream.source, api, failure.kind.outcome(), begun.elapsed());
        let is_limit =
            error.as_ref().and_then(SdkError::as_service_error).is_some_and(StartLiveTailError::is_limit_exceeded_exception);
        if is_limit {
            // The number of sessions, not the rate of calls: the rate limiter is not to slow down.
            permit.succeeded();
            return Err(SessionError::NoneFree);
        }
        report_outcome(permit, &failure);
        Err(match failure.kind {
            Kind::Refused | Kind::Other | Kind::InvalidParameter => {
                tracing::debug!(failure = failure.what, "no live tail session");
                SessionError::NotAllowed
            }
            Kind::NotFound(_) => SessionError::NoSuchGroup,
            _ => SessionError::Failed(failure.what),
        })
    }

    /// The next update.
    pub(super) async fn next(&mut self) -> Result<Update, SessionEnd> {
        loop {
            let received = tokio::time::timeout_at(self.heard + SILENCE, self.output.response_stream.recv())
                .await
                .map_err(|_silent| SessionEnd::Broken)?;
            self.heard = Instant::now();
            match received {
                Ok(Some(Item::SessionUpdate(update))) => {
                    let is_sampled = update.session_metadata().is_some_and(|metadata| metadata.sampled());
                    let events = update.session_results.unwrap_or_default().into_iter().filter_map(TailEvent::of_session);
                    return Ok(Update { events: events.collect(), is_sampled });
                }
                // `sessionStart`, or what a later version of the service sends.
                Ok(Some(_)) => {}
                Ok(None) => return Err(SessionEnd::Broken),
                Err(error) => {
                    let is_timeout = error.as_service_error().is_some_and(ItemError::is_session_timeout_exception);
                    return Err(if is_timeout { SessionEnd::Timeout } else { SessionEnd::Broken });
                }
            }
        }
    }
}
