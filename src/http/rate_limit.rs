//! The headers `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), from the states of a tenant's
//! limits.
//!
//! Owns their form: a list of structured fields, an item for each checked limit. [`crate::limits`] decides.

use std::time::Duration;

use crate::limits::limit::{Budget, Limit, LimitState, Work};

/// The values of `RateLimit-Policy` and `RateLimit`; `None` if no limit was checked.
#[must_use]
pub fn headers(states: &[LimitState]) -> Option<[(&'static str, String); 2]> {
    if states.is_empty() {
        return None;
    }
    let joined = |item: fn(&LimitState) -> String| states.iter().map(item).collect::<Vec<_>>().join(", ");
    Some([("ratelimit-policy", joined(policy)), ("ratelimit", joined(remaining))])
}

/// The name of the limit's policy.
fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::RequestsPerSecond => "requests",
        Limit::Work(Work::Requests) => "concurrent-requests",
        Limit::Work(Work::Queries) => "concurrent-queries",
        Limit::Work(Work::Exports) => "concurrent-exports",
        Limit::Work(Work::Tails) => "tails",
        Limit::Budget(Budget::Scanned) => "scanned-bytes",
        Limit::Budget(Budget::Sent) => "sent-bytes",
    }
}

/// `q`: the quota; `qu`: its unit, if that is not requests; `w`: its window in seconds.
fn policy(state: &LimitState) -> String {
    let LimitState { limit, most, .. } = *state;
    let name = name(limit);
    match limit {
        Limit::RequestsPerSecond => format!("\"{name}\";q={most};w=1"),
        Limit::Work(_) => format!("\"{name}\";q={most};qu=\"concurrent-requests\""),
        Limit::Budget(_) => format!("\"{name}\";q={most};qu=\"content-bytes\";w=86400"),
    }
}

/// `r`: the remaining units; `t`: the seconds until more are available, if known.
fn remaining(state: &LimitState) -> String {
    let LimitState { limit, remaining, reset, .. } = *state;
    let name = name(limit);
    match whole_seconds(reset) {
        0 => format!("\"{name}\";r={remaining}"),
        seconds => format!("\"{name}\";r={remaining};t={seconds}"),
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_an_item_with_its_unit_and_window() {
        let state = |limit, most, remaining, millis| LimitState { limit, most, remaining, reset: Duration::from_millis(millis) };
        let states = [
            state(Limit::RequestsPerSecond, 20, 19, 1000),
            state(Limit::Work(Work::Requests), 10, 9, 0),
            state(Limit::Budget(Budget::Sent), 5_000_000_000, 1, 3_599_001),
        ];
        let [policy, remaining] = headers(&states).unwrap();
        let concurrent = "\"concurrent-requests\";q=10;qu=\"concurrent-requests\"";
        let sent = "\"sent-bytes\";q=5000000000;qu=\"content-bytes\";w=86400";
        assert_eq!(policy, ("ratelimit-policy", format!("\"requests\";q=20;w=1, {concurrent}, {sent}")));
        let expected = "\"requests\";r=19;t=1, \"concurrent-requests\";r=9, \"sent-bytes\";r=1;t=3600";
        assert_eq!(remaining, ("ratelimit", expected.to_owned()));
        assert_eq!(headers(&[]), None);
    }
}
