//! The settings of a CloudWatch source, with their defaults.
//!
//! Owns the settings and their validation. `service` converts the configuration.

use std::time::Duration;

use http::Uri;
use logmark_tail_merge::{Bounds, PaceSettings};

use super::quotas::{Api, GivenQuotas, Quotas};
use crate::aws::endpoint::InvalidEndpoint;
use crate::domain::name::SourceName;

/// The time limit of one operation with all its attempts: below API Gateway's 29 s for an integration, with time for the rest.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);
/// The time limit of one attempt: two may hang before the third within the deadline.
pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);

/// The settings of a CloudWatch source, from `[[sources]]` in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Its name in grants.
    pub name: SourceName,
    /// The AWS region, as in `eu-west-1`.
    pub region: String,
    /// The endpoint of CloudWatch Logs; `None`: the region's public endpoint. Scheme, host and port only.
    pub endpoint: Option<Uri>,
    /// ARN of a role to assume with the found credentials; `None`: the credentials are used directly.
    pub assume_role: Option<String>,
    /// `ExternalId` for assuming it.
    pub external_id: Option<String>,
    /// The account number, if known: sources of one account and region share its quotas. `None`: the account of the found
    /// credentials.
    pub account: Option<String>,
    /// The account's quotas in the region, as known at start.
    pub quotas: Quotas,
    /// How Service Quotas is read; `None`: it is not read.
    pub service_quotas: Option<QuotaRefresh>,
    /// The cache of CloudWatch's responses.
    pub cache: CacheSettings,
    /// How queries are run.
    pub queries: QuerySettings,
    /// How new events are followed.
    pub tail: TailSettings,
    /// The time limit of one operation with all its attempts.
    pub deadline: Duration,
    /// The time limit of one attempt.
    pub attempt_timeout: Duration,
}

/// How the account's quotas are read from Service Quotas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QuotaRefresh {
    /// The endpoint of Service Quotas; `None`: the region's public endpoint. Scheme, host and port only.
    pub endpoint: Option<Uri>,
    /// Configured quotas, which override the read ones.
    pub given: GivenQuotas,
}

/// The cache of CloudWatch's responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Bytes in total; 0 disables caching and the sharing of equal concurrent calls.
    pub bytes: u64,
    /// How long a page to which events may still be added is reused: the maximum delay of a follower.
    pub live: Duration,
    /// How long a page of a list of groups or streams is reused.
    pub lists: Duration,
    /// Events may arrive late: a page is final if its time is longer ago than this.
    pub ingestion_delay: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            live: Duration::from_secs(1),
            lists: Duration::from_secs(5),
            ingestion_delay: Duration::from_secs(15 * 60),
        }
    }
}

/// The settings of Logs Insights queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuerySettings {
    /// US dollars per scanned gigabyte (10⁹ bytes), for the estimated cost in responses; `None`: no estimate.
    pub price_per_gb: Option<f64>,
    /// A running query that is not polled for this time is stopped, because AWS bills it to its end.
    pub abandoned_after: Duration,
    /// A query that runs longer is stopped.
    pub max_time: Duration,
}

impl Default for QuerySettings {
    /// AWS's price in most regions, and a quarter of the hour that AWS lets a query run.
    fn default() -> Self {
        Self { price_per_gb: Some(0.005), abandoned_after: Duration::from_secs(120), max_time: Duration::from_secs(15 * 60) }
    }
}

/// How new events are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailSettings {
    /// Live tail sessions at a time, of all sources of the account; 0: none, and tails sweep only.
    pub sessions: u32,
    /// The share of the calls per second to FilterLogEvents that sweeps may take. The sum of all groups that are followed.
    pub sweep_share: f64,
    /// The longest time from the timestamp of an event to its ingestion: sweeps reach back so far.
    pub lateness: Duration,
    /// The longest time from the ingestion of an event until FilterLogEvents shows it.
    pub settling: Duration,
    /// A session ends when it has had no viewers for so long.
    pub linger: Duration,
    /// How often a stream that a viewer has named is looked up, to find out that it was deleted.
    pub lookups: Duration,
    /// Intervals of sweeps.
    pub pace: PaceSettings,
}

impl Default for TailSettings {
    /// Three of AWS's 15 sessions per account are left to the operator's console, as the reserve of other quotas.
    fn default() -> Self {
        let Bounds { lateness, settling } = Bounds::default();
        let millis = |millis: i64| Duration::from_millis(millis.unsigned_abs());
        let (lateness, settling) = (millis(lateness), millis(settling));
        Self {
            sessions: 12,
            sweep_share: 0.4,
            lateness,
            settling,
            linger: Duration::from_secs(10),
            lookups: Duration::from_secs(30),
            pace: PaceSettings::default(),
        }
    }
}

impl TailSettings {
    pub(super) fn uses_sessions(&self) -> bool {
        self.sessions > 0
    }

    pub(super) fn bounds(&self) -> Bounds {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Bounds { lateness: millis(self.lateness), settling: millis(self.settling) }
    }
}

impl Settings {
    /// Settings with defaults for everything else.
    #[must_use]
    pub fn new(name: SourceName, region: impl Into<String>) -> Self {
        let region = region.into();
        Self {
            name,
            quotas: Quotas::of_region(&region),
            service_quotas: None,
            region,
            endpoint: None,
            assume_role: None,
            external_id: None,
            account: None,
            cache: CacheSettings::default(),
            queries: QuerySettings::default(),
            tail: TailSettings::default(),
            deadline: DEFAULT_DEADLINE,
            attempt_timeout: DEFAULT_ATTEMPT_TIMEOUT,
        }
    }

    /// The account number as configured, or the role's; `None`: the account of the found credentials.
    pub(super) fn account(&self) -> Option<String> {
        let of_role = || self.assume_role.as_ref()?.split(':').nth(4).map(str::to_owned);
        self.account.clone().or_else(of_role)
    }
}

/// Why settings are invalid. The operator must fix them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The region or the endpoint is missing or malformed.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// An invalid call rate.
    #[error("the quota of {0}: {1}")]
    Quota(Api, String),
    /// An external id is only used to assume a role.
    #[error("an external id needs a role to assume")]
    ExternalIdWithoutRole,
}
