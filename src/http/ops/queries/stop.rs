//! `DELETE /queries/{id}`: stops a query (StopQuery).

use axum::extract::State;
use http::StatusCode;

use super::{group_names, opened};
use crate::domain::query::operations::StopQuery;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, NotSupported, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::QueryPath;
use crate::http::ops::list;
use crate::http::problem::ApiError;

/// The request says nothing besides its operation.
#[derive(Debug)]
pub struct StopQueryRequest;

impl ParseRequest for StopQueryRequest {
    type Op = StopQuery;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(StopQuery, Self), ApiError> {
        let id = input.path_text("id");
        input.finish()?;
        Ok((StopQuery { query: opened(id, context)? }, Self))
    }
}

/// Stop a query
///
/// One that has ended already is left as it is: the answer is the same. What it had found can still be read.
#[utoipa::path(
    delete,
    path = "/queries/{id}",
    operation_id = "stopQuery",
    tag = "queries",
    params(QueryPath),
    responses(
        (status = 204, description = "It does not run any more"),
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
    list::audit(&app, &info, &permit, Some(&group_names(&query.groups)), 0);
    Ok(StatusCode::NO_CONTENT)
}
