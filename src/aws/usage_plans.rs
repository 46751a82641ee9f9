//! Usage plans and API keys of API Gateway: `GetUsagePlans`, `GetUsagePlanKeys`, `GetApiKeys`.
//!
//! Owns the three calls and their pages. The role needs `apigateway:GET` on `/usageplans`, `/usageplans/*/keys` and `/apikeys`. Never asks
//! for the values of keys (`includeValues`), and drops those that a response contains. Never says a response's text in an error.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::credentials::{CredentialCache, CredentialSource, MissingCredentials};
use super::endpoint::{InvalidEndpoint, endpoint_of};
use super::json_call::AGENT;
use super::signer::Signer;
use crate::domain::time::Clock;
use crate::outbound::{Limits, Outbound, OutboundError};

/// API Gateway, in host names and signatures.
const SERVICE: &str = "apigateway";
/// The largest page of each of the three calls.
const PAGE: usize = 500;
/// Pages of one list at most: 10,000 keys are the default quota of an account and region.
const MAX_PAGES: usize = 400;
/// A page of 500 keys has some 200 KB.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(10), max_body: 8 << 20 };
/// Attempts of one call. The account shares 10 calls per second among all operations of API Gateway ("Amazon API Gateway quotas").
const MAX_ATTEMPTS: u32 = 6;
/// The wait before the second attempt; it doubles. A `Retry-After` may lengthen it.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// What RFC 3986 leaves unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A usage plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePlan {
    /// Its name.
    pub name: String,
    /// The stages of APIs that it covers.
    pub stages: Vec<ApiStage>,
    /// Its keys.
    pub keys: Vec<ApiKey>,
}

/// A stage of an API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStage {
    /// The API.
    pub api_id: String,
    /// The stage.
    pub stage: String,
}

/// An API key, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiKey {
    /// Its id, which access logs show.
    pub id: String,
    /// Its name, which is the name of the customer.
    pub name: Option<String>,
}

/// All plans and keys of an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlansAndKeys {
    /// The usage plans with their keys.
    pub plans: Vec<UsagePlan>,
    /// All keys, also those without a plan.
    pub keys: Vec<ApiKey>,
}

/// Why they were not read. For the service's log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No credentials.
    #[error("no credentials: {0}")]
    Credentials(#[from] MissingCredentials),
    /// The request cannot be built: a bug.
    #[error("the request could not be built")]
    Request,
    /// No response.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// Permissions are missing.
    #[error("status 403 for `{0}`: the role must allow `apigateway:GET` on `/usageplans`, `/usageplans/*/keys` and `/apikeys`")]
    Denied(String),
    /// AWS refused or failed the call.
    #[error("status {status} for `{path}`")]
    Answered {
        /// The response's status.
        status: u16,
        /// The path of the request.
        path: String,
    },
    /// The response is invalid, or its pages do not end.
    #[error("the response for `{0}` is invalid")]
    Invalid(String),
}

/// Which account and region to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePlanSettings {
    /// The region.
    pub region: String,
    /// A compatible server; `None`: AWS.
    pub endpoint: Option<Uri>,
    /// The role to assume.
    pub assume_role: Option<String>,
    /// The external id for assuming it.
    pub external_id: Option<String>,
}

/// Reads the plans and keys of one account in one region.
#[derive(Debug)]
pub struct UsagePlanReader {
    outbound: Outbound,
    /// Scheme, host and port, with the path `/`.
    endpoint: Uri,
    signer: Signer,
    credentials: CredentialCache,
    clock: Arc<dyn Clock>,
    /// The wait before the second attempt of a call.
    first_wait: Duration,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default = "Vec::new")]
    item: Vec<T>,
    position: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPlan {
    id: String,
    name: Option<String>,
    #[serde(default)]
    api_stages: Vec<ApiStage>,
}

