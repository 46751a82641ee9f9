//! `GET /queries/{id}`: status and rows of a query (GetQueryResults).

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use tokio::time::Instant;

use super::response;
use super::{FORMAT, ID, PREFER, ROWS, applied, counted, group_names, opened, preferred_wait, read_format, read_rows};
use crate::domain::event::Position;
use crate::domain::query::operations::ReadQuery;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext, credential_of};
use crate::http::encode::Format;
use crate::http::input::Input;
use crate::http::openapi::answers::Rows;
use crate::http::openapi::failures::{
    CommonFailures, InvalidListRequest, Negotiated, NotSupported, QueryIncomplete, SourceFailures, TokenFailures,
};
use crate::http::ops::list;
use crate::http::ops::parameters::SEALED;
use crate::http::packed_request::PackedRequest;
use crate::http::parameter::{Example, Parameter, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::{ApiError, INVALID_CURSOR};
use crate::http::value::{Number, Text};

/// Rows in a page at most, and by default: CloudWatch's own limit.
pub(super) const MAX_ROWS_IN_PAGE: usize = 10_000;

const LIMIT: Parameter<Number> =
    Parameter::query("limit", Number { least: 1, most: MAX_ROWS_IN_PAGE }, "Rows in the page, 1 to 10000. Default: 10000.")
        .example(Example::Number(1000));
const CURSOR: Parameter<Text<String>> = Parameter::query("cursor", SEALED, "Cursor from a previous page of this query.");

/// The rest of the request.
#[derive(Debug)]
pub struct ReadQueryRequest {
    id: String,
    limit: usize,
    from: Option<Position>,
    format: Format,
    wait: Option<Duration>,
    /// The `Authorization` of the request, to check it again after the wait.
    credential: Option<HeaderValue>,
}

impl RequestParameters for ReadQueryRequest {
    const PARAMETERS: ParameterList = &[&[&ID, &LIMIT, &CURSOR, &PREFER, &FORMAT]];
}

impl ParseRequest for ReadQueryRequest {
    type Op = ReadQuery;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ReadQuery, Self), ApiError> {
        let id = input.get(&ID);
        let limit = input.get(&LIMIT).unwrap_or(MAX_ROWS_IN_PAGE);
        let cursor = input.get(&CURSOR);
        let format = read_format(input, context);
        input.finish()?;
        let query = opened(id.clone(), context)?;
        let from = match cursor {
            None => None,
            Some(text) => {
                let tenant = &context.caller.tenant.id;
                let (of, position): (PackedRequest, Position) = context.app.sealer.open(ROWS, tenant, context.now, &text)?;
                if of.read::<String>().as_ref() != Some(&query.id) {
                    return Err(ApiError::InvalidCursor(INVALID_CURSOR.into()));
                }
                Some(position)
            }
        };
        let request = Self {
            id: id.unwrap_or_default(),
            limit,
            from,
            format: format?,
            wait: preferred_wait(context),
            credential: credential_of(context.headers),
        };
        Ok((ReadQuery { query }, request))
    }
}

/// Get the status and the rows of a query
///
/// Rows are partial until `status` is `Complete`. `Prefer: wait=20` waits up to 20 seconds for the end of the query. CSV and
/// NDJSON need a complete query; their header `Logmark-Cursor` has the cursor to the next rows.
#[utoipa::path(
    get,
    path = "/queries/{id}",
    operation_id = "readQuery",
    tag = "queries",
    params(ParametersOf<ReadQueryRequest>),
    responses(
        Rows,
        InvalidListRequest,
        Negotiated,
        TokenFailures,
        SourceFailures,
        QueryIncomplete,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<groups>"])),
)]
pub(crate) async fn read_query(
    State(app): State<AppState>,
    Authorized { caller, permit, request, now, info }: Authorized<ReadQueryRequest>,
) -> Result<Response, ApiError> {
    let query = &permit.op().query;
    let queries = app.sources.queries(&permit, &query.source)?;
    let wait = request.wait.filter(|_| request.from.is_none());
    if let Some(wait) = wait {
        queries.wait(&permit, Instant::now() + wait).await?;
        app.check_query(&caller, request.credential.as_ref(), &permit).await?;
    }
    let (reservation, page) = read_rows(&app, &info, queries, &permit, request.from.as_ref(), request.limit).await?;
    if page.status.has_ended() {
        app.running_queries.ended(query);
    }
    list::audit(&app, &info, &permit, Some(&group_names(&query.groups)), page.rows.len());
    let response = response::page(&app, &caller, &permit, &request.id, page, request.format, now)?;
    let mut response = counted(reservation, &info, response)?;
    applied(wait, response.headers_mut());
    Ok(response)
}
