//! `GET /me/explain`: may I, and which claim and rule say so.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::list;
use crate::auth::policy;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::operation::Action;
use crate::http::AppState;
use crate::http::authorized::{Authenticated, RequestContext};
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, TokenFailures};
use crate::http::openapi::parameters::{ExplainQuery, JsonOnly};
use crate::http::problem::ApiError;

/// The decision and its reasons.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Explanation)]
pub struct ExplainBody {
    /// May the caller?
    #[schema(example = true)]
    allowed: bool,
    /// To do what.
    #[schema(example = "read")]
    action: &'static str,
    /// On which group.
    #[schema(value_type = String, example = "/acme/api")]
    group: LogGroupName,
    /// On which stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "web-1")]
    stream: Option<LogStreamName>,
    /// The grant, the scope and the claim that allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<BecauseBody>,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the token lacks the scope `logs:read:/acme/api`")]
    missing: Option<String>,
    /// A scope that would do, when only the token is short of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "logs:read:/acme/api")]
    needed_scope: Option<String>,
}

/// What allows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Because)]
pub struct BecauseBody {
    /// The grant's place in the operator's configuration.
    #[schema(example = "tenants.acme.grants[0]")]
    grant: String,
    /// The token's scope.
    #[schema(example = "logs:read:/acme/*")]
    scope: String,
    /// The claim that the scope stands in.
    #[schema(example = "scope")]
    claim: String,
}

/// May I, and why
///
/// Says whether the caller may do the action on the group (and stream), which claim and which rule say so, or what is
/// missing. `allowed` is false too for what this service lacks: live tail, and queries on a source that runs none. It does not say
/// whether the group exists.
#[utoipa::path(
    get,
    path = "/me/explain",
    operation_id = "explain",
    tag = "caller",
    params(
        ExplainQuery,
        JsonOnly,
    ),
    responses(
        (status = 200, description = "The decision", body = ExplainBody),
        InvalidParameter,
        Negotiated,
        TokenFailures,
        CommonFailures,
    ),
    security(("token" = [])),
)]
pub(crate) async fn explain(
    State(app): State<AppState>,
    headers: http::HeaderMap,
    Authenticated { caller, mut input, now, .. }: Authenticated,
) -> Result<Json<ExplainBody>, ApiError> {
    let action = input.read("action", Action::from_str);
    let group: Option<LogGroupName> = input.query_name("group");
    let stream: Option<LogStreamName> = input.query_name("stream");
    if action.is_none() {
        input.require("action", "is missing: give `read`, `query`, `tail` or `describe`");
    }
    if group.is_none() {
        input.require("group", "is missing: name a log group");
    }
    list::json_only(
        &mut input,
        RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time },
    )?;
    let missing = || ApiError::Internal("a required parameter was not noticed missing".to_owned());
    let (action, group) = (action.ok_or_else(missing)?, group.ok_or_else(missing)?);
    let source = policy::default_source(&caller, action, &group, stream.as_ref());
    let runs_queries = source.is_some_and(|source| app.sources.runs_queries(source));
    let policy::Explanation { allowed, because, missing, needed_scope } =
        policy::explain(&caller, action, &group, stream.as_ref()).within(action, runs_queries);
    let because = because.map(|reason| BecauseBody { grant: reason.grant, scope: reason.scope, claim: reason.claim });
    Ok(Json(ExplainBody { allowed, action: action.as_str(), group, stream, because, missing, needed_scope }))
}
