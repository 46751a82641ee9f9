//! The four operations as they are on the wire: JSON 1.1, field names as in AWS's model of `logs/2014-03-28`.
//!
//! Owns what is asked for and what of an answer is read. Strict about what paging relies on (a page without its list is no
//! page), lenient about the rest. Never sends `logGroupIdentifier`: a name can't reach into another account.

use bytes::Bytes;
use logmark_event_page::{GroupPage, StreamPage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An operation of CloudWatch Logs.
pub(super) trait Call: Serialize + Sync {
    /// Its name, in `X-Amz-Target`.
    const NAME: &'static str;
    /// Its answer.
    type Answer: Answer;
}

/// What an operation answers.
pub(super) trait Answer: Sized {
    /// Reads it; `None` when the bytes are no such answer.
    fn read(answer: Bytes) -> Option<Self>;
}

impl<T: DeserializeOwned> Answer for T {
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
    const NAME: &'static str = "GetLogEvents";
    type Answer = StreamEvents;
}

/// Passed on as it stands: no event becomes a value.
#[derive(Debug)]
pub(super) struct StreamEvents(pub(super) StreamPage);

impl Answer for StreamEvents {
    fn read(answer: Bytes) -> Option<Self> {
        StreamPage::read(answer).ok().map(Self)
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
    const NAME: &'static str = "FilterLogEvents";
    type Answer = GroupEvents;
}

/// Passed on as it stands: no event becomes a value. Positions rely on the ids.
#[derive(Debug)]
pub(super) struct GroupEvents(pub(super) GroupPage);

impl Answer for GroupEvents {
    fn read(answer: Bytes) -> Option<Self> {
        GroupPage::read(answer).ok().map(Self)
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

impl Call for DescribeLogGroups<'_> {
    const NAME: &'static str = "DescribeLogGroups";
    type Answer = Groups;
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Groups {
    pub(super) log_groups: Vec<Group>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
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

impl Call for DescribeLogStreams<'_> {
    const NAME: &'static str = "DescribeLogStreams";
    type Answer = Streams;
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Streams {
    pub(super) log_streams: Vec<Stream>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stream {
    pub(super) log_stream_name: String,
    pub(super) creation_time: Option<i64>,
    pub(super) first_event_timestamp: Option<i64>,
    pub(super) last_event_timestamp: Option<i64>,
    pub(super) last_ingestion_time: Option<i64>,
}
