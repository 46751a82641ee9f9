//! `POST /queries`: starts a Logs Insights query (StartQuery).

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use tokio::time::Instant;

use super::new_query::{self, NewQuery};
use super::read::MAX_ROWS_IN_PAGE;
use super::response::{self, QueryBody};
use super::{FORMAT, PREFER, QUERY, applied, counted, group_names, preferred_wait, read_format, read_rows};
use crate::auth::permit::Permit;
use crate::auth::tenant::Tenant;
use crate::domain::query::LogQuery;
use crate::domain::query::operations::{QueryStatus, StartQuery};
use crate::domain::rules::Visibility;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext, credential_of};
use crate::http::body::ExpectedBody;
use crate::http::encode::Format;
use crate::http::field_error::{FieldError, Language};
use crate::http::input::Input;
use crate::http::openapi::answers::Started;
use crate::http::openapi::failures::{
    CommonFailures, InvalidQueryRequest, Negotiated, NotSupported, QueryIncomplete, SourceFailures, TokenFailures,
};
use crate::http::ops::list;
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::{App, AppState};
use crate::limits::lease::Lease;
use crate::limits::limit::Work;
use crate::sources::budget::{QueryLease, ScanBound};
use crate::sources::{Queries, SourceError};

/// The rest of the request.
#[derive(Debug)]
pub struct StartQueryRequest {
    format: Format,
    wait: Option<Duration>,
    /// The `Authorization` of the request, to check it again while the query runs.
    credential: Option<HeaderValue>,
}

impl RequestParameters for StartQueryRequest {
    const PARAMETERS: ParameterList = &[&[&PREFER, &FORMAT]];
}

impl ParseRequest for StartQueryRequest {
    type Op = StartQuery;

    const BODY: ExpectedBody = ExpectedBody::Json;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(StartQuery, Self), ApiError> {
        let format = read_format(input, context);
        let new_query = NewQuery::read(&mut input.body, context);
        input.finish()?;
        let op = new_query.into_operation()?;
        Ok((op, Self { format: format?, wait: preferred_wait(context), credential: credential_of(context.headers) }))
    }
}

/// A place for one more query. At the tenant's limit, the queries that run are polled first, since some may have ended.
async fn place(app: &App, tenant: &Tenant, queries: &dyn Queries) -> Result<Lease, ApiError> {
    let most = tenant.limits.concurrent_queries;
    if let Ok(place) = app.tenant_limits.begin(&tenant.id, Work::Queries, most).await {
        return Ok(place);
    }
    queries.poll_all(&tenant.id).await;
    Ok(app.tenant_limits.begin(&tenant.id, Work::Queries, most).await?)
}

/// What the query takes of its tenant's limits: a place, and the bytes that it can scan.
pub(super) async fn lease(
    app: &App,
    tenant: &Tenant,
    queries: &dyn Queries,
    permit: &Permit<StartQuery>,
) -> Result<QueryLease, ApiError> {
    let place = place(app, tenant, queries).await?;
    let bound = match tenant.limits.scanned_gb_per_day {
        Some(_) => queries.scan_bound(permit).await?,
        None => ScanBound::UNKNOWN,
    };
    let lease = QueryLease::new(&app.tenant_limits, &tenant.id, &tenant.limits, place, bound).await?;
    let counts_hidden = queries.counts_hidden_streams() && !permit.visibility().iter().all(Visibility::is_whole);
    Ok(if counts_hidden { lease.withholding() } else { lease })
}

/// Start a query
///
/// Starts a Logs Insights query over 1 to 50 log groups, and returns `202` with the query id for `GET /queries/{id}`. With
/// `Prefer: wait=20` it waits up to 20 seconds, and returns `200` with the rows if the query ends by then. A query that is not
/// polled for two minutes is cancelled, so poll it until it has ended. A local source keeps the rows for ten minutes after the last
/// request, but not after a restart of the service.
#[utoipa::path(
    post,
    path = "/queries",
    operation_id = "startQuery",
    tag = "queries",
    params(ParametersOf<StartQueryRequest>),
    request_body = NewQuery,
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
    info.audit_context().set_query(permit.op().query.text());
    let begun = Instant::now();
    let lease = lease(&app, &caller.tenant, queries, &permit).await?;
    let started = queries.start(&permit, lease).await.map_err(|error| unsupported(error, &permit.op().query))?;
    let id = app.sealer.seal(QUERY, permit.tenant(), now, started.query())?;
    let reading = permit.for_reading(started.query().clone());
    // A query that is refused here is dropped without a claim, which stops it.
    app.watch_query(&caller, request.credential.clone(), &reading, reading.for_stopping()).await?;
    let mut status = QueryStatus::Scheduled;
    if let Some(wait) = request.wait {
        status = queries.wait(&reading, begun + wait).await?;
        app.check_query(&caller, request.credential.as_ref(), &reading).await?;
    }
    let (mut response, rows) = if status.has_ended() {
        app.running_queries.ended(started.query());
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

/// The faults of a query that the source does not support, or that a mask forbids, with their positions.
fn unsupported(error: SourceError, query: &LogQuery) -> ApiError {
    let errors = |faults| FieldError::of_text(&new_query::QUERY_POINTER, Language::Query, query.text(), faults);
    match error {
        SourceError::QueryUnsupported(faults) => ApiError::InvalidText { language: Language::Query, errors: errors(&faults) },
        SourceError::QueryMasked(faults) => ApiError::QueryForbidden(errors(&faults)),
        error => ApiError::Source(error),
    }
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
