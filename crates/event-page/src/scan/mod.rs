//! Parses the two responses that contain events, `GetLogEvents` and `FilterLogEvents` (JSON 1.1), into pages.
//!
//! Owns their members: which are required, which are optional, and that no member occurs twice; unknown members are skipped. As
//! strict as `serde_json` with structs: an error refuses the whole response. Stricter in two points: an array is not accepted for
//! an object, and skipped values must be valid too.
//!
//! - `json`: the JSON parser.
//! - `string`: the inside of a string, checked.

mod json;
mod string;

use std::fmt;

use bytes::Bytes;

use crate::events::{Events, Row, Span, TextForm};
use json::{Json, Members, Text};

/// Why bytes are not such a response. The error does not quote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The position in bytes.
    pub offset: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.offset)
    }
}

impl std::error::Error for Malformed {}

/// The response of `GetLogEvents`.
#[derive(Debug, Clone)]
pub struct StreamPage {
    /// The events, without a stream: the caller knows it, see [`Events::in_stream`].
    pub events: Events,
    /// The forward token; at the end it equals the token of the request.
    pub next_forward_token: String,
    /// The backward token.
    pub next_backward_token: String,
}

/// The response of `FilterLogEvents`.
#[derive(Debug, Clone)]
pub struct GroupPage {
    /// The events, each with its stream and id.
    pub events: Events,
    /// The token of the next page; only its absence means the end.
    pub next_token: Option<String>,
}

/// The operation, which determines the required members of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageKind {
    /// A time and a message.
    Stream,
    /// A time, a message, a stream and an id.
    Group,
}

/// The members of the two responses.
#[derive(Debug, Clone, Copy)]
enum PageMember {
    Events,
    NextToken,
    NextForwardToken,
    NextBackwardToken,
}

const PAGE: Members<PageMember, 4> = [
    (b"\"events\":", PageMember::Events),
    (b"\"nextToken\":", PageMember::NextToken),
    (b"\"nextForwardToken\":", PageMember::NextForwardToken),
    (b"\"nextBackwardToken\":", PageMember::NextBackwardToken),
];

/// The members of their events.
#[derive(Debug, Clone, Copy)]
enum EventMember {
    Timestamp,
    Message,
    IngestionTime,
    LogStreamName,
    EventId,
}

const EVENT: Members<EventMember, 5> = [
    (b"\"timestamp\":", EventMember::Timestamp),
    (b"\"message\":", EventMember::Message),
    (b"\"ingestionTime\":", EventMember::IngestionTime),
    (b"\"logStreamName\":", EventMember::LogStreamName),
    (b"\"eventId\":", EventMember::EventId),
];

impl StreamPage {
    /// Parses a response of `GetLogEvents`.
    ///
    /// # Errors
    /// [`Malformed`] if it is not such a response.
    pub fn read(answer: Bytes) -> Result<Self, Malformed> {
        let mut json = Json::new(&answer)?;
        let (mut events, mut forward, mut backward) = (None, None, None);
        json.object(&PAGE, |json, member| match member {
            Some(PageMember::Events) => once(json, &mut events, |json| rows(json, PageKind::Stream)),
            Some(PageMember::NextForwardToken) => once(json, &mut forward, Json::owned_string),
            Some(PageMember::NextBackwardToken) => once(json, &mut backward, Json::owned_string),
            Some(PageMember::NextToken) | None => json.skip_value(),
        })?;
        json.end()?;
        let rows = events.ok_or(json.missing("`events`"))?;
        let next_forward_token = forward.ok_or(json.missing("`nextForwardToken`"))?;
        let next_backward_token = backward.ok_or(json.missing("`nextBackwardToken`"))?;
        Ok(Self { events: Events::new(answer, TextForm::Literal, rows), next_forward_token, next_backward_token })
    }
}

impl GroupPage {
    /// Parses a response of `FilterLogEvents`.
    ///
    /// # Errors
    /// [`Malformed`] if it is not such a response.
    pub fn read(answer: Bytes) -> Result<Self, Malformed> {
        let mut json = Json::new(&answer)?;
        let (mut events, mut token) = (None, None);
        json.object(&PAGE, |json, member| match member {
            Some(PageMember::Events) => once(json, &mut events, |json| rows(json, PageKind::Group)),
            Some(PageMember::NextToken) => once(json, &mut token, |json| json.or_null(Json::owned_string)),
            Some(PageMember::NextForwardToken | PageMember::NextBackwardToken) | None => json.skip_value(),
        })?;
        json.end()?;
        let rows = events.ok_or(json.missing("`events`"))?;
        Ok(Self { events: Events::new(answer, TextForm::Literal, rows), next_token: token.flatten() })
    }
}

/// Reads the value of a member that must not occur twice.
#[inline(always)]
fn once<'a, T>(
    json: &mut Json<'a>,
    place: &mut Option<T>,
    read: impl FnOnce(&mut Json<'a>) -> Result<T, Malformed>,
) -> Result<(), Malformed> {
    if place.is_some() {
        return Err(json.missing("each member once"));
    }
    *place = Some(read(json)?);
    Ok(())
}

fn rows(json: &mut Json<'_>, of: PageKind) -> Result<Vec<Row>, Malformed> {
    // Events are rarely shorter; a page of shorter events grows.
    const BYTES_OF_EVENT: usize = 256;
    let mut rows = Vec::with_capacity(json.left() / BYTES_OF_EVENT);
    json.array(|json| {
        rows.push(row(json, of)?);
        Ok(())
    })?;
    Ok(rows)
}

fn row(json: &mut Json<'_>, of: PageKind) -> Result<Row, Malformed> {
    let (mut timestamp, mut message, mut ingestion_time) = (None, None, None);
    let (mut stream, mut event_id) = (None, None);
    json.object(&EVENT, |json, member| match (member, of) {
        (Some(EventMember::Timestamp), _) => once(json, &mut timestamp, Json::integer),
        (Some(EventMember::Message), _) => once(json, &mut message, Json::string),
        (Some(EventMember::IngestionTime), _) => once(json, &mut ingestion_time, |json| json.or_null(Json::integer)),
        (Some(EventMember::LogStreamName), PageKind::Group) => once(json, &mut stream, Json::string),
        (Some(EventMember::EventId), PageKind::Group) => once(json, &mut event_id, Json::string),
        (Some(EventMember::LogStreamName | EventMember::EventId), PageKind::Stream) | (None, _) => json.skip_value(),
    })?;
    let message: Text = message.ok_or(json.missing("`message`"))?;
    let span = |text: Option<Text>, name| match (text, of) {
        (Some(text), _) => Ok(text.span),
        (None, PageKind::Stream) => Ok(Span::NONE),
        (None, PageKind::Group) => Err(json.missing(name)),
    };
    Ok(Row {
        timestamp: timestamp.ok_or(json.missing("`timestamp`"))?,
        ingestion_time: ingestion_time.flatten(),
        stream: span(stream, "`logStreamName`")?,
        event_id: span(event_id, "`eventId`")?,
        message: message.span,
        message_length: message.decoded,
    })
}
