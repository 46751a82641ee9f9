//! PutLogEvents, and `Logmark.ImportLogEvents`, which accepts the same body with events of any age and order.
//!
//! The rules for a batch are those of `logmark_store::put`. When the answer is sent, the events are durable.

use serde::{Deserialize, Serialize};

use super::{Answer, json, unchecked};
use crate::aws_protocol::endpoint::Call;
use crate::aws_protocol::validation::{self, Validation};
use crate::domain::write_operations::{NewEvent, PutEvents, PutRules, Rejected};

/// AWS's replacement of sequence tokens, which it no longer needs. Older clients expect one, 56 digits long.
pub(super) const SEQUENCE_TOKEN: &str = "49000000000000000000000000000000000000000000000000000001";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    log_events: Option<Vec<Event>>,
}

#[derive(Deserialize)]
struct Event {
    timestamp: Option<i64>,
    message: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    next_sequence_token: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_log_events_info: Option<RejectedInfo>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RejectedInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    too_new_log_event_start_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    too_old_log_event_end_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_log_event_end_index: Option<usize>,
}

impl From<Rejected> for RejectedInfo {
    fn from(rejected: Rejected) -> Self {
        Self {
            too_new_log_event_start_index: rejected.too_new_start,
            too_old_log_event_end_index: rejected.too_old_end,
            expired_log_event_end_index: rejected.expired_end,
        }
    }
}

pub(super) async fn put(call: Call<'_>, body: &[u8]) -> Answer {
    store(call, body, PutRules::CloudWatch).await
}

/// The call of `logmark import` while the service runs; it imports old logs.
pub(super) async fn import(call: Call<'_>, body: &[u8]) -> Answer {
    store(call, body, PutRules::Import).await
}

async fn store(call: Call<'_>, body: &[u8], rules: PutRules) -> Answer {
    let input: Input = validation::read(body)?;
    let mut checks = Validation::default();
    let group = checks.group("logGroupName", input.log_group_name);
    let stream = checks.stream("logStreamName", input.log_stream_name);
    let given = checks.required("logEvents", input.log_events).unwrap_or_default();
    let events = events(&mut checks, given);
    checks.finish()?;
    let (group, stream) = group.zip(stream).ok_or_else(unchecked)?;
    let (count, bytes) = (events.len(), events.iter().map(|event| event.message.len()).sum());
    let permit = call.permit(PutEvents { source: call.endpoint.source.clone(), group, stream, events, rules })?;
    let line = call.line(&permit, Some(permit.op().group.as_str()), Some(permit.op().stream.as_str()));
    let rejected = call.endpoint.sources.writable(&permit)?.put_events(permit, call.now).await?;
    line.write(count, bytes);
    json(&Output { next_sequence_token: SEQUENCE_TOKEN, rejected_log_events_info: rejected.map(RejectedInfo::from) })
}

/// The events that have both members. One error of a kind is enough.
fn events(checks: &mut Validation, given: Vec<Event>) -> Vec<NewEvent> {
    let lacks = |lacks: fn(&Event) -> bool| given.iter().position(lacks).map(|index| index + 1);
    for (place, name) in
        [(lacks(|event| event.timestamp.is_none()), "timestamp"), (lacks(|event| event.message.is_none()), "message")]
    {
        if let Some(place) = place {
            checks.required::<()>(&format!("logEvents.{place}.member.{name}"), None);
        }
    }
    given.into_iter().filter_map(|event| Some(NewEvent { timestamp: event.timestamp?, message: event.message? })).collect()
}
