//! `GET /logs/{group}/{stream}`: events of one stream (GetLogEvents; FilterLogEvents with a `filter`).

use axum::extract::State;
use axum::response::Response;

use super::events::parameters::{EVENTS, STREAM_IN_PATH};
use super::events::request::{EventsRequest, NamesIn};
use super::events::response;
use super::parameters::GROUP_IN_PATH;
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
pub struct ReadStreamRequest(EventsRequest);

impl RequestParameters for ReadStreamRequest {
    const PARAMETERS: ParameterList = &[&[&GROUP_IN_PATH, &STREAM_IN_PATH], EVENTS];
}

impl ParseRequest for ReadStreamRequest {
    type Op = EventsOperation;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(EventsOperation, Self), ApiError> {
        EventsRequest::parse(input, context, NamesIn::StreamPath).map(|(op, request)| (op, Self(request)))
    }
}

impl From<ReadStreamRequest> for EventsRequest {
    fn from(ReadStreamRequest(request): ReadStreamRequest) -> Self {
        request
    }
}

/// Events of one log stream
///
/// Returns a page as JSON, or every event to the end of the range as NDJSON, CSV or text. Without `start` it begins with the
/// newest events, with `start` with the oldest of the range. Follow `nextCursor` until `stopReason` is `end`.
///
/// With `follow=true` it is a live tail, which needs the action `tail`.
#[utoipa::path(
    get,
    path = "/logs/{group}/{stream}",
    operation_id = "readStream",
    tag = "events",
    params(ParametersOf<ReadStreamRequest>),
    responses(Events, InvalidEventsRequest, Negotiated, TokenFailures, SourceFailures, CommonFailures),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_stream(
    State(app): State<AppState>,
    authorized: Authorized<ReadStreamRequest>,
) -> Result<Response, ApiError> {
    response::respond(app, authorized).await
}
