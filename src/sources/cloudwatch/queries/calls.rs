//! The wire format of the six query operations; see `cloudwatch::wire`.
//!
//! Owns the fields of requests and responses. Groups are identified by names, which can only refer to the role's own account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::query::operations::{QueryStatus, Row, Statistics};
use crate::sources::cloudwatch::quotas::Api;
use crate::sources::cloudwatch::wire::{Call, RetrySafety};

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartQuery {
    /// Always sent, so that a text cannot be taken for another language.
    pub(super) query_language: &'static str,
    pub(super) log_group_names: Vec<String>,
    /// Seconds, inclusive.
    pub(super) start_time: i64,
    /// Seconds, inclusive.
    pub(super) end_time: i64,
    pub(super) query_string: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
}

impl Call for StartQuery {
    const API: Api = Api::StartQuery;
    const RETRY_SAFETY: RetrySafety = RetrySafety::IfNotProcessed;
    type Answer = QueryId;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryId {
    pub(super) query_id: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetQueryResults<'a> {
    pub(super) query_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
    pub(super) max_items: usize,
}

impl Call for GetQueryResults<'_> {
    const API: Api = Api::GetQueryResults;
    type Answer = QueryResults;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryResults {
    status: String,
    results: Option<Vec<Vec<Field>>>,
    statistics: Option<ScanStatistics>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Field {
    field: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct ScanStatistics {
    records_matched: f64,
    records_scanned: f64,
    bytes_scanned: f64,
}

impl QueryResults {
    /// The status of the query; unknown values are accepted.
    pub(super) fn status(&self) -> QueryStatus {
        match self.status.as_str() {
            "Scheduled" => QueryStatus::Scheduled,
            "Running" => QueryStatus::Running,
            "Complete" => QueryStatus::Complete,
            "Failed" => QueryStatus::Failed,
            "Cancelled" => QueryStatus::Cancelled,
            "Timeout" => QueryStatus::Timeout,
            _ => QueryStatus::Unknown,
        }
    }

    pub(super) fn statistics(&self) -> Option<Statistics> {
        let ScanStatistics { records_matched, records_scanned, bytes_scanned } = self.statistics?;
        Some(Statistics { records_matched, records_scanned, bytes_scanned })
    }

    /// The rows; a column without a value is absent. `None` if a complete response has no rows.
    pub(super) fn into_rows(self) -> Option<Vec<Row>> {
        if self.results.is_none() && self.status() == QueryStatus::Complete {
            return None;
        }
        let column = |Field { field, value }: Field| Some((field?, value?));
        Some(self.results.into_iter().flatten().map(|row| row.into_iter().filter_map(column).collect()).collect())
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StopQuery<'a> {
    pub(super) query_id: &'a str,
}

impl Call for StopQuery<'_> {
    const API: Api = Api::StopQuery;
    type Answer = StopQueryResponse;
}

/// `success` is false if CloudWatch did not stop the query.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct StopQueryResponse {
    pub(super) success: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListLogGroupsForQuery<'a> {
    pub(super) query_id: &'a str,
    pub(super) max_results: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
}

impl Call for ListLogGroupsForQuery<'_> {
    const API: Api = Api::ListLogGroupsForQuery;
    type Answer = GroupsOfQuery;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupsOfQuery {
    /// Names or ARNs.
    pub(super) log_group_identifiers: Vec<String>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetLogGroupFields<'a> {
    pub(super) log_group_name: &'a str,
    /// Seconds: the middle of sixteen minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<i64>,
}

impl Call for GetLogGroupFields<'_> {
    const API: Api = Api::GetLogGroupFields;
    type Answer = GroupFields;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupFields {
    pub(super) log_group_fields: Vec<GroupField>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct GroupField {
    pub(super) name: String,
    #[serde(default)]
    pub(super) percent: u32,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetLogRecord<'a> {
    pub(super) log_record_pointer: &'a str,
}

impl Call for GetLogRecord<'_> {
    const API: Api = Api::GetLogRecord;
    type Answer = LogRecord;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogRecord {
    pub(super) log_record: BTreeMap<String, String>,
}
