//! `POST /queries`: starts a Logs Insights query (StartQuery).

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

use super::read::MAX_ROWS_IN_PAGE;
use super::response::{self, QueryBody};
use super::{QUERY, applied, counted, group_names, preferred_wait, read_format, read_rows};
use crate::auth::policy;
use crate::auth::tenant::Tenant;
use crate::domain::name::{LogGroupName, from_url_spelling};
use crate::domain::operation::Operation as _;
use crate::domain::query::operations::{MAX_GROUP_BYTES, MAX_GROUPS, QueryStatus, StartQuery};
use crate::domain::query::{LogQuery, MAX_ROWS, QueryError, QueryReach};
use crate::domain::time::{Millis, TimeSpec};
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::body::{Body, ExpectedBody};
use crate::http::encode::Format;
use crate::http::field_error::{ErrorLocation, FieldError, FieldErrors, Language};
use crate::http::input::{Input, echo};
use crate::http::openapi::answers::Started;
use crate::http::openapi::failures::{
    CommonFailures, InvalidQueryRequest, Negotiated, NotSupported, QueryIncomplete, SourceFailures, TokenFailures,
};
use crate::http::openapi::parameters::{PreferHeader, TableFormat};
use crate::http::openapi::texts::{BodyTime, GroupNames};
use crate::http::ops::list;
use crate::http::problem::ApiError;
use crate::http::{App, AppState};
use crate::sources::budget::{Lease, QueryBudget};
use crate::sources::{Queries, SourceError};

/// What the body may say.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = NewQuery, rename_all = "camelCase")]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document; `StartAsk` reads it")]
pub struct NewQueryBody {
    /// The query, in Logs Insights QL: at most 10,000 characters. It reads the log groups and the range of this request. `SOURCE`,
    /// `diff`, saved queries and `unmask` are refused. On a local source, queries inside the query may name log groups that you
    /// may query, and lookup tables can be used; on CloudWatch both are refused.
    #[schema(min_length = 1, max_length = 10_000, example = "filter status >= 500 | stats count(*) by bin(5m)")]
    query: String,
    // Described by its type.
    #[schema(value_type = GroupNames, inline)]
    log_groups: Vec<String>,
    /// First moment: RFC 3339, epoch milliseconds, epoch seconds, or relative to now (`-15m`, `-2d`).
    #[schema(value_type = BodyTime)]
    start: String,
    /// First moment after the range (exclusive), in the same forms; `now` when absent.
    #[schema(value_type = BodyTime, required = false)]
    end: Option<String>,
    /// Rows at most, 1 to 100000; when absent, as many as the query says, or 10000.
    #[schema(value_type = u32, required = false, minimum = 1, maximum = 100_000, example = 1000)]
    limit: Option<u32>,
}

const QUERY_POINTER: ErrorLocation = ErrorLocation::Pointer(Cow::Borrowed("/query"));

/// What the request says besides its operation.
#[derive(Debug)]
pub struct StartQueryRequest {
    format: Format,
    wait: Option<Duration>,
}

impl ParseRequest for StartQueryRequest {
    type Op = StartQuery;

    const BODY: ExpectedBody = ExpectedBody::Json;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(StartQuery, Self), ApiError> {
        let format = read_format(input, context);
        let body = &mut input.body;
        let mut forbidden = FieldErrors::default();
        let text = body.text("query");
        let query = text.as_deref().and_then(|text| read_query(text, body));
        let groups = read_groups(body);
        let query = query.and_then(|query| within_reach(query, groups.as_deref(), context, body, &mut forbidden));
        let range = read_range(body, context.now);
        let limit = body.number("limit", 1, MAX_ROWS);
        let query = match (query, limit) {
            (Some(query), Some(limit)) => query
                .with_limit(limit)
                .map_err(|reason| body.error("/limit", format!("can't be put to this query: {reason}; write `| limit` into it")))
                .ok(),
            (query, _) => query,
        };
        input.finish()?;
        if !forbidden.is_empty() {
            return Err(ApiError::QueryForbidden(forbidden));
        }
        let (Some(query), Some(groups), Some((start, end))) = (query, groups, range) else {
            return Err(ApiError::Internal("a fault of the input that was not noted".to_owned()));
        };
        Ok((StartQuery::new(query, groups, start, end), Self { format: format?, wait: preferred_wait(context) }))
    }
}

