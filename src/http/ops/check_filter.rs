//! `POST /filters/check`: the faults of a filter pattern, for editors. It reads no event.
//!
//! INVARIANT: neither the log nor a metric contains the pattern.

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::check::{DiagnosticBody, RefusalBody};
use super::list;
use super::parameters::JSON_FORMAT;
use crate::domain::filter::EventFilter;
use crate::http::AppState;
use crate::http::authorized::{Authenticated, AuthenticatedBody, RequestContext};
use crate::http::member::{Member, StringValue, body_schema};
use crate::http::openapi::failures::{CommonFailures, InvalidBody, Negotiated, TokenFailures};
use crate::http::parameter::{Example, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;

const FILTER: Member<StringValue> = Member::required(
    "filter",
    // A pattern of any length is checked: too long is one of the diagnostics.
    StringValue { least: None, most: None },
    "is missing: give the filter pattern",
    "The filter pattern to check.",
)
.example(Example::Text("{ $.status == 500 }"));

/// The request.
#[derive(Debug)]
pub struct CheckFilterRequest;

impl RequestParameters for CheckFilterRequest {
    const PARAMETERS: ParameterList = &[&[&JSON_FORMAT]];
}

impl utoipa::PartialSchema for CheckFilterRequest {
    fn schema() -> RefOr<Schema> {
        body_schema("A filter pattern to check.", &[&FILTER])
    }
}

impl utoipa::ToSchema for CheckFilterRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("FilterToCheck")
    }
}

/// The result of a check.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = FilterCheck)]
pub struct FilterCheckBody {
    /// The faults of the pattern, in order. Empty if the pattern is valid.
    diagnostics: Vec<DiagnosticBody>,
    /// The parts of the pattern that the tenant's rules do not allow. Empty if all are allowed.
    refusals: Vec<RefusalBody>,
}

/// Check a filter pattern
///
/// Returns the faults of a CloudWatch filter pattern with their positions, and what to write instead. It reads no event, and the
/// pattern is not logged.
#[utoipa::path(
    post,
    path = "/filters/check",
    operation_id = "checkFilter",
    tag = "events",
    params(ParametersOf<CheckFilterRequest>),
    request_body = CheckFilterRequest,
    responses(
        (status = 200, description = "The faults", body = FilterCheckBody),
        InvalidBody,
        Negotiated,
        TokenFailures,
        CommonFailures,
    ),
    security(("token" = [])),
)]
pub(crate) async fn check_filter(
    State(app): State<AppState>,
    AuthenticatedBody { authenticated, headers }: AuthenticatedBody,
) -> Result<Json<FilterCheckBody>, ApiError> {
    let Authenticated { caller, input, now, .. } = authenticated;
    let mut input = input.accepting(CheckFilterRequest::PARAMETERS);
    let filter = input.body.get(&FILTER);
    list::json_only(
        &mut input,
        RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time },
    )?;
    let filter = filter.ok_or_else(|| ApiError::Internal("a fault of the input that was not noted".to_owned()))?;
    let faults = EventFilter::parse(&filter).err().unwrap_or_default();
    Ok(Json(FilterCheckBody { diagnostics: DiagnosticBody::all(&filter, &faults), refusals: Vec::new() }))
}
