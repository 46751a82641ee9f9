//! Logs Insights queries: StartQuery, GetQueryResults, StopQuery, DescribeQueries and ListLogGroupsForQuery.
//!
//! A query is parsed and refused by the rules of the HTTP API. If the source does not run queries, each operation is
//! `InvalidOperationException`.

use logmark_diagnostics::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::query_registry::StartedQuery;
use super::{Answer, json, reserve, unchecked};
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::token::{PageToken, fingerprint};
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::event::Direction;
use crate::domain::name::LogGroupName;
use crate::domain::operation::{Action, DescribeGroup};
use crate::domain::query::operations::{
    GroupFingerprint, MAX_GROUPS, QueryPage, QueryStatus, ReadQuery, ReadRecord, Row, StartQuery, StopQuery,
};
use crate::domain::query::{LogQuery, MAX_CHARACTERS, MAX_ROWS, QueryError, QueryReach};
use crate::domain::time::Millis;
use crate::limits::limit::{LimitExceeded, Work};
use crate::sources::budget::{QueryLease, ScanBound};
use crate::sources::{Queries, SourceError};

const LANGUAGE: &str = "CWLI";
/// The kind of the sealed pointers of rows.
pub(super) const POINTER: &str = "GetLogRecord";
/// Rows in a page of GetQueryResults.
pub(super) const MAX_ROWS_IN_PAGE: usize = 10_000;
/// Queries in a page of DescribeQueries.
const MAX_QUERIES: usize = 1000;
/// The memory for rows, or for one event.
pub(super) const ROWS_ROOM: u64 = 8 * 1024 * 1024;
/// The last second that has a millisecond.
pub(super) const LAST_SECOND: i64 = i64::MAX / 1000 - 1;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartInput {
    query_language: Option<String>,
    log_group_name: Option<String>,
    log_group_names: Option<Vec<String>>,
    log_group_identifiers: Option<Vec<String>>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    query_string: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn start(call: Call<'_>, body: &[u8]) -> Answer {
    let mut input: StartInput = validation::read(body)?;
    let mut checks = Validation::default();
    checks.choice("queryLanguage", input.query_language.as_deref(), &[("CWLI", ()), ("SQL", ()), ("PPL", ())]);
    let groups = groups_of(&mut checks, &mut input, call)?;
    let range = 0..=LAST_SECOND;
    let start = checks.required("startTime", input.start_time);
    let start = checks.number("startTime", start, range.clone());
    let end = checks.required("endTime", input.end_time);
    let end = checks.number("endTime", end, range);
    let text = checks.required("queryString", input.query_string);
    let text = checks.text("queryString", text, 0..=MAX_CHARACTERS);
    let limit = checks.number("limit", input.limit, 1..=i64::from(MAX_ROWS)).and_then(|limit| u32::try_from(limit).ok());
    checks.finish()?;
    let (Some(start), Some(end), Some(text)) = (start, end, text) else { return Err(unchecked()) };
    if input.query_language.is_some_and(|language| language != LANGUAGE) {
        return Err(ServiceError::invalid("This endpoint runs queries in CWLI, not in SQL or PPL."));
    }
    if end < start {
        return Err(ServiceError::invalid("The query's endTime is before its startTime."));
    }
    let reach = call.endpoint.sources.query_reach(&call.endpoint.source);
    let query = parsed(&text, reach, limit)?;
    exist(call, &groups).await?;
    let op = StartQuery::new(query, groups, Millis(start * 1000), Millis((end + 1) * 1000));
    let shown = shown_text(&op, &text);
    let permit = call.permit(op)?;
    let line = call.line(&permit, Some(&names(&permit.op().groups)), None);
    let queries = call.endpoint.sources.queries(&permit, &call.endpoint.source)?;
    let tenant = &call.caller.tenant;
    let exceeded = |exceeded: LimitExceeded| ServiceError::new("LimitExceededException", exceeded.to_string());
    let limits = &call.endpoint.limits;
    let place = limits.begin(&tenant.id, Work::Queries, tenant.limits.concurrent_queries).await.map_err(exceeded)?;
    let lease = QueryLease::new(limits, &tenant.id, &tenant.limits, place, ScanBound::UNKNOWN).await.map_err(exceeded)?;
    let started = queries.start(&permit, lease).await.map_err(|error| match error {
        // The source does not support a part of the query.
        SourceError::QueryUnsupported(faults) => malformed(&text, &faults),
        error => error.into(),
    })?;
    let id = call.endpoint.started.add(started.query().clone(), shown, call.now)?;
    started.claim();
    line.write(0, 0);
    json(&json!({ "queryId": id }))
}

/// Exactly one of the three ways to name groups.
fn groups_of(checks: &mut Validation, input: &mut StartInput, call: Call<'_>) -> Result<Vec<LogGroupName>, ServiceError> {
    let (one, names, identifiers) =
        (input.log_group_name.take(), input.log_group_names.take(), input.log_group_identifiers.take());
    if [one.is_some(), names.is_some(), identifiers.is_some()].into_iter().filter(|given| *given).count() != 1 {
        let text = "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.";
        return Err(ServiceError::invalid(text));
    }
    let mut groups = Vec::new();
    groups.extend(one.and_then(|name| checks.group("logGroupName", Some(name))));
    if let Some(names) = names {
        checks.count("logGroupNames", &names, 1..=MAX_GROUPS);
        groups.extend(names.into_iter().filter_map(|name| checks.group("logGroupNames", Some(name))));
    }
    if let Some(identifiers) = identifiers {
        checks.count("logGroupIdentifiers", &identifiers, 1..=MAX_GROUPS);
        for identifier in &identifiers {
            groups.extend(checks.identifier("logGroupIdentifiers", identifier, &call.endpoint.account)?);
        }
    }
    let mut seen = std::collections::HashSet::new();
    groups.retain(|group| seen.insert(group.clone()));
    Ok(groups)
}

fn parsed(text: &str, reach: QueryReach, limit: Option<u32>) -> Result<LogQuery, ServiceError> {
    let query = LogQuery::parse_within(text, reach).map_err(|fault| match fault {
        QueryError::Invalid(faults) | QueryError::Forbidden(faults) => malformed(text, &faults),
    })?;
    match limit {
        None => Ok(query),
        Some(limit) => query.with_limit(limit).map_err(|why| ServiceError::new("MalformedQueryException", why)),
    }
}

/// The first error of the query with its position, also as AWS's structure.
fn malformed(text: &str, faults: &[Diagnostic]) -> ServiceError {
    let Some(first) = faults.first() else { return ServiceError::new("MalformedQueryException", "The query is malformed.") };
    let offset = |byte: usize| text.get(..byte).map_or(byte, |before| before.chars().count());
    let (start, end) = (offset(first.span.start), offset(first.span.end));
    let hint = first.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let message = format!("at character {}: expected {}, found {}{hint}", start + 1, first.expected, first.found);
    let error = json!({ "location": { "startCharOffset": start, "endCharOffset": end }, "message": message });
    ServiceError { members: Some(json!({ "queryCompileError": error })), ..ServiceError::new("MalformedQueryException", message) }
}

/// A query over a missing group is refused at its start.
pub(super) async fn exist(call: Call<'_>, groups: &[LogGroupName]) -> Result<(), ServiceError> {
    for group in groups {
        let permit = call.permit(DescribeGroup { group: group.clone(), source: Some(call.endpoint.source.clone()) })?;
        call.endpoint.sources.of(&permit)?.1.describe_group(&permit).await?;
    }
    Ok(())
}

fn names(groups: &[LogGroupName]) -> String {
    groups.iter().map(LogGroupName::as_str).collect::<Vec<_>>().join(" ")
}

/// The text as DescribeQueries shows it: AWS puts groups and times before it.
fn shown_text(op: &StartQuery, text: &str) -> String {
    let groups: Vec<String> = op.groups.iter().map(|group| format!("\"{group}\"")).collect();
    format!("SOURCE {} START={} END={} | {text}", groups.join(", "), op.start.0, op.end.0 - 1)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    query_id: Option<String>,
    next_token: Option<String>,
    max_items: Option<i64>,
}

/// The query that a request names.
pub(super) fn started(call: Call<'_>, id: Option<String>) -> Result<StartedQuery, ServiceError> {
    let mut checks = Validation::default();
    let id = checks.required("queryId", id);
    let id = checks.text("queryId", id, 0..=256);
    checks.finish()?;
    let found = call.endpoint.started.get(&id.ok_or_else(unchecked)?);
    found.ok_or_else(|| ServiceError::not_found("The specified query does not exist."))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    query_language: &'static str,
    results: Vec<Vec<Value>>,
    statistics: Statistics,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
struct Value {
    field: String,
    value: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    records_matched: f64,
    records_scanned: f64,
    estimated_records_skipped: f64,
    bytes_scanned: f64,
    estimated_bytes_skipped: f64,
    log_groups_scanned: f64,
}

pub(super) async fn results(call: Call<'_>, body: &[u8]) -> Answer {
    let input: IdInput = validation::read(body)?;
    let mut checks = Validation::default();
    let limit = checks.number("maxItems", input.max_items, 0..=10_000).and_then(|items| usize::try_from(items).ok());
    let limit = limit.filter(|items| *items > 0).unwrap_or(MAX_ROWS_IN_PAGE);
    checks.finish()?;
    let started = started(call, input.query_id)?;
    let of = fingerprint([started.id.as_str()]);
    let tokens = call.tokens("GetQueryResults");
    let from = input.next_token.map(|token| tokens.read(of, &token)).transpose()?.map(|place| place.position);
    let permit = call.permit(ReadQuery { query: started.query.clone() })?;
    let line = call.line(&permit, Some(&names(&started.query.groups)), None);
    let queries = call.endpoint.sources.queries(&permit, &started.query.source)?;
    reserve(call, ROWS_ROOM).await?;
    let QueryPage { status, rows, statistics, next, .. } = queries.read(&permit, from.as_ref(), limit).await?;
    call.endpoint.started.note(&started.id, status);
    line.write(rows.len(), 0);
    let next_token = next.map(|position| tokens.write(&PageToken::new(of, Direction::Forward, position))).transpose()?;
    let statistics = statistics.unwrap_or_default();
    json(&Results {
        query_language: LANGUAGE,
        results: rows.into_iter().map(|row| shown_row(call, &started, row)).collect::<Result<_, _>>()?,
        statistics: Statistics {
            records_matched: statistics.records_matched,
            records_scanned: statistics.records_scanned,
            bytes_scanned: statistics.bytes_scanned,
            log_groups_scanned: f64::from(u32::try_from(started.query.groups.len()).unwrap_or(u32::MAX)),
            ..Statistics::default()
        },
        status: status.as_str(),
        next_token,
    })
}

/// A row with sealed pointers, and groups as AWS names them.
fn shown_row(call: Call<'_>, started: &StartedQuery, row: Row) -> Result<Vec<Value>, ServiceError> {
    let shown = |(field, value): (String, String)| {
        let value = match field.as_str() {
            "@ptr" => pointer(call, started, value)?,
            "@log" => with_account(call, value),
            _ => value,
        };
        Ok(Value { field, value })
    };
    row.into_iter().map(shown).collect()
}

fn pointer(call: Call<'_>, started: &StartedQuery, pointer: String) -> Result<String, ServiceError> {
    let record = ReadRecord {
        source: started.query.source.clone(),
        grants: call.caller.tenant.grants_fingerprint(Action::Query),
        groups: started.query.groups.iter().map(GroupFingerprint::from).collect(),
        pointer,
    };
    let sealed = call.endpoint.sealer.seal(POINTER, &call.caller.tenant.id, call.now, &record);
    sealed.map_err(|error| ServiceError::unavailable(error.to_string()))
}

/// `@log` is the account and the group.
pub(super) fn with_account(call: Call<'_>, group: String) -> String {
    if group.contains(':') { group } else { format!("{}:{group}", call.endpoint.account) }
}

pub(super) async fn stop(call: Call<'_>, body: &[u8]) -> Answer {
    let input: IdInput = validation::read(body)?;
    let started = started(call, input.query_id)?;
    let permit = call.permit(StopQuery { query: started.query.clone() })?;
    let queries = call.endpoint.sources.queries(&permit, &started.query.source)?;
    if status(call, queries, &started).await?.has_ended() {
        return Err(ServiceError::invalid("The specified query is not running."));
    }
    queries.stop(&permit).await?;
    call.line(&permit, Some(&names(&started.query.groups)), None).write(0, 0);
    json(&json!({ "success": true }))
}

/// The current status of the query.
async fn status(call: Call<'_>, queries: &dyn Queries, started: &StartedQuery) -> Result<QueryStatus, ServiceError> {
    if let Some(ended) = started.ended {
        return Ok(ended);
    }
    let permit = call.permit(ReadQuery { query: started.query.clone() })?;
    let status = queries.wait(&permit, Instant::now()).await?;
    call.endpoint.started.note(&started.id, status);
    Ok(status)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeInput {
    log_group_name: Option<String>,
    status: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    query_language: &'static str,
    query_id: String,
    query_string: String,
    status: &'static str,
    create_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group_name: Option<LogGroupName>,
}

pub(super) async fn describe(call: Call<'_>, body: &[u8]) -> Answer {
    const STATUSES: [(&str, QueryStatus); 7] = [
        ("Scheduled", QueryStatus::Scheduled),
        ("Running", QueryStatus::Running),
        ("Complete", QueryStatus::Complete),
        ("Failed", QueryStatus::Failed),
        ("Cancelled", QueryStatus::Cancelled),
        ("Timeout", QueryStatus::Timeout),
        ("Unknown", QueryStatus::Unknown),
    ];
    let input: DescribeInput = validation::read(body)?;
    let mut checks = Validation::default();
    let limit = checks.limit("maxResults", input.max_results, MAX_QUERIES);
    let group = input.log_group_name.and_then(|name| checks.group("logGroupName", Some(name)));
    let wanted = checks.choice("status", input.status.as_deref(), &STATUSES);
    checks.finish()?;
    // All remembered queries fit into one page of the largest size; the token counts the returned ones.
    let tokens = call.tokens("DescribeQueries");
    let place = input.next_token.map(|token| tokens.read(0, &token)).transpose()?;
    let skip = place.and_then(|place| place.position.0.parse::<usize>().ok()).unwrap_or(0);
    let mut found = Vec::new();
    for started in call.endpoint.started.all() {
        if group.as_ref().is_some_and(|group| !started.query.groups.contains(group)) {
            continue;
        }
        let permit = call.permit(ReadQuery { query: started.query.clone() })?;
        let queries = call.endpoint.sources.queries(&permit, &started.query.source)?;
        let status = status(call, queries, &started).await.unwrap_or(QueryStatus::Unknown);
        if wanted.is_none_or(|wanted| wanted == status) {
            found.push(Described {
                query_language: LANGUAGE,
                query_id: started.id,
                query_string: started.text,
                status: status.as_str(),
                create_time: started.created.0,
                log_group_name: started.query.groups.into_iter().next(),
            });
        }
    }
    let total = found.len();
    let page: Vec<Described> = found.into_iter().skip(skip).take(limit).collect();
    let reached = skip + page.len();
    let next = (reached < total).then(|| crate::domain::event::Position(reached.to_string()));
    let next = next.map(|position| tokens.write(&PageToken::new(0, Direction::Forward, position))).transpose()?;
    json(&match next {
        Some(token) => json!({ "queries": page, "nextToken": token }),
        None => json!({ "queries": page }),
    })
}

pub(super) async fn groups(call: Call<'_>, body: &[u8]) -> Answer {
    let input: IdInput = validation::read(body)?;
    let started = started(call, input.query_id)?;
    let permit = call.permit(ReadQuery { query: started.query })?;
    json(&json!({ "logGroupIdentifiers": permit.op().query.groups }))
}
