//! `GET /me/explain`: whether the caller may do an action, and the claim and the rule that decide it.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::schema::ObjectBuilder;

use super::list;
use super::parameters::{GROUP_NAME, JSON_FORMAT, STREAM_NAME};
use crate::auth::permit::GrantReason;
use crate::auth::policy;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::operation::Action;
use crate::http::AppState;
use crate::http::authorized::{Authenticated, RequestContext};
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, TokenFailures};
use crate::http::openapi::texts;
use crate::http::parameter::{Example, Parameter, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::value::{InvalidValue, Text};

const ACTION: Parameter<Text<Action>> = Parameter::query("action", Text { parse: action, schema: action_schema }, "The action.")
    .required()
    .example(Example::Text("read"));
const GROUP: Parameter<Text<LogGroupName>> =
    Parameter::query("group", GROUP_NAME, "The log group.").required().example(Example::Text("/acme/api"));
const STREAM: Parameter<Text<LogStreamName>> = Parameter::query("stream", STREAM_NAME, "The log stream.");

/// The request.
#[derive(Debug)]
pub struct ExplainRequest;

impl RequestParameters for ExplainRequest {
    const PARAMETERS: ParameterList = &[&[&ACTION, &GROUP, &STREAM, &JSON_FORMAT]];
}

fn action(text: &str) -> Result<Action, InvalidValue> {
    Action::from_str(text).map_err(InvalidValue::clause)
}

fn action_schema() -> ObjectBuilder {
    texts::plain().enum_values(Some(Action::ALL.map(Action::as_str)))
}

/// The decision and its reasons.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Explanation)]
pub struct ExplainBody {
    /// Whether the action is allowed.
    #[schema(example = true)]
    allowed: bool,
    /// The action.
    #[schema(example = "read")]
    action: &'static str,
    /// The log group.
    #[schema(value_type = String, example = "/acme/api")]
    group: LogGroupName,
    /// The log stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "web-1")]
    stream: Option<LogStreamName>,
    /// The grant, the scope and the claim that allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<BecauseBody>,
    /// What the grants show of the log group's events, if one of them has a row rule or a mask. An event is visible if one entry
    /// covers it; a field is masked if every entry that covers the event masks it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleBody>,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the token lacks the scope `logs:read:/acme/api`")]
    missing: Option<String>,
    /// A scope that allows the action, if only the token's scopes are missing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "logs:read:/acme/api")]
    needed_scope: Option<String>,
}

/// What one grant shows of a log group's events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ShownEvents)]
pub struct RuleBody {
    /// Only events of streams that match one of these patterns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["prod-*"]))]
    streams: Option<Vec<String>>,
    /// Only events that match this filter pattern.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    #[schema(example = "{ $.tenant = \"acme\" }")]
    rows: Option<String>,
    /// The masked JSON paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["$.card"]))]
    mask: Vec<String>,
}

impl From<policy::ExplainedRule> for RuleBody {
    fn from(policy::ExplainedRule { streams, rows, mask }: policy::ExplainedRule) -> Self {
        Self { streams, rows, mask }
    }
}

/// The rules that allow the action.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Because)]
pub struct BecauseBody {
    /// The grant, by its path in the operator's configuration.
    #[schema(example = "tenants.acme.grants[0]")]
    grant: String,
    /// The token's scope.
    #[schema(example = "logs:read:/acme/*")]
    scope: String,
    /// The claim with the scope.
    #[schema(example = "scope")]
    claim: String,
    /// The value of the claim, such as a group or a role, that the operator's configuration maps to the scope. Absent if the claim
    /// contains the scope itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "log-readers")]
    claim_value: Option<String>,
}

impl From<GrantReason> for BecauseBody {
    fn from(GrantReason { grant, scope, claim, claim_value }: GrantReason) -> Self {
        Self { grant, scope, claim, claim_value }
    }
}

/// Explain a permission
///
/// Returns whether you may do the action on the group (and stream), with the claim and the rule that allow it, or with what is
/// missing. `allowed` is false too for features that the group's source lacks: queries, live tail. The answer does not tell whether
/// the group exists.
#[utoipa::path(
    get,
    path = "/me/explain",
    operation_id = "explain",
    tag = "caller",
    params(ParametersOf<ExplainRequest>),
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
    Authenticated { caller, input, now, .. }: Authenticated,
) -> Result<Json<ExplainBody>, ApiError> {
    let mut input = input.accepting(ExplainRequest::PARAMETERS);
    let (action, group, stream) = (input.get(&ACTION), input.get(&GROUP), input.get(&STREAM));
    if action.is_none() {
        input.require(&ACTION, "is missing: use `read`, `query`, `tail` or `describe`");
    }
    if group.is_none() {
        input.require(&GROUP, "is missing: name a log group");
    }
    list::json_only(
        &mut input,
        RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time },
    )?;
    let missing = || ApiError::Internal("a required parameter was not noticed missing".to_owned());
    let (action, group) = (action.ok_or_else(missing)?, group.ok_or_else(missing)?);
    let source = policy::default_source(&caller, action, &group, stream.as_ref());
    let features =
        source.map_or(policy::SourceFeatures { runs_queries: false, tails: false }, |source| app.sources.features(source));
    let policy::Explanation { allowed, because, rules, missing, needed_scope } =
        policy::explain(&caller, action, &group, stream.as_ref()).within(action, features);
    let because = because.map(BecauseBody::from);
    let rules = rules.into_iter().map(RuleBody::from).collect();
    Ok(Json(ExplainBody { allowed, action: action.as_str(), group, stream, because, rules, missing, needed_scope }))
}
