//! The fake's queries: results that a test scripts, returned as CloudWatch's documentation describes.
//!
//! A query's rows are those of the [`Script`] in force at its start, unless a test sets `evaluate`. A query is Scheduled at the
//! first poll, then Running with partial rows, then in the script's end state. Pages have their own tokens; StopQuery on a query
//! that has ended is an error; ids belong to the account, not to the caller.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::model::{AwsError, Logs};

const INVALID: AwsError = (400, "InvalidParameterException");
const NOT_FOUND: AwsError = (400, "ResourceNotFoundException");
/// The account of all resources here.
pub(crate) const ACCOUNT: &str = "123456789012";

/// The course of a query.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Columns and values of each row.
    pub(crate) rows: Vec<Vec<(String, String)>>,
    /// Polls before the query ends.
    pub(crate) looks: usize,
    /// The final status.
    pub(crate) end: &'static str,
    /// Scanned bytes.
    pub(crate) bytes: f64,
    /// The answer of ListLogGroupsForQuery; `None`: the groups of the query's start, as ARNs.
    pub(crate) identifiers: Option<Vec<String>>,
    /// The beginning of the query's id, which identifies its calls.
    pub(crate) mark: String,
}

impl Default for Script {
    fn default() -> Self {
        Self { rows: Vec::new(), looks: 1, end: "Complete", bytes: 2_000_000_000.0, identifiers: None, mark: String::new() }
    }
}

/// A started query.
#[derive(Debug)]
pub(crate) struct Started<'q> {
    pub(crate) text: &'q str,
    pub(crate) groups: &'q [String],
    /// Seconds; both ends are inclusive.
    pub(crate) seconds: (i64, i64),
    pub(crate) limit: u32,
}

/// Rows of columns and values.
pub(crate) type Rows = Vec<Vec<(String, String)>>;

#[derive(Debug)]
struct Query {
    script: Script,
    groups: Vec<String>,
    looked: usize,
    stopped: bool,
}

impl Query {
    fn status(&self) -> &'static str {
        match self.looked {
            _ if self.stopped => "Cancelled",
            looked if looked > self.script.looks => self.script.end,
            0 | 1 => "Scheduled",
            _ => "Running",
        }
    }

    fn runs(&self) -> bool {
        ["Scheduled", "Running"].contains(&self.status())
    }
}

