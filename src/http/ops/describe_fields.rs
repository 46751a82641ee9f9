//! `GET /groups/{group}/fields`: the fields of a group's events (GetLogGroupFields).

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::list;
use super::parameters::{self, GROUP_IN_PATH, JSON_FORMAT};
use crate::domain::name::LogGroupName;
use crate::domain::query::operations::{DescribeFields, FieldShare};
use crate::domain::time::TimeSpec;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, NotSupported, SourceFailures, TokenFailures};
use crate::http::parameter::{Parameter, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::value::Text;

/// The middle of the minutes that are searched.
const TIME: Parameter<Text<TimeSpec>> = Parameter::query(
    "time",
    parameters::TIME,
    "The middle of the 16 minutes that are searched, in the same forms as `start` of events. Default: the last 15 minutes.",
);

/// The request, which is the operation alone.
#[derive(Debug)]
pub struct DescribeFieldsRequest;

impl RequestParameters for DescribeFieldsRequest {
    const PARAMETERS: ParameterList = &[&[&GROUP_IN_PATH, &TIME, &JSON_FORMAT]];
}

impl ParseRequest for DescribeFieldsRequest {
    type Op = DescribeFields;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(DescribeFields, Self), ApiError> {
        let group = input.get(&GROUP_IN_PATH);
        let time = input.get(&TIME);
        list::json_only(input, context)?;
        let group = group.ok_or_else(|| ApiError::parameter(GROUP_IN_PATH.name, "is missing"))?;
        let around = time.map(|time| time.resolve(context.now)).transpose();
        let around = around.map_err(|error| ApiError::parameter(TIME.name, error.to_string()))?;
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
    /// The fields, the most frequent first.
    fields: Vec<FieldBody>,
}

/// A field.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Field)]
pub struct FieldBody {
    /// Its name, as queries write it.
    #[schema(example = "status")]
    name: String,
    /// The percentage of events that have it.
    #[schema(example = 98)]
    percent: u32,
}

/// List the fields of a log group's events
///
/// Returns the fields that were found in some minutes, with the percentage of events that have them. The names of fields are
/// content of the logs, so the operation needs the action `query` on the group, and on CloudWatch on all of its events. Masked
/// fields are left out.
#[utoipa::path(
    get,
    path = "/groups/{group}/fields",
    operation_id = "describeFields",
    tag = "queries",
    params(ParametersOf<DescribeFieldsRequest>),
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
