//! The answer with a query's rows, in the negotiated format.
//!
//! Owns the form of the answer. INVARIANT: upstream's pointers and tokens leave sealed only; files (CSV, NDJSON) have the rows of
//! complete queries only.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::{RECORD, ROWS};
use crate::auth::permit::Permit;
use crate::auth::tenant::Caller;
use crate::domain::event::Position;
use crate::domain::operation::Operation as _;
use crate::domain::query::operations::{GroupFingerprint, QueryPage, QueryStatus, ReadQuery, ReadRecord, Row};
use crate::domain::time::Millis;
use crate::http::App;
use crate::http::encode::Format;
use crate::http::encode::stream::CURSOR_TRAILER;
use crate::http::encode::table::{self, RowBody};
use crate::http::packed_request::PackedRequest;
use crate::http::problem::ApiError;

/// The lifetime of a cursor of rows: that of CloudWatch's own tokens (GetQueryResults).
const ROWS_LIFETIME_MILLIS: i64 = 3600 * 1000;
/// The column with the pointer to a row's event.
const POINTER: &str = "@ptr";

/// A query, with a page of its rows.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Query)]
pub struct QueryBody<'a> {
    /// The query id, for `/queries/{id}`. It is valid for 24 hours.
    #[schema(example = "AbCd…")]
    pub(super) query_id: &'a str,
    /// `Scheduled`, `Running`, `Complete`, `Failed`, `Cancelled`, `Timeout` or `Unknown`, as in CloudWatch. The rows are
    /// complete only with `Complete`.
    #[schema(example = "Complete")]
    pub(super) status: &'static str,
    /// The columns of this page's rows, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["@timestamp", "status", "@ptr"]))]
    pub(super) fields: Option<Vec<&'a str>>,
    /// The rows: values by column. All values are strings. `@ptr` is the pointer for `/records/{pointer}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>, example = json!([{ "@timestamp": "2026-11-20 10:00:00.000", "status": "404" }]))]
    pub(super) results: Option<Vec<RowBody<'a>>>,
    /// The data that the query scanned. On CloudWatch it is absent if you can see only some events of its log groups, or if your grant masks fields,
    /// since the figures count all events. On a local source the figures count only the events that you can see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statistics: Option<StatisticsBody>,
    /// The cost of the scanned bytes at the operator's price, in US dollars. Absent if `statistics` is absent, and on a local source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.0012)]
    pub(super) estimated_cost_usd: Option<f64>,
    /// Cursor to the next rows. Absent if there are no more so far. It is valid for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "exampleNextCursor")]
    pub(super) next_cursor: Option<String>,
    /// Why the query failed, if the source tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the query needs more than 268435456 bytes of memory: …")]
    pub(super) failure: Option<String>,
}

/// The data that a query scanned.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueryStatistics)]
pub struct StatisticsBody {
    /// Events that matched.
    #[schema(example = 12)]
    records_matched: u64,
    /// Events scanned.
    #[schema(example = 20_000)]
    records_scanned: u64,
    /// Bytes scanned.
    #[schema(example = 240_000_000)]
    bytes_scanned: u64,
}

/// A page in the format.
///
/// # Errors
/// [`ApiError::QueryIncomplete`] for a file of a query that is not complete.
pub(super) fn page(
    app: &App,
    caller: &Caller,
    permit: &Permit<ReadQuery>,
    id: &str,
    mut page: QueryPage,
    format: Format,
    now: Millis,
) -> Result<Response, ApiError> {
    if format != Format::Json && page.status != QueryStatus::Complete {
        return Err(ApiError::QueryIncomplete(page.status));
    }
    seal_pointers(app, caller, permit, &mut page.rows, now)?;
    let next_cursor = page.next.take().map(|next| seal_cursor(app, permit, &next, now)).transpose()?;
    let body = match format {
        Format::Csv => table::csv(&page.rows),
        Format::Ndjson => table::ndjson(&page.rows),
        Format::Json | Format::Text | Format::EventStream => {
            let body = QueryBody {
                query_id: id,
                status: page.status.as_str(),
                fields: Some(table::columns(&page.rows)),
                results: Some(page.rows.iter().map(RowBody).collect()),
                statistics: page.statistics.map(|statistics| StatisticsBody {
                    // Upstream sends these counts as floating-point numbers that are never negative.
                    records_matched: statistics.records_matched as u64,
                    records_scanned: statistics.records_scanned as u64,
                    bytes_scanned: statistics.bytes_scanned as u64,
                }),
                estimated_cost_usd: page.estimated_cost,
                next_cursor: next_cursor.clone(),
                failure: page.failure.take(),
            };
            serde_json::to_vec(&body).map_err(|error| ApiError::Internal(error.to_string()))?
        }
    };
    let mut response = Body::from(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    let file = match format {
        Format::Csv => Some("attachment; filename=\"query.csv\""),
        Format::Ndjson => Some("attachment; filename=\"query.ndjson\""),
        Format::Json | Format::Text | Format::EventStream => None,
    };
    if let Some(file) = file {
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(file));
        if let Some(cursor) = next_cursor.and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
            headers.insert(HeaderName::from_static(CURSOR_TRAILER), cursor);
        }
    }
    Ok(response)
}

/// Replaces each pointer of upstream with a sealed one. It refers to one event; the event itself names its group.
fn seal_pointers(app: &App, caller: &Caller, permit: &Permit<ReadQuery>, rows: &mut [Row], now: Millis) -> Result<(), ApiError> {
    let query = &permit.op().query;
    let grants = caller.tenant.grants_fingerprint(ReadRecord::ACTION);
    let groups: Vec<GroupFingerprint> = query.groups.iter().map(GroupFingerprint::from).collect();
    for (_, value) in rows.iter_mut().flatten().filter(|(name, _)| name == POINTER) {
        let (source, groups) = (query.source.clone(), groups.clone());
        let record = ReadRecord { source, grants, groups, pointer: std::mem::take(value) };
        *value = app.sealer.seal(RECORD, permit.tenant(), now, &record)?;
    }
    Ok(())
}

fn seal_cursor(app: &App, permit: &Permit<ReadQuery>, next: &Position, now: Millis) -> Result<String, ApiError> {
    let expires = Millis(now.0.saturating_add(ROWS_LIFETIME_MILLIS));
    let query =
        PackedRequest::pack(&permit.op().query.id).map_err(|error| ApiError::Internal(format!("a query's id {error}")))?;
    app.sealer.seal_position_until(ROWS, permit.tenant(), expires, &query, next)
}
