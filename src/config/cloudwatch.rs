//! `[[sources]]` of the kind `cloudwatch`: region, credentials, quotas, cache and queries.
//!
//! Owns the keys of this kind, their defaults and ranges. [`crate::sources::cloudwatch::settings`] and
//! [`crate::sources::cloudwatch::quotas`] describe the numbers. Never calls AWS: it compares `account` with the account of the
//! role, but does not check either.

use std::fmt;
use std::time::Duration;

use logmark_tail_merge::PaceSettings;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::source;
use super::spelling::quoted;
use super::validation::Key;
use super::values::{self, is_loopback, text_type};
use crate::domain::name::SourceName;
use crate::sources::cloudwatch::quotas::{Api, DEFAULT_RESERVE, GivenQuotas, MAX_CALLS_PER_SECOND, Quotas};
use crate::sources::cloudwatch::settings::{CacheSettings, QuerySettings, TailSettings};

text_type!(
    /// An AWS region: `eu-central-1`. INVARIANT: lower-case letters, digits and `-`, because it becomes part of a host name.
    Region, check_region
);
text_type!(
    /// The ARN of a role: `arn:aws:iam::123456789012:role/logmark-read`.
    RoleArn, check_role
);
text_type!(
    /// The external id that the trust policy of the role requires (`sts:ExternalId`). Not a secret.
    ExternalId, check_external_id
);
text_type!(
    /// The number of an AWS account: twelve digits, with leading zeros.
    AccountId, check_account
);

/// A source of the kind `cloudwatch`.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudWatch {
    /// `…__REGION`, required.
    pub region: Region,
    /// `…__ENDPOINT`; absent: the endpoint of AWS. For a compatible server.
    pub endpoint: Option<Url>,
    /// `…__ASSUME_ROLE`; absent: the credentials of the process.
    pub assume_role: Option<RoleArn>,
    /// `…__EXTERNAL_ID`, only with a role; absent: none.
    pub external_id: Option<ExternalId>,
    /// `…__ACCOUNT`; absent: the account of the role, or of the credentials found.
    pub account: Option<AccountId>,
    /// `…__QUOTAS__…`: the quotas of the account, where they differ from AWS's published defaults.
    pub given_quotas: GivenQuotas,
    /// `…__QUOTAS__READ`; true without `endpoint`, false with it: reads the quotas that are not given from Service Quotas, if
    /// the role may.
    pub reads_quotas: bool,
    /// `…__RESERVE`; 0.2: the share of all quotas left to other callers in the account.
    pub reserve: f64,
    /// `…__CACHE__…`.
    pub cache: CacheSettings,
    /// `…__QUERIES__…`.
    pub queries: QuerySettings,
    /// `…__TAIL__…`.
    pub tail: TailSettings,
}

impl CloudWatch {
    /// The quotas at start: AWS's defaults for the region, overlaid with those given.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        let mut quotas = Quotas::of_region(self.region.as_str());
        quotas.reserve = self.reserve;
        quotas.overlay(&self.given_quotas);
        quotas
    }
}

/// The keys of this kind only. `queries` has different keys in each kind.
pub(super) const KEYS: [&str; 8] = ["region", "assume_role", "external_id", "account", "quotas", "reserve", "cache", "tail"];

/// A source of this kind as written. The fields of [`CloudWatch`] describe the keys.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct RawCloudWatch {
    #[serde(deserialize_with = "source::name")]
    pub(super) name: Option<SourceName>,
    #[serde(deserialize_with = "values::base_url")]
    endpoint: Option<Url>,
    region: Option<Region>,
    assume_role: Option<RoleArn>,
    external_id: Option<ExternalId>,
    account: Option<AccountId>,
    quotas: RawQuotas,
    #[serde(deserialize_with = "values::share")]
    reserve: f64,
    #[serde(with = "CacheKeys")]
    cache: CacheSettings,
    #[serde(with = "QueryKeys")]
    queries: QuerySettings,
    #[serde(with = "TailKeys")]
    tail: TailSettings,
}

