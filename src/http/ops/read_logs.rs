//! `GET /logs?group=&stream=`: events of a stream or a group, with the names as query parameters.

use axum::extract::State;
use axum::response::Response;

use super::events::parameters::{EVENTS, NAMES, STREAM_CHOICE};
use super::events::request::{EventsRequest, NamesIn};
use super::events::response;
use crate::domain::tail::EventsOperation;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::answers::Events;
use crate::http::openapi::failures::{CommonFailures, InvalidEventsRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::parameter::{ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::ApiError;

/// The request.
#[derive(Debug)]
pub struct ReadLogsRequest(EventsRequest);

impl RequestParameters for ReadLogsRequest {
    const PARAMETERS: ParameterList = &[NAMES, STREAM_CHOICE, EVENTS];
}

impl ParseRequest for ReadLogsRequest {
    type Op = EventsOperation;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(EventsOperation, Self), ApiError> {
        EventsRequest::parse(input, context, NamesIn::Query).map(|(op, request)| (op, Self(request)))
    }
}

impl From<ReadLogsRequest> for EventsRequest {
    fn from(ReadLogsRequest(request): ReadLogsRequest) -> Self {
        request
    }
}

/// Events, with names as query parameters
///
/// With `stream` it works like `GET /logs/{group}/{stream}`, without like `GET /logs/{group}`. A `cursor` is enough, since it
/// contains its request.
#[utoipa::path(
    get,
    path = "/logs",
    operation_id = "readLogs",
    tag = "events",
    params(ParametersOf<ReadLogsRequest>),
    responses(Events, InvalidEventsRequest, Negotiated, TokenFailures, SourceFailures, CommonFailures),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_logs(
    State(app): State<AppState>,
    authorized: Authorized<ReadLogsRequest>,
) -> Result<Response, ApiError> {
    response::respond(app, authorized).await
}
