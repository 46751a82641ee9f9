//! Log streams: CreateLogStream, DeleteLogStream and DescribeLogStreams.

use serde::{Deserialize, Serialize};

use super::{Answer, json, unchecked};
use crate::aws_protocol::arn::ArnScope;
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::token::{PageToken, fingerprint};
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::event::{Direction, LogStream};
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::operation::{ListStreams, StreamOrder};
use crate::domain::write_operations::{CreateStream, DeleteStream};
use crate::sources::write::WriteError;

/// Streams in a page.
const DESCRIBED: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamesInput {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

fn names(body: &[u8]) -> Result<(LogGroupName, LogStreamName), ServiceError> {
    let input: NamesInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    let stream = checks.stream("logStreamName", input.log_stream_name);
    checks.finish()?;
    group.zip(stream).ok_or_else(unchecked)
}

pub(super) async fn create(call: Call<'_>, body: &[u8]) -> Answer {
    let (group, stream) = names(body)?;
    let permit = call.permit(CreateStream { source: call.endpoint.source.clone(), group, stream })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), Some(permit.op().stream.as_str()));
    call.endpoint.sources.writable(&permit)?.create_stream(&permit, call.now).await.map_err(|error| match error {
        WriteError::Exists => ServiceError::new("ResourceAlreadyExistsException", "The specified log stream already exists"),
        error => error.into(),
    })?;
    line.write(1, 0);
    Ok(Vec::new())
}

pub(super) async fn delete(call: Call<'_>, body: &[u8]) -> Answer {
    let (group, stream) = names(body)?;
    let permit = call.permit(DeleteStream { source: call.endpoint.source.clone(), group, stream })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), Some(permit.op().stream.as_str()));
    call.endpoint.sources.writable(&permit)?.delete_stream(&permit).await?;
    line.write(1, 0);
    Ok(Vec::new())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    limit: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    log_stream_name: LogStreamName,
    creation_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_event_timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ingestion_time: Option<i64>,
    upload_sequence_token: &'static str,
    arn: String,
    /// Always 0: AWS no longer counts it.
    stored_bytes: u64,
}

impl Described {
    fn of(stream: LogStream, group: &LogGroupName, home: ArnScope<'_>) -> Self {
        Self {
            creation_time: stream.created_at.map_or(0, |at| at.0),
            first_event_timestamp: stream.first_event_at.map(|at| at.0),
            last_event_timestamp: stream.last_event_at.map(|at| at.0),
            last_ingestion_time: stream.last_ingestion_at.map(|at| at.0),
            upload_sequence_token: super::put::SEQUENCE_TOKEN,
            arn: home.stream(group.as_str(), stream.name.as_str()),
            stored_bytes: 0,
            log_stream_name: stream.name,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DescribedPage {
    log_streams: Vec<Described>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) async fn describe(call: Call<'_>, body: &[u8]) -> Answer {
    const ORDERS: [(&str, StreamOrder); 2] = [("LogStreamName", StreamOrder::Name), ("LastEventTime", StreamOrder::LastEvent)];
    let input: DescribeInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group_or_identifier(input.log_group_name, input.log_group_identifier, &call.endpoint.account)?;
    let prefix = checks.text("logStreamNamePrefix", input.log_stream_name_prefix, 1..=512);
    let order = checks.choice("orderBy", input.order_by.as_deref(), &ORDERS).unwrap_or(StreamOrder::Name);
    let limit = checks.limit("limit", input.limit, DESCRIBED);
    checks.finish()?;
    if prefix.is_some() && order == StreamOrder::LastEvent {
        return Err(ServiceError::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let direction = if input.descending == Some(true) { Direction::Backward } else { Direction::Forward };
    let group = group.ok_or_else(unchecked)?;
    let order_mark = if order == StreamOrder::Name { "name" } else { "event" };
    let way_mark = if direction == Direction::Forward { "up" } else { "down" };
    let of = fingerprint([group.as_str(), prefix.as_deref().unwrap_or(""), order_mark, way_mark]);
    let tokens = call.tokens("DescribeLogStreams");
    let from = input.next_token.map(|token| tokens.read(of, &token)).transpose()?.map(|place| place.position);
    let permit = call.permit(ListStreams { group, prefix, order, direction, source: Some(call.endpoint.source.clone()) })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    let (_, source) = call.endpoint.sources.of(&permit)?;
    let page = source.list_streams(&permit, from.as_ref(), limit).await?;
    line.write(page.items.len(), 0);
    let next_token = page.next.map(|position| tokens.write(&PageToken::new(of, direction, position))).transpose()?;
    let described = |stream| Described::of(stream, &permit.op().group, call.home());
    json(&DescribedPage { log_streams: page.items.into_iter().map(described).collect(), next_token })
}
