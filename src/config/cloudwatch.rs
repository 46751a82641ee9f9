//! `[[sources]]` of the kind `cloudwatch`: where it is, as whom it is asked, and how much it may be asked.
//!
//! Owns that kind's keys, their defaults and ranges. What the numbers mean is in [`crate::sources::cloudwatch::settings`] and
//! [`crate::sources::cloudwatch::quotas`]. Never asks AWS: that a role names another account than `account` does is seen here,
//! that neither is the right one is not.

use std::ops::RangeInclusive;
use std::time::Duration;

use url::Url;

use super::reader::{Field, Table};
use super::spelling::instead;
use super::values::{PlainHttp, is_loopback, text_type};
use crate::sources::cloudwatch::quotas::{Api, DEFAULT_RESERVE, GivenQuotas, MAX_CALLS_PER_SECOND, Quotas};
use crate::sources::cloudwatch::settings::{CacheSettings, QuerySettings};

text_type!(
    /// An AWS region: `eu-central-1`. INVARIANT: lower-case letters, digits and `-`, since it becomes part of a host's name.
    Region
);
text_type!(
    /// A role's ARN: `arn:aws:iam::123456789012:role/logmark-read`.
    RoleArn
);
text_type!(
    /// What the role's owner wants to hear from who assumes it (`sts:ExternalId`); not a secret.
    ExternalId
);

text_type!(
    /// An AWS account's number: twelve digits, of which the first may be 0.
    AccountId
);

/// A source of the kind `cloudwatch`.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudWatch {
    /// `…__REGION`, required.
    pub region: Region,
    /// `…__ENDPOINT`; absent: AWS's own. For a compatible server.
    pub endpoint: Option<Url>,
    /// `…__ASSUME_ROLE`; absent: the process's own credentials.
    pub assume_role: Option<RoleArn>,
    /// `…__EXTERNAL_ID`, only with a role; absent: none.
    pub external_id: Option<ExternalId>,
    /// `…__ACCOUNT`; absent: the role's, and without a role that of the credentials found, whichever it is.
    pub account: Option<AccountId>,
    /// `…__QUOTAS__…`: what is known better than AWS's published defaults.
    pub given_quotas: GivenQuotas,
    /// `…__QUOTAS__READ`; true where AWS itself answers, which is where there is no `endpoint`: what `quotas` does not say is
    /// asked of Service Quotas, if the role may.
    pub reads_quotas: bool,
    /// `…__RESERVE`; 0.2: the share of all quotas that is left to others than Logmark.
    pub reserve: f64,
    /// `…__CACHE__…`.
    pub cache: CacheSettings,
    /// `…__QUERIES__…`.
    pub queries: QuerySettings,
}

impl CloudWatch {
    /// The quotas to begin with: AWS's defaults for the region, and over them what is given.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        let mut quotas = Quotas::of_region(self.region.as_str());
        quotas.reserve = self.reserve;
        quotas.overlay(&self.given_quotas);
        quotas
    }
}

/// The keys that no other kind has. `queries` has other keys in each kind.
pub(super) const ONLY_HERE: [&str; 7] = ["region", "assume_role", "external_id", "account", "quotas", "reserve", "cache"];

/// Reads the kind's keys.
pub(super) fn read(table: &Table<'_>) -> Option<CloudWatch> {
    let endpoint_field = table.get("endpoint");
    let endpoint = endpoint_field.as_ref().and_then(endpoint);
    let own = endpoint_field.is_none();
    let region = table.required("region", "write the region of the logs, such as `eu-central-1`");
    let region = region.and_then(|field| field.parsed(|text| region_of(text, own)));
    let role_field = table.get("assume_role");
    let assume_role = role_field.as_ref().and_then(|field| field.parsed(role_arn));
    let external_id = table.get("external_id");
    if let Some(field) = external_id.as_ref().filter(|_| role_field.is_none()) {
        field.wrong("goes with `assume_role`, which is missing");
    }
    let external_id = external_id.and_then(|field| field.parsed(external_id_of));
    let account = account(table, assume_role.as_ref());
    let mut reads_quotas = own;
    let given_quotas = table.or("quotas", GivenQuotas::default(), |field| field.table(|table| quotas(table, &mut reads_quotas)));
    Some(CloudWatch {
        reserve: table.or("reserve", DEFAULT_RESERVE, reserve),
        cache: table.or("cache", CacheSettings::default(), |field| field.table(|table| Some(cache(table)))),
        queries: table.or("queries", QuerySettings::default(), |field| field.table(|table| Some(queries(table)))),
        region: region?,
        endpoint,
        assume_role,
        external_id,
        account,
        given_quotas,
        reads_quotas,
    })
}

fn endpoint(field: &Field<'_>) -> Option<Url> {
    let url = field.base_url(PlainHttp::Anywhere)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        field.warn("begins with `http://`: logs will come over the network in plain text");
    }
    Some(url)
}

