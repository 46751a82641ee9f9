//! `GET /logs?group=&stream=`: the same two, with the names as query parameters.

use axum::extract::State;
use axum::response::Response;

use super::events::request::EventsRequest;
use super::events::response;
use crate::http::AppState;
use crate::http::authorized::Authorized;
use crate::http::openapi::answers::Events;
use crate::http::openapi::failures::{CommonFailures, InvalidEventsRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{EventsQuery, KnownHeader, NamesQuery, StreamsQuery};
use crate::http::problem::ApiError;

/// Events, with names as query parameters
///
/// Like `GET /logs/{group}/{stream}` when `stream` is given, like `GET /logs/{group}` when it is not. A `cursor` alone is
/// enough: it carries its request.
#[utoipa::path(
    get,
    path = "/logs",
    operation_id = "readLogs",
    tag = "events",
    params(
        NamesQuery,
        StreamsQuery,
        EventsQuery,
        KnownHeader,
    ),
    responses(Events, InvalidEventsRequest, Negotiated, TokenFailures, SourceFailures, CommonFailures),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_logs(State(app): State<AppState>, authorized: Authorized<EventsRequest>) -> Result<Response, ApiError> {
    response::respond(app, authorized).await
}
