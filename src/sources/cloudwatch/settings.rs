//! What a CloudWatch source is made from, with its defaults.
//!
//! Owns the numbers that an operator may change, and their form. Never reads the configuration: `service` brings it here.

use std::time::Duration;

use http::Uri;
use logmark_tail_merge::{Bounds, PaceSettings};

use super::quotas::{Api, GivenQuotas, Quotas};
use crate::aws::endpoint::InvalidEndpoint;
use crate::domain::name::SourceName;

/// For one operation with all its attempts: below the 29 s that API Gateway gives an integration, with room for the rest.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);
/// For one attempt: two may hang within the deadline before the third.
pub const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);

/// What a CloudWatch source is made from: the configuration's `[[sources]]`.
#[derive(Debug, Clone, PartialEq)]
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
    /// The account's number, where it is known: sources of one account and region share its quotas. `None`: the account of the
    /// credentials found, whichever that is.
    pub account: Option<String>,
    /// What the account may ask in the region, as far as is known at the beginning.
    pub quotas: Quotas,
    /// Whether Service Quotas is asked what it may; `None`: it is not.
    pub service_quotas: Option<QuotaRefresh>,
    /// What is kept of CloudWatch's answers.
    pub cache: CacheSettings,
    /// How queries are run.
    pub queries: QuerySettings,
    /// How new events are followed.
    pub tail: TailSettings,
    /// For one operation with all its attempts.
    pub deadline: Duration,
    /// For one attempt.
    pub attempt_timeout: Duration,
}

/// How the account's quotas are read from Service Quotas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QuotaRefresh {
    /// Where Service Quotas answers; `None`: the region's public endpoint. Scheme, host and port only.
    pub endpoint: Option<Uri>,
    /// What holds whatever is read.
    pub given: GivenQuotas,
}

/// What is kept of CloudWatch's answers, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// Bytes in all; 0 keeps nothing, and lets equal calls in flight be made each on its own.
    pub bytes: u64,
    /// How long a page may be handed out again to which events may still be added: what a follower sees is as old at most.
    pub live: Duration,
    /// How long a page of a list of groups or streams is handed out again.
    pub lists: Duration,
    /// Events may still arrive in a time that has passed; when it is longer ago than this, a page of it is final.
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

/// How Logs Insights queries are run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuerySettings {
    /// US dollars for a gigabyte (10⁹ bytes) scanned, for the estimated cost in answers; `None`: no estimate is given.
    pub price_per_gb: Option<f64>,
    /// A running query that nobody has asked for in this time is stopped: AWS bills it to its end.
    pub abandoned_after: Duration,
    /// A query that runs for longer is stopped.
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
    /// Settings with nothing but what has no default.
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

    /// The account's number: as it is given, or the role's; `None`: that of the credentials found.
    pub(super) fn account(&self) -> Option<String> {
        let of_role = || self.assume_role.as_ref()?.split(':').nth(4).map(str::to_owned);
        self.account.clone().or_else(of_role)
    }
}

/// Why settings can't be used: the operator's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No region, or no endpoint.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// A rate of calls that is none.
    #[error("the quota of {0}: {1}")]
    Quota(Api, String),
    /// Without a role there is nothing that it could be for.
    #[error("an external id needs a role to assume")]
    ExternalIdWithoutRole,
}
