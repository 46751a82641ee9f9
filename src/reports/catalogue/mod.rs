//! The 32 reports.

mod clients;
mod errors;
mod operations;
mod traffic;

use super::definition::Definition;

/// All reports, in the order of the list.
pub const ALL: [&Definition; 32] = [
    &traffic::OVERVIEW,
    &operations::LATENCY_OVERVIEW,
    &traffic::STATUS,
    &traffic::DOMAINS,
    &traffic::TRAFFIC,
    &traffic::ROUTES,
    &errors::NOT_FOUND,
    &errors::CLIENT_ERRORS,
    &errors::ERRORS_BY_ROUTE,
    &errors::SERVER_ERRORS,
    &clients::USAGE_PLANS,
    &clients::CUSTOMERS,
    &clients::CUSTOMER_ROUTES,
    &errors::QUOTA,
    &errors::THROTTLED,
    &clients::USER_AGENTS,
    &clients::AUTH_METHODS,
    &clients::COGNITO,
    &clients::IAM,
    &errors::AUTH_FAILURES,
    &operations::LATENCY_SERIES,
    &operations::LATENCY_BY_ROUTE,
    &operations::REQUESTS,
    &clients::HOSTS,
    &traffic::HOURS,
    &traffic::METHODS,
    &clients::USERS,
    &errors::WAF,
    &operations::SLOWEST,
    &operations::COMPARE,
    &clients::BILLING,
    &operations::PARSE_HEALTH,
];

/// The report of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Definition> {
    ALL.into_iter().find(|definition| definition.name == name)
}

/// The report of the firewall.
pub(super) const WAF: &str = errors::WAF.name;
/// The report whose requests depend on `class`.
pub const ERRORS_BY_ROUTE: &str = errors::ERRORS_BY_ROUTE.name;
/// The name of the report that compares another one.
pub const COMPARE: &str = operations::COMPARE.name;
