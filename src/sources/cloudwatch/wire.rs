//! The four operations as they are on the wire: JSON 1.1, field names as in AWS's model of `logs/2014-03-28`.
//!
//! Owns what is asked for and what of an answer is read. Strict about what paging relies on (a page without its list is no
//! page), lenient about the rest. Never sends `logGroupIdentifier`: a name can't reach into another account.

use std::any::Any;

use bytes::Bytes;
use logmark_event_page::{EventRef, Events, GroupPage, StreamPage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::quotas::Api;
use super::response_cache::{CacheClass, ResponseSummary};
use crate::domain::event::Direction;

/// May a call be made again when nobody knows whether it was acted on?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetrySafety {
    /// It only reads.
    Always,
    /// It begins something that costs: only when it was certainly not acted on.
    IfNotProcessed,
}

/// An operation of CloudWatch Logs.
pub(super) trait Call: Serialize + Sync {
    /// Which.
    const API: Api;
    /// What a retry may do.
    const RETRY_SAFETY: RetrySafety = RetrySafety::Always;
    /// Its answer.
    type Answer: Answer;

    /// What of the request decides how long its answer holds.
    fn cache_class(&self) -> CacheClass {
        CacheClass::Uncacheable
    }
}

/// What an operation answers.
pub(super) trait Answer: Any + Clone + Send + Sync {
    /// Reads it; `None` when the bytes are no such answer.
    fn read(answer: Bytes) -> Option<Self>;

    /// What of it decides how long it holds.
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

/// Passed on as it stands: no event becomes a value.
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
    /// The canonical text of what was understood.
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
    /// Absent is true: emulators that do not know the parameter read forwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_from_head: Option<bool>,
    /// Always true: AWS takes it for that since 2019. Emulators (moto, and what is built on it) answer stream after stream
    /// without it, and positions rely on the order of time.
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

/// Passed on as it stands: no event becomes a value. Positions rely on the ids.
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
    /// Asks for one group. Lists are sorted by name, so a name comes before all longer ones that begin with it.
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
    /// Without the `:*` at the end that `arn` has.
    pub(super) log_group_arn: Option<String>,
    pub(super) arn: Option<String>,
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
    /// Asks for one stream. Lists are sorted by name, so a name comes before all longer ones that begin with it.
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
