//! The account's applied quotas from Service Quotas, read in the background.
//!
//! Owns the call (`ListServiceQuotas` with service code `logs`), and the mapping of its quotas to operations. If a quota is
//! unavailable, forbidden or not plausible, the previous value stays. The account's rate limiters enforce the quotas.

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

/// How long the quotas are used before they are read again: increases take days.
const REFRESH: Duration = Duration::from_secs(6 * 3600);
/// The service, in host names and signatures.
pub(super) const SERVICE: &str = "servicequotas";
const TARGET: &str = "ServiceQuotasV20190624.ListServiceQuotas";
/// The text after the operation's name in the name of its quota ("Amazon CloudWatch Logs endpoints and quotas", AWS General
/// Reference). A burst has its own quota with a longer name. Concurrent queries have no such quota.
const CALLS_PER_SECOND: &str = " throttle limit in transactions per second";
/// The largest page. CloudWatch Logs has about 70 quotas.
const PAGE: u32 = 100;
const MAX_PAGES: usize = 10;
const LIMITS: Limits = Limits { deadline: Duration::from_secs(10), max_body: 1 << 20 };

/// Why the quotas were not read. For the service's log; never contains a response's body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadError {
    /// No credentials.
    #[error("no credentials: {0}")]
    Credentials(#[from] MissingCredentials),
    /// The request cannot be built: a bug.
    #[error("the request could not be built")]
    Request,
    /// No response.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// AWS refused or failed the call. The error name is one of a few known ones.
    #[error("status {status}{}", if *.denied { ": the role must allow `servicequotas:ListServiceQuotas`" } else { "" })]
    Answered {
        /// The response's status.
        status: u16,
        /// Whether permissions are missing.
        denied: bool,
    },
    /// The response is invalid.
    #[error("the response is invalid")]
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
    /// The quotas until the first successful read.
    pub(super) quotas: Quotas,
    /// The configured quotas, which override the read ones.
    pub(super) given: GivenQuotas,
    /// The limits to update.
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
    /// The operation and its calls per second, if the quota is one of these and plausible.
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
    /// Reads the quotas now and every few hours, and updates the rate limiters. Never returns.
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
                    tracing::info!(region = self.region, %error, "Service Quotas were not read: the current quotas stay in use");
                }
            }
            tokio::time::sleep(REFRESH).await;
        }
    }

    /// Merges the read quotas over the current ones, and the configured ones over both.
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
