//! `GET /reports`: the reports that there are.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde::Serialize;

use crate::http::AppState;
use crate::http::authorized::{Authenticated, RequestContext};
use crate::http::openapi::failures::{CommonFailures, InvalidParameter, Negotiated, TokenFailures};
use crate::http::ops::list;
use crate::http::ops::parameters::JSON_FORMAT;
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::reports::catalogue;
use crate::reports::definition::{Definition, Key, Shape};

/// The request, which has no parameters of its own.
#[derive(Debug)]
pub struct ListReportsRequest;

impl RequestParameters for ListReportsRequest {
    const PARAMETERS: ParameterList = &[&[&JSON_FORMAT]];
}

/// The reports.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Reports)]
pub struct ReportsBody {
    /// The reports.
    reports: Vec<ReportOutline>,
}

/// A report.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReportOutline {
    /// The name, for `/reports/{name}`.
    #[schema(example = "routes")]
    name: &'static str,
    /// The title.
    #[schema(example = "Routes")]
    title: &'static str,
    /// What it answers.
    #[schema(example = "Requests, errors and latency by method and route.")]
    description: &'static str,
    /// The keys of its rows. Keys of fields that a log format lacks are left out.
    #[schema(example = json!(["httpMethod", "resourcePath"]))]
    keys: Vec<&'static str>,
    /// The measures of its rows. Those that a log format lacks are left out.
    #[schema(example = json!(["requests", "pct", "bytes"]))]
    measures: Vec<&'static str>,
}

impl From<&'static Definition> for ReportOutline {
    fn from(definition: &'static Definition) -> Self {
        let Definition { name, title, description, keys, .. } = *definition;
        let keys = keys.iter().filter(|key| **key != Key::Dimension).map(|key| key.name(None)).collect();
        Self { name, title, description, keys, measures: measures(definition) }
    }
}

/// The measures of a report.
fn measures(definition: &Definition) -> Vec<&'static str> {
    const ALL: [&str; 10] =
        ["requests", "pct", "errors4xx", "errors5xx", "errorRate", "bytes", "latency", "visitors", "firstSeen", "lastSeen"];
    let with = |more: &[&'static str]| ALL.into_iter().chain(more.iter().copied()).collect();
    match definition.shape {
        Shape::Phases(_) => vec!["latency"],
        Shape::Requests(_) => vec!["bytes", "latency"],
        Shape::LineKinds => vec!["requests", "pct", "firstSeen", "lastSeen", "samples"],
        Shape::Compare => with(&["previous", "delta", "deltaPct"]),
        Shape::Billing => with(&["amount"]),
        Shape::Grouped if definition.keys.is_empty() => with(&["classes"]),
        Shape::Grouped | Shape::PivotOf(_) | Shape::Each => with(&[]),
    }
}

/// List the reports
///
/// Returns the reports with their keys and measures. They are the same for every caller.
#[utoipa::path(
    get,
    path = "/reports",
    operation_id = "listReports",
    tag = "reports",
    params(ParametersOf<ListReportsRequest>),
    responses((status = 200, description = "The reports", body = ReportsBody), InvalidParameter, Negotiated, TokenFailures, CommonFailures),
    security(("token" = [])),
)]
pub(crate) async fn list_reports(
    State(app): State<AppState>,
    headers: HeaderMap,
    Authenticated { caller, input, now, .. }: Authenticated,
) -> Result<Json<ReportsBody>, ApiError> {
    let mut input = input.accepting(ListReportsRequest::PARAMETERS);
    let context = RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time };
    list::json_only(&mut input, context)?;
    Ok(Json(ReportsBody { reports: catalogue::ALL.into_iter().map(ReportOutline::from).collect() }))
}