/// Finds the rows of a query that starts.
pub(crate) type Evaluate = fn(&Logs, &Started<'_>) -> Result<Rows, AwsError>;

/// The account's queries, fields and records.
#[derive(Debug)]
pub(crate) struct Queries {
    /// For queries that start from now on.
    pub(crate) script: Script,
    /// For queries on a group; before `script`.
    pub(crate) scripts: BTreeMap<String, Script>,
    /// Queries that may run at the same time.
    pub(crate) most: usize,
    /// The answer of GetLogGroupFields.
    pub(crate) fields: Vec<(&'static str, u32)>,
    /// The answer of GetLogGroupFields for single groups.
    pub(crate) fields_of: BTreeMap<String, Vec<(&'static str, u32)>>,
    /// Finds the rows of a query, in place of the scripts.
    pub(crate) evaluate: Option<Evaluate>,
    /// The answers of GetLogRecord, by pointer.
    pub(crate) records: BTreeMap<String, Vec<(String, String)>>,
    queries: BTreeMap<String, Query>,
}

impl Default for Queries {
    fn default() -> Self {
        let fields = vec![("@message", 100), ("status", 40)];
        let (scripts, records, queries) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self {
            script: Script::default(),
            scripts,
            most: 100,
            fields,
            fields_of: BTreeMap::new(),
            evaluate: None,
            records,
            queries,
        }
    }
}

/// Whether this module answers the operation.
pub(crate) fn is_one(operation: &str) -> bool {
    members(operation).is_some()
}

/// The members of the operation's request; the first is required.
fn members(operation: &str) -> Option<&'static [&'static str]> {
    match operation {
        "StartQuery" => Some(&["queryString", "queryLanguage", "logGroupNames", "startTime", "endTime", "limit"]),
        "GetQueryResults" => Some(&["queryId", "nextToken", "maxItems"]),
        "StopQuery" => Some(&["queryId"]),
        "ListLogGroupsForQuery" => Some(&["queryId", "nextToken", "maxResults"]),
        "GetLogGroupFields" => Some(&["logGroupName", "time"]),
        "GetLogRecord" => Some(&["logRecordPointer", "unmask"]),
        _ => None,
    }
}

impl Queries {
    /// The number of running queries.
    pub(crate) fn running(&self) -> usize {
        self.queries.values().filter(|query| query.runs()).count()
    }

    /// The number of queries on groups with this prefix, and the number of these that run.
    pub(crate) fn of(&self, prefix: &str) -> (usize, usize) {
        let queries = || self.queries.values().filter(|query| query.groups[0].starts_with(prefix));
        (queries().count(), queries().filter(|query| query.runs()).count())
    }

    pub(crate) fn answer(&mut self, logs: &Logs, operation: &str, request: &Map<String, Value>) -> Result<Value, AwsError> {
        let known = members(operation).ok_or((400, "UnknownOperationException"))?;
        if request.keys().any(|key| !known.contains(&key.as_str()))
            || request.get(known[0]).is_none_or(|value| !value.is_string())
        {
            return Err((400, "SerializationException"));
        }
        match operation {
            "StartQuery" => self.start(logs, request),
            "GetQueryResults" => self.results(request),
            "StopQuery" => self.stop(request),
            "ListLogGroupsForQuery" => self.groups(request),
            "GetLogGroupFields" if !logs.has_group(text(request, "logGroupName")) => Err(NOT_FOUND),
            "GetLogGroupFields" => {
                let shown = |(name, percent): &(&str, u32)| json!({ "name": name, "percent": percent });
                let fields = self.fields_of.get(text(request, "logGroupName")).unwrap_or(&self.fields);
                Ok(json!({ "logGroupFields": fields.iter().map(shown).collect::<Vec<_>>() }))
            }
            _ => {
                let record = self.records.get(text(request, "logRecordPointer")).ok_or(INVALID)?;
                let record: Map<String, Value> =
                    record.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
                Ok(json!({ "logRecord": record }))
            }
        }
    }

    fn start(&mut self, logs: &Logs, request: &Map<String, Value>) -> Result<Value, AwsError> {
        let groups: Option<Vec<String>> =
            request.get("logGroupNames").and_then(|names| serde_json::from_value(names.clone()).ok());
        let groups = groups.filter(|groups| (1..=50).contains(&groups.len())).ok_or(INVALID)?;
        let number = |key: &str| request.get(key).and_then(Value::as_i64);
        let limit = request.get("limit").map_or(Some(1), Value::as_i64);
        let (start, end) = (number("startTime").ok_or(INVALID)?, number("endTime").ok_or(INVALID)?);
        // Seconds up to the year 9999. Milliseconds would be in the year 50,000 or later.
        let in_time = (0..=253_402_300_800).contains(&start) && (start..=253_402_300_800).contains(&end);
        if !in_time || limit.is_none_or(|limit| !(1..=100_000).contains(&limit)) || text(request, "queryLanguage") != "CWLI" {
            return Err(INVALID);
        }
        let query = text(request, "queryString");
        if query.is_empty() || query.chars().count() > 10_000 || query.contains("malformed for AWS") {
            return Err((400, "MalformedQueryException"));
        }
        if groups.iter().any(|group| !logs.has_group(group)) {
            return Err(NOT_FOUND);
        }
        if self.running() >= self.most {
            return Err((400, "LimitExceededException"));
        }
        let mut script = self.scripts.get(&groups[0]).unwrap_or(&self.script).clone();
        if let Some(evaluate) = self.evaluate {
            let limit =
                request.get("limit").and_then(Value::as_u64).and_then(|limit| u32::try_from(limit).ok()).unwrap_or(10_000);
            script.rows = evaluate(logs, &Started { text: query, groups: &groups, seconds: (start, end), limit })?;
        }
        let id = format!("{}12ab3456-12ab-123a-789e-{:012}", script.mark, self.queries.len());
        self.queries.insert(id.clone(), Query { script, groups, looked: 0, stopped: false });
        Ok(json!({ "queryId": id }))
    }

    fn query(&mut self, request: &Map<String, Value>) -> Result<&mut Query, AwsError> {
        self.queries.get_mut(text(request, "queryId")).ok_or(NOT_FOUND)
    }

    fn results(&mut self, request: &Map<String, Value>) -> Result<Value, AwsError> {
        let most = request.get("maxItems").map_or(Some(10_000), Value::as_u64).filter(|most| *most <= 10_000).ok_or(INVALID)?;
        let id = text(request, "queryId").to_owned();
        let query = self.query(request)?;
        let from = match request.get("nextToken").and_then(Value::as_str) {
            None => {
                query.looked += 1;
                0
            }
            Some(token) => {
                let (of, from) = token.strip_prefix("rows/").and_then(|rest| rest.rsplit_once('/')).ok_or(INVALID)?;
                from.parse().ok().filter(|_| of == id).ok_or(INVALID)?
            }
        };
        let status = query.status();
        let there = match status {
            "Scheduled" => 0,
            "Running" => query.script.rows.len().min(1),
            _ => query.script.rows.len(),
        };
        let end = (from + usize::try_from(most).unwrap()).min(there);
        let row = |row: &Vec<(String, String)>| {
            let column = |(field, value): &(String, String)| json!({ "field": field, "value": value });
            row.iter().map(column).collect::<Vec<_>>()
        };
        let rows: Vec<_> = query.script.rows.get(from..end).ok_or(INVALID)?.iter().map(row).collect();
        let scanned = if status == "Scheduled" { 0.0 } else { query.script.bytes };
        let statistics = json!({ "recordsMatched": there as f64, "recordsScanned": 1000.0, "bytesScanned": scanned });
        let mut answer = json!({ "queryLanguage": "CWLI", "results": rows, "status": status, "statistics": statistics });
        if end < there && most > 0 {
            answer["nextToken"] = format!("rows/{id}/{end}").into();
        }
        Ok(answer)
    }

    fn stop(&mut self, request: &Map<String, Value>) -> Result<Value, AwsError> {
        let query = self.query(request)?;
        if !query.runs() {
            return Err(INVALID);
        }
        query.stopped = true;
        Ok(json!({ "success": true }))
    }

    fn groups(&mut self, request: &Map<String, Value>) -> Result<Value, AwsError> {
        let most = request.get("maxResults").map_or(Some(500), Value::as_u64);
        if most.is_none_or(|most| !(50..=500).contains(&most)) {
            return Err(INVALID);
        }
        let query = self.query(request)?;
        let arn = |group: &String| format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{group}", super::REGION);
        let identifiers = query.script.identifiers.clone().unwrap_or_else(|| query.groups.iter().map(arn).collect());
        Ok(json!({ "logGroupIdentifiers": identifiers }))
    }
}

fn text<'a>(request: &'a Map<String, Value>, key: &str) -> &'a str {
    request.get(key).and_then(Value::as_str).unwrap_or("")
}
