//! Reading events: GetLogEvents and FilterLogEvents.
//!
//! - GetLogEvents always gives two tokens, `f/…` and `b/…`. At the end in a direction the token of that direction is the one that
//!   came, so that a client sees it, and it finds what is new later.
//! - FilterLogEvents gives a token as long as there is more; `endTime` is inclusive there. Newest first (`startFromHead` false) needs
//!   a `startTime` in 2024 or later.
//! - A page has at most 1 MiB of messages. The direction of a token wins over `startFromHead`.

use std::borrow::Cow;
use std::time::Duration;

use logmark_event_page::{EventRef, Events};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Answer, json, reserve, unchecked};
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::error::ServiceError;
use crate::aws_protocol::token::{PageToken, fingerprint};
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::event::{Direction, EventPage, PageRequest, Position, Priority};
use crate::domain::filter::EventFilter;
use crate::domain::name::{LogGroupName, LogStreamName};
use crate::domain::operation::{ReadGroup, ReadStream, StartBy, StreamSelection};
use crate::domain::time::{Millis, TimeRange};
use crate::sources::page_pool::read_reservation_bytes;

/// Events in a page.
const MAX_EVENTS: usize = 10_000;
/// Bytes of messages in a page.
const PAGE_BYTES: usize = 1024 * 1024;
/// Streams that FilterLogEvents accepts by name.
const MAX_STREAMS: usize = 100;
/// The time after which a page without an event ends, with a token.
const SEARCH: Duration = Duration::from_secs(5);
/// 2024-01-01T00:00:00Z: the first `startTime` that FilterLogEvents accepts with `startFromHead` false.
const NEWEST_FIRST_SINCE: i64 = 1_704_067_200_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetOutput<'a> {
    events: Vec<StreamEvent<'a>>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamEvent<'a> {
    timestamp: i64,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ingestion_time: Option<i64>,
}

pub(super) async fn get(call: Call<'_>, body: &[u8]) -> Answer {
    let input: GetInput = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group_or_identifier(input.log_group_name, input.log_group_identifier, &call.endpoint.account)?;
    let stream = checks.stream("logStreamName", input.log_stream_name);
    let start = checks.time("startTime", input.start_time).map(Millis);
    let end = checks.time("endTime", input.end_time).map(Millis);
    let limit = checks.limit("limit", input.limit, MAX_EVENTS);
    checks.finish()?;
    let (group, stream) = group.zip(stream).ok_or_else(unchecked)?;
    let of = fingerprint([group.as_str(), stream.as_str()]);
    let place = input.next_token.as_deref().map(|token| stream_place(call, of, token)).transpose()?;
    let direction = match (&place, input.start_from_head) {
        (Some(place), _) => place.way,
        (None, Some(true)) => Direction::Forward,
        (None, _) => Direction::Backward,
    };
    let permit = call.permit(ReadStream { group, stream, range: TimeRange { start, end }, direction })?;
    let op = permit.op();
    let line = call.line(&permit, Some(op.group.as_str()), Some(op.stream.as_str()));
    let (_, source) = call.endpoint.sources.of(&permit)?;
    let request = PageRequest {
        position: place.map(|place| place.position),
        direction,
        limit,
        max_bytes: PAGE_BYTES,
        priority: Priority::Requested,
    };
    reserve(call, read_reservation_bytes(PAGE_BYTES, limit)).await?;
    let page = source.read_stream(&permit, &request).await?;
    line.write(page.events.len(), bytes_of(&page.events));
    let tokens = StreamTokens { call, of, given: input.next_token, direction };
    json(&GetOutput {
        next_forward_token: tokens.write(Direction::Forward, &page)?,
        next_backward_token: tokens.write(Direction::Backward, &page)?,
        events: page
            .events
            .iter()
            .map(|event| StreamEvent {
                timestamp: event.timestamp(),
                message: event.message(),
                ingestion_time: event.ingestion_time(),
            })
            .collect(),
    })
}

fn bytes_of(events: &Events) -> usize {
    events.iter().map(EventRef::message_length).sum()
}

fn prefix(way: Direction) -> &'static str {
    match way {
        Direction::Forward => "f/",
        Direction::Backward => "b/",
    }
}

fn stream_place(call: Call<'_>, of: u64, token: &str) -> Result<PageToken, ServiceError> {
    let way = [Direction::Forward, Direction::Backward].into_iter().find(|way| token.starts_with(prefix(*way)));
    let way = way.ok_or_else(ServiceError::bad_token)?;
    let place = call.tokens("GetLogEvents").read(of, &token[prefix(way).len()..])?;
    if place.way == way { Ok(place) } else { Err(ServiceError::bad_token()) }
}

/// The two tokens of a page of GetLogEvents.
struct StreamTokens<'a> {
    call: Call<'a>,
    of: u64,
    given: Option<String>,
    direction: Direction,
}

