//! Events as JSON: the page, and the object that NDJSON repeats.

use serde::Serialize;

use crate::domain::event::Event;
use crate::domain::time::Millis;

/// One event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct EventBody<'a> {
    /// When it happened, by whoever wrote it.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T10:00:00.123Z")]
    timestamp: Millis,
    /// When the source took it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:01.004Z")]
    ingestion_time: Option<Millis>,
    /// The stream it is in.
    #[schema(example = "web-1")]
    log_stream: &'a str,
    /// The id that CloudWatch gives it, where it gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "38630134520184120834509124350923485092348509234850923485")]
    event_id: Option<&'a str>,
    /// The message, exactly.
    #[schema(example = "GET /orders 200 12ms")]
    message: &'a str,
}

impl<'a> From<&'a Event> for EventBody<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            timestamp: event.timestamp,
            ingestion_time: event.ingestion_time,
            log_stream: &event.stream,
            event_id: event.event_id.as_deref(),
            message: &event.message,
        }
    }
}

/// A page of events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventPage)]
pub struct PageBody<'a> {
    /// The group.
    #[schema(example = "/acme/api")]
    pub log_group: &'a str,
    /// The stream, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "web-1")]
    pub log_stream: Option<&'a str>,
    /// The events, ascending by time.
    pub events: Vec<EventBody<'a>>,
    /// Where newer events are, or will be.
    pub next_cursor: String,
    /// Where older events are, where the source can go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_cursor: Option<String>,
    /// Why the page ended: only `end` means that there is nothing more now.
    #[schema(value_type = StopReason)]
    pub stop_reason: &'static str,
}

/// Why a page ended.
#[derive(Debug, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum StopReason {
    /// There is nothing more now.
    End,
    /// The limit asked for.
    Limit,
    /// The size that one answer may have.
    Bytes,
    /// The work that one call may cost.
    Time,
    /// The source asked for less: go on with the cursor.
    Throttled,
}
