//! What AWS has really given the account, by Service Quotas: read in the background, never in a request's way.
//!
//! Owns the call (`ListServiceQuotas` of the service code `logs`) and which of its quotas are calls to one of our operations.
//! Never stops anything: what can't be had, may not be read or is no sensible number leaves the quotas as they were. Never counts
//! calls: the account's rate limiters do, and are told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};

use super::account_limits::AccountLimits;
use super::quotas::{Api, GivenQuotas, MAX_CALLS_PER_SECOND, Quotas};
use crate::aws::credentials::{CredentialCache, MissingCredentials};
use crate::aws::json_call::JsonCall;
use crate::aws::signer::Signer;
use crate::domain::time::Clock;
use crate::outbound::{Limits, Outbound, OutboundError};

/// How long what was read holds: an increase is granted by people, and takes days.
const REFRESH: Duration = Duration::from_secs(6 * 3600);
/// The service, in host names and signatures.
pub(super) const SERVICE: &str = "servicequotas";
const TARGET: &str = "ServiceQuotasV20190624.ListServiceQuotas";
/// What follows the operation's name in the name of its quota ("Amazon CloudWatch Logs endpoints and quotas", AWS General
/// Reference). A burst has a quota of its own, with a longer name. There is none for queries at a time.
const CALLS_PER_SECOND: &str = " throttle limit in transactions per second";
/// Its largest page. CloudWatch Logs has about 70 quotas.
const PAGE: u32 = 100;
const MAX_PAGES: usize = 10;
const LIMITS: Limits = Limits { deadline: Duration::from_secs(10), max_body: 1 << 20 };

/// Why nothing was read. For our own log; an answer's body is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    /// No credentials.
    #[error("no credentials: {0}")]
    Credentials(#[from] MissingCredentials),
    /// The request can't be made: a fault of ours.
    #[error("the request could not be made")]
    Request,
    /// No answer.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// The role may not, or AWS can't. Its word for it is one of a few known ones.
    #[error("status {status}{}", if *.denied { ": `servicequotas:ListServiceQuotas` is not allowed to us" } else { "" })]
    Answered {
        /// The answer's status.
        status: u16,
        /// It is about what we may.
        denied: bool,
    },
    /// Not an answer to the question.
    #[error("the answer is not one")]
    NoAnswer,
}

/// A reader of one account's quotas in one region.
#[derive(Debug)]
pub(super) struct ServiceQuotas {
    pub(super) outbound: Outbound,
    /// Scheme, host and port, with the path `/`.
    pub(super) endpoint: Uri,
    pub(super) region: String,
    pub(super) signer: Signer,
    pub(super) credentials: CredentialCache,
    pub(super) clock: Arc<dyn Clock>,
    /// What holds as long as nothing is read.
    pub(super) quotas: Quotas,
    /// What the operator says, which wins over what is read.
    pub(super) given: GivenQuotas,
    /// Who keeps to it.
    pub(super) account_limits: Arc<AccountLimits>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListQuotasRequest<'a> {
    service_code: &'static str,
    max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListQuotasResponse {
    #[serde(default)]
    quotas: Vec<Quota>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Quota {
    quota_name: Option<String>,
    value: Option<f64>,
    period: Option<Period>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Period {
    period_value: Option<u32>,
    period_unit: Option<String>,
}

impl Quota {
    /// Calls per second to one of our operations, if it is that, and sensible.
    fn calls_per_second(&self) -> Option<(Api, f64)> {
        let operation = self.quota_name.as_deref()?.strip_suffix(CALLS_PER_SECOND)?;
        let api = Api::ALL.into_iter().find(|api| api.as_str() == operation)?;
        let by_second = self.period.as_ref().is_none_or(|period| {
            period.period_value.is_none_or(|value| value == 1)
                && period.period_unit.as_deref().is_none_or(|unit| unit == "SECOND")
        });
        self.value.filter(|rate| by_second && *rate > 0.0 && *rate <= MAX_CALLS_PER_SECOND).map(|rate| (api, rate))
    }
}

impl ServiceQuotas {
    /// Reads the quotas now and every few hours, and has the rate limiters keep to them. Ends with nobody but the process.
    pub(super) async fn refresh_forever(&self) {
        let mut held = self.quotas.clone();
        let mut said = false;
        loop {
            match self.read().await {
                Ok(read) => {
                    said = false;
                    self.apply(&read, &mut held);
                }
                Err(error) if said => tracing::debug!(region = self.region, %error, "Service Quotas were not read"),
                Err(error) => {
                    said = true;
                    tracing::info!(region = self.region, %error, "Service Quotas were not read: the quotas stay as they are");
                }
            }
            tokio::time::sleep(REFRESH).await;
        }
    }

    /// Lays what was read over what is held, and over both what the operator says.
    fn apply(&self, read: &GivenQuotas, held: &mut Quotas) {
        let before = held.clone();
        held.overlay(read);
        held.overlay(&self.given);
        let changed = *held != before;
        if changed {
            self.account_limits.change(held);
        }
        tracing::debug!(region = self.region, known = read.calls_per_second.len(), changed, "Service Quotas were read");
    }

    /// Reads the quotas once, page by page.
    pub(super) async fn read(&self) -> Result<GivenQuotas, ReadError> {
        let mut read = GivenQuotas::default();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let answer = self.page(token.as_deref()).await?;
            read.calls_per_second.extend(answer.quotas.iter().filter_map(Quota::calls_per_second));
            match answer.next_token.filter(|next| !next.is_empty()) {
                None => return Ok(read),
                next if next == token => return Err(ReadError::NoAnswer),
                next => token = next,
            }
        }
        Err(ReadError::NoAnswer)
    }

    async fn page(&self, next_token: Option<&str>) -> Result<ListQuotasResponse, ReadError> {
        let ask = ListQuotasRequest { service_code: "logs", max_results: PAGE, next_token };
        let body: Bytes = serde_json::to_vec(&ask).map_err(|_| ReadError::Request)?.into();
        let at = self.clock.now();
        let credentials = self.credentials.get(at).await?;
        let call = JsonCall { endpoint: &self.endpoint, target: TARGET, body: &body };
        let request = call.signed(&self.signer, &credentials, at).map_err(|_| ReadError::Request)?;
        let answer = self.outbound.send(request, LIMITS).await?;
        if answer.status() != StatusCode::OK {
            let text = String::from_utf8_lossy(answer.body());
            let denied = ["AccessDenied", "not authorized"].iter().any(|word| text.contains(word));
            return Err(ReadError::Answered { status: answer.status().as_u16(), denied });
        }
        serde_json::from_slice(answer.body()).map_err(|_| ReadError::NoAnswer)
    }
}

#[cfg(test)]
mod tests;
