//! `GET /logs?group=&stream=`: the same two, with the names as query parameters.

use axum::extract::State;
use axum::response::Response;

use super::events::answer;
use super::events::ask::EventsAsk;
use crate::http::AppState;
use crate::http::authorized::Authorized;
use crate::http::encode::json::PageBody;
use crate::http::openapi::{BadRequest, EventsQuery, Failures, StreamsQuery};
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
        ("group" = Option<String>, Query, description = "The log group; needed without a `cursor`", example = "/acme/api"),
        ("stream" = Option<String>, Query, description = "The log stream; absent: all of the group's", example = "web-1"),
        StreamsQuery,
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
pub(crate) async fn read_logs(State(app): State<AppState>, authorized: Authorized<EventsAsk>) -> Result<Response, ApiError> {
    answer::respond(app, authorized).await
}