impl StreamTokens<'_> {
    fn write(&self, way: Direction, page: &EventPage) -> Result<String, ServiceError> {
        // An empty page returns the token of the request, by which clients detect the end.
        if let Some(given) = self.given.as_ref().filter(|_| way == self.direction && page.events.is_empty() && page.at_end) {
            return Ok(given.clone());
        }
        let position = match way {
            Direction::Forward => Some(&page.next),
            Direction::Backward => page.previous.as_ref(),
        };
        let position = position.ok_or_else(|| ServiceError::unavailable("a page that does not say what is before it"))?;
        let token = self.call.tokens("GetLogEvents").write(&PageToken::new(self.of, way, position.clone()))?;
        Ok(format!("{}{token}", prefix(way)))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterInput {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FilterOutput<'a> {
    events: Vec<FoundEvent<'a>>,
    /// Always empty since 2020.
    searched_log_streams: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundEvent<'a> {
    log_stream_name: Cow<'a, str>,
    timestamp: i64,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ingestion_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Cow<'a, str>>,
}

impl<'a> FoundEvent<'a> {
    fn of(event: EventRef<'a>) -> Self {
        Self {
            log_stream_name: event.stream(),
            timestamp: event.timestamp(),
            message: event.message(),
            ingestion_time: event.ingestion_time(),
            event_id: event.event_id(),
        }
    }
}

pub(super) async fn filter(call: Call<'_>, body: &[u8]) -> Answer {
    let mut input: FilterInput = validation::read(body)?;
    let mut checks = Validation::default();
    let (name, identifier) = (input.log_group_name.take(), input.log_group_identifier.take());
    let group = checks.group_or_identifier(name, identifier, &call.endpoint.account)?;
    let streams = streams(&mut checks, input.log_stream_names.take(), input.log_stream_name_prefix.take());
    let start = checks.time("startTime", input.start_time).map(Millis);
    let end = checks.time("endTime", input.end_time).map(|end| Millis(end.saturating_add(1)));
    let limit = checks.limit("limit", input.limit, MAX_EVENTS);
    let pattern = checks.text("filterPattern", input.filter_pattern.take(), 0..=1024);
    checks.finish()?;
    let streams = streams?;
    let pattern_mark = pattern.clone().unwrap_or_default();
    let filter = pattern.map(|text| pattern_of(&text)).transpose()?.flatten();
    let group = group.ok_or_else(unchecked)?;
    let of = filter_mark(&group, &streams, &pattern_mark);
    let tokens = call.tokens("FilterLogEvents");
    let place = input.next_token.as_deref().map(|token| tokens.read(of, token)).transpose()?;
    let direction = match (&place, input.start_from_head) {
        (Some(place), _) => place.way,
        (None, Some(false)) if start.is_some_and(|start| start.0 >= NEWEST_FIRST_SINCE) => Direction::Backward,
        (None, Some(false)) => {
            return Err(ServiceError::invalid(
                "startFromHead can be false only with a startTime of 2024-01-01T00:00:00Z or later.",
            ));
        }
        (None, _) => Direction::Forward,
    };
    let range = TimeRange { start, end };
    let permit = call.permit(ReadGroup { group, streams, filter, range, start_by: StartBy::Caller, direction })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), None);
    let (_, source) = call.endpoint.sources.of(&permit)?;
    reserve(call, read_reservation_bytes(PAGE_BYTES, limit)).await?;
    let (mut position, until) = (place.map(|place| place.position), Instant::now() + SEARCH);
    let page = loop {
        let request = PageRequest { position, direction, limit, max_bytes: PAGE_BYTES, priority: Priority::Requested };
        let page = source.read_group(&permit, &request).await?;
        if !page.events.is_empty() || page.at_end || Instant::now() >= until {
            break page;
        }
        position = Some(onward(&page, direction)?);
    };
    line.write(page.events.len(), bytes_of(&page.events));
    let next_token =
        if page.at_end { None } else { Some(tokens.write(&PageToken::new(of, direction, onward(&page, direction)?))?) };
    let events = match direction {
        Direction::Forward => page.events.iter().map(FoundEvent::of).collect(),
        Direction::Backward => page.events.iter().rev().map(FoundEvent::of).collect(),
    };
    json(&FilterOutput { events, searched_log_streams: [], next_token })
}

/// The position at which reading continues.
fn onward(page: &EventPage, direction: Direction) -> Result<Position, ServiceError> {
    match direction {
        Direction::Forward => Ok(page.next.clone()),
        Direction::Backward => {
            page.previous.clone().ok_or_else(|| ServiceError::unavailable("a page that does not say what is before it"))
        }
    }
}

fn filter_mark(group: &LogGroupName, streams: &StreamSelection, pattern: &str) -> u64 {
    let (kind, names): (&str, Vec<&str>) = match streams {
        StreamSelection::All => ("all", Vec::new()),
        StreamSelection::Names(names) => ("names", names.iter().map(LogStreamName::as_str).collect()),
        StreamSelection::Prefix(prefix) => ("prefix", vec![prefix]),
    };
    fingerprint([group.as_str(), pattern, kind].into_iter().chain(names))
}

/// The streams to read. The inner error has a message of AWS's own form.
fn streams(checks: &mut Validation, names: Option<Vec<String>>, prefix: Option<String>) -> Result<StreamSelection, ServiceError> {
    let prefix = checks.text("logStreamNamePrefix", prefix, 1..=512);
    match (names, prefix) {
        (Some(_), Some(_)) => Err(ServiceError::invalid("Only one of logStreamNames and logStreamNamePrefix can be specified.")),
        (Some(names), None) => {
            checks.count("logStreamNames", &names, 1..=MAX_STREAMS);
            let mut streams: Vec<LogStreamName> =
                names.into_iter().filter_map(|name| checks.stream("logStreamNames", Some(name))).collect();
            streams.sort_unstable();
            streams.dedup();
            Ok(StreamSelection::Names(streams))
        }
        (None, Some(prefix)) => Ok(StreamSelection::Prefix(prefix)),
        (None, None) => Ok(StreamSelection::All),
    }
}

/// The filter of a pattern; `None` for a pattern that matches every event.
fn pattern_of(text: &str) -> Result<Option<EventFilter>, ServiceError> {
    EventFilter::parse(text).map_err(|faults| super::filters::invalid_pattern(&faults))
}