fn region_of(text: &str, aws: bool) -> Result<Region, &'static str> {
    let legal = !text.is_empty() && text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_lowercase());
    let legal = legal && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let numbered = |text: &str| text.rsplit_once('-').is_some_and(|(_, end)| end.parse::<u8>().is_ok());
    if legal && !text.ends_with('-') && (numbered(text) || !aws) {
        return Ok(Region(text.to_owned()));
    }
    if legal && text.strip_suffix(|c: char| c.is_ascii_lowercase()).is_some_and(numbered) {
        return Err("is an availability zone: write the region, without the letter at the end");
    }
    Err("is no region: write it as AWS does, such as `eu-central-1`")
}

fn role_arn(text: &str) -> Result<RoleArn, &'static str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    let role = |text: &str| !text.is_empty() && !text.ends_with('/') && text.chars().all(name);
    let fits = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws") && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            && account.len() == 12 && account.chars().all(|c| c.is_ascii_digit())
            && resource.strip_prefix("role/").is_some_and(role));
    if fits { Ok(RoleArn(text.to_owned())) } else { Err("is no role's ARN: write `arn:aws:iam::123456789012:role/NAME`") }
}

fn external_id_of(text: &str) -> Result<ExternalId, &'static str> {
    let fits = (2..=1224).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
    if fits { Ok(ExternalId(text.to_owned())) } else { Err("is no external id: AWS takes 2 to 1224 of `A-Za-z0-9_+=,.@:/-`") }
}

/// The account: as given, else the role's.
fn account(table: &Table<'_>, role: Option<&RoleArn>) -> Option<AccountId> {
    let of_role = role.and_then(|role| role.as_str().split(':').nth(4)).map(|digits| AccountId(digits.to_owned()));
    let Some(field) = table.get("account") else {
        return of_role;
    };
    let account = field.parsed(|text| {
        let fits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(AccountId(text.to_owned())) } else { Err("is no account: write its twelve digits, such as `123456789012`") }
    })?;
    if let Some(other) = of_role.filter(|of_role| *of_role != account) {
        field.wrong(format_args!("is another account than that of `assume_role`, `{other}`: leave the key out, or correct one"));
        return None;
    }
    Some(account)
}

/// What is given of the quotas, by the operations' names in either case, as variables write them.
fn quotas(table: &Table<'_>, reads_quotas: &mut bool) -> Option<GivenQuotas> {
    let mut given = GivenQuotas::default();
    for (key, field) in table.each() {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        match Api::ALL.into_iter().find(|api| is(api.as_str())) {
            Some(api) if given.calls_per_second.contains_key(&api) => {
                field.wrong(format_args!("stands for `{api}`, which is there already"));
            }
            Some(api) => given.calls_per_second.extend(calls_per_second(&field).map(|rate| (api, rate))),
            None if is("concurrent_queries") => given.concurrent_queries = field.whole(1..=10_000),
            None if is("read") => *reads_quotas = field.truth().unwrap_or(*reads_quotas),
            None => {
                let known: Vec<&str> = Api::ALL.map(Api::as_str).into_iter().chain(["concurrent_queries", "read"]).collect();
                table.at_key(key, format_args!("is no key here: {}", instead(key, &known)));
            }
        }
    }
    Some(given)
}

/// A rate of 0 would be a source that never answers.
fn calls_per_second(field: &Field<'_>) -> Option<f64> {
    let rate = field.amount()?;
    if rate > 0.0 && rate <= MAX_CALLS_PER_SECOND {
        return Some(rate);
    }
    field.wrong(format_args!("must be above 0 and at most {MAX_CALLS_PER_SECOND}: calls per second"));
    None
}

/// A share, as a number or in percent.
fn reserve(field: &Field<'_>) -> Option<f64> {
    let share = field.share()?;
    if share < 1.0 {
        return Some(share);
    }
    field.wrong("must be below 1, or 100%: it would leave nothing to call CloudWatch with");
    None
}

fn cache(table: &Table<'_>) -> CacheSettings {
    const MAX_BYTES: u64 = 64 << 30;
    let default = CacheSettings::default();
    let time = |key, default, most| table.or(key, default, |field| field.duration(Duration::ZERO..=most));
    CacheSettings {
        bytes: table.or("bytes", default.bytes, |field| field.bytes(0..=MAX_BYTES)),
        // What is shown is as old as this at most: a follower, or somebody who has just made a group, waits for it.
        live: time("live", default.live, Duration::from_secs(60)),
        lists: time("lists", default.lists, Duration::from_secs(600)),
        // PutLogEvents takes no event that is older than 14 days.
        ingestion_delay: time("ingestion_delay", default.ingestion_delay, Duration::from_secs(14 * 86_400)),
    }
}

fn queries(table: &Table<'_>) -> QuerySettings {
    const SECOND: Duration = Duration::from_secs(1);
    /// AWS ends a query then.
    const HOUR: Duration = Duration::from_secs(3600);
    let default = QuerySettings::default();
    let time = |key, default, range: RangeInclusive<Duration>| table.or(key, default, |field| field.duration(range));
    let price = table.get("price_per_gb").map(|field| field.amount());
    QuerySettings {
        price_per_gb: price.map_or(default.price_per_gb, |price| price.filter(|price| *price > 0.0)),
        abandoned_after: time("abandoned_after", default.abandoned_after, SECOND * 10..=HOUR),
        max_time: time("max_time", default.max_time, SECOND..=HOUR),
    }
}