impl Default for RawCloudWatch {
    fn default() -> Self {
        Self {
            name: None,
            endpoint: None,
            region: None,
            assume_role: None,
            external_id: None,
            account: None,
            quotas: RawQuotas::default(),
            reserve: DEFAULT_RESERVE,
            cache: CacheSettings::default(),
            queries: QuerySettings::default(),
            tail: TailSettings::default(),
        }
    }
}

/// The keys of [`CacheSettings`].
#[derive(Deserialize)]
#[serde(remote = "CacheSettings", default = "CacheSettings::default")]
struct CacheKeys {
    #[serde(deserialize_with = "values::bytes::<0, { 64 << 30 }, _, _>")]
    bytes: u64,
    /// Responses are at most this old: followers, and clients that have just created a group, wait for it.
    #[serde(deserialize_with = "values::duration::<0, 60, _>")]
    live: Duration,
    #[serde(deserialize_with = "values::duration::<0, 600, _>")]
    lists: Duration,
    /// PutLogEvents refuses events older than 14 days.
    #[serde(deserialize_with = "values::duration::<0, { 14 * 86_400 }, _>")]
    ingestion_delay: Duration,
}

/// The keys of [`QuerySettings`]. AWS ends a query after an hour.
#[derive(Deserialize)]
#[serde(remote = "QuerySettings", default = "QuerySettings::default")]
struct QueryKeys {
    #[serde(deserialize_with = "price")]
    price_per_gb: Option<f64>,
    #[serde(deserialize_with = "values::duration::<10, 3600, _>")]
    abandoned_after: Duration,
    #[serde(deserialize_with = "values::duration::<1, 3600, _>")]
    max_time: Duration,
}

/// The keys of [`TailSettings`]. PutLogEvents accepts events that are up to 14 days late, but a sweep that reaches back for days
/// would take all calls.
#[derive(Deserialize)]
#[serde(remote = "TailSettings", default = "TailSettings::default")]
struct TailKeys {
    #[serde(deserialize_with = "values::integer::<0, 1000, _, _>")]
    sessions: u32,
    #[serde(deserialize_with = "sweep_share")]
    sweep_share: f64,
    #[serde(deserialize_with = "values::duration::<15, 3600, _>")]
    lateness: Duration,
    #[serde(deserialize_with = "values::duration::<1, 120, _>")]
    settling: Duration,
    #[serde(skip)]
    linger: Duration,
    #[serde(skip)]
    lookups: Duration,
    #[serde(skip)]
    pace: PaceSettings,
}

/// Without sweeps a tail would lose events.
fn sweep_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = values::share(deserializer)?;
    if share >= 0.01 {
        Ok(share)
    } else {
        Err(D::Error::custom("must be at least 0.01 (1%): without sweeps a tail would lose events"))
    }
}

/// A price of 0 means no estimate.
fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Some(values::amount(deserializer)?).filter(|price| *price > 0.0))
}

/// `quotas` as written: a rate for each operation, by the operation's name.
#[derive(Default)]
struct RawQuotas {
    given: GivenQuotas,
    read: Option<bool>,
}

/// Calls per second. A rate of 0 would block the operation.
#[derive(Deserialize)]
#[serde(transparent)]
struct Rate(#[serde(deserialize_with = "rate")] f64);

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let rate = values::amount(deserializer)?;
    if rate > 0.0 && rate <= MAX_CALLS_PER_SECOND {
        return Ok(rate);
    }
    Err(D::Error::custom(format_args!("must be above 0 and at most {MAX_CALLS_PER_SECOND} calls per second")))
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Queries(#[serde(deserialize_with = "values::integer::<1, 10_000, _, _>")] u32);

impl<'de> Deserialize<'de> for RawQuotas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("RawQuotas", &QUOTA_KEYS, QuotasVisitor)
    }
}

const CONCURRENT_QUERIES: &str = "concurrent_queries";
const READ: &str = "read";
const QUOTA_KEYS: [&str; Api::ALL.len() + 2] = {
    let mut keys = [CONCURRENT_QUERIES; Api::ALL.len() + 2];
    let mut index = 0;
    while index < Api::ALL.len() {
        keys[index] = Api::ALL[index].as_str();
        index += 1;
    }
    keys[Api::ALL.len() + 1] = READ;
    keys
};

struct QuotasVisitor;

