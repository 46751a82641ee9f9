//! CloudWatch Logs as a source: signed calls to one region, with one role.
//!
//! Owns everything that knows AWS. Never decides who may (a permit has), never sends what a caller wrote but names, times
//! and prefixes of checked form, and never repeats what AWS wrote in an error.
//!
//! Reading order: [`settings`] and [`quotas`], `events`, `lists` and `queries` (what is asked, what of it is shown), `walk` and `position` (where reading goes on),
//! `client` (one call), `retry`, `errors`, `signer`, `credentials`, `wire`.

pub mod settings;
pub mod quotas;
mod events;
mod lists;
mod queries;
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

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;

use self::client::Client;
use self::credentials::{Cache, Origin};
use self::queries::Runs;
pub use self::settings::{DEFAULT_DEADLINE, Settings, SettingsError};
use self::settings::{endpoint_of, is_region};
use crate::auth::permit::Permit;
use crate::domain::event::{EventPage, ListPage, LogGroup, LogStream, PageRequest, Position};
use crate::domain::name::SourceName;
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, ReadGroup, ReadStream};
use crate::domain::time::Clock;
use crate::outbound::Outbound;
use crate::sources::{Queries, Source, SourceError};

/// CloudWatch Logs in one region.
#[derive(Debug)]
pub struct CloudWatch {
    name: SourceName,
    client: Arc<Client>,
    runs: Arc<Runs>,
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
        let Settings { name, region, endpoint, deadline, attempt_timeout, queries, quotas, account, .. } = settings;
        if !is_region(&region) {
            return Err(SettingsError::Region(region));
        }
        let endpoint = endpoint_of(&region, endpoint)?;
        let client = Arc::new(Client {
            outbound,
            endpoint,
            region,
            credentials: Cache::new(origin),
            clock,
            deadline,
            attempt_timeout,
            budget: retry::Budget::default(),
            skew: retry::Skew::default(),
        });
        let runs = Runs::new(Arc::clone(&client), queries, account, quotas.our_queries());
        Ok(Self { name, client, runs })
    }
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

    fn queries(&self) -> Option<&dyn Queries> {
        Some(self)
    }
}
