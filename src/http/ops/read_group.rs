//! `GET /logs/{group}`: events of all or chosen streams of a group (FilterLogEvents).

use axum::extract::State;
use axum::response::Response;

use super::events::request::EventsRequest;
use super::events::response;
use crate::http::AppState;
use crate::http::authorized::Authorized;
use crate::http::openapi::answers::Events;
use crate::http::openapi::failures::{CommonFailures, InvalidEventsRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{EventsQuery, GroupPath, KnownHeader, StreamsQuery};
use crate::http::problem::ApiError;

/// Events of a log group
///
/// Those of all its streams that the caller may see, or of those chosen by `streams` or `streamPrefix`, in order of time.
#[utoipa::path(
    get,
    path = "/logs/{group}",
    operation_id = "readGroup",
    tag = "events",
    params(
        GroupPath,
        StreamsQuery,
        EventsQuery,
        KnownHeader,
    ),
    responses(Events, InvalidEventsRequest, Negotiated, TokenFailures, SourceFailures, CommonFailures),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_group(State(app): State<AppState>, authorized: Authorized<EventsRequest>) -> Result<Response, ApiError> {
    response::respond(app, authorized).await
}
