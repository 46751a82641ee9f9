//! `GET /logs/{group}`: events of all or chosen streams of a group (FilterLogEvents).

use axum::extract::State;
use axum::response::Response;

use super::events::parameters::{EVENTS, STREAM_CHOICE};
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
pub struct ReadGroupRequest(EventsRequest);

impl RequestParameters for ReadGroupRequest {
    const PARAMETERS: ParameterList = &[&[&GROUP_IN_PATH], STREAM_CHOICE, EVENTS];
}

impl ParseRequest for ReadGroupRequest {
    type Op = EventsOperation;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(EventsOperation, Self), ApiError> {
        EventsRequest::parse(input, context, NamesIn::GroupPath).map(|(op, request)| (op, Self(request)))
    }
}

impl From<ReadGroupRequest> for EventsRequest {
    fn from(ReadGroupRequest(request): ReadGroupRequest) -> Self {
        request
    }
}

/// Events of a log group
///
/// Returns the events of all streams that you can read, or of the streams in `streams` or `streamPrefix`, ordered by time.
#[utoipa::path(
    get,
    path = "/logs/{group}",
    operation_id = "readGroup",
    tag = "events",
    params(ParametersOf<ReadGroupRequest>),
    responses(Events, InvalidEventsRequest, Negotiated, TokenFailures, SourceFailures, CommonFailures),
    security(("token" = ["logs:read:<group>"])),
)]
pub(crate) async fn read_group(
    State(app): State<AppState>,
    authorized: Authorized<ReadGroupRequest>,
) -> Result<Response, ApiError> {
    response::respond(app, authorized).await
}
