//! The CloudWatch Logs source: signed calls to one region, with one role.
//!
//! Owns all code that depends on CloudWatch. Does not authorize (the permit does), sends only validated names, times and prefixes
//! of callers, and never repeats the text of AWS's errors.
//!
//! Reading order: [`settings`] and [`quotas`], `service_quotas` (an account's actual quotas), `events`, `lists` and `queries`
//! (requests, and the visible part of responses), `paging` and `position` (continuation), `client` (one request),
//! `response_cache` and `single_flight` (cached and shared responses), `upstream` (one call), `account_limits` (admission),
//! `retry`, `errors`, `wire`; signatures and credentials are in [`crate::aws`].

pub mod settings;
pub mod quotas;
mod service_quotas;
mod events;
mod lists;
mod queries;
mod tail;
mod probe;
mod streams;
mod group_filter;
mod paging;
mod put;
mod position;
mod client;
mod answer_memory;
mod response_cache;
mod single_flight;
mod upstream;
mod account_limits;
mod retry;
mod errors;
mod health;
mod wire;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;

pub use self::account_limits::Accounts;
use self::answer_memory::AnswerMemory;
use self::client::Client;
use self::health::Health;
pub use self::probe::{Needs, Probed};
use self::queries::QueryTracker;
use self::response_cache::ResponseCache;
use self::service_quotas::ServiceQuotas;
use self::settings::QuotaRefresh;
pub use self::settings::{DEFAULT_DEADLINE, Settings, SettingsError};
use self::tail::TailHub;
use self::upstream::Upstream;
use crate::auth::permit::Permit;
use crate::aws::credentials::{CredentialCache, CredentialSource};
use crate::aws::endpoint::{InvalidEndpoint, endpoint_of, is_region};
use crate::aws::signer::Signer;
use crate::domain::event::{EventPage, ListPage, LogGroup, LogStream, PageRequest, Position};
use crate::domain::name::SourceName;
use crate::domain::operation::{DescribeGroup, ListGroups, ListStreams, ReadGroup, ReadStream};
use crate::domain::time::Clock;
use crate::outbound::Outbound;
use crate::sources::page_pool::{PAGE_BYTES, PagePool};
use crate::sources::{EventSink, Queries, Source, SourceError, Tail};

/// CloudWatch Logs in one region.
#[derive(Debug)]
pub struct CloudWatch {
    name: SourceName,
    client: Client,
    tracker: Arc<QueryTracker>,
    tail: Arc<TailHub>,
    /// The reader of its account's quotas, if this source reads them.
    service_quotas: Option<ServiceQuotas>,
}

impl CloudWatch {
    /// Creates the source without network calls: credentials are looked up by the first call. It uses the budgets in `accounts`.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn connect(
        settings: Settings,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        accounts: &Accounts,
    ) -> Result<Self, SettingsError> {
        let Settings { region, assume_role, external_id, .. } = settings.clone();
        if external_id.is_some() && assume_role.is_none() {
            return Err(SettingsError::ExternalIdWithoutRole);
        }
        Self::with_origin(settings, outbound, clock, accounts, CredentialSource::Chain { region, assume_role, external_id })
    }

    /// Creates the source with credentials from `provider` instead of the default chain; `assume_role` is ignored.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn with_credentials(
        settings: Settings,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        accounts: &Accounts,
        provider: SharedCredentialsProvider,
    ) -> Result<Self, SettingsError> {
        Self::with_origin(settings, outbound, clock, accounts, CredentialSource::Given(provider))
    }

    fn with_origin(
        settings: Settings,
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        accounts: &Accounts,
        origin: CredentialSource,
    ) -> Result<Self, SettingsError> {
        if !is_region(&settings.region) {
            return Err(InvalidEndpoint::Region(settings.region).into());
        }
        let account_limits = accounts.limits(&settings)?;
        let account = settings.account();
        let Settings { name, region, endpoint, cache, queries, tail, deadline, attempt_timeout, quotas, service_quotas, .. } =
            settings;
        let is_regional = endpoint.is_none();
        let endpoint = endpoint_of(upstream::SERVICE, &region, endpoint)?;
        let reader = |QuotaRefresh { endpoint, given }| {
            let endpoint = endpoint_of(service_quotas::SERVICE, &region, endpoint)?;
            let (outbound, region, clock) = (outbound.clone(), region.clone(), Arc::clone(&clock));
            let signer = Signer::new(service_quotas::SERVICE, region.clone());
            let (credentials, account_limits) = (CredentialCache::new(origin.clone()), Arc::clone(&account_limits));
            Ok::<_, SettingsError>(ServiceQuotas {
                outbound,
                endpoint,
                region,
                signer,
                credentials,
                clock,
                quotas,
                given,
                account_limits,
            })
        };
        let service_quotas = service_quotas.filter(|_| account_limits.claim_quota_refresh()).map(reader).transpose()?;
        let source: Arc<str> = name.as_str().into();
        let upstream = Upstream {
            health: Health::new(Arc::clone(&source), &region, &endpoint, is_regional),
            source,
            outbound,
            endpoint,
            signer: Signer::new(upstream::SERVICE, region.clone()),
            region,
            credentials: Arc::new(CredentialCache::new(origin)),
            clock,
            deadline,
            attempt_timeout,
            account_limits: Arc::clone(&account_limits),
            skew: Arc::default(),
            answer_memory: AnswerMemory::default(),
            is_regional,
            sdk: OnceLock::new(),
        };
        let client = Client::new(upstream, ResponseCache::new(cache));
        let tracker = QueryTracker::new(client.clone(), queries, account, account_limits);
        let tail = TailHub::new(client.clone(), tail);
        Ok(Self { name, client, tracker, tail, service_quotas })
    }

    /// Checks that credentials exist and that the endpoint's name resolves, so that the log shows at start what would fail the
    /// first request.
    pub async fn check_at_start(&self) {
        self.client.check_at_start().await;
    }

    /// Reads the account's quotas from Service Quotas, now and every few hours while it is polled, and applies them to the calls.
    /// Returns immediately if they are not to be read, or if another source of the account reads them.
    pub async fn refresh_quotas(&self) {
        if let Some(reader) = &self.service_quotas {
            reader.refresh_forever().await;
        }
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

    fn count_in(&self, page_pool: &PagePool) {
        self.client.count_in(page_pool);
    }

    fn initial_reservation_bytes(&self, _message_bytes: usize, _events: usize) -> u64 {
        PAGE_BYTES as u64
    }

    async fn ready(&self) -> Result<(), SourceError> {
        self.client.ready().await.map_err(|error| error.plain())
    }

    fn event_sink(&self) -> Option<&dyn EventSink> {
        Some(self)
    }

    fn queries(&self) -> Option<&dyn Queries> {
        Some(self)
    }

    fn tail(&self) -> Option<&dyn Tail> {
        Some(self)
    }
}
