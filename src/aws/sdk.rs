//! The client of the AWS SDK for CloudWatch Logs, over our own connections, credentials and clock.
//!
//! Owns what the SDK may decide: the form of a request and the reading of an answer. Connections and their limits come from
//! [`crate::outbound`], credentials from [`super::credentials`]; the SDK never retries, never waits, and corrects no clock.
//!
//! Bodies are limited here, because the SDK reads them without a limit: a plain answer by its bytes, an event stream by the
//! bytes of a frame (see [`frames`]).

pub mod frames;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_cloudwatchlogs::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatchlogs::config::{
    AppName, BehaviorVersion, ConfigBag, IdentityCache, Intercept, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_cloudwatchlogs::error::{BoxError, ConnectorError};
use aws_sdk_cloudwatchlogs::{Client, Config};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, Uri};
use http_body_util::{Full, Limited};
use hyper::body::Incoming;

use self::frames::FrameLimit;
use super::credentials::CredentialCache;
use crate::domain::time::{Clock, Millis};
use crate::outbound::{Outbound, OutboundError};

/// The media type of an event stream.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// What the client is made from.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The region of the endpoint and of the signature.
    pub region: String,
    /// A compatible server: scheme, host and port, with the path `/`. `None`: the endpoint of AWS.
    pub endpoint: Option<Uri>,
    /// Connections.
    pub outbound: Outbound,
    /// Credentials, cached.
    pub credentials: Arc<CredentialCache>,
    /// The time of signatures.
    pub clock: Arc<dyn Clock>,
    /// From the first byte of a request to the head of its answer.
    pub deadline: Duration,
    /// Bytes of a plain answer, and of a frame of an event stream.
    pub max_body: usize,
}

/// Makes the client. It sends nothing.
#[must_use]
pub fn client(parts: Parts) -> Client {
    let Parts { region, endpoint, outbound, credentials, clock, deadline, max_body } = parts;
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .http_client(Connector { outbound, deadline, max_body })
        .credentials_provider(Provider { credentials, clock: Arc::clone(&clock) })
        // `CredentialCache` is the cache, because it knows when credentials were refused.
        .identity_cache(IdentityCache::no_cache())
        .time_source(Time(clock))
        .disable_clock_skew_correction(true)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Ok(name) = AppName::new("logmark") {
        config = config.app_name(name);
    }
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint.to_string()).interceptor(NoHostPrefix);
    }
    Client::from_conf(config.build())
}

/// Sends the SDK's requests through [`Outbound`].
#[derive(Debug, Clone)]
struct Connector {
    outbound: Outbound,
    deadline: Duration,
    max_body: usize,
}

impl Connector {
    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        // The SDK holds the body of each of this service's requests in memory.
        let request = request.map(|body| Full::new(Bytes::copy_from_slice(body.bytes().unwrap_or_default())));
        let opened = self.outbound.open(request, self.deadline).await.map_err(connector_error)?;
        let response = limited(opened.into_response(), self.max_body);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

fn connector_error(error: OutboundError) -> ConnectorError {
    match error {
        OutboundError::Timeout => ConnectorError::timeout(error.into()),
        OutboundError::Connect(_) | OutboundError::Broken(_) | OutboundError::TooLarge(_) => ConnectorError::io(error.into()),
    }
}

/// The response, of which no more than `max_body` bytes are held at a time.
fn limited(response: Response<Incoming>, max_body: usize) -> Response<SdkBody> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_event_stream = response.status().is_success() && content_type.starts_with(EVENT_STREAM);
    response.map(|body| match is_event_stream {
        true => SdkBody::from_body_1_x(FrameLimit::new(body, max_body)),
        false => SdkBody::from_body_1_x(Limited::new(body, max_body)),
    })
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Logmark's cached credentials as a provider of the SDK.
struct Provider {
    credentials: Arc<CredentialCache>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.credentials.get(self.clock.now()).await.map_err(CredentialsError::not_loaded)
        })
    }
}

/// Logmark's clock as a time source of the SDK.
#[derive(Debug)]
struct Time(Arc<dyn Clock>);

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        let Millis(millis) = self.0.now();
        UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

/// Removes the host prefix of an operation (`stream-` for StartLiveTail): a compatible server has one name, or only an address.
#[derive(Debug)]
struct NoHostPrefix;

impl Intercept for NoHostPrefix {
    fn name(&self) -> &'static str {
        "NoHostPrefix"
    }

    // The SDK stores the prefix before this, in `read_before_execution`, and uses it after this, before signing.
    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}
