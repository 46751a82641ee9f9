//! The quotas of an account for CloudWatch Logs in a region: calls per second for each operation, and concurrent queries.
//!
//! Owns the list of operations and AWS's published defaults ("CloudWatch Logs service quotas"). The scheduler enforces them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

/// The operations of CloudWatch Logs that Logmark calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "AWS's own names")]
pub enum Api {
    GetLogEvents,
    FilterLogEvents,
    DescribeLogGroups,
    DescribeLogStreams,
    StartQuery,
    GetQueryResults,
    StopQuery,
    ListLogGroupsForQuery,
    GetLogGroupFields,
    GetLogRecord,
}

impl Api {
    /// All operations.
    pub const ALL: [Self; 10] = [
        Self::GetLogEvents,
        Self::FilterLogEvents,
        Self::DescribeLogGroups,
        Self::DescribeLogStreams,
        Self::StartQuery,
        Self::GetQueryResults,
        Self::StopQuery,
        Self::ListLogGroupsForQuery,
        Self::GetLogGroupFields,
        Self::GetLogRecord,
    ];

    /// The name, in `X-Amz-Target`, metrics and the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetLogEvents => "GetLogEvents",
            Self::FilterLogEvents => "FilterLogEvents",
            Self::DescribeLogGroups => "DescribeLogGroups",
            Self::DescribeLogStreams => "DescribeLogStreams",
            Self::StartQuery => "StartQuery",
            Self::GetQueryResults => "GetQueryResults",
            Self::StopQuery => "StopQuery",
            Self::ListLogGroupsForQuery => "ListLogGroupsForQuery",
            Self::GetLogGroupFields => "GetLogGroupFields",
            Self::GetLogRecord => "GetLogRecord",
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reserve for the operator's own console and programs.
pub const DEFAULT_RESERVE: f64 = 0.2;
/// The rate of operations without a published quota, such as StopQuery: the lowest published one of this service.
const UNPUBLISHED: f64 = 5.0;
/// Concurrent Logs Insights queries, from StartQuery's documentation.
const CONCURRENT_QUERIES: u32 = 100;

/// The highest accepted rate: AWS grants a few hundred on request; other endpoints may allow more.
pub const MAX_CALLS_PER_SECOND: f64 = 100_000.0;

/// The quotas of one account in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Quotas {
    /// Calls per second of all the account's callers together.
    pub calls_per_second: BTreeMap<Api, f64>,
    /// Concurrent queries of all the account's callers together.
    pub concurrent_queries: u32,
    /// The share of both that is reserved for other callers: from 0 to less than 1.
    pub reserve: f64,
}

/// Quotas that differ from AWS's published defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GivenQuotas {
    /// Calls per second of the known operations.
    pub calls_per_second: BTreeMap<Api, f64>,
    /// Concurrent queries.
    pub concurrent_queries: Option<u32>,
}

impl Quotas {
    /// AWS's defaults, which differ from region to region, for the two operations that read events.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        let calls_per_second = Api::ALL.into_iter().map(|api| (api, default_rate(api, region))).collect();
        Self { calls_per_second, concurrent_queries: CONCURRENT_QUERIES, reserve: DEFAULT_RESERVE }
    }

    /// Overrides the quotas with the given ones.
    pub fn overlay(&mut self, given: &GivenQuotas) {
        self.calls_per_second.extend(&given.calls_per_second);
        self.concurrent_queries = given.concurrent_queries.unwrap_or(self.concurrent_queries);
    }

    /// Calls per second to the operation, of all the account's callers together.
    #[must_use]
    pub fn of(&self, api: Api) -> f64 {
        self.calls_per_second.get(&api).copied().unwrap_or(UNPUBLISHED)
    }

    /// Concurrent queries without the reserve: at least one.
    #[must_use]
    pub fn our_queries(&self) -> NonZeroU32 {
        let ours = f64::from(self.concurrent_queries) * (1.0 - self.reserve);
        // Rounded down, with a tolerance for floating-point errors just below a whole number.
        NonZeroU32::new((ours + 1e-9) as u32).unwrap_or(NonZeroU32::MIN)
    }
}

fn default_rate(api: Api, region: &str) -> f64 {
    const SMALL: [&str; 5] = ["eu-central-1", "ap-northeast-3", "ap-southeast-3", "ca-west-1", "il-central-1"];
    match api {
        Api::GetLogEvents if SMALL.contains(&region) || ["us-west-2", "eu-west-1"].contains(&region) => 10.0,
        Api::GetLogEvents if region == "eu-west-3" => 30.0,
        Api::FilterLogEvents if SMALL.contains(&region) => 5.0,
        Api::GetLogEvents | Api::DescribeLogStreams => 25.0,
        Api::FilterLogEvents if region == "us-east-1" => 25.0,
        Api::FilterLogEvents | Api::DescribeLogGroups | Api::StartQuery | Api::GetQueryResults => 10.0,
        Api::StopQuery | Api::ListLogGroupsForQuery | Api::GetLogGroupFields | Api::GetLogRecord => UNPUBLISHED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_that_aws_publishes() {
        for (region, get, filter) in [
            ("us-east-1", 25.0, 25.0),
            ("us-west-2", 10.0, 10.0),
            ("eu-west-1", 10.0, 10.0),
            ("eu-central-1", 10.0, 5.0),
            ("eu-west-3", 30.0, 10.0),
            ("il-central-1", 10.0, 5.0),
            ("ap-southeast-2", 25.0, 10.0),
        ] {
            let quotas = Quotas::of_region(region);
            assert_eq!((quotas.of(Api::GetLogEvents), quotas.of(Api::FilterLogEvents)), (get, filter), "{region}");
            assert_eq!(quotas.of(Api::StartQuery), 10.0, "{region}");
            assert_eq!(quotas.our_queries().get(), 80, "{region}");
        }
    }
}
