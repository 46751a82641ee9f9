//! The wire format of four operations: JSON 1.1, field names of AWS's model `logs/2014-03-28`.
//!
//! Owns the fields of requests and responses. Strict about the fields that paging needs (a page without its list is invalid),
//! lenient about the rest. Never sends `logGroupIdentifier`, so that a name cannot refer to another account.

use std::any::Any;

use bytes::Bytes;
use logmark_event_page::{EventRef, Events, GroupPage, StreamPage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::quotas::Api;
use super::response_cache::{CacheClass, ResponseSummary};
use crate::domain::event::Direction;

/// Whether a call may be retried if its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetrySafety {
    /// It only reads.
    Always,
    /// It starts billed work: retry only if it was certainly not executed.
    IfNotProcessed,
}

/// An operation of CloudWatch Logs.
pub(super) trait Call: Serialize + Sync {
    /// The operation.
    const API: Api;
    /// Whether a retry is safe.
    const RETRY_SAFETY: RetrySafety = RetrySafety::Always;
    /// The response type.
    type Answer: Answer;

    /// The part that determines the freshness of the response.
    fn cache_class(&self) -> CacheClass {
        CacheClass::Uncacheable
    }
}

/// A response of an operation.
pub(super) trait Answer: Any + Clone + Send + Sync {
    /// Parses it; `None` if the bytes are not such a response.
    fn read(answer: Bytes) -> Option<Self>;

    /// The part that determines its freshness.
    fn summary(&self) -> ResponseSummary {
        ResponseSummary::default()
    }
}

impl<T: DeserializeOwned + Any + Clone + Send + Sync> Answer for T {
    fn read(answer: Bytes) -> Option<Self> {
        serde_json::from_slice(&answer).ok()
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetLogEvents<'a> {
    pub(super) log_group_name: &'a str,
    pub(super) log_stream_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<i64>,
    /// Exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
    pub(super) limit: usize,
    /// Must be true with a forward token.
    pub(super) start_from_head: bool,
}

impl Call for GetLogEvents<'_> {
    const API: Api = Api::GetLogEvents;
    type Answer = StreamEvents;

    fn cache_class(&self) -> CacheClass {
        let direction = if self.start_from_head { Direction::Forward } else { Direction::Backward };
        CacheClass::Events {
            direction,
            resumed: self.next_token.is_some(),
            since: self.start_time,
            before: self.end_time,
            limit: self.limit,
        }
    }
}

/// Parsed without a value per event.
#[derive(Debug, Clone)]
pub(super) struct StreamEvents(pub(super) StreamPage);

impl Answer for StreamEvents {
    fn read(answer: Bytes) -> Option<Self> {
        StreamPage::read(answer).ok().map(Self)
    }

    fn summary(&self) -> ResponseSummary {
        summary(&self.0.events, false)
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterLogEvents<'a> {
    pub(super) log_group_name: &'a str,
    /// The canonical text of the parsed filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filter_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_stream_names: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_stream_name_prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<i64>,
    /// Inclusive, unlike GetLogEvents'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
    pub(super) limit: usize,
    /// Absent if true, because emulators that do not know the parameter read forwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_from_head: Option<bool>,
    /// Always true: AWS assumes it since 2019. Without it emulators (moto and derived servers) return one stream after another,
    /// but positions need the order of time.
    pub(super) interleaved: bool,
}

impl Call for FilterLogEvents<'_> {
    const API: Api = Api::FilterLogEvents;
    type Answer = GroupEvents;

    fn cache_class(&self) -> CacheClass {
        let direction = if self.start_from_head == Some(false) { Direction::Backward } else { Direction::Forward };
        let before = self.end_time.map(|end| end.saturating_add(1));
        CacheClass::Events { direction, resumed: self.next_token.is_some(), since: self.start_time, before, limit: self.limit }
    }
}

/// Parsed without a value per event. Positions rely on the ids.
#[derive(Debug, Clone)]
pub(super) struct GroupEvents(pub(super) GroupPage);

impl Answer for GroupEvents {
    fn read(answer: Bytes) -> Option<Self> {
        GroupPage::read(answer).ok().map(Self)
    }

    fn summary(&self) -> ResponseSummary {
        summary(&self.0.events, self.0.next_token.is_some())
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeLogGroups<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_group_name_prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
    pub(super) limit: usize,
}

impl<'a> DescribeLogGroups<'a> {
    /// Requests one group. Lists are sorted by name, so a name comes before all longer names with that prefix.
    pub(super) fn one(name: &'a str) -> Self {
        Self { log_group_name_prefix: Some(name), next_token: None, limit: 1 }
    }
}

impl Call for DescribeLogGroups<'_> {
    const API: Api = Api::DescribeLogGroups;
    type Answer = Groups;

    fn cache_class(&self) -> CacheClass {
        CacheClass::List
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Groups {
    pub(super) log_groups: Vec<Group>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) log_group_name: String,
    pub(super) creation_time: Option<i64>,
    pub(super) retention_in_days: Option<u32>,
    pub(super) stored_bytes: Option<u64>,
    pub(super) log_group_class: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeLogStreams<'a> {
    pub(super) log_group_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_stream_name_prefix: Option<&'a str>,
    pub(super) order_by: &'static str,
    pub(super) descending: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
    pub(super) limit: usize,
}

impl<'a> DescribeLogStreams<'a> {
    /// Requests one stream. Lists are sorted by name, so a name comes before all longer names with that prefix.
    pub(super) fn one(group: &'a str, name: &'a str) -> Self {
        Self {
            log_group_name: group,
            log_stream_name_prefix: Some(name),
            order_by: "LogStreamName",
            descending: false,
            next_token: None,
            limit: 1,
        }
    }
}

impl Call for DescribeLogStreams<'_> {
    const API: Api = Api::DescribeLogStreams;
    type Answer = Streams;

    fn cache_class(&self) -> CacheClass {
        CacheClass::List
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Streams {
    pub(super) log_streams: Vec<Stream>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stream {
    pub(super) log_stream_name: String,
    pub(super) creation_time: Option<i64>,
    pub(super) first_event_timestamp: Option<i64>,
    pub(super) last_event_timestamp: Option<i64>,
    pub(super) last_ingestion_time: Option<i64>,
}

fn summary(events: &Events, has_more: bool) -> ResponseSummary {
    ResponseSummary { events: events.len(), newest: events.iter().map(EventRef::timestamp).max(), has_more }
}
