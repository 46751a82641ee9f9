//! `GET /logs/{group}/{stream}`: events of one stream (GetLogEvents; FilterLogEvents with a `filter`).

use axum::extract::State;
use axum::response::Response;

use super::events::answer;
use super::events::ask::EventsAsk;
use crate::http::AppState;
use crate::http::authorized::Authorized;
use crate::http::encode::json::PageBody;
use crate::http::openapi::{BadRequest, EventsQuery, Failures};
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
        ("group" = String, Path, description = "The log group: percent-encoded, or with `:` for `/`", example = ":acme:api"),
        ("stream" = String, Path, description = "The log stream: percent-encoded, or with `:` for `/`", example = "web-1"),
        EventsQuery,
    ),
    responses(
        (status = 200, description = "Events", content(
            (PageBody = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"), (String = "text/plain"),
        )),
        BadRequest,
        Failures,
    ),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_stream(State(app): State<AppState>, authorized: Authorized<EventsAsk>) -> Result<Response, ApiError> {
    answer::respond(app, authorized).await
}
