//! `POST /queries/check`: the faults of a query, its columns and the data that it would scan, for editors. It starts nothing.
//!
//! INVARIANT: neither the log nor a metric contains the text, and no budget of the tenant is used.

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use logmark_diagnostics::Diagnostic;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::group_names;
use super::new_query::{self, LOG_GROUPS, OTHER_MEMBERS};
use crate::auth::tenant::Caller;
use crate::domain::query::language::ResultOutline;
use crate::domain::query::operations::{CheckQuery, ScanEstimate};
use crate::domain::query::{LogQuery, QueryError};
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::body::ExpectedBody;
use crate::http::input::Input;
use crate::http::member::{AnyMember, Member, StringValue, body_schema};
use crate::http::openapi::failures::{CommonFailures, ForbiddenBody, Negotiated, NotSupported, SourceFailures, TokenFailures};
use crate::http::openapi::texts::BodyTime;
use crate::http::ops::check::{DiagnosticBody, RefusalBody};
use crate::http::ops::list;
use crate::http::ops::parameters::JSON_FORMAT;
use crate::http::parameter::{Example, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::problem_code::ProblemCode;
use crate::http::{App, AppState};
use crate::limits::limit::{Budget, GIGABYTE};
use crate::sources::{Queries, SourceError};

const QUERY: Member<StringValue> = Member::required(
    "query",
    // A text of any length is checked: too long is one of the diagnostics.
    StringValue { least: None, most: None },
    "is missing",
    "The query to check, in Logs Insights QL.",
)
.example(Example::Text("filter status >= 500 | stats count(*) by bin(5m)"));

/// The text of the request, and its faults.
#[derive(Debug)]
pub struct CheckQueryRequest {
    text: String,
    /// The faults of a text that is not a query.
    faults: Vec<Diagnostic>,
    /// The refused parts of a query.
    refused: Vec<Diagnostic>,
}

impl RequestParameters for CheckQueryRequest {
    const PARAMETERS: ParameterList = &[&[&JSON_FORMAT]];
}

impl ParseRequest for CheckQueryRequest {
    type Op = CheckQuery;

    const BODY: ExpectedBody = ExpectedBody::Json;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(CheckQuery, Self), ApiError> {
        let body = &mut input.body;
        let text = body.get(&QUERY).unwrap_or_default();
        let groups = body.get(&LOG_GROUPS);
        let (mut faults, mut refused) = (Vec::new(), Vec::new());
        let query = match LogQuery::parse_within(&text, new_query::reach(groups.as_deref(), context)) {
            Ok(query) => new_query::with_bounded_groups(query, groups.as_deref().unwrap_or_default(), body),
            Err(QueryError::Invalid(found)) => {
                faults = found;
                None
            }
            Err(QueryError::Forbidden(found)) => {
                refused = found;
                None
            }
        };
        let range = new_query::range(body, context.now);
        let query = new_query::limited(query, body);
        list::json_only(input, context)?;
        let (Some(groups), Some((start, end))) = (groups, range) else {
            return Err(ApiError::Internal("a fault of the input that was not noted".to_owned()));
        };
        Ok((CheckQuery::new(query, groups, start, end), Self { text, faults, refused }))
    }
}

impl utoipa::PartialSchema for CheckQueryRequest {
    fn schema() -> RefOr<Schema> {
        let members: Vec<&dyn AnyMember> = std::iter::once(&QUERY as &dyn AnyMember).chain(OTHER_MEMBERS).collect();
        body_schema("A query to check. The members are those of a query to start.", &members)
    }
}

impl utoipa::ToSchema for CheckQueryRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("QueryToCheck")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((<BodyTime as utoipa::ToSchema>::name().into_owned(), <BodyTime as utoipa::PartialSchema>::schema()));
    }
}

/// The result of a check.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = QueryCheck)]
pub struct QueryCheckBody {
    /// The faults of the query, in order. Empty if the query is valid and its source runs it.
    diagnostics: Vec<DiagnosticBody>,
    /// The parts of the query that the tenant's rules do not allow. Empty if all are allowed.
    refusals: Vec<RefusalBody>,
    /// The columns of the result in order, without `@ptr`. Empty if the query is not valid, or its text does not tell them.
    #[schema(example = json!(["bin(5m)", "count(*)"]))]
    columns: Vec<String>,
    /// `events`: each row is an event. `table`: rows that the query computes. `series`: such rows by time. Absent if the query is
    /// not valid, or its text does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "series")]
    shape: Option<&'static str>,
    /// The data that the query would scan.
    estimate: EstimateBody,
}

