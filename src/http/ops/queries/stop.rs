//! `DELETE /queries/{id}`: stops a query (StopQuery).

use axum::extract::State;
use http::StatusCode;

use super::{ID, group_names, opened};
use crate::domain::query::operations::StopQuery;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, NotSupported, SourceFailures, TokenFailures};
use crate::http::ops::list;
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;

/// The request, which is the operation alone.
#[derive(Debug)]
pub struct StopQueryRequest;

impl RequestParameters for StopQueryRequest {
    const PARAMETERS: ParameterList = &[&[&ID]];
}

impl ParseRequest for StopQueryRequest {
    type Op = StopQuery;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(StopQuery, Self), ApiError> {
        let id = input.get(&ID);
        input.finish()?;
        Ok((StopQuery { query: opened(id, context)? }, Self))
    }
}

/// Stop a query
///
/// Stops the query if it still runs. The answer is the same for a query that has ended. The rows found so far can still be
/// read.
#[utoipa::path(
    delete,
    path = "/queries/{id}",
    operation_id = "stopQuery",
    tag = "queries",
    params(ParametersOf<StopQueryRequest>),
    responses(
        (status = 204, description = "The query does not run any more"),
        InvalidParameter,
        TokenFailures,
        SourceFailures,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<groups>"])),
)]
pub(crate) async fn stop_query(
    State(app): State<AppState>,
    Authorized { permit, info, .. }: Authorized<StopQueryRequest>,
) -> Result<StatusCode, ApiError> {
    let query = &permit.op().query;
    app.sources.queries(&permit, &query.source)?.stop(&permit).await?;
    app.running_queries.ended(query);
    list::audit(&app, &info, &permit, Some(&group_names(&query.groups)), 0);
    Ok(StatusCode::NO_CONTENT)
}