impl UsagePlanReader {
    /// A reader. Sends nothing yet.
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn new(settings: &UsagePlanSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Result<Self, InvalidEndpoint> {
        let UsagePlanSettings { region, endpoint, assume_role, external_id } = settings.clone();
        let source = CredentialSource::Chain { region: region.clone(), assume_role, external_id };
        Ok(Self {
            outbound,
            endpoint: endpoint_of(SERVICE, &region, endpoint)?,
            signer: Signer::new(SERVICE, region),
            credentials: CredentialCache::new(source),
            clock,
            first_wait: FIRST_WAIT,
        })
    }

    /// Reads all plans and keys.
    ///
    /// # Errors
    /// [`ReadError`]: of the first call that fails. What was read until then is dropped, because a part of it would hide customers.
    pub async fn read(&self) -> Result<PlansAndKeys, ReadError> {
        let mut plans = Vec::new();
        for RawPlan { id, name, api_stages } in self.list("/usageplans").await? {
            let path = format!("/usageplans/{}/keys", utf8_percent_encode(&id, ESCAPED));
            let keys = match self.list(&path).await {
                // Deleted since the list was read.
                Err(ReadError::Answered { status: 404, .. }) => continue,
                keys => keys?,
            };
            plans.push(UsagePlan { name: name.unwrap_or(id), stages: api_stages, keys });
        }
        Ok(PlansAndKeys { plans, keys: self.list("/apikeys").await? })
    }

    /// All items of a list, page by page.
    async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ReadError> {
        let (mut items, mut position, mut seen) = (Vec::new(), None::<String>, BTreeSet::new());
        for _ in 0..MAX_PAGES {
            let mut target = format!("{path}?limit={PAGE}");
            if let Some(position) = &position {
                target += &format!("&position={}", utf8_percent_encode(position, ESCAPED));
            }
            let page: Page<T> = self.get(path, &target).await?;
            items.extend(page.item);
            match page.position.filter(|next| !next.is_empty()) {
                None => return Ok(items),
                Some(next) if !seen.insert(next.clone()) => break,
                next => position = next,
            }
        }
        Err(ReadError::Invalid(path.to_owned()))
    }

    /// One call, with its retries.
    async fn get<T: DeserializeOwned>(&self, path: &str, target: &str) -> Result<T, ReadError> {
        let mut wait = self.first_wait;
        for attempt in 1.. {
            let answer = self.outbound.send(self.signed(target).await?, LIMITS).await;
            let is_last = attempt >= MAX_ATTEMPTS;
            let retry_after = match answer {
                Ok(answer) => match answer.status() {
                    StatusCode::OK => {
                        return serde_json::from_slice(answer.body()).map_err(|_| ReadError::Invalid(path.to_owned()));
                    }
                    StatusCode::FORBIDDEN => return Err(ReadError::Denied(path.to_owned())),
                    status if is_last || !is_transient(status) => {
                        return Err(ReadError::Answered { status: status.as_u16(), path: path.to_owned() });
                    }
                    _ => answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()),
                },
                Err(error) if is_last => return Err(error.into()),
                Err(_) => None,
            };
            tokio::time::sleep(wait.max(Duration::from_secs(retry_after.unwrap_or(0))).min(LONGEST_WAIT)).await;
            wait *= 2;
        }
        Err(ReadError::Request)
    }

    async fn signed(&self, target: &str) -> Result<Request<Full<Bytes>>, ReadError> {
        let at = self.clock.now();
        let credentials = self.credentials.get(at).await?;
        let base = self.endpoint.to_string();
        let uri: Uri = format!("{}{target}", base.trim_end_matches('/')).parse().map_err(|_| ReadError::Request)?;
        let mut get = Request::new(Full::default());
        *get.uri_mut() = uri;
        // Without it, API Gateway answers in HAL, which has other members.
        get.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.signer.sign(&mut get, &Bytes::new(), &credentials, at).map_err(|_| ReadError::Request)?;
        get.headers_mut().insert(USER_AGENT, AGENT);
        Ok(get)
    }
}

/// Whether the same call may succeed later.
fn is_transient(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

#[cfg(test)]
pub(crate) mod tests;
