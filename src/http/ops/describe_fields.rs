//! `GET /groups/{group}/fields`: which fields a group's events have (GetLogGroupFields).

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::list;
use crate::domain::name::LogGroupName;
use crate::domain::query::operations::{DescribeFields, FieldShare};
use crate::domain::time::TimeSpec;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, NotSupported, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{GroupPath, JsonOnly, TimeQuery};
use crate::http::problem::ApiError;

/// The request says nothing besides its operation.
#[derive(Debug)]
pub struct DescribeFieldsRequest;

impl ParseRequest for DescribeFieldsRequest {
    type Op = DescribeFields;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(DescribeFields, Self), ApiError> {
        let group: Option<LogGroupName> = input.path_name("group");
        let time = input.read("time", TimeSpec::parse);
        list::json_only(input, context)?;
        let group = group.ok_or_else(|| ApiError::parameter("group", "is missing"))?;
        let around = time.map(|time| time.resolve(context.now)).transpose();
        let around = around.map_err(|error| ApiError::parameter("time", error.to_string()))?;
        Ok((DescribeFields { group, around }, Self))
    }
}

/// The fields of a group's events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Fields)]
pub struct FieldsBody {
    /// The log group.
    #[schema(value_type = String, example = "/acme/api")]
    log_group: LogGroupName,
    /// The fields, the commonest first.
    fields: Vec<FieldBody>,
}

/// A field.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Field)]
pub struct FieldBody {
    /// Its name, as queries write it.
    #[schema(example = "status")]
    name: String,
    /// In how many of a hundred events.
    #[schema(example = 98)]
    percent: u32,
}

/// The fields of a log group's events
///
/// Those that were found in some minutes, with their share of the events. Names of fields are content: they need the permission
/// to query the group, and on CloudWatch all of its streams.
#[utoipa::path(
    get,
    path = "/groups/{group}/fields",
    operation_id = "describeFields",
    tag = "queries",
    params(
        GroupPath,
        TimeQuery,
        JsonOnly,
    ),
    responses(
        (status = 200, description = "Fields", body = FieldsBody),
        InvalidParameter,
        Negotiated,
        TokenFailures,
        SourceFailures,
        NotSupported,
        CommonFailures,
    ),
    security(("token" = ["logs:query:<group>"])),
)]
pub(crate) async fn describe_fields(
    State(app): State<AppState>,
    Authorized { permit, info, .. }: Authorized<DescribeFieldsRequest>,
) -> Result<Json<FieldsBody>, ApiError> {
    let source = permit.sources().first().map(|rule| rule.source.clone()).ok_or(ApiError::NoSuchHandle)?;
    let fields = app.sources.queries(&permit, &source)?.describe_fields(&permit).await?;
    let log_group = permit.op().group.clone();
    list::audit(&app, &info, &permit, Some(log_group.as_str()), fields.len());
    let fields = fields.into_iter().map(|FieldShare { name, percent }| FieldBody { name, percent }).collect();
    Ok(Json(FieldsBody { log_group, fields }))
}
