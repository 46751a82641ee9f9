//! Lists that are always empty here. Clients read them on their way to other data, and accept an empty list.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Answer;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::validation::{self, Validation};

/// Operations, and the member with their list.
const LISTS: [(&str, &str); 8] = [
    ("DescribeMetricFilters", "metricFilters"),
    ("DescribeSubscriptionFilters", "subscriptionFilters"),
    ("DescribeExportTasks", "exportTasks"),
    ("DescribeDestinations", "destinations"),
    ("DescribeResourcePolicies", "resourcePolicies"),
    ("DescribeIndexPolicies", "indexPolicies"),
    ("DescribeFieldIndexes", "fieldIndexes"),
    ("ListAnomalies", "anomalies"),
];

pub(super) fn operations() -> impl Iterator<Item = &'static str> {
    LISTS.iter().map(|(name, _)| *name)
}

pub(super) fn named(operation: &str) -> Option<&'static str> {
    LISTS.iter().map(|(name, _)| *name).find(|name| *name == operation)
}

/// The operations on one group, whose absence is an error.
const OF_GROUPS: [&str; 2] = ["DescribeMetricFilters", "DescribeSubscriptionFilters"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_name: Option<String>,
}

pub(super) async fn answer(call: Call<'_>, operation: &str, body: &[u8]) -> Answer {
    if OF_GROUPS.contains(&operation) {
        let input: Input = validation::read(body)?;
        let mut checks = Validation::default();
        let group = input.log_group_name.and_then(|name| checks.group("logGroupName", Some(name)));
        checks.finish()?;
        if let Some(group) = group {
            super::queries::exist(call, &[group]).await?;
        }
    } else {
        let _object: Map<String, Value> = validation::read(body)?;
    }
    let list = LISTS.iter().find(|(name, _)| *name == operation).ok_or_else(ServiceError::unknown_operation)?;
    Ok(format!("{{\"{}\":[]}}", list.1).into_bytes())
}
