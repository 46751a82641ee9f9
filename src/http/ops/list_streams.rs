//! `GET /groups/{group}/streams`: the streams of a group (DescribeLogStreams).

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::list::{self, ListParameters};
use crate::auth::tenant::Caller;
use crate::domain::event::{Direction, LogStream, Position};
use crate::domain::name::{LogGroupName, LogStreamName, SourceName};
use crate::domain::operation::{ListStreams, StreamOrder};
use crate::domain::time::Millis;
use crate::http::AppState;
use crate::http::authorized::{Authorized, ParseRequest, RequestContext};
use crate::http::input::Input;
use crate::http::openapi::failures::{CommonFailures, InvalidListRequest, Negotiated, SourceFailures, TokenFailures};
use crate::http::openapi::parameters::{GroupPath, JsonOnly, ListQuery, OrderQuery, SourceQuery};
use crate::http::problem::{ApiError, CURSOR};

const KIND: &str = "streams";

/// The request that a cursor carries, before its [`Position`].
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    group: LogGroupName,
    prefix: Option<String>,
    order: StreamOrder,
    direction: Direction,
    source: SourceName,
}

/// What the request says besides its operation.
#[derive(Debug)]
pub struct ListStreamsRequest {
    limit: usize,
    position: Option<Position>,
}

impl ParseRequest for ListStreamsRequest {
    type Op = ListStreams;

    fn parse(input: &mut Input, context: RequestContext<'_>) -> Result<(ListStreams, Self), ApiError> {
        let group: Option<LogGroupName> = input.path_name("group");
        let source = list::source(input);
        let prefix = input.take("prefix").map(|text| crate::domain::name::from_url_spelling(&text));
        let order = input.choice("orderBy", &[("name", StreamOrder::Name), ("lastEvent", StreamOrder::LastEvent)]);
        let direction = input.choice("order", &[("asc", Direction::Forward), ("desc", Direction::Backward)]);
        if prefix.is_some() && order == Some(StreamOrder::LastEvent) {
            input.error("prefix", "can't be combined with `orderBy=lastEvent` (DescribeLogStreams allows it by name only)");
        }
        let ListParameters { limit, cursor } = ListParameters::read(input, context)?;
        let group = group.ok_or_else(|| ApiError::parameter("group", "is missing"))?;
        let Some(text) = cursor else {
            let order = order.unwrap_or(StreamOrder::Name);
            // The newest are what one looks for by time, the first by name.
            let usual = if order == StreamOrder::Name { Direction::Forward } else { Direction::Backward };
            let op = ListStreams { group, prefix, order, direction: direction.unwrap_or(usual), source };
            return Ok((op, Self { limit, position: None }));
        };
        let (cursor, position): (Request, Position) = list::opened(KIND, context, &text)?;
        if group != cursor.group {
            return Err(ApiError::InvalidCursor(CURSOR.into()));
        }
        let differs = [
            ("source", source.is_some_and(|source| source != cursor.source)),
            ("prefix", prefix.is_some() && prefix != cursor.prefix),
            ("orderBy", order.is_some_and(|order| order != cursor.order)),
            ("order", direction.is_some_and(|direction| direction != cursor.direction)),
        ];
        if let Some((name, _)) = differs.iter().find(|(_, differs)| *differs) {
            return Err(list::differs(name));
        }
        let Request { prefix, order, direction, source, .. } = cursor;
        // The list goes on where it began, whatever other source may have a group of that name by now.
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
    /// Where its events are, ready to be called.
    #[schema(example = "/logs/:acme:api/web-1")]
    path: String,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-01T08:00:00.000Z")]
    created_at: Option<Millis>,
    /// Time of its oldest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-01T08:00:00.000Z")]
    first_event_at: Option<Millis>,
    /// Time of its newest event; CloudWatch may be an hour behind with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:00.000Z")]
    last_event_at: Option<Millis>,
    /// When something was last taken in; CloudWatch may be an hour behind with it.
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
    /// Where the list goes on; absent: it is complete.
    #[schema(example = "exampleNextCursor")]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The streams of a log group
///
/// By name, or by the time of the last event. Only a missing `nextCursor` says that the list is complete.
#[utoipa::path(
    get,
    path = "/groups/{group}/streams",
    operation_id = "listStreams",
    tag = "groups",
    params(
        GroupPath,
        SourceQuery,
        ("prefix" = Option<String>, Query, description = "Only streams that begin so, such as `web-`; by name only"),
        OrderQuery,
        ListQuery,
        JsonOnly,
    ),
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
