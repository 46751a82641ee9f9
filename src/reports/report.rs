//! The one shape of all reports.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::measures::Measures;
use crate::domain::name::LogGroupName;
use crate::domain::time::Millis;

/// A report.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its name.
    #[schema(example = "routes")]
    pub report: &'static str,
    /// The log groups.
    #[schema(value_type = Vec<String>, example = json!(["/acme/gateway"]))]
    pub groups: Vec<LogGroupName>,
    /// The start of the range.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T10:00:00.000Z")]
    pub start: Millis,
    /// The end of the range (exclusive).
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T11:00:00.000Z")]
    pub end: Millis,
    /// The period of a time series. Absent for other reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1h")]
    pub bin: Option<&'static str>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How the report was computed.
    pub meta: Meta,
    /// Cursor to the next rows, in `requests`. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "exampleNextCursor")]
    pub next_cursor: Option<String>,
}

/// A row: its keys, and its measures.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = ReportRow)]
pub struct Row {
    /// The keys by name, in the order of the report. `null`: the requests of this row do not have the value.
    #[schema(value_type = Object, example = json!({ "httpMethod": "GET", "resourcePath": "/orders" }))]
    pub keys: Keys,
    /// The measures.
    #[serde(flatten)]
    pub measures: Measures,
}

/// The keys of a row, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Keys(pub Vec<(&'static str, Option<String>)>);

impl Keys {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_deref())
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// How a report was computed.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReportMeta)]
pub struct Meta {
    /// Log lines in the range that you can see. Absent if your grant masks fields and the source cannot count the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 10_240)]
    pub scanned: Option<u64>,
    /// Requests that the report counts.
    #[schema(example = 10_000)]
    pub matched: u64,
    /// Lines that are not lines of the access log. Absent with `scanned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    pub unparsed: Option<u64>,
    /// Lines of API Gateway's execution log. Absent with `scanned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 237)]
    pub skipped: Option<u64>,
    /// Whether `limit` cut rows.
    #[schema(example = false)]
    pub truncated: bool,
    /// The measures that are approximate.
    #[schema(example = json!(["visitors"]))]
    pub approximate: Vec<&'static str>,
    /// The Logs Insights queries that were run.
    #[schema(example = json!(["filter status like /^[1-5][0-9][0-9]$/ | stats count(*) as requests"]))]
    pub queries: Vec<String>,
    /// The cost of the queries at the operator's price, in US dollars. Absent where `statistics` of a query are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.0012)]
    pub estimated_cost_usd: Option<f64>,
    /// The currency of amounts, in `billing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "USD")]
    pub currency: Option<String>,
    /// What else to know: fields that the log format lacks, the age of the usage plans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["the log format has no `identityUserAgent`: `visitors` are distinct addresses"]))]
    pub notes: Vec<String>,
}