/// The query, if its text is one. What its source refuses in it is told when the source is known.
fn read_query(text: &str, body: &mut Body) -> Option<String> {
    match LogQuery::parse_within(text, QueryReach::NamedGroups) {
        Ok(_) | Err(QueryError::Forbidden(_)) => Some(text.to_owned()),
        Err(QueryError::Invalid(faults)) => {
            body.errors(FieldError::of_text(&QUERY_POINTER, Language::Query, text, &faults));
            None
        }
    }
}

/// The query, if it stays within what its source lets queries read. The source is that of the first group; which one it is,
/// the tenant's own grants say, so that a refusal tells nothing else.
fn within_reach(
    text: String,
    groups: Option<&[LogGroupName]>,
    context: RequestContext<'_>,
    body: &mut Body,
    forbidden: &mut FieldErrors,
) -> Option<LogQuery> {
    let first = groups.and_then(<[_]>::first);
    let source = first.and_then(|group| policy::default_source(context.caller, StartQuery::ACTION, group, None));
    let reach = source.map_or(QueryReach::Confined, |source| context.app.sources.query_reach(source));
    let query = match LogQuery::parse_within(&text, reach) {
        Ok(query) => query,
        Err(QueryError::Forbidden(faults) | QueryError::Invalid(faults)) => {
            *forbidden = FieldError::of_text(&QUERY_POINTER, Language::Query, &text, &faults);
            return None;
        }
    };
    let groups = groups.unwrap_or_default();
    let all = || groups.iter().chain(query.nested_groups().iter().filter(|group| !groups.contains(group)));
    let bytes: usize = all().map(|group| group.as_str().len()).sum();
    if !query.nested_groups().is_empty() && (all().count() > MAX_GROUPS || bytes > MAX_GROUP_BYTES) {
        let detail =
            format!("names log groups besides `logGroups`; a query takes {MAX_GROUPS} in all, of {MAX_GROUP_BYTES} characters");
        body.error("/query", detail);
        return None;
    }
    Some(query)
}

fn read_groups(body: &mut Body) -> Option<Vec<LogGroupName>> {
    let texts = body.texts("logGroups")?;
    if texts.is_empty() || texts.len() > MAX_GROUPS {
        body.error("/logGroups", format!("has {} log groups; a query takes 1 to {MAX_GROUPS}", texts.len()));
        return None;
    }
    let mut groups: Vec<LogGroupName> = Vec::with_capacity(texts.len());
    let mut faults = 0;
    for (index, text) in texts.iter().enumerate() {
        let detail = match LogGroupName::try_from(from_url_spelling(text)) {
            Ok(group) if groups.contains(&group) => "is there twice".to_owned(),
            Ok(group) => {
                groups.push(group);
                continue;
            }
            Err(error) => format!("`{}` {error}", echo(text)),
        };
        faults += 1;
        body.error(format!("/logGroups/{index}"), detail);
    }
    let bytes: usize = groups.iter().map(|group| group.as_str().len()).sum();
    if bytes > MAX_GROUP_BYTES {
        body.error("/logGroups", format!("has names of {bytes} characters together; a query takes {MAX_GROUP_BYTES}"));
        return None;
    }
    (faults == 0).then_some(groups)
}

fn read_range(body: &mut Body, now: Millis) -> Option<(Millis, Millis)> {
    let has_start = body.has("start");
    let (start, end) = (body.time("start"), body.time("end").unwrap_or(TimeSpec::Ago(0)));
    if !has_start {
        body.error("/start", "is missing: a query looks at a range of time");
    }
    let mut resolve =
        |pointer: &'static str, spec: TimeSpec| spec.resolve(now).map_err(|error| body.error(pointer, error.to_string())).ok();
    let (start, end) = (resolve("/start", start?)?, resolve("/end", end)?);
    if end <= start {
        body.error("/end", format!("`{end}` is not later than `start`, `{start}`"));
        return None;
    }
    Some((start, end))
}

