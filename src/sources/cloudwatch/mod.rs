//! CloudWatch Logs as a source: signed calls to one region, with one role.
//!
//! Owns everything that knows AWS. Never decides who may (a permit has), never sends what a caller wrote but names, times
//! and prefixes of checked form, and never repeats what AWS wrote in an error.
//!
//! Reading order: `events` and `lists` (what is asked, what of it is shown), `walk` and `position` (where reading goes on),
//! `client` (one call), `retry`, `errors`, `signer`, `credentials`, `wire`.

mod events;
mod lists;
mod streams;
mod walk;
mod position;
mod client;
mod retry;
mod errors;
mod signer;
mod credentials;
mod wire;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use self::client::Client;
use self::credentials::{Cache, Origin};
use crate::auth::permit::Permit;
use crate::domain::event::{EventPage, ListPage, LogGroup, LogStream, PageRequest, Position};
use crate::domain::name::SourceName;
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, ReadGroup, ReadStream};
use crate::domain::time::Clock;
use crate::outbound::Outbound;
use crate::sources::{Source, SourceError};

/// For one operation with all its attempts: below the 29 s that API Gateway gives an integration, with room for the rest.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);
/// For one attempt: two may hang within the deadline before the third.
pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// The longest name of a region has 14 characters today.
const MAX_REGION: usize = 32;

/// What a CloudWatch source is made from: the configuration's `[sources.<name>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name in grants.
    pub name: SourceName,
    /// The AWS region, as in `eu-west-1`.
    pub region: String,
    /// Where CloudWatch Logs answers; `None`: the region's public endpoint. Scheme, host and port only.
    pub endpoint: Option<Uri>,
    /// ARN of a role to assume with the credentials found; `None`: they are used as they are.
    pub assume_role: Option<String>,
    /// `ExternalId` for assuming it.
    pub external_id: Option<String>,
    /// For one operation with all its attempts.
    pub deadline: Duration,
    /// For one attempt.
    pub attempt_timeout: Duration,
}

impl Settings {
    /// Settings with nothing but what has no default.
    #[must_use]
    pub fn new(name: SourceName, region: impl Into<String>) -> Self {
        Self {
            name,
            region: region.into(),
            endpoint: None,
            assume_role: None,
            external_id: None,
            deadline: DEFAULT_DEADLINE,
            attempt_timeout: DEFAULT_ATTEMPT_TIMEOUT,
        }
    }
}

/// Why settings can't be used: the operator's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not the form of a region's name.
    #[error("`{0}` is no region: write it as in `eu-west-1`")]
    Region(String),
    /// Something other than scheme, host and port. It is not repeated: there may be a password in it.
    #[error("is no endpoint: write `https://host` or `http://host:port`, without path, query and user")]
    Endpoint,
    /// Without a role there is nothing that it could be for.
    #[error("an external id needs a role to assume")]
    ExternalIdWithoutRole,
}

/// CloudWatch Logs in one region.
#[derive(Debug)]
pub struct CloudWatch {
    name: SourceName,
    client: Client,
}

impl CloudWatch {
    /// Makes the source, without asking anybody anything: credentials are looked for when the first call needs them.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn connect(settings: Settings, outbound: Outbound, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let Settings { region, assume_role, external_id, .. } = settings.clone();
        if external_id.is_some() && assume_role.is_none() {
            return Err(SettingsError::ExternalIdWithoutRole);
        }
        Self::with_origin(settings, outbound, clock, Origin::Chain { region, assume_role, external_id })
    }

    /// Makes the source with credentials from `provider` instead of the default chain; `assume_role` is not looked at.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn with_credentials(
        settings: Settings,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        provider: SharedCredentialsProvider,
    ) -> Result<Self, SettingsError> {
        Self::with_origin(settings, outbound, clock, Origin::Given(provider))
    }

    fn with_origin(settings: Settings, outbound: Outbound, clock: Arc<dyn Clock>, origin: Origin) -> Result<Self, SettingsError> {
        let Settings { name, region, endpoint, deadline, attempt_timeout, .. } = settings;
        if !is_region(&region) {
            return Err(SettingsError::Region(region));
        }
        let endpoint = endpoint_of(&region, endpoint)?;
        let client = Client {
            outbound,
            endpoint,
            region,
            credentials: Cache::new(origin),
            clock,
            deadline,
            attempt_timeout,
            budget: retry::Budget::default(),
            skew: retry::Skew::default(),
        };
        Ok(Self { name, client })
    }
}

fn is_region(text: &str) -> bool {
    let of_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= MAX_REGION
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(of_region)
}

/// The endpoint with the path `/`.
fn endpoint_of(region: &str, given: Option<Uri>) -> Result<Uri, SettingsError> {
    let Some(given) = given else {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let text = format!("https://logs.{region}.amazonaws.com{suffix}/");
        return text.parse().map_err(|_| SettingsError::Region(region.to_owned()));
    };
    let mut parts = given.into_parts();
    let web = parts.scheme.as_ref().is_some_and(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
    let hosted =
        parts.authority.as_ref().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    let bare = parts.path_and_query.as_ref().is_none_or(|path| path.as_str() == "/" || path.as_str().is_empty());
    if !(web && hosted && bare) {
        return Err(SettingsError::Endpoint);
    }
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    Uri::from_parts(parts).map_err(|_| SettingsError::Endpoint)
}

#[async_trait]
impl Source for CloudWatch {
    async fn read_stream(&self, permit: &Permit<ReadStream>, page: &PageRequest) -> Result<EventPage, SourceError> {
        events::read_stream(&self.client, permit, page).await
    }

    async fn read_group(&self, permit: &Permit<ReadGroup>, page: &PageRequest) -> Result<EventPage, SourceError> {
        events::read_group(&self.client, permit, page).await
    }

    async fn list_groups(
        &self,
        permit: &Permit<ListGroups>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogGroup>, SourceError> {
        lists::list_groups(&self.client, &self.name, permit, from, limit).await
    }

    async fn describe_group(&self, permit: &Permit<DescribeGroup>) -> Result<LogGroup, SourceError> {
        lists::describe_group(&self.client, permit).await
    }

    async fn list_streams(
        &self,
        permit: &Permit<ListStreams>,
        from: Option<&Position>,
        limit: usize,
    ) -> Result<ListPage<LogStream>, SourceError> {
        lists::list_streams(&self.client, permit, from, limit).await
    }

    async fn ready(&self) -> Result<(), SourceError> {
        self.client.credentials.get(self.client.now()).await.map(drop).map_err(|error| error.plain())
    }
}