/// The data that a query would scan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueryEstimate)]
pub struct EstimateBody {
    /// The bytes. Absent if `basis` is `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 240_000_000)]
    bytes: Option<u64>,
    /// The cost of these bytes at the operator's price, in US dollars. Absent without `bytes`, and on a local source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0.0012)]
    usd: Option<f64>,
    /// `exact`: the bytes of the events in the range that you can see. `stored`: all bytes that you can see in the log groups,
    /// which is the most that the query can scan. `unknown`: on CloudWatch also if you can see only some events of a log group.
    #[schema(example = "stored")]
    basis: &'static str,
    /// Gigabytes that queries can still scan today. Absent if the tenant has no limit, and when `GET /me` does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 48.5)]
    remaining_gb: Option<f64>,
}

/// Check a query
///
/// Returns the faults of a query with their positions, the parts that are not allowed, the columns of the result, and the data that
/// the query would scan. The body is that of `POST /queries`. It starts nothing, uses no budget, and the query is not logged. Log
/// groups that you cannot query are refused as by `POST /queries`.
#[utoipa::path(
    post,
    path = "/queries/check",
    operation_id = "checkQuery",
    tag = "queries",
    params(ParametersOf<CheckQueryRequest>),
    request_body = CheckQueryRequest,
    responses(
        (status = 200, description = "The faults and the outline", body = QueryCheckBody),
        ForbiddenBody,
        Negotiated,
        TokenFailures,
        SourceFailures,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<groups>"])),
)]
pub(crate) async fn check_query(
    State(app): State<AppState>,
    Authorized { caller, permit, request, info, .. }: Authorized<CheckQueryRequest>,
) -> Result<Json<QueryCheckBody>, ApiError> {
    let source = permit.sources().first().map(|rule| rule.source.clone()).ok_or(ApiError::NoSuchHandle)?;
    let queries = app.sources.queries(&permit, &source)?;
    let CheckQueryRequest { text, mut faults, refused } = request;
    let mut refusals = RefusalBody::all(&refused);
    if let Some(starting) = permit.for_starting()
        && let Err(error) = queries.check(&starting)
    {
        match error {
            SourceError::QueryUnsupported(found) => faults = found,
            SourceError::QueryMasked(found) => refusals.extend(RefusalBody::all(&found)),
            error => refusals.push(refusal(error, text.len())?),
        }
    }
    let estimate = queries.estimate(&permit).await?;
    list::audit(&app, &info, &permit, Some(&group_names(&permit.op().groups)), 0);
    let ResultOutline { columns, shape } = ResultOutline::of(&text);
    Ok(Json(QueryCheckBody {
        diagnostics: DiagnosticBody::all(&text, &faults),
        refusals,
        columns,
        shape,
        estimate: estimated(&app, &caller, queries, estimate).await,
    }))
}

/// A source's reason not to start the query, for the whole text.
fn refusal(error: SourceError, end: usize) -> Result<RefusalBody, ApiError> {
    let code = match error {
        SourceError::QueryForbidden(_) => ProblemCode::QueryForbidden,
        SourceError::QueryTooLong { .. } => ProblemCode::InvalidQuery,
        error => return Err(ApiError::Source(error)),
    };
    Ok(RefusalBody::new(code, ApiError::Source(error).problem().detail, 0, end))
}

async fn estimated(app: &App, caller: &Caller, queries: &dyn Queries, estimate: ScanEstimate) -> EstimateBody {
    let (bytes, tenant) = (estimate.bytes(), &caller.tenant);
    EstimateBody {
        bytes,
        usd: bytes.zip(queries.price_per_gb()).map(|(bytes, price)| bytes as f64 / GIGABYTE * price),
        basis: match estimate {
            ScanEstimate::Exact(_) => "exact",
            ScanEstimate::Stored(_) => "stored",
            ScanEstimate::Unknown => "unknown",
        },
        remaining_gb: app.tenant_limits.left(&tenant.id, Budget::Scanned, tenant.limits.scanned_gb_per_day).await,
    }
}
