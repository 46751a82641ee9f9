//! `POST /tickets`: a one-use ticket for one GET URL.
//!
//! The URL is authorized as the GET would be: the request goes through the same routes, up to the permit. See also
//! [`crate::http::tickets`].

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode, Uri};
use serde::Serialize;
use tower::ServiceExt as _;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::list;
use super::parameters::JSON_FORMAT;
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authorized::{Authenticated, AuthenticatedBody, DryRun, RequestContext};
use crate::http::layers::RequestInfo;
use crate::http::member::{Member, StringValue, body_schema};
use crate::http::openapi::failures::{CommonFailures, ForbiddenBody, Negotiated, SourceFailures, TokenFailures};
use crate::http::parameter::{Example, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;
use crate::http::tickets::{self, NewTicket, TargetError};

const URL: Member<StringValue> = Member::required(
    "url",
    StringValue { least: Some(1), most: None },
    "is missing: give the URL of the GET, such as `/logs/:acme:api?follow=true`",
    "The URL of one GET of this service, from its path on, with `follow` or `format`.",
)
.example(Example::Text("/logs/:acme:api?follow=true"));

/// The routes of GETs, without layers: what a URL is authorized with.
#[derive(Debug, Clone)]
pub struct GetRoutes(pub Router);

/// The request.
#[derive(Debug)]
pub struct CreateTicketRequest;

impl RequestParameters for CreateTicketRequest {
    const PARAMETERS: ParameterList = &[&[&JSON_FORMAT]];
}

impl utoipa::PartialSchema for CreateTicketRequest {
    fn schema() -> RefOr<Schema> {
        body_schema("The URL that a ticket is for.", &[&URL])
    }
}

impl utoipa::ToSchema for CreateTicketRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TicketRequest")
    }
}

/// A ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ticket)]
pub struct TicketBody {
    /// The ticket.
    #[schema(example = "exampleTicket")]
    ticket: String,
    /// The URL with the ticket, ready for one GET without a token.
    #[schema(example = "/logs/:acme:api?follow=true&ticket=exampleTicket")]
    url: String,
    /// When the ticket expires: after 60 seconds, or with the token.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T10:01:00.000Z")]
    expires_at: Millis,
}

/// Create a ticket
///
/// Returns a ticket for one GET of the URL, for clients that cannot send a token: a browser's `EventSource`, and downloads. The URL must
/// have `follow` or `format`. The ticket is valid once, for this URL, for 60 seconds, and not beyond the token. A URL that the token could
/// not GET is refused as the GET would be.
#[utoipa::path(
    post,
    path = "/tickets",
    operation_id = "createTicket",
    tag = "events",
    params(ParametersOf<CreateTicketRequest>),
    request_body = CreateTicketRequest,
    responses(
        (status = 201, description = "The ticket", body = TicketBody),
        ForbiddenBody,
        Negotiated,
        TokenFailures,
        SourceFailures,
        CommonFailures,
    ),
    security(("token" = [])),
)]
pub(crate) async fn create_ticket(
    State(app): State<AppState>,
    Extension(GetRoutes(routes)): Extension<GetRoutes>,
    AuthenticatedBody { authenticated, headers }: AuthenticatedBody,
) -> Result<Response, ApiError> {
    let Authenticated { caller, input, now, info } = authenticated;
    let mut input = input.accepting(CreateTicketRequest::PARAMETERS);
    let url = input.body.get(&URL);
    let context = RequestContext { caller: &caller, now, headers: &headers, app: &app, work_time: app.limits.work_time };
    list::json_only(&mut input, context)?;
    let url = url.ok_or_else(|| ApiError::Internal("a fault of the input that was not noted".to_owned()))?;
    let invalid = |error: TargetError| ApiError::pointer("/url", error.to_string());
    let target = target(&app.public_url, &url).ok_or_else(|| invalid(TargetError::NotAPath))?;
    tickets::check_target(&target).map_err(invalid)?;
    if let Some(refusal) = authorize(routes, &target, &headers, &info).await {
        return Ok(refusal);
    }
    let NewTicket { text, expires_at } = app.tickets.make(&app.sealer, &caller.claims, &target, now)?;
    let url = format!("{target}&{}={text}", tickets::PARAMETER);
    Ok((StatusCode::CREATED, Json(TicketBody { ticket: text, url, expires_at })).into_response())
}

/// The path and the query of a URL of this service.
fn target(public_url: &str, url: &str) -> Option<Uri> {
    let path = url.strip_prefix(public_url).unwrap_or(url);
    let target: Uri = path.parse().ok()?;
    (path.starts_with('/') && target.authority().is_none()).then_some(target)
}

/// The answer that refuses a GET of the URL; `None`: it is not refused.
async fn authorize(routes: Router, target: &Uri, headers: &HeaderMap, info: &Arc<RequestInfo>) -> Option<Response> {
    let dry_run = DryRun::default();
    let mut request = Request::get(target.clone());
    if let Some(token) = headers.get(AUTHORIZATION) {
        request = request.header(AUTHORIZATION, token);
    }
    let request = request.extension(Arc::clone(info)).extension(dry_run.clone()).body(Body::empty()).ok()?;
    let response = match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    // An operation without a permit has done its work.
    if dry_run.is_authorized() || response.status().is_success() {
        return None;
    }
    let is_ours = response.extensions().get::<ApiError>().is_some();
    Some(if is_ours { response } else { ApiError::NoSuchPath.into_response() })
}
