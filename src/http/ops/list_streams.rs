//! `GET /groups/{group}/streams`: the streams of a group (DescribeLogStreams).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::list::{self, LIST, ListParameters};
use super::parameters::{self, GROUP_IN_PATH, SOURCE};
use crate::auth::tenant::Caller;
use crate::domain::event::{Direction, LogStream, Position};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{ListStreams, StreamOrder};
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidListRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::parameter::{Parameter, ParameterList, ParametersOf, RequestParameters};
use crate::http::problem::{ApiError, INVALID_CURSOR};
use crate::http::value::{Text, Words};

const KIND: &str = "streams";

const PREFIX: Parameter<Text<String>> = Parameter::query(
    "prefix",
    parameters::PREFIX,
    "Only streams whose names begin with this text, such as `web-`. Requires `orderBy=name`.",
);
const ORDER_BY: Parameter<Words<StreamOrder>> = Parameter::query(
    "orderBy",
    Words(&[("name", StreamOrder::Name), ("lastEvent", StreamOrder::LastEvent)]),
    "Order by `name` (default) or by the time of the last event.",
);
const ORDER: Parameter<Words<Direction>> = Parameter::query(
    "order",
    Words(&[("asc", Direction::Forward), ("desc", Direction::Backward)]),
    "`asc` or `desc`. Default: `asc` by name, `desc` by last event.",
);

/// The request in a cursor, before its [`Position`].
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    group: LogGroupName,
    prefix: Option<String>,
    order: StreamOrder,
    direction: Direction,
    source: SourceName,
}

/// The rest of the request.
#[derive(Debug)]
pub struct ListStreamsRequest {
    limit: usize,
    position: Option<Position>,
}

impl RequestParameters for ListStreamsRequest {
    const PARAMETERS: ParameterList = &[&[&GROUP_IN_PATH, &SOURCE, &PREFIX, &ORDER_BY, &ORDER], LIST];
}

impl ParseRequest for ListStreamsRequest {
    type Op = ListStreams;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ListStreams, Self), ApiError> {
        let group = input.get(&GROUP_IN_PATH);
        let source = input.get(&SOURCE);
        let prefix = input.get(&PREFIX);
        let order = input.get(&ORDER_BY);
        let direction = input.get(&ORDER);
        if prefix.is_some() && order == Some(StreamOrder::LastEvent) {
            input.error(PREFIX.name, "can't be combined with `orderBy=lastEvent` (DescribeLogStreams allows it by name only)");
        }
        let ListParameters { limit, cursor } = ListParameters::read(input, context)?;
        let group = group.ok_or_else(|| ApiError::parameter(GROUP_IN_PATH.name, "is missing"))?;
        let Some(text) = cursor else {
            let order = order.unwrap_or(StreamOrder::Name);
            // By time the newest streams come first, by name the first.
            let usual = if order == StreamOrder::Name { Direction::Forward } else { Direction::Backward };
            let op = ListStreams { group, prefix, order, direction: direction.unwrap_or(usual), source };
            return Ok((op, Self { limit, position: None }));
        };
        let (cursor, position): (Request, Position) = list::opened(KIND, context, &text)?;
        if group != cursor.group {
            return Err(ApiError::InvalidCursor(INVALID_CURSOR.into()));
        }
        let differs = [
            (SOURCE.name, source.is_some_and(|source| source != cursor.source)),
            (PREFIX.name, prefix.is_some() && prefix != cursor.prefix),
            (ORDER_BY.name, order.is_some_and(|order| order != cursor.order)),
            (ORDER.name, direction.is_some_and(|direction| direction != cursor.direction)),
        ];
        if let Some((name, _)) = differs.iter().find(|(_, differs)| *differs) {
            return Err(list::differs(name));
        }
        let Request { prefix, order, direction, source, .. } = cursor;
        // The source stays the same, even if another source has a group of that name by now.
        Ok((ListStreams { group, prefix, order, direction, source: Some(source) }, Self { limit, position: Some(position) }))
    }
}

/// A log stream.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Stream)]
pub struct StreamBody {
    /// Its name.
    #[schema(value_type = String, example = "web-1")]
    name: LogStreamName,
    /// The path of its events.
    #[schema(example = "/logs/:acme:api/web-1")]
    path: String,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-01T08:00:00.000Z")]
    created_at: Option<Millis>,
    /// Time of its oldest event. This and the next two are absent if a row rule limits which events of the stream you can see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-01T08:00:00.000Z")]
    first_event_at: Option<Millis>,
    /// Time of its newest event. In CloudWatch it may lag by an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:00.000Z")]
    last_event_at: Option<Millis>,
    /// When the source last received an event. In CloudWatch it may lag by an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:01.000Z")]
    last_ingestion_at: Option<Millis>,
}

impl StreamBody {
    fn new(caller: &Caller, source: &SourceName, group: &LogGroupName, stream: LogStream) -> Self {
        let path = list::path(caller, source, group, Some(&stream.name));
        let LogStream { name, created_at, first_event_at, last_event_at, last_ingestion_at } = stream;
        Self { name, path, created_at, first_event_at, last_event_at, last_ingestion_at }
    }
}

/// A page of streams.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamPage)]
pub struct StreamsBody {
    streams: Vec<StreamBody>,
    /// Cursor to the next page. Absent if the list is complete.
    #[schema(example = "exampleNextCursor")]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List the streams of a log group
///
/// Lists streams by name, or by the time of the last event. The list is complete when `nextCursor` is absent.
#[utoipa::path(
    get,
    path = "/groups/{group}/streams",
    operation_id = "listStreams",
    tag = "groups",
    params(ParametersOf<ListStreamsRequest>),
    responses(
        (status = 200, description = "Streams", body = StreamsBody),
        InvalidListRequest,
        Negotiated,
        TokenFailures,
        SourceFailures,
        CommonFailures,
    ),
    security(("token" = ["logs:describe:<group>"])),
)]
pub(crate) async fn list_streams(
    State(app): State<AppState>,
    Authorized { caller, permit, request, now, info }: Authorized<ListStreamsRequest>,
) -> Result<Json<StreamsBody>, ApiError> {
    let (name, source) = app.sources.of(&permit)?;
    let page = source.list_streams(&permit, request.position.as_ref(), request.limit).await?;
    let op = permit.op();
    let streams: Vec<_> = page.items.into_iter().map(|stream| StreamBody::new(&caller, name, &op.group, stream)).collect();
    let seal = |position| {
        let ListStreams { group, prefix, order, direction, .. } = op.clone();
        let request = Request { group, prefix, order, direction, source: name.clone() };
        list::sealed(&app, KIND, permit.tenant(), now, &request, &position)
    };
    let next_cursor = page.next.map(seal).transpose()?;
    list::audit(&app, &info, &permit, Some(op.group.as_str()), streams.len());
    Ok(Json(StreamsBody { streams, next_cursor }))
}