/// Leave to start one query more. When the tenant has as many as it may, it is asked which of them have ended.
async fn lease(app: &App, tenant: &Tenant, queries: &dyn Queries) -> Result<Lease, ApiError> {
    let first = match app.query_budgets.lease(&tenant.id, &tenant.limits) {
        Ok(lease) => return Ok(lease),
        Err(exceeded) => exceeded,
    };
    let again = match first.budget {
        QueryBudget::Queries(_) => {
            queries.poll_all(&tenant.id).await;
            app.query_budgets.lease(&tenant.id, &tenant.limits)
        }
        QueryBudget::ScannedBytes(_) => Err(first),
    };
    again.map_err(|exceeded| ApiError::BudgetExceeded { budget: exceeded.budget, retry_after: exceeded.retry_after })
}

/// Start a query
///
/// Runs a Logs Insights query over 1 to 50 log groups. `202` and the query's id, for `GET /queries/{id}`; with
/// `Prefer: wait=20` it waits up to so many seconds and answers `200` with the rows when the query has ended by then.
/// A query that is not polled for two minutes is cancelled, so poll it until it has ended. A local source keeps the rows for ten
/// minutes after the last request, and not over a restart of the service.
#[utoipa::path(
    post,
    path = "/queries",
    operation_id = "startQuery",
    tag = "queries",
    params(
        PreferHeader,
        TableFormat,
    ),
    request_body = NewQueryBody,
    responses(
        Started,
        Negotiated,
        TokenFailures,
        SourceFailures,
        InvalidQueryRequest,
        QueryIncomplete,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<groups>"])),
)]
pub(crate) async fn start_query(
    State(app): State<AppState>,
    Authorized { caller, permit, request, now, info }: Authorized<StartQueryRequest>,
) -> Result<Response, ApiError> {
    let source = permit.sources().first().map(|rule| rule.source.clone()).ok_or(ApiError::NoSuchHandle)?;
    let queries = app.sources.queries(&permit, &source)?;
    let begun = Instant::now();
    let mut lease = lease(&app, &caller.tenant, queries).await?;
    if queries.counts_hidden_streams() && permit.stream_rules().iter().any(Option::is_some) {
        lease = lease.withholding();
    }
    let started = queries.start(&permit, lease).await.map_err(|error| unsupported(error, &permit.op().query))?;
    let id = app.sealer.seal(QUERY, permit.tenant(), now, started.query())?;
    let reading = permit.for_reading(started.query().clone());
    let mut status = QueryStatus::Scheduled;
    if let Some(wait) = request.wait {
        status = queries.wait(&reading, begun + wait).await?;
    }
    let (mut response, rows) = if status.has_ended() {
        let (reservation, page) = read_rows(&app, &info, queries, &reading, None, MAX_ROWS_IN_PAGE).await?;
        let rows = page.rows.len();
        let response = response::page(&app, &caller, &reading, &id, page, request.format, now)?;
        (counted(reservation, &info, response)?, rows)
    } else {
        (accepted(&id, status), 0)
    };
    list::audit(&app, &info, &permit, Some(&group_names(&permit.op().groups)), rows);
    started.claim();
    if let Ok(location) = HeaderValue::try_from(format!("/queries/{id}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    applied(request.wait, response.headers_mut());
    Ok(response)
}

/// What the source does not support, at its place in the query.
fn unsupported(error: SourceError, query: &LogQuery) -> ApiError {
    let SourceError::QueryUnsupported(faults) = error else { return ApiError::Source(error) };
    let errors = FieldError::of_text(&QUERY_POINTER, Language::Query, query.text(), &faults);
    ApiError::InvalidText { language: Language::Query, errors }
}

fn accepted(id: &str, status: QueryStatus) -> Response {
    let body = QueryBody {
        query_id: id,
        status: status.as_str(),
        fields: None,
        results: None,
        statistics: None,
        estimated_cost_usd: None,
        next_cursor: None,
        failure: None,
    };
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