impl<'de> Visitor<'de> for QuotasVisitor {
    type Value = RawQuotas;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawQuotas, A::Error> {
        let mut quotas = RawQuotas::default();
        while let Some(key) = map.next_key::<String>()? {
            match Api::ALL.into_iter().find(|api| api.as_str() == key) {
                Some(api) => {
                    let Rate(rate) = map.next_value()?;
                    quotas.given.calls_per_second.insert(api, rate);
                }
                None if key == CONCURRENT_QUERIES => {
                    let Queries(queries) = map.next_value()?;
                    quotas.given.concurrent_queries = Some(queries);
                }
                None => quotas.read = Some(map.next_value()?),
            }
        }
        Ok(quotas)
    }
}

fn check_region(text: &str) -> Result<(), &'static str> {
    let legal = !text.is_empty() && text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase());
    let legal = legal && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !legal || text.ends_with('-') {
        return Err(NOT_A_REGION);
    }
    match text.strip_suffix(|c: char| c.is_ascii_lowercase()) {
        Some(region) if is_numbered(region) => Err("is an availability zone: write the region, without the letter at the end"),
        _ => Ok(()),
    }
}

const NOT_A_REGION: &str = "is not a region: write it as AWS does, such as `eu-central-1`";

/// Whether the name ends with a number, as the regions of AWS do. Compatible servers use other names too.
fn is_numbered(region: &str) -> bool {
    region.rsplit_once('-').is_some_and(|(_, end)| end.parse::<u8>().is_ok())
}

fn check_role(text: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    let role = |text: &str| !text.is_empty() && !text.ends_with('/') && text.chars().all(name);
    let fits = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws") && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            && is_account(account)
            && resource.strip_prefix("role/").is_some_and(role));
    if fits { Ok(()) } else { Err("is not the ARN of a role: write `arn:aws:iam::123456789012:role/NAME`") }
}

fn check_external_id(text: &str) -> Result<(), &'static str> {
    let fits = (2..=1224).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
    if fits { Ok(()) } else { Err("is not an external id: AWS accepts 2 to 1224 characters of `A-Za-z0-9_+=,.@:/-`") }
}

/// Whether the text is the number of an AWS account.
pub(super) fn check_account(text: &str) -> Result<(), &'static str> {
    if is_account(text) { Ok(()) } else { Err("is not an account: write its twelve digits, such as `123456789012`") }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks the keys of one source.
pub(super) fn validate(raw: RawCloudWatch, key: &Key<'_>) -> Option<CloudWatch> {
    let is_aws = !key.key("endpoint").is_set();
    if raw.endpoint.as_ref().is_some_and(|url| url.scheme() == "http" && !is_loopback(url)) {
        key.key("endpoint").warn("begins with `http://`: logs will cross the network in plain text");
    }
    key.key("region").require("write the region of the logs, such as `eu-central-1`");
    if let Some(region) = raw.region.as_ref().filter(|region| is_aws && !is_numbered(region.as_str())) {
        key.key("region").error(format_args!("{} {NOT_A_REGION}", quoted(region.as_str())));
    }
    if key.key("external_id").is_set() && !key.key("assume_role").is_set() {
        key.key("external_id").error("requires `assume_role`, which is missing");
    }
    Some(CloudWatch {
        account: validate_account(raw.account, raw.assume_role.as_ref(), &key.key("account")),
        region: raw.region?,
        endpoint: raw.endpoint,
        assume_role: raw.assume_role,
        external_id: raw.external_id,
        given_quotas: raw.quotas.given,
        reads_quotas: raw.quotas.read.unwrap_or(is_aws),
        reserve: raw.reserve,
        cache: raw.cache,
        queries: raw.queries,
        tail: raw.tail,
    })
}

/// The account as given, or the account of the role.
fn validate_account(given: Option<AccountId>, role: Option<&RoleArn>, key: &Key<'_>) -> Option<AccountId> {
    let of_role = role.and_then(|role| role.as_str().split(':').nth(4)).map(|digits| AccountId(digits.to_owned()));
    if let (Some(given), Some(of_role)) = (&given, &of_role)
        && given != of_role
    {
        key.error(format_args!("differs from the account of `assume_role`, `{of_role}`: remove the key, or correct one of them"));
    }
    given.or(of_role)
}
