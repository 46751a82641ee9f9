//! `GET /logs/{group}/{stream}`: events of one stream (GetLogEvents; FilterLogEvents with a `filter`).

use axum::extract::State;
use axum::response::Response;

use super::events::request::EventsRequest;
use super::events::response;
use crate::http::AppState;
use crate::http::authorized::Authorized;
use crate::http::openapi::answers::Events;
use crate::http::openapi::failures::{CommonFailures, InvalidEventsRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{EventsQuery, GroupPath, KnownHeader, StreamPath};
use crate::http::problem::ApiError;

/// Events of one log stream
///
/// A page as JSON, or every event to the end of the range as NDJSON, CSV or text. Without `start` the newest events come;
/// with `start` the oldest of the range. Follow `nextCursor` until `stopReason` is `end`.
#[utoipa::path(
    get,
    path = "/logs/{group}/{stream}",
    operation_id = "readStream",
    tag = "events",
    params(
        GroupPath,
        StreamPath,
        EventsQuery,
        KnownHeader,
    ),
    responses(Events, InvalidEventsRequest, Negotiated, TokenFailures, SourceFailures, CommonFailures),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_stream(
    State(app): State<AppState>,
    authorized: Authorized<EventsRequest>,
) -> Result<Response, ApiError> {
    response::respond(app, authorized).await
}
