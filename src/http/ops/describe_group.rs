//! `GET /groups/{group}`: the properties of one log group (DescribeLogGroups).

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::list;
use super::parameters::{GROUP_IN_PATH, JSON_FORMAT, SOURCE};
use crate::auth::tenant::Caller;
use crate::domain::event::LogGroup;
use crate::domain::name::{LogGroupName, SourceName};
use crate::domain::operation::DescribeGroup;
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, SourceFailures, TokenFailures};
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;

/// The request, which is the operation alone.
#[derive(Debug)]
pub struct DescribeGroupRequest;

impl RequestParameters for DescribeGroupRequest {
    const PARAMETERS: ParameterList = &[&[&GROUP_IN_PATH, &SOURCE, &JSON_FORMAT]];
}

impl ParseRequest for DescribeGroupRequest {
    type Op = DescribeGroup;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(DescribeGroup, Self), ApiError> {
        let group = input.get(&GROUP_IN_PATH);
        let source = input.get(&SOURCE);
        list::json_only(input, context)?;
        let group = group.ok_or_else(|| ApiError::parameter(GROUP_IN_PATH.name, "is missing"))?;
        Ok((DescribeGroup { group, source }, Self))
    }
}

/// A log group.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Group)]
pub struct GroupBody {
    /// Its name.
    #[schema(value_type = String, example = "/acme/api")]
    name: LogGroupName,
    /// The path of its events.
    #[schema(example = "/logs/:acme:api")]
    path: String,
    /// The operator's source that has it. Absent if the tenant has only one source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "eu")]
    source: Option<SourceName>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-01T08:00:00.000Z")]
    created_at: Option<Millis>,
    /// Days that events are kept. Absent if they are kept forever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 30)]
    retention_days: Option<u32>,
    /// Bytes stored, if the source counts them. Absent if you can see only some of the group's events, or if your grant masks fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1048576)]
    stored_bytes: Option<u64>,
    /// CloudWatch's log class.
    #[schema(example = "STANDARD")]
    class: String,
}

impl GroupBody {
    pub(super) fn new(caller: &Caller, source: SourceName, group: LogGroup) -> Self {
        let LogGroup { name, created_at, retention_days, stored_bytes, class } = group;
        let path = list::path(caller, &source, &name, None);
        let source = Some(source).filter(|_| caller.tenant.has_several_sources());
        Self { name, path, source, created_at, retention_days, stored_bytes, class }
    }
}

/// Describe a log group
///
/// Returns its retention, stored bytes, class and time of creation.
#[utoipa::path(
    get,
    path = "/groups/{group}",
    operation_id = "describeGroup",
    tag = "groups",
    params(ParametersOf<DescribeGroupRequest>),
    responses(
        (status = 200, description = "The group", body = GroupBody),
        InvalidParameter,
        Negotiated,
        TokenFailures,
        SourceFailures,
        CommonFailures,
    ),
    security(("token" = ["logs:describe:<group>"])),
)]
pub(crate) async fn describe_group(
    State(app): State<AppState>,
    Authorized { caller, permit, info, .. }: Authorized<DescribeGroupRequest>,
) -> Result<Json<GroupBody>, ApiError> {
    let (name, source) = app.sources.of(&permit)?;
    let group = source.describe_group(&permit).await?;
    list::audit(&app, &info, &permit, Some(group.name.as_str()), 1);
    Ok(Json(GroupBody::new(&caller, name.clone(), group)))
}
