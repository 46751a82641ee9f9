//! The two responses as typed structs of owned strings, for `serde_json`.
//!
//! Used for comparison by `reference`, the fuzz target and the bench.

use serde::Deserialize;

/// A response of GetLogEvents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamAnswer {
    pub(crate) events: Vec<StreamEvent>,
    pub(crate) next_forward_token: String,
    pub(crate) next_backward_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamEvent {
    timestamp: i64,
    message: String,
    ingestion_time: Option<i64>,
}

/// A response of FilterLogEvents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupAnswer {
    pub(crate) events: Vec<GroupEvent>,
    pub(crate) next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupEvent {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: Option<i64>,
    event_id: String,
}

/// An event of either response, with all its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) timestamp: i64,
    pub(crate) ingestion_time: Option<i64>,
    pub(crate) stream: String,
    pub(crate) event_id: Option<String>,
    pub(crate) message: String,
}

impl StreamAnswer {
    /// The events, with the requested stream, which the response does not contain.
    pub(crate) fn into_events(self, stream: &str) -> Vec<Event> {
        let event = |StreamEvent { timestamp, message, ingestion_time }| Event {
            timestamp,
            ingestion_time,
            stream: stream.to_owned(),
            event_id: None,
            message,
        };
        self.events.into_iter().map(event).collect()
    }
}

impl GroupAnswer {
    /// The events.
    pub(crate) fn into_events(self) -> Vec<Event> {
        let event = |GroupEvent { log_stream_name, timestamp, message, ingestion_time, event_id }| Event {
            timestamp,
            ingestion_time,
            stream: log_stream_name,
            event_id: Some(event_id),
            message,
        };
        self.events.into_iter().map(event).collect()
    }
}
