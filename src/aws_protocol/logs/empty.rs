//! Lists of what there can be none of here. Clients read them while they look for something else, and take an empty one for what it
//! is.

use serde_json::Value;

use super::Answer;
use crate::aws_protocol::fault::Fault;
use crate::aws_protocol::fields;

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

pub(super) fn named(operation: &str) -> Option<&'static str> {
    LISTS.iter().map(|(name, _)| *name).find(|name| *name == operation)
}

pub(super) fn answer(operation: &str, body: &[u8]) -> Answer {
    let _object: serde_json::Map<String, Value> = fields::read(body)?;
    let list = LISTS.iter().find(|(name, _)| *name == operation).ok_or_else(Fault::unknown_operation)?;
    Ok(format!("{{\"{}\":[]}}", list.1).into_bytes())
}
